"""NVIDIA boards through NVML (`pynvml` of the package nvidia-ml-py).

Each board visible to this process is a source. Its energy counter and its power
are read in one call where the driver offers that, and both are handed on: which
of them to believe is decided above.

Range: the sensors were found within about 5 % of external meters on 70 GPUs
(Yang, Adamek, Armour, "Part-time Power Measurements", SC'24, arXiv 2312.02741).
"""

from __future__ import annotations

import os
import platform
from collections.abc import Set
from typing import Any

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.sources.base import Discovery, NotMeasured, SourceInfo
from jupyter_carbon.sources.nvml_session import (
    LIBRARY_NOT_FOUND,
    NOT_SUPPORTED,
    NvmlSession,
    code_of,
    not_measured,
    seems_present,
    source_error,
)
from jupyter_carbon.sources.nvml_source import NvmlSource, Offer, find_offer
from jupyter_carbon.sources.visible_devices import Visible, VisibleBoard, visible_boards

__all__ = ["NvmlSource", "discover"]


def discover(found: Discovery) -> Discovery:
    """Every NVIDIA board visible to this process, and why others are not metered."""
    try:
        import pynvml
    except ImportError:
        return _absent(LIBRARY_NOT_FOUND)
    if not hasattr(pynvml, "NVML_FI_DEV_POWER_INSTANT"):
        return _outdated()
    try:
        session = NvmlSession(pynvml)
    except pynvml.NVMLError as error:
        return _absent(code_of(error), str(error))
    session.attach()
    try:
        watch = _NewBoards(session.uuids())
        result, count = _find(session, watch.known)
        return result + Discovery(watches=(watch,)) if count else result
    finally:
        session.detach()


class _NewBoards:
    """Finds boards that were not there, or did not answer, when it last looked."""

    def __init__(self, known: set[str]) -> None:
        self.known = known

    def __call__(self) -> Discovery:
        import pynvml

        try:
            session = NvmlSession(pynvml)
        except pynvml.NVMLError:
            return Discovery()
        session.attach()
        try:
            new = session.uuids() - self.known
            self.known |= new
            return Discovery(_find(session, new)[0].sources) if new else Discovery()
        finally:
            session.detach()


def _find(session: NvmlSession, uuids: Set[str]) -> tuple[Discovery, int]:
    """The sources of boards with these UUIDs, and how many boards there are in all."""
    boards, silent = session.boards()
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    visible = visible_boards(value, os.environ.get("CUDA_DEVICE_ORDER"), boards)
    result = Discovery(not_measured=tuple(silent))
    for shown in visible.boards:
        if shown.board.uuid in uuids:
            result += _board_source(session, shown, visible.invalid)
    if boards and not visible.boards:
        result += Discovery(not_measured=(_hidden(value or "", visible, len(boards)),))
    return result, len(boards) + len(silent)


def _absent(code: int, text: str = "") -> Discovery:
    """Nothing; named where the hardware is there all the same."""
    if not seems_present():
        return Discovery()
    error = source_error(code, "the NVIDIA GPU", text)
    return Discovery(not_measured=(NotMeasured("NVIDIA GPU", "gpu", str(error), error.remedy),))


def _outdated() -> Discovery:
    """What is said where the retired package `pynvml` hides the current module of that name."""
    if not seems_present():
        return Discovery()
    reason = "The installed Python module pynvml is too old to read the NVIDIA GPU."
    remedy = "Run `pip uninstall pynvml`, then `pip install --force-reinstall nvidia-ml-py`."
    return Discovery(not_measured=(NotMeasured("NVIDIA GPU", "gpu", reason, remedy),))


def _hidden(value: str, visible: Visible, count: int) -> NotMeasured:
    """What is said where boards are there and CUDA shows none of them."""
    reason = (
        f'CUDA_VISIBLE_DEVICES="{value}" hides the {count} NVIDIA GPU(s) of this machine from '
        "this kernel, so they are not metered."
    )
    if visible.invalid in ("", "-1"):
        return NotMeasured("NVIDIA GPUs", "gpu", reason)
    return NotMeasured(
        "NVIDIA GPUs",
        "gpu",
        f"{reason} CUDA stops at the entry {visible.invalid!r}: there is no such GPU, or it is "
        "named twice.",
        "Correct CUDA_VISIBLE_DEVICES (`nvidia-smi -L` lists what there is) and restart the "
        "kernel.",
    )


def _board_source(session: NvmlSession, shown: VisibleBoard, invalid: str | None) -> Discovery:
    """The source of one board."""
    nvml = session.nvml
    board = shown.board
    name = f"GPU {board.index} · {board.name}"
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(board.index)
    except session.error as error:
        return Discovery(not_measured=(not_measured(code_of(error), name, str(error)),))
    offer = find_offer(session, handle)
    if offer.counter is None and offer.power is None:
        return Discovery(not_measured=(not_measured(NOT_SUPPORTED, name),))
    info = SourceInfo(
        id=f"gpu:{board.uuid}",
        name=name,
        kind="gpu",
        host=platform.node(),
        provenance=Provenance.INTEGRATED if offer.counter is None else Provenance.COUNTER,
        low_factor=0.95,
        high_factor=1.05,
        power_window_s=offer.power_window_s,
        note=_note(offer, shown, invalid),
        details=_details(session, handle, shown, offer),
    )
    return Discovery(sources=(NvmlSource(session, info, board.uuid, offer),))


def _note(offer: Offer, shown: VisibleBoard, invalid: str | None) -> str:
    """How the figure is got, what its range rests on, and what is peculiar here."""
    way = {
        "instant": "instantaneous power",
        "usage": "power averaged over 1 s" if offer.power_window_s else "instantaneous power",
        "average": "power averaged over 1 s",
        None: "",
    }[offer.power]
    if offer.counter is None:
        parts = [f"The board has no energy counter: its {way} is integrated."]
    elif way:
        parts = [f"The board's energy counter, checked against its {way}."]
    else:
        parts = ["The board's energy counter; it gives no power to check it against."]
    parts.append(
        "Range: 70 GPUs' sensors were within about 5 % of external meters (Yang et al., SC'24)."
    )
    if shown.mig_uuids or shown.board.mig:
        seen = f"This kernel uses {', '.join(shown.mig_uuids)} of it" if shown.mig_uuids else ""
        parts.append(
            f"{seen or 'It is divided by MIG'}, but power is known of the whole board only, and "
            "that is what is metered."
        )
    if shown.guessed:
        parts.append(
            "Which board CUDA means by its number is a guess (the fastest first), as the boards "
            "differ; CUDA_DEVICE_ORDER=PCI_BUS_ID makes it certain."
        )
    if invalid not in (None, "", "-1"):
        parts.append(f'CUDA reads CUDA_VISIBLE_DEVICES up to "{invalid}" only: no such GPU.')
    return " ".join(parts)


def _details(
    session: NvmlSession, handle: Any, shown: VisibleBoard, offer: Offer
) -> dict[str, str]:
    """What a report should keep of the board; what the driver does not say is left out."""
    nvml = session.nvml
    limit_mw = session.ask(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    pci = session.ask(nvml.nvmlDeviceGetPciInfo, handle)
    mig_mode = session.ask(nvml.nvmlDeviceGetMigMode, handle)
    bus_id = "" if pci is None else pci.busId
    details = {
        "name": shown.board.name,
        "uuid": shown.board.uuid,
        "driver": session.ask(nvml.nvmlSystemGetDriverVersion) or "",
        "power_limit": "" if limit_mw is None else f"{limit_mw / 1e3:.0f} W",
        "pci_bus_id": bus_id.decode() if isinstance(bus_id, bytes) else str(bus_id),
        "mig": "" if mig_mode is None else "on" if mig_mode[0] else "off",
        "mig_instances": ", ".join(shown.mig_uuids),
        "power": offer.power or "",
    }
    return {key: text for key, text in details.items() if text}

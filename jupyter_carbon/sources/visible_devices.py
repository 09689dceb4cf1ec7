"""Which boards a process may use: the grammar of CUDA_VISIBLE_DEVICES.

Pure: text and boards in, boards out. The rules are those of the CUDA programming
guide's chapter on environment variables; what it leaves open is taken from how
PyTorch (`torch.cuda._parse_visible_devices`) found the driver to behave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class MigInstance:
    """A part of a board that CUDA treats as a device of its own."""

    uuid: str
    """Its own, not the board's: "MIG-" and 36 characters."""
    gpu_instance: int
    compute_instance: int


@dataclass(frozen=True, slots=True)
class Board:
    """A board as NVML numbers it, which is the order of PCI addresses."""

    index: int
    uuid: str
    """As nvidia-smi -L shows it: "GPU-" and 36 characters."""
    name: str
    speed: float = 0.0
    """Cores times clock, or any other figure that is larger for a faster board."""
    mig: tuple[MigInstance, ...] = ()


@dataclass(frozen=True, slots=True)
class VisibleBoard:
    """A board that the process may use, in whole or by some of its MIG instances."""

    board: Board
    mig_uuids: tuple[str, ...] = ()
    """The instances by which it is seen; empty if it is named as a whole."""
    guessed: bool = False
    """True if which board was meant depends on how CUDA orders unlike boards."""


@dataclass(frozen=True, slots=True)
class Visible:
    """The boards in the order of CUDA's numbers, each once."""

    boards: tuple[VisibleBoard, ...]
    invalid: str | None = None
    """The entry at which CUDA stops reading; it and all after it are not visible."""


def visible_boards(value: str | None, order: str | None, boards: Sequence[Board]) -> Visible:
    """The boards that CUDA shows to a process.

    Args:
        value: of CUDA_VISIBLE_DEVICES; None if it is not set, which shows all.
            Entries are separated by commas: indices, UUIDs or unique beginnings
            of them ("GPU-8932f937"), MIG UUIDs in the new form ("MIG-<uuid>")
            and the old ("MIG-GPU-<uuid>/<gpu instance>/<compute instance>").
            CUDA stops at the first invalid entry, and -1 is the usual one; an
            entry that is given twice leaves nothing.
        order: of CUDA_DEVICE_ORDER. With PCI_BUS_ID indices are NVML's. By
            default CUDA counts the fastest board first, by a rule that is not
            published: for like boards that is the order of PCI, for unlike ones
            the result is a guess by `Board.speed` and marked as one.
        boards: all boards, in NVML's order.
    """
    numbered, is_guess = _numbered(order, boards)
    if value is None:
        return Visible(tuple(VisibleBoard(board) for board in numbered))
    chosen: list[VisibleBoard] = []
    for entry in (part.strip() for part in value.split(",")):
        found = _find(entry, numbered, is_guess)
        if found is None:
            return Visible(_each_once(chosen), invalid=entry)
        if any((found.board, found.mig_uuids) == (b.board, b.mig_uuids) for b in chosen):
            return Visible((), invalid=entry)
        chosen.append(found)
    return Visible(_each_once(chosen))


def _numbered(order: str | None, boards: Sequence[Board]) -> tuple[list[Board], bool]:
    """The boards in CUDA's order, and whether that order is a guess."""
    alike = len({board.name for board in boards}) <= 1
    if order == "PCI_BUS_ID" or alike:
        return list(boards), False
    return sorted(boards, key=lambda board: -board.speed), True


def _find(entry: str, numbered: Sequence[Board], is_guess: bool) -> VisibleBoard | None:
    """What one entry names; None if it is invalid."""
    if entry.startswith("GPU-"):
        board = _only(board for board in numbered if board.uuid.startswith(entry))
        return None if board is None else VisibleBoard(board)
    if entry.startswith("MIG-GPU-"):
        return _find_old_mig(entry, numbered)
    if entry.startswith("MIG-"):
        pair = _only(
            (board, instance.uuid)
            for board in numbered
            for instance in board.mig
            if instance.uuid.startswith(entry)
        )
        return None if pair is None else VisibleBoard(pair[0], (pair[1],))
    # Digits count up to the first other character, as in C's strtoul.
    digits = re.match(r"\+?[0-9]+", entry, re.ASCII)
    if digits is None or int(digits[0]) >= len(numbered):
        return None
    return VisibleBoard(numbered[int(digits[0])], guessed=is_guess)


def _find_old_mig(entry: str, numbered: Sequence[Board]) -> VisibleBoard | None:
    """What "MIG-GPU-<uuid>/<gpu instance>/<compute instance>" names."""
    parts = entry.removeprefix("MIG-").split("/")
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return None
    pair = _only(
        (board, instance.uuid)
        for board in numbered
        for instance in board.mig
        if board.uuid == parts[0]
        and (instance.gpu_instance, instance.compute_instance) == (int(parts[1]), int(parts[2]))
    )
    return None if pair is None else VisibleBoard(pair[0], (pair[1],))


def _only(found: Iterable[Found]) -> Found | None:
    """The one that was found; None if there is none, or more than one."""
    everything = list(found)
    return everything[0] if len(everything) == 1 else None


def _each_once(chosen: Sequence[VisibleBoard]) -> tuple[VisibleBoard, ...]:
    """Boards in order of their first mention, with the instances of all mentions."""
    merged: dict[int, VisibleBoard] = {}
    for visible in chosen:
        before = merged.get(visible.board.index)
        if before is None:
            merged[visible.board.index] = visible
        else:
            # Named as a whole as well as by an instance: as a whole.
            both = before.mig_uuids and visible.mig_uuids
            mig_uuids = before.mig_uuids + visible.mig_uuids if both else ()
            merged[visible.board.index] = VisibleBoard(
                before.board, mig_uuids, before.guessed or visible.guessed
            )
    return tuple(merged.values())

"""Accelerators that are there and that no source meters: named, so that the total does not lie.

Only the names of a few files are looked at: the PCI vendor, class and device under
/sys, and device files. No driver is loaded and no process started.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.sources.base import Discovery, NotMeasured, SourceKind

_DISPLAY = 0x03
"""PCI base class of graphics, 3D and other display controllers."""
_ACCELERATOR = 0x12
"""PCI base class of accelerators without a display, as AMD's MI300 and Intel's Gaudi are."""
_INTEL_BUILT_IN = "0000:00:02.0"
"""Where Intel's built-in graphics always are."""


@dataclass(frozen=True, slots=True)
class _PciDevice:
    address: str
    vendor: int
    device: int
    base_class: int


@dataclass(frozen=True, slots=True)
class _Maker:
    """Whose accelerators these are, and how they show.

    A PCI device of this vendor counts if it is of one of the classes, or one of
    the devices. Where there is none, the device files tell, if one of the
    variables is set (no variables: always). `words` are what the id or name of a
    source or of something not measured says where the accelerator is known already.
    """

    name: str
    kind: SourceKind
    vendor: int
    words: tuple[str, ...]
    classes: tuple[int, ...] = (_DISPLAY, _ACCELERATOR)
    devices: tuple[int, ...] = ()
    device_files: str = ""
    variables: tuple[str, ...] = ()
    remark: str = ""
    remedy: str = "A package can add a source for it (entry points `jupyter_carbon.sources`)."


_MAKERS = (
    _Maker(
        "NVIDIA GPU",
        "gpu",
        0x10DE,
        ("nvidia", "tesla", "geforce", "quadro", "gpu:gpu-", "gpu:mig-"),
        device_files="nvidia[0-9]*",
        remedy="Install NVIDIA's driver; in a container, ask for the driver capability `utility`.",
    ),
    _Maker(
        "AMD GPU",
        "gpu",
        0x1002,
        ("amd", "radeon", "instinct", "rocm"),
        device_files="kfd",
        remark=" If it is built into the processor, the CPU's counter, where there is one, "
        "includes it.",
    ),
    _Maker("Intel GPU", "gpu", 0x8086, ("intel",), classes=(_DISPLAY,)),
    _Maker(
        "Google TPU",
        "other",
        0x1AE0,
        ("tpu",),
        classes=(),
        # As JAX knows them: v2 and v3, plc, v4, v5p, v5e, v6e, v7x; the others are network cards.
        devices=(0x27, 0x56, 0x5E, 0x62, 0x63, 0x6F, 0x76),
        device_files="accel[0-9]*",
        variables=("TPU_NAME", "TPU_WORKER_ID", "TPU_ACCELERATOR_TYPE"),
    ),
    _Maker("Intel Gaudi", "other", 0x1DA3, ("gaudi", "habana"), device_files="hl[0-9]*"),
    _Maker("AWS Neuron", "other", 0x1D0F, ("neuron",), device_files="neuron[0-9]*"),
)

_INTEL_GRAPHICS = NotMeasured(
    "Intel graphics in the processor",
    "gpu",
    "They are part of the processor, whose power is modelled from the load of its cores: what "
    "the graphics draw is not seen.",
    "Where the CPU's energy counter can be read, it includes them.",
)
_APPLE = NotMeasured(
    "Apple GPU",
    "gpu",
    "macOS tells its power to root only (powermetrics): what it draws is missing in every figure.",
)


def discover(found: Discovery) -> Discovery:
    """The accelerators of this machine that are neither metered nor named yet."""
    named = list(scan(found))
    if sys.platform == "darwin" and platform.machine() == "arm64":
        named.append(_APPLE)
    return Discovery((), tuple(named))


def scan(
    found: Discovery,
    sys_root: Path = Path("/sys"),
    dev_root: Path = Path("/dev"),
    environment: Mapping[str, str] = os.environ,
) -> Iterator[NotMeasured]:
    """What shows under these roots and is not in `found`, one entry a maker."""
    pci = list(_pci_devices(sys_root / "bus" / "pci" / "devices"))
    for maker in _MAKERS:
        if _is_known(maker, found):
            continue
        mine = [
            device
            for device in pci
            if device.vendor == maker.vendor
            and (device.base_class in maker.classes or device.device in maker.devices)
        ]
        if maker.name == "Intel GPU" and any(d.address == _INTEL_BUILT_IN for d in mine):
            mine = [device for device in mine if device.address != _INTEL_BUILT_IN]
            if not _package_is_counted(found):
                yield _INTEL_GRAPHICS
        count = len(mine) or _count_files(maker, dev_root, environment)
        if count:
            yield NotMeasured(
                maker.name if count == 1 else f"{maker.name} ({count} of them)",
                maker.kind,
                "It is in this machine, and no source reads its energy: what it draws is missing "
                f"in every figure.{maker.remark}",
                maker.remedy,
            )


def _is_known(maker: _Maker, found: Discovery) -> bool:
    known = [f"{s.info.id} {s.info.name}" for s in found.sources if s.info.kind in _KINDS]
    known += [part.name for part in found.not_measured if part.kind in _KINDS]
    return any(word in text.lower() for text in known for word in maker.words)


_KINDS: tuple[SourceKind, ...] = ("gpu", "other")


def _package_is_counted(found: Discovery) -> bool:
    infos = [source.info for source in found.sources]
    return any(i.kind == "cpu" and i.provenance is Provenance.COUNTER for i in infos)


def _pci_devices(folder: Path) -> Iterator[_PciDevice]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        try:
            vendor, device, code = (
                int((entry / name).read_text(), 16) for name in ("vendor", "device", "class")
            )
        except (OSError, ValueError):
            continue
        yield _PciDevice(entry.name, vendor, device, code >> 16)


def _count_files(maker: _Maker, dev_root: Path, environment: Mapping[str, str]) -> int:
    if not maker.device_files:
        return 0
    if maker.variables and not any(environment.get(name) for name in maker.variables):
        return 0
    try:
        return len(list(dev_root.glob(maker.device_files)))
    except OSError:
        return 0

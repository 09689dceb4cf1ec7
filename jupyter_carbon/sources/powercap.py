"""The zones of Linux powercap that show RAPL counters, and which of them to count.

A zone is a folder `intel-rapl:N` (a package; AMD uses the name, too) or
`intel-rapl:N:M` (a part of it). Counted are `package-*` and their `dram`, which
a package excludes. `core` and `uncore` lie inside the package, `psys` overlaps
it, `intel-rapl-mmio` shows the same package through another register: none of
these is added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ZONE_FOLDER = re.compile(r"intel-rapl(?:-mmio)?(?::\d+)+")


@dataclass(frozen=True, slots=True)
class Zone:
    """A powercap zone: its folder, its own name, and the name of the zone above it ("")."""

    folder: Path
    name: str
    parent_name: str

    @property
    def label(self) -> str:
        """Its own name and its parent's: "package-0", "package-0-dram"."""
        return f"{self.parent_name}-{self.name}" if self.parent_name else self.name

    @property
    def is_package(self) -> bool:
        """True for a whole processor."""
        return self.name.startswith("package")


def find_zones(root: Path) -> tuple[list[Zone], bool]:
    """The zones under a powercap folder, parents first, and whether some are hidden.

    A zone is hidden where its link leads nowhere: container runtimes mask
    /sys/devices/virtual/powercap.
    """
    try:
        folders = [entry for entry in root.iterdir() if _ZONE_FOLDER.fullmatch(entry.name)]
    except OSError:
        return [], False
    # Parents first, and mmio last, so that of two views of one package the usual one is kept.
    folders.sort(key=lambda f: (f.name.count(":"), "mmio" in f.name, _numbers(f.name)))
    names: dict[str, str] = {}
    zones: list[Zone] = []
    for folder in folders:
        try:
            name = (folder / "name").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        names[folder.name] = name
        zones.append(Zone(folder, name, names.get(folder.name.rpartition(":")[0], "")))
    return zones, len(zones) < len(folders)


def _numbers(folder_name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in folder_name.split(":")[1:])


def choose(zones: Sequence[Zone]) -> list[Zone]:
    """The zones to count: every package and its dram once, psys only where there is no package."""
    chosen: dict[str, Zone] = {}
    for zone in zones:
        if zone.is_package or zone.name == "dram":
            chosen.setdefault(zone.label, zone)
    if not any(zone.is_package for zone in chosen.values()):
        for zone in zones:
            if zone.name == "psys":
                return [zone]
    return list(chosen.values())

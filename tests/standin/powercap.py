"""A powercap tree of plain files whose counters follow known power and wrap.

The tree has the kernel's shape: the zones are folders under
`devices/virtual/powercap`, and `class/powercap` (the root to hand to the meter)
holds a link to each. Every zone's true energy is known at any moment: it is the
integral of its power trace over the monotonic clock plus what `advance` added.

Files are written in place and with one length, so that a reader which keeps
them open sees every refresh, as it does in sysfs.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

RANGE_UJ = 262_143_328_850
"""What server processors give: 2**32 units of 61 µJ."""
Trace = Callable[[float], float]
"""Cumulative joules at so many seconds after the tree began."""


def steady(power_w: float) -> Trace:
    return lambda elapsed_s: power_w * elapsed_s


FLAT = steady(0.0)
"""A counter that stands still unless it is advanced."""


def steps(*levels: tuple[float, float]) -> Trace:
    """Power levels as (from second, watts), in order; 0 W before the first."""

    def energy_j(elapsed_s: float) -> float:
        ends = [start_s for start_s, _ in levels[1:]] + [elapsed_s]
        return sum(
            power_w * max(0.0, min(end_s, elapsed_s) - start_s)
            for (start_s, power_w), end_s in zip(levels, ends, strict=True)
            if elapsed_s > start_s
        )

    return energy_j


@dataclass(frozen=True)
class ZoneSpec:
    """A zone: folder ("intel-rapl:0:1"), name ("dram"), power trace, range and first value."""

    folder: str
    name: str
    trace: Trace = FLAT
    range_uj: int = RANGE_UJ
    start_uj: int = 1_000_000
    mode: int = 0o444


def server(packages: int = 1, package_w: float = 100.0, dram_w: float = 10.0) -> list[ZoneSpec]:
    """Packages with dram and core, as a server has them."""
    specs = []
    for n in range(packages):
        specs += [
            ZoneSpec(f"intel-rapl:{n}", f"package-{n}", steady(package_w)),
            ZoneSpec(f"intel-rapl:{n}:0", "dram", steady(dram_w)),
            ZoneSpec(f"intel-rapl:{n}:1", "core", steady(0.6 * package_w)),
        ]
    return specs


def laptop(package_w: float = 15.0) -> list[ZoneSpec]:
    """A package with core and uncore, psys around it, and the same package through mmio."""
    return [
        ZoneSpec("intel-rapl:0", "package-0", steady(package_w)),
        ZoneSpec("intel-rapl:0:0", "core", steady(0.5 * package_w)),
        ZoneSpec("intel-rapl:0:1", "uncore", steady(0.1 * package_w)),
        ZoneSpec("intel-rapl:1", "psys", steady(2 * package_w)),
        ZoneSpec("intel-rapl-mmio:0", "package-0", steady(package_w)),
    ]


class PowercapTree:
    """The files, and what moves them.

    As a context manager it refreshes every zone each millisecond in a thread;
    without, `refresh` does it once. A stopped tree moves by `advance` only if
    its traces are flat.
    """

    def __init__(
        self,
        base: Path,
        specs: Sequence[ZoneSpec],
        clock: Callable[[], float] = time.monotonic,
        refresh_s: float = 0.001,
    ) -> None:
        self._devices = base / "devices" / "virtual" / "powercap"
        self.root = base / "class" / "powercap"
        self.root.mkdir(parents=True)
        self._specs = {spec.folder: spec for spec in specs}
        self._clock = clock
        self._refresh_s = refresh_s
        self.start_s = clock()
        self._added_j = dict.fromkeys(self._specs, 0.0)
        self._origin_uj = {spec.folder: spec.start_uj for spec in specs}
        self._held_uj: dict[str, int] = {}
        self._files: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="powercap-standin", daemon=True)
        for control in sorted({folder.split(":")[0] for folder in self._specs}):
            (self._devices / control).mkdir(parents=True)
            (self.root / control).symlink_to(self._devices / control)
        for spec in sorted(specs, key=lambda spec: spec.folder.count(":")):
            self._make(spec)
        self.refresh()

    def energy_j(self, folder: str, moment_s: float) -> float:
        """The true energy of a zone since the tree began, at a moment of the monotonic clock."""
        return self._specs[folder].trace(moment_s - self.start_s) + self._added_j[folder]

    def advance(self, folder: str, energy_j: float) -> None:
        """Adds energy at once."""
        with self._lock:
            self._added_j[folder] += energy_j
        self.refresh()

    def hold(self, folder: str, value_uj: int) -> None:
        """Shows a wrong value until `release`; the energy goes on behind it."""
        with self._lock:
            self._held_uj[folder] = value_uj
        self.refresh()

    def release(self, folder: str) -> None:
        """Shows the counter again."""
        with self._lock:
            del self._held_uj[folder]
        self.refresh()

    def set_back(self, folder: str, value_uj: int) -> None:
        """Begins the counter again from a value, as a suspend may."""
        with self._lock:
            drawn_uj = round(self.energy_j(folder, self._clock()) * 1e6)
            self._origin_uj[folder] = value_uj - drawn_uj
        self.refresh()

    def reload(self, folder: str, mode: int) -> None:
        """Replaces a zone's file by a new one with this mode, as loading the driver anew does.

        The old file becomes empty: a reader that still holds it gets no value,
        where the kernel would give it ENODEV.
        """
        with self._lock:
            os.ftruncate(self._files[folder], 0)
            os.close(self._files.pop(folder))
            self._path(folder).unlink()
            self._open(folder, mode)
        self.refresh()

    def remove(self, folder: str) -> None:
        """Takes a zone away."""
        with self._lock:
            os.ftruncate(self._files[folder], 0)
            os.close(self._files.pop(folder))
            self._path(folder).unlink()

    def restore(self, folder: str, mode: int = 0o444) -> None:
        """Brings back a zone that was taken away; its counter has gone on."""
        with self._lock:
            self._open(folder, mode)
        self.refresh()

    def mask(self) -> None:
        """Hides all zones behind their links, as container runtimes do."""
        with self._lock:
            for file in self._files.values():
                os.close(file)
            self._files.clear()
            shutil.rmtree(self._devices)

    def refresh(self) -> None:
        """Writes every counter as it is now."""
        with self._lock:
            now_s = self._clock()
            for folder, file in self._files.items():
                drawn_uj = round(self.energy_j(folder, now_s) * 1e6)
                value_uj = (self._origin_uj[folder] + drawn_uj) % self._specs[folder].range_uj
                os.pwrite(file, b"%-20d\n" % self._held_uj.get(folder, value_uj), 0)

    def close(self) -> None:
        """Stops the thread and closes the files; may be called twice."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            for file in self._files.values():
                os.close(file)
            self._files.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop.wait(self._refresh_s):
            self.refresh()

    def _path(self, folder: str) -> Path:
        return self.root / folder / "energy_uj"

    def _make(self, spec: ZoneSpec) -> None:
        control, *numbers = spec.folder.split(":")
        place = self._devices / control
        for depth in range(len(numbers)):
            place /= ":".join([control, *numbers[: depth + 1]])
        place.mkdir()
        (place / "name").write_text(f"{spec.name}\n")
        (place / "max_energy_range_uj").write_text(f"{spec.range_uj}\n")
        (self.root / spec.folder).symlink_to(place)
        self._open(spec.folder, spec.mode)

    def _open(self, folder: str, mode: int) -> None:
        file = os.open(self._path(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.fchmod(file, mode)
        self._files[folder] = file

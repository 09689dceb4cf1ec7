"""CPU and memory energy from RAPL counters, through Linux powercap.

Each zone (`powercap.py` says which are counted) has a cumulative `energy_uj` that
returns to 0 at `max_energy_range_uj`, about every 262 kJ: it must be read at
least once in that much energy (12 minutes at 350 W), or a whole turn is missed.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import (
    Discovery,
    NotMeasured,
    SourceError,
    SourceInfo,
    SourceKind,
)
from jupyter_carbon.sources.cpu_facts import CpuFacts, read_cpu_facts
from jupyter_carbon.sources.powercap import Zone, choose, find_zones
from jupyter_carbon.sources.wrapping_counter import CounterError, EnergyCounter

ROOT_VARIABLE = "JUPYTER_CARBON_POWERCAP"
"""Environment variable that names another folder than /sys/class/powercap."""

PACKAGE_BOUND_W = 2_000.0
"""Above any mean power of one package (the largest are rated 500 to 600 W): more is a fault."""
PSYS_BOUND_W = 20_000.0
"""The same for a whole machine with its accelerators."""
_MOVES_WITHIN_S = 0.5
"""A counter that stands still for this long when it is found is not a real one."""

_BEFORE_HASWELL = {42, 45, 58, 62}
"""Models of Intel's family 6 (Sandy Bridge, Ivy Bridge) whose RAPL is modelled, not measured."""


class RaplSource:
    """One zone's counter.

    The file is kept open: a reading is then a single call that gives the
    interpreter away only once, and permission withdrawn later does not end it.
    """

    def __init__(
        self,
        zone: Zone,
        info: SourceInfo,
        bound_w: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.zone = zone
        self._info = info
        self._path = zone.folder / "energy_uj"
        self._clock = clock
        self._file: int | None = None
        try:
            range_uj = int((zone.folder / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            range_uj = 0  # it can then not wrap: a value that goes back is a fault
        self._counter = EnergyCounter(range_uj, bound_w)

    @property
    def info(self) -> SourceInfo:
        """What is known of it; constant."""
        return self._info

    def read(self) -> Reading:
        """Reads the counter now.

        Raises:
            SourceError: `denied` without permission, `lost` when the zone is
                gone, `failed` for a value that is no energy.
        """
        moment_s = self._clock()
        value_uj = self._value_uj()
        until_s = self._clock()
        try:
            counter_j = self._counter.advance(moment_s, until_s, value_uj)
        except CounterError as error:
            raise SourceError(
                "failed",
                f"The energy counter of {self._info.name} gave no usable value: {error}. "
                "Nothing is counted for this reading; it goes on with the next good one.",
            ) from None
        return Reading(moment_s, counter_j, None, until_s)

    def close(self) -> None:
        """Closes the file; a later reading opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _value_uj(self) -> int:
        if self._file is not None:
            try:
                return int(os.pread(self._file, 32, 0))
            except (OSError, ValueError):
                self.close()  # the driver may have been loaded anew: open what is there now
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            return int(os.pread(self._file, 32, 0))
        except (OSError, ValueError) as error:
            self.close()
            raise _source_error(self._info.name, self._path, error) from None


def _source_error(name: str, path: Path, error: OSError | ValueError) -> SourceError:
    if isinstance(error, PermissionError):
        return SourceError(
            "denied",
            f"The energy counter of {name} may not be read any more; the meter tries again.",
            _remedy(path),
        )
    if isinstance(error, FileNotFoundError):
        return SourceError(
            "lost",
            f"The energy counter of {name} is gone ({path} is not there); the meter tries again.",
        )
    reason = error.strerror if isinstance(error, OSError) else "its value is not a number"
    return SourceError(
        "failed",
        f"The energy counter of {name} cannot be read: {reason}; the meter tries again.",
    )


def _remedy(path: Path) -> str:
    every = path.parent.parent / "intel-rapl*:*" / path.name
    return (
        f"Run `sudo chmod a+r {every}` on the machine itself, not in a container. It lasts until "
        "the next reboot, and lets every user of the machine see its power, which the kernel "
        "keeps to root because of the PLATYPUS attack."
    )


def discover(found: Discovery) -> Discovery:
    """The packages and memories that this machine's RAPL counts; see the module."""
    root = Path(os.environ.get(ROOT_VARIABLE) or "/sys/class/powercap")
    zones, hidden = find_zones(root)
    if not zones:
        return Discovery((), (_HIDDEN,)) if hidden else Discovery()
    facts = read_cpu_facts()
    chosen = choose(zones)
    left_out = [zone for zone in zones if zone not in chosen]
    denied: list[RaplSource] = []
    silent: list[RaplSource] = []
    alive: list[RaplSource] = []
    waiting = [_source(zone, left_out, facts) for zone in chosen]
    deadline_s = time.monotonic() + _MOVES_WITHIN_S
    while waiting:
        late = time.monotonic() > deadline_s
        waiting, before = [], waiting
        for source in before:
            state = _try(source)
            if state == "denied":
                denied.append(source)
            elif state == "moves":
                alive.append(source)
            elif late:
                silent.append(source)
            else:
                waiting.append(source)
        if waiting:
            time.sleep(0.005)
    for source in denied + silent:
        source.close()
    have = Discovery(tuple(s for zone in chosen for s in alive if s.zone is zone))
    return have + Discovery(
        (),
        (
            *_name_unread(denied, _DENIED, True, found + have),
            *_name_unread(silent, _SILENT, False, found + have),
        ),
    )


def _try(source: RaplSource) -> str:
    try:
        counter_j = source.read().counter_j
    except SourceError as error:
        return error.state
    return "moves" if counter_j else "still"


def _source(zone: Zone, left_out: Iterable[Zone], facts: CpuFacts) -> RaplSource:
    share, reason = _accuracy(zone, facts)
    kind: SourceKind = "memory" if zone.name == "dram" else "cpu"
    not_counted = ", ".join(f"{other.label} ({other.folder.name})" for other in left_out)
    scope = {
        "dram": "It counts the memory of this package.",
        "psys": "There is no package zone, so the whole platform (psys) is counted: processor, "
        "memory and what else the maker connects.",
    }.get(
        zone.name,
        "It counts the whole package: cores, caches and built-in graphics, but not the memory.",
    )
    details = {
        "zone": zone.folder.name,
        "counted": zone.label,
        "not counted": not_counted or "nothing else is offered",
        "covers": "cpu, memory" if zone.name == "psys" else kind,
    }
    if facts.model_name:
        details["cpu"] = facts.model_name
    info = SourceInfo(
        id=f"{kind}:{zone.label}",
        name=_name(zone),
        kind=kind,
        host=platform.node(),
        provenance=Provenance.COUNTER,
        low_factor=1 - share,
        high_factor=1 + share,
        counter_step_s=0.0,
        note=f"RAPL energy counter {zone.label} ({zone.folder.name}). {scope} {reason}",
        details=details,
    )
    return RaplSource(zone, info, PSYS_BOUND_W if zone.name == "psys" else PACKAGE_BOUND_W)


def _name(zone: Zone) -> str:
    if zone.name == "psys":
        return "Platform (psys)"
    if zone.name == "dram":
        return f"Memory of {zone.parent_name.replace('-', ' ')}" if zone.parent_name else "Memory"
    return f"CPU {zone.name.replace('-', ' ')}"


def _accuracy(zone: Zone, facts: CpuFacts) -> tuple[float, str]:
    """How far truth may be from the counter, as a share of it, and the reason."""
    if zone.name == "dram":
        return 0.2, (
            "±20 %: memory counters follow the trend with an offset that weighs most when idle; "
            "servers, which measure it, are better (Desrochers et al. 2016)."
        )
    if facts.vendor != "GenuineIntel":
        return 0.1, (
            "±10 %: outside Intel RAPL was studied less, and on AMD Zen 2 it was found to be "
            "modelled rather than measured (Schöne et al. 2021)."
        )
    if facts.family == 6 and facts.model in _BEFORE_HASWELL:
        return 0.15, (
            "±15 %: before Haswell the counter is computed from events, and its error depends "
            "on the load (Hackenberg et al. 2015)."
        )
    return 0.05, (
        "±5 %: on Haswell and newer RAPL agrees with external meters to a few per cent "
        "(Khan et al. 2018, RAPL in Action)."
    )


_DENIED = "The counter is there, but since Linux 5.10 only root may read it."
_SILENT = "The counter gives no energy: it stands still or cannot be read, as in some guests."
_HIDDEN = NotMeasured(
    name="CPU energy counter (RAPL)",
    kind="cpu",
    reason="The kernel has energy counters, but the container runtime hides them. A model "
    "stands in.",
    remedy="Start the container with `--security-opt systempaths=unconfined` (Docker) or "
    "`--security-opt unmask=/sys/devices/virtual/powercap` (Podman); the counters must then "
    "also be readable by this user.",
)


def _name_unread(
    unread: Sequence[RaplSource], reason: str, denied: bool, have: Discovery
) -> Iterator[NotMeasured]:
    """One entry for each kind: its zones, why they give nothing, and what becomes of them."""
    kinds: tuple[SourceKind, ...] = ("cpu", "memory")
    for kind in kinds:
        sources = [source for source in unread if source.info.kind == kind]
        if sources:
            yield NotMeasured(
                name=", ".join(source.info.name for source in sources) + " (energy counter)",
                kind=kind,
                reason=f"{reason} "
                + ("It is missing in the total." if have.has(kind) else "A model stands in."),
                remedy=_remedy(sources[0].zone.folder / "energy_uj") if denied else "",
            )

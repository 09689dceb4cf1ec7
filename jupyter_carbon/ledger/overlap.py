"""What several kernels of one machine metered at the same time, counted once.

Each of them reads the same devices, so each tells the whole machine's energy
while it runs. Added up as they stand they would be counted as often as there
were kernels.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple


class Run(NamedTuple):
    """A time in which a kernel metered a machine, in seconds since the epoch."""

    machine: Hashable
    since: float
    until: float


class Claim(NamedTuple):
    """What one session says of one device between two moments.

    `owner` is the session's rank: where several say something of an instant, the
    least one counts. `device` is the same for whoever meters the same device.
    """

    owner: int
    device: Hashable
    since: float
    until: float


class AtOnce(NamedTuple):
    """That kernels ran at once on a machine: how many at most, and how long two or more."""

    machine: Hashable
    kernels: int
    time_s: float


def shared(runs: Sequence[Run]) -> set[int]:
    """The places of those runs during which another one ran on the same machine."""
    found: set[int] = set()
    open_until: dict[Hashable, tuple[float, int]] = {}
    for place in sorted(range(len(runs)), key=lambda each: runs[each].since):
        run = runs[place]
        until, longest = open_until.get(run.machine, (run.since, -1))
        if longest >= 0 and run.since < until and run.since < run.until:
            found |= {place, longest}
        if longest < 0 or run.until > until:
            open_until[run.machine] = run.until, place
    return found


def at_once(runs: Iterable[Run]) -> list[AtOnce]:
    """The machines on which kernels ran at once, in the order in which they come."""
    edges: dict[Hashable, list[tuple[float, int]]] = {}
    for run in runs:
        if run.since < run.until:
            edges.setdefault(run.machine, []).extend([(run.since, 1), (run.until, -1)])
    found = []
    for machine, moments in edges.items():
        running = most = 0
        time_s = last_s = 0.0
        # An end comes before a beginning at the same moment: they did not run at once.
        for moment_s, step in sorted(moments):
            if running > 1:
                time_s += moment_s - last_s
            running += step
            most = max(most, running)
            last_s = moment_s
        if most > 1:
            found.append(AtOnce(machine, most, time_s))
    return found


def counted(claims: Sequence[Claim]) -> list[float]:
    """How much of each claim counts, from 0 to 1, so that each instant counts once.

    An owner's own claims never take from one another: where they lie above one
    another the clock was set back, and each is of a time of its own.
    """
    parts = [1.0] * len(claims)
    devices: dict[Hashable, list[int]] = {}
    for place, claim in enumerate(claims):
        devices.setdefault(claim.device, []).append(place)
    for places in devices.values():
        places.sort(key=lambda place: (claims[place].owner, claims[place].since))
        covered = _Covered()
        for _, own in groupby(places, key=lambda place: claims[place].owner):
            mine = list(own)
            if covered.since < max(claims[place].until for place in mine):
                for place in mine:
                    parts[place] = covered.left_of(claims[place].since, claims[place].until)
            for place in mine:
                covered.add(claims[place].since, claims[place].until)
    return parts


class _Covered:
    """Times that are taken, as disjoint spans in order."""

    def __init__(self) -> None:
        self._begins: list[float] = []
        self._ends: list[float] = []

    @property
    def since(self) -> float:
        """When they begin; never, if there are none."""
        return self._begins[0] if self._begins else float("inf")

    def left_of(self, since: float, until: float) -> float:
        """The part of a span that is not taken, 0 to 1; of an instant, 0 or 1."""
        place = bisect_right(self._ends, since)
        if until <= since:
            return 0.0 if place < len(self._begins) and self._begins[place] <= since else 1.0
        taken_s = 0.0
        while place < len(self._begins) and self._begins[place] < until:
            taken_s += min(until, self._ends[place]) - max(since, self._begins[place])
            place += 1
        return max(0.0, 1.0 - taken_s / (until - since))

    def add(self, since: float, until: float) -> None:
        """Takes a span, joined with those that it touches."""
        if until <= since:
            return
        first = bisect_left(self._ends, since)
        last = bisect_right(self._begins, until)
        if first < last:
            since = min(since, self._begins[first])
            until = max(until, self._ends[last - 1])
        self._begins[first:last] = [since]
        self._ends[first:last] = [until]

"""What several kernels of one machine metered at the same time, counted once.

Each of them reads the same devices, so each tells the whole machine's energy
while it runs. Added up as they stand they would be counted as often as there
were kernels.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

QUARTER_S = 900.0
"""A session's energy is kept by the quarters of an hour (UTC)."""

Times = tuple[float, float]
"""From when to when, in seconds since the epoch."""


class Run(NamedTuple):
    """A time in which a kernel metered a machine, in seconds since the epoch."""

    machine: Hashable
    since: float
    until: float


class Cover(NamedTuple):
    """When a session metered a device.

    `owner` is the session's rank, of which the least one counts where nothing else
    decides. `device` is the same for whoever meters the same device; `spans` are
    disjoint, unless the clock was set back.
    """

    owner: int
    device: Hashable
    spans: Sequence[Times]


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


def left(covers: Sequence[Cover]) -> list[list[Times]]:
    """For each cover the times that count, so that each instant of a device counts once.

    A session's energy is known by quarters of an hour, and within one it is taken as
    drawn evenly. So of those that metered a quarter the one that metered most of it
    counts whole, and of others what that leaves; of two that metered all of it, the
    one that began first.

    An owner's own spans never take from one another: where they lie above one
    another the clock was set back, and each is of a time of its own.
    """
    devices: dict[Hashable, list[int]] = {}
    for place, cover in enumerate(covers):
        devices.setdefault(cover.device, []).append(place)
    found: list[list[Times]] = [[] for _ in covers]
    # Most devices of a machine were metered by the same sessions at the same times.
    known: dict[Hashable, list[list[Times]]] = {}
    for places in devices.values():
        places.sort(key=lambda place: covers[place].owner)
        courses = tuple((covers[place].owner, *covers[place].spans) for place in places)
        if courses not in known:
            known[courses] = _left_of_one([covers[place] for place in places])
        for place, spans in zip(places, known[courses], strict=True):
            found[place] = spans
    return found


def _left_of_one(covers: list[Cover]) -> list[list[Times]]:
    """`left` of one device, by rank."""
    found: list[list[Times]] = [[] for _ in covers]
    pieces: list[tuple[float, int, Times]] = []
    last: list[int] = []
    for rank, cover in enumerate(covers):
        spans = sorted(cover.spans)
        if any(after[0] < before[1] for before, after in pairwise(spans)):
            last.append(rank)
        else:
            pieces += [
                (-least_s, rank, each) for span in spans for least_s, each in _quarters(span)
            ]
    all_ = _Union()
    for _, rank, (since, until) in sorted(pieces):
        found[rank] += rest(all_.within(since, until), since, until)
        all_.add(since, until)
    for rank in last:
        before = [all_.within(*span) for span in covers[rank].spans]
        for had, span in zip(before, covers[rank].spans, strict=True):
            found[rank] += rest(had, *span)
            all_.add(*span)
    return [_joined(spans) for spans in found]


def _quarters(span: Times) -> Iterator[tuple[float, Times]]:
    """The whole quarters of a span as one, and what is before and after; how long each slice is."""
    since, until = span
    first = math.ceil(since / QUARTER_S) * QUARTER_S
    last = math.floor(until / QUARTER_S) * QUARTER_S
    if first > last:
        yield until - since, span
        return
    if since < first:
        yield first - since, (since, first)
    if first < last:
        yield QUARTER_S, (first, last)
    if last < until:
        yield until - last, (last, until)


def _joined(spans: list[Times]) -> list[Times]:
    """Spans in order, those that touch as one."""
    found: list[Times] = []
    for since, until in sorted(spans):
        if found and found[-1][1] == since:
            found[-1] = found[-1][0], until
        else:
            found.append((since, until))
    return found


def rest(spans: Iterable[Times], since: float, until: float) -> Iterator[Times]:
    """What is left of a time without some disjoint spans, which come in order."""
    for begin_s, end_s in spans:
        if begin_s >= until:
            break
        if begin_s > since:
            yield since, begin_s
        since = max(since, end_s)
    if since < until:
        yield since, until


def union(spans: Iterable[Times]) -> list[Times]:
    """The same times as disjoint spans in order."""
    whole = _Union()
    for span in spans:
        whole.add(*span)
    return whole.within(-math.inf, math.inf)


class _Union:
    """Times, as disjoint spans in order."""

    def __init__(self) -> None:
        self._begins: list[float] = []
        self._ends: list[float] = []

    def within(self, since: float, until: float) -> list[Times]:
        """Those that have a part in a span, whole."""
        first, last = bisect_right(self._ends, since), bisect_left(self._begins, until)
        return list(zip(self._begins[first:last], self._ends[first:last], strict=True))

    def add(self, since: float, until: float) -> None:
        """Adds a span, joined with those that it touches."""
        if until <= since:
            return
        first = bisect_left(self._ends, since)
        last = bisect_right(self._begins, until)
        if first < last:
            since = min(since, self._begins[first])
            until = max(until, self._ends[last - 1])
        self._begins[first:last] = [since]
        self._ends[first:last] = [until]

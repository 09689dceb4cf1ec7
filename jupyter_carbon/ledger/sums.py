"""Adds up what sessions cost, each machine's energy once. Nothing is read here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jupyter_carbon.estimate import Estimate, Provenance, merge
from jupyter_carbon.ledger.overlap import Cover, Run, Times, left, rest
from jupyter_carbon.ledger.rows import estimate_of

_MISSING = Provenance.MISSING.value
_TELLING = 0.001
"""A part of the time in which nothing was measured is told of from so much of it on."""


class Cost(NamedTuple):
    """An energy in joules and its CO2e in grams, as the columns of a row have them."""

    energy_j: float | None
    energy_j_low: float | None
    energy_j_high: float | None
    origin: str
    co2e_g: float | None
    co2e_g_low: float | None
    co2e_g_high: float | None

    def scaled(self, part: float) -> Cost:
        """A part of it."""
        figures = (None if each is None else part * each for each in (*self[:3], *self[4:]))
        value, low, high, *masses = figures
        return Cost(value, low, high, self.origin, *masses)


class Part(NamedTuple):
    """A session as the sums need it."""

    key: int
    machine: tuple[str, str]
    notebook: str | None
    project: str | None
    since: float
    until: float
    duration_s: float
    cost: Cost

    @property
    def host(self) -> str:
        """The machine's name."""
        return self.machine[0]

    @property
    def run(self) -> Run:
        """The time in which it metered its machine."""
        return Run(self.machine, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Sum:
    """What several things cost together.

    `count` is how many things, `unmeasured` of how many nothing was measured;
    `shares_j` says of the energy how much was got in which way.
    """

    energy_j: Estimate
    co2e_g: Estimate
    duration_s: float
    count: int
    unmeasured: int
    shares_j: Mapping[str, float]


class Tally:
    """A sum that grows."""

    def __init__(self) -> None:
        self.count = self.unmeasured = 0
        self.duration_s = 0.0
        self._energy = (0.0, 0.0, 0.0)
        self._mass = (0.0, 0.0, 0.0)
        self._origins: dict[str, float] = {}
        self._counted_s = self._missing_s = 0.0
        self._is_measured = False

    def add(self, cost: Cost, span_s: float, shares_j: Mapping[str, float] | None = None) -> None:
        """Adds what was counted for so many seconds."""
        energy_j, low_j, high_j, origin, co2e_g, low_g, high_g = cost
        if energy_j is None:
            self._missing_s += span_s
            return
        self._is_measured = True
        self._counted_s += span_s
        value, low, high = self._energy
        self._energy = (
            value + energy_j,
            low + (energy_j if low_j is None else low_j),
            high + (energy_j if high_j is None else high_j),
        )
        if co2e_g is not None:
            value, low, high = self._mass
            self._mass = (
                value + co2e_g,
                low + (co2e_g if low_g is None else low_g),
                high + (co2e_g if high_g is None else high_g),
            )
        origins = self._origins
        if shares_j is None:
            origins[origin] = origins.get(origin, 0.0) + energy_j
        else:
            # A mixed sum stays one, whatever its parts are: it may have a gap.
            origins.setdefault(origin, 0.0)
            for kind, share_j in shares_j.items():
                origins[kind] = origins.get(kind, 0.0) + share_j

    def miss(self, span_s: float) -> None:
        """For so many seconds something was not counted."""
        self._missing_s += span_s

    def sum(self) -> Sum:
        """What it has come to."""
        shares_j = {kind: share_j for kind, share_j in self._origins.items() if share_j > 0}
        energy_j = co2e_g = Estimate.missing()
        if self._is_measured:
            whole_s = self._counted_s + self._missing_s
            has_gap = self._missing_s > _TELLING * whole_s
            kinds = [*self._origins, *([_MISSING] if has_gap else [])]
            origin = merge(estimate_of(0.0, 0.0, 0.0, kind).provenance for kind in kinds)
            if has_gap:
                origin = Provenance.MIXED
            energy_j = estimate_of(*self._energy, origin)
            co2e_g = estimate_of(*self._mass, origin)
        return Sum(energy_j, co2e_g, self.duration_s, self.count, self.unmeasured, shares_j)


class Course(NamedTuple):
    """When a source of a session was counted; `number` is the source's in the session.

    `gaps` are times within its slices in which it was not.
    """

    number: int
    device: tuple[str, str]
    spans: Sequence[Times]
    gaps: Sequence[Times] = ()


class Ask(NamedTuple):
    """A time of a source of a session, to be added between two bounds, the `place`-th ones.

    `time_s` is how long the source should have been counted in it. With a `sign` of
    -1 it is to be taken away from a session that was added whole.
    """

    place: int
    key: int
    number: int
    since: float
    until: float
    time_s: float
    gaps: Sequence[Times] = ()
    sign: int = 1


def is_cut(session: Part, bounds: Sequence[float]) -> bool:
    """True if a session does not lie between two neighbouring bounds."""
    first = bisect_right(bounds, session.since) - 1
    return first < 0 or first + 1 >= len(bounds) or session.until > bounds[first + 1]


def counting(
    sessions: Sequence[Part], beside: Iterable[int], courses: Mapping[int, Sequence[Course]]
) -> dict[int, list[list[Times]]]:
    """By rank, the times that count of each source; of a session that counts all of it, nothing.

    Args:
        sessions: in the order in which they began.
        beside: the ranks of those beside which another one ran on their machine.
        courses: theirs, by session's key.
    """
    ranks = sorted(beside)
    covers = [
        Cover(rank, (sessions[rank].machine, course.device), course.spans)
        for rank in ranks
        for course in courses.get(sessions[rank].key, ())
    ]
    found: dict[int, list[list[Times]]] = {rank: [] for rank in ranks}
    shorter = set()
    for cover, spans in zip(covers, left(covers), strict=True):
        found[cover.owner].append(spans)
        if spans != list(cover.spans):
            shorter.add(cover.owner)
    return {rank: found[rank] for rank in shorter}


def mostly(counts: Sequence[Sequence[Times]], courses: Sequence[Course]) -> bool:
    """True if of a session more counts than does not."""
    return 2 * sum(map(_length_s, counts)) > sum(_length_s(course.spans) for course in courses)


def without(
    place: int, key: int, counts: Sequence[Sequence[Times]], courses: Sequence[Course]
) -> Iterator[Ask]:
    """What has to be taken away from a session that was added whole."""
    for times, course in zip(counts, courses, strict=True):
        for span in course.spans:
            for since, until in rest(times, *span):
                yield Ask(place, key, course.number, since, until, 0.0, course.gaps, -1)


def asks(
    session: Part,
    bounds: Sequence[float],
    counts: Sequence[Sequence[Times]] | None,
    courses: Sequence[Course],
) -> Iterator[Ask]:
    """What has to be added of a session, between any two bounds.

    Args:
        session: that does not count whole.
        bounds: moments, ascending.
        counts: the times of each source that count; None: all of them do.
        courses: its sources.
    """
    span_s = session.until - session.since
    pace = min(1.0, session.duration_s / span_s) if span_s > 0 else 0.0
    for rank, course in enumerate(courses):
        # All of it, with what holes it has: nobody else filled them.
        since = min([session.since, *(span[0] for span in course.spans)])
        until = max([session.until, *(span[1] for span in course.spans)])
        for times in [(since, until)] if counts is None else counts[rank]:
            for place, begin_s, end_s in parted(*times, bounds):
                time_s = min(end_s, session.until) - max(begin_s, session.since)
                time_s = pace * max(0.0, time_s)
                yield Ask(place, session.key, course.number, begin_s, end_s, time_s, course.gaps)


def _length_s(spans: Sequence[Times]) -> float:
    return sum(until - since for since, until in spans)


def parted(
    since: float, until: float, bounds: Sequence[float]
) -> Iterator[tuple[int, float, float]]:
    """The parts of a span between each two neighbouring moments: (place, since, until)."""
    first = bisect_right(bounds, since) - 1
    if until <= since:
        if 0 <= first < len(bounds) - 1:
            yield first, since, since
        return
    last = bisect_left(bounds, until)
    for place in range(max(0, first), min(last, len(bounds) - 1)):
        yield place, max(since, bounds[place]), min(until, bounds[place + 1])

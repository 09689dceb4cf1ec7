"""One source's cumulative energy: readings and edges in, joules at an edge out.

Every figure of the meter is a difference of such a curve at two edges, so that
parts add up to their whole whatever windows there are. An edge's energy is
computed once it can be known, kept for good, and only moved again if the
counter that it came from is caught.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.averaged import AveragedTrack
from jupyter_carbon.reconstruct.counted import CounterTrack
from jupyter_carbon.reconstruct.integrated import PowerTrack
from jupyter_carbon.reconstruct.refresh import RefreshGrid
from jupyter_carbon.reconstruct.track import Located, Track
from jupyter_carbon.reconstruct.trust import CounterTrial, Verdict

_REMEMBER_S = 90.0
"""Raw readings kept, from which the curve is rebuilt when a counter is caught."""
_REMEMBER_EDGES = 4000
_FORGET_EVERY_S = 10.0
_PATIENCE_S = 12.0
"""After which an edge takes the best figure there is, final or not."""
BACKWARD_S = 2.0
"""Before its first reading a source's power is taken to have been the same for so long."""
_TRACE_POINTS = 1200


Shares = tuple[tuple[int, int], ...]
"""For an edge, (bucket, sign) pairs: its energy counts to a bucket's sum with that sign."""


class Gap(NamedTuple):
    """A time in which nothing was counted, and why. `to_s` is None while it lasts."""

    from_s: float
    to_s: float | None
    reason: str


class EnergyCurve:
    """The energy of one source since its first reading, in joules.

    Edges are numbered by whoever makes them, from 0; the numbers are those of
    the arrays here. Not safe for use by several threads at once: the meter's
    lock guards it.

    Args:
        provenance: how the source's counter is got.
        counter_step_s: the time between the counter's refreshes, 0 if
            continuous, None if it must be learnt.
        power_window_s: the span over which power is a mean; 0: instantaneous.
        is_late: the source was not there when the account began, so that
            nothing is drawn before its first reading.
    """

    def __init__(
        self,
        *,
        provenance: Provenance = Provenance.COUNTER,
        counter_step_s: float | None = None,
        power_window_s: float = 0.0,
        is_late: bool = False,
    ) -> None:
        self.gaps: list[Gap] = []
        self.caught: str | None = None
        """Why the counter is no longer believed; None while it is."""
        self._counter_provenance = provenance
        self._counter_step_s = counter_step_s
        self._power_window_s = power_window_s
        self._backward_s = 0.0 if is_late else BACKWARD_S
        self._grid: RefreshGrid | None = None
        self._track: Track | None = None
        self._trial: CounterTrial | None = None
        self._raw: deque[Reading] = deque()
        self._recent_edges: deque[tuple[float, int, Shares]] = deque()
        self._shares: dict[int, Shares] = {}
        self._sums_j: dict[int, float] = {}
        self._sums_squared_error: dict[int, float] = {}
        self._pending: dict[int, float] = {}
        self._energy_j = array("d")
        self._error_j = array("f")
        self._base_j = 0.0
        self._last: Reading | None = None
        self._first_s: float | None = None
        self._provenances: list[tuple[float, Provenance]] = []
        self._next_forget_s = -math.inf
        self._trace_s = array("d")
        self._trace_j = array("d")
        self.trace_step_s = 0.5

    @property
    def power_w(self) -> float | None:
        """The newest power: read, or the slope of the last second; None if unknown."""
        if self._last is None or self._track is None:
            return None
        if self._last.power_w is not None:
            return self._last.power_w
        now_s = self._last.moment_s
        span_s = min(1.0, now_s - (self._first_s or now_s))
        if span_s < 0.05:
            return None
        drawn_j = (
            self._track.energy_at(now_s).energy_j - self._track.energy_at(now_s - span_s).energy_j
        )
        return max(0.0, drawn_j / span_s)

    @property
    def step_s(self) -> float:
        """The counter's refresh period as far as it is known; 0 for other tracks."""
        track = self._track
        if isinstance(track, CounterTrack):
            return track.step_s or 0.0
        return 0.0

    @property
    def newest_s(self) -> float | None:
        """The moment of the newest reading."""
        return None if self._last is None else self._last.moment_s

    @property
    def first_s(self) -> float | None:
        """The moment of the first reading; None if there was none yet."""
        return self._first_s

    def provenance_between(self, from_s: float, to_s: float) -> Provenance:
        """How the energy between two moments was got."""
        if not self._provenances:
            return Provenance.MISSING
        inside = {
            provenance
            for place, (since_s, provenance) in enumerate(self._provenances)
            if since_s <= to_s
            and (place + 1 == len(self._provenances) or self._provenances[place + 1][0] > from_s)
        }
        if not inside:
            return self._provenances[0][1]
        return inside.pop() if len(inside) == 1 else Provenance.MIXED

    def missing_s(self, from_s: float, to_s: float) -> float:
        """Seconds between two moments in which nothing was counted."""
        if self._first_s is None:
            return to_s - from_s
        total_s = max(0.0, min(to_s, self._first_s - self._backward_s) - from_s)
        for gap in self.gaps:
            end_s = to_s if gap.to_s is None else min(gap.to_s, to_s)
            total_s += max(0.0, end_s - max(gap.from_s, from_s))
        return total_s

    def add_edge(self, number: int, moment_s: float, shares: Shares = ()) -> None:
        """Notes an edge; its energy becomes known with later readings.

        `shares` says to which sums of `inside` the edge's energy belongs: a
        bucket's energy in cells is that of all ends less that of all beginnings.
        """
        if self._first_s is not None:
            moment_s = max(moment_s, self._first_s - self._backward_s)
        missing = number + 1 - len(self._energy_j)
        if missing > 0:
            self._energy_j.extend([math.nan] * missing)
            self._error_j.extend([0.0] * missing)
        if shares:
            self._shares[number] = shares
        if self._track is None and self._first_s is not None:
            self._keep(number, Located(self._base_j, 0.0, True))
            self._shares.pop(number, None)
            return
        self._pending[number] = moment_s
        self._recent_edges.append((moment_s, number, shares))
        if len(self._recent_edges) > _REMEMBER_EDGES:
            self._forget_edge()
        if self._track is not None:
            self._track.add_edge(moment_s)

    def add_reading(self, reading: Reading) -> None:
        """Takes the next reading, decides whether its counter is to be believed, settles edges."""
        if self._track is None:
            self._begin(reading)
        elif self._last is not None and reading.moment_s <= self._last.moment_s:
            return
        self._last = reading
        self._raw.append(reading)
        if self._trial is not None and reading.counter_j is not None:
            verdict = self._trial.add(reading)
            if verdict is not None:
                self._convict(verdict)
                return
        self._take(reading)
        self.settle(reading.moment_s)
        if reading.moment_s >= self._next_forget_s:
            self._forget(reading.moment_s)

    def goes_back(self, reading: Reading) -> bool:
        """True if a reading's counter is below the newest one."""
        newest = self._last
        return (
            newest is not None
            and newest.counter_j is not None
            and reading.counter_j is not None
            and reading.counter_j < newest.counter_j
        )

    def fill(self, readings: Iterable[Reading]) -> None:
        """Takes power samples that the driver kept while nobody read, oldest first."""
        if isinstance(self._track, PowerTrack):
            for reading in readings:
                if self._last is None or reading.moment_s > self._last.moment_s:
                    self._last = reading
                    self._raw.append(reading)
                    self._take(reading)

    def close_gap(self, moment_s: float) -> None:
        """Ends the gap that lasts, if one does."""
        if self.gaps and self.gaps[-1].to_s is None:
            self.gaps[-1] = self.gaps[-1]._replace(to_s=max(moment_s, self.gaps[-1].from_s))

    def open_gap(self, moment_s: float, reason: str) -> None:
        """Counts nothing from a moment on, until the next reading.

        What was drawn up to then stays; edges still open get what is known.
        """
        if self.gaps and self.gaps[-1].to_s is None:
            return
        self.gaps.append(Gap(moment_s, None, reason))
        if self._track is None:
            return
        for number, at_s in list(self._pending.items()):
            self._keep(number, self._track.energy_at(min(at_s, moment_s)))
        self._pending.clear()
        self._base_j = max(self._base_j, self._track.energy_at(moment_s).energy_j)
        if isinstance(self._track, CounterTrack):
            self._grid = self._track.grid
        self._track = None
        self._trial = None
        self._raw.clear()
        self._recent_edges.clear()
        self._shares.clear()

    def settle(self, now_s: float) -> None:
        """Keeps the energy of every edge that can be known by now."""
        track = self._track
        if track is None or not self._pending:
            return
        for number, at_s in list(self._pending.items()):
            located = track.energy_at(at_s)
            if located.final or now_s - at_s > _PATIENCE_S:
                self._keep(number, located)
                del self._pending[number]

    def is_final(self, number: int) -> bool:
        """True if an edge's energy will not move with the next readings."""
        return number < len(self._energy_j) and number not in self._pending

    def at_edge(self, number: int) -> Located:
        """The energy up to an edge: kept, or the best figure so far."""
        if number in self._pending:
            at_s = self._pending[number]
            if self._track is None:
                return Located(self._base_j, 0.0, False)
            return self._track.energy_at(at_s)
        return Located(self._energy_j[number], self._error_j[number], True)

    def inside(self, bucket: int) -> tuple[float, float]:
        """The signed sum of a bucket's edges in joules, and the edge error of the sum.

        Edges are off independently of each other: their squares add.
        """
        energy_j = self._sums_j.get(bucket, 0.0)
        squared = max(0.0, self._sums_squared_error.get(bucket, 0.0))
        for number in self._pending:
            for owner, sign in self._shares.get(number, ()):
                if owner == bucket:
                    located = self.at_edge(number)
                    energy_j += sign * located.energy_j
                    squared += located.error_j**2
        return energy_j, math.sqrt(squared)

    def at(self, moment_s: float) -> Located:
        """The energy up to a moment of the last seconds, or carried on to now."""
        if self._track is None:
            return Located(self._base_j, 0.0, True)
        return self._track.energy_at(moment_s)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help; None if none would."""
        if self._track is None:
            return None
        moments = [self._track.wants(now_s)]
        if self._trial is not None:
            moments.append(self._trial.wants(now_s))
        return min((moment for moment in moments if moment is not None), default=None)

    def suits(self, due_s: float) -> float:
        """A moment near `due_s` at which a reading says most."""
        track = self._track
        return track.suits(due_s) if isinstance(track, CounterTrack) else due_s

    def trace(self) -> list[tuple[float, float]]:
        """Points (moment, joules) for a chart of the power, of bounded number."""
        return list(zip(self._trace_s, self._trace_j, strict=True))

    def _begin(self, reading: Reading) -> None:
        self.close_gap(reading.moment_s)
        if reading.counter_j is not None and self.caught is None:
            if self._counter_provenance is Provenance.COUNTER:
                self._trial = CounterTrial(self._power_window_s)
            self._enter(self._counter_provenance, reading.moment_s)
            self._track = self._counter_track(self._base_j)
        else:
            self._enter(Provenance.INTEGRATED, reading.moment_s)
            self._track = self._power_track(self._base_j)
        if self._first_s is None:
            self._first_s = reading.moment_s
        for number, at_s in self._pending.items():
            self._pending[number] = max(at_s, self._first_s - self._backward_s)
            self._track.add_edge(self._pending[number])

    def _enter(self, provenance: Provenance, since_s: float) -> None:
        while self._provenances and self._provenances[-1][0] >= since_s:
            self._provenances.pop()
        if not self._provenances or self._provenances[-1][1] is not provenance:
            self._provenances.append((since_s, provenance))

    def _counter_track(self, origin_j: float) -> CounterTrack:
        return CounterTrack(
            step_s=self._counter_step_s,
            has_power=self._power_window_s == 0,
            origin_j=origin_j,
            grid=self._grid,
        )

    def _power_track(self, origin_j: float) -> Track:
        if self._power_window_s > 0:
            return AveragedTrack(window_s=self._power_window_s, origin_j=origin_j)
        return PowerTrack(origin_j=origin_j)

    def _take(self, reading: Reading) -> None:
        track = self._track
        if track is None:
            return
        wanted = reading.counter_j if isinstance(track, CounterTrack) else reading.power_w
        if wanted is None:
            return
        track.add_reading(reading)
        self._add_to_trace(reading.moment_s)

    def _convict(self, verdict: Verdict) -> None:
        """Replaces the account of a counter that was caught by that of the power."""
        assert self._track is not None
        self.caught = verdict.reason
        self._trial = None
        has_power = [reading for reading in self._raw if reading.power_w is not None]
        if len(has_power) < 2:
            # Nothing to replace it with: what was counted until now stays, the rest is not known.
            assert self._last is not None
            self.open_gap(self._last.moment_s, f"{verdict.reason}, and its power cannot be read")
            return
        since_s = has_power[0].moment_s
        if verdict.since_s is not None:
            since_s = max(since_s, verdict.since_s)
        origin_j = self._track.energy_at(since_s).energy_j
        before_s = max(
            (reading.moment_s for reading in has_power if reading.moment_s <= since_s),
            default=since_s,
        )
        track = self._power_track(0.0)
        for at_s, _, _ in self._recent_edges:
            if at_s >= before_s:
                track.add_edge(at_s)
        for reading in has_power:
            if reading.moment_s >= before_s:
                track.add_reading(reading)
        shift_j = origin_j - track.energy_at(since_s).energy_j
        rebuilt = self._power_track(shift_j)
        for at_s, _, _ in self._recent_edges:
            if at_s >= before_s:
                rebuilt.add_edge(at_s)
        for reading in has_power:
            if reading.moment_s >= before_s:
                rebuilt.add_reading(reading)
        self._track = rebuilt
        self._enter(Provenance.INTEGRATED, since_s)
        for at_s, number, shares in self._recent_edges:
            if at_s >= since_s and number not in self._pending:
                self._count(number, shares, -1)
                self._pending[number] = at_s
        while self._trace_s and self._trace_s[-1] >= since_s:
            self._trace_s.pop()
            self._trace_j.pop()
        assert self._last is not None
        self.settle(self._last.moment_s)

    def _keep(self, number: int, located: Located) -> None:
        self._energy_j[number] = located.energy_j
        self._error_j[number] = min(located.error_j, 1e30)
        self._count(number, self._shares.get(number, ()), 1)

    def _count(self, number: int, shares: Shares, times: int) -> None:
        for bucket, sign in shares:
            kept_j = times * sign * self._energy_j[number]
            self._sums_j[bucket] = self._sums_j.get(bucket, 0.0) + kept_j
            squared = times * self._error_j[number] ** 2
            self._sums_squared_error[bucket] = self._sums_squared_error.get(bucket, 0.0) + squared

    def _forget(self, now_s: float) -> None:
        self._next_forget_s = now_s + _FORGET_EVERY_S
        before_s = now_s - _REMEMBER_S
        while self._raw and self._raw[0].moment_s < before_s:
            self._raw.popleft()
        while self._recent_edges and self._recent_edges[0][0] < before_s:
            self._forget_edge()
        oldest_s = min(self._pending.values(), default=now_s)
        if self._track is not None:
            self._track.forget(min(now_s - 8.0, oldest_s - 4.0))

    def _forget_edge(self) -> None:
        _, number, _ = self._recent_edges.popleft()
        if number not in self._pending:
            self._shares.pop(number, None)

    def _add_to_trace(self, now_s: float) -> None:
        """One point a step, taken where the curve has settled; steps double when they are many."""
        assert self._track is not None
        at_s = now_s - 0.6
        if self._first_s is None or at_s < self._first_s:
            return
        if self._trace_s and at_s - self._trace_s[-1] < self.trace_step_s:
            return
        energy_j = self._track.energy_at(at_s).energy_j
        if self._trace_j:
            energy_j = max(energy_j, self._trace_j[-1])
        self._trace_s.append(at_s)
        self._trace_j.append(energy_j)
        if len(self._trace_s) > _TRACE_POINTS:
            self._trace_s, self._trace_j = self._trace_s[::2], self._trace_j[::2]
            self.trace_step_s *= 2

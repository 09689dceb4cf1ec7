"""The account: curves of all sources, windows over them, and the rates in force.

It is told what happened (a source was found, a window began, a reading came)
and answers what any span of time cost. It knows no clock and no thread: the
meter holds its lock and gives it the moments.
"""

from __future__ import annotations

import math
import uuid
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from jupyter_carbon.carbon import Rate, co2e_g
from jupyter_carbon.curve import EnergyCurve, Shares
from jupyter_carbon.cuts import Cuts
from jupyter_carbon.earlier import Earlier
from jupyter_carbon.estimate import Estimate, Provenance, total
from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.track import Located
from jupyter_carbon.sources.base import FailureState, NotMeasured, SourceInfo
from jupyter_carbon.windows import ClosedWindows, Running, Span, Window, WindowKind, WindowStatus

NOW = -1
"""Stands for the present instant where the number of an edge is asked for."""

_LOST_AFTER_S = 3.0
"""A source that gives nothing for so long has a gap; until then its counter bridges it."""
_START_S = 10.0
"""A source found later than this after the account began was not there before."""
_BOTH = 2
"""The sign of an edge that ends one bucket's cells and begins the next one's."""
_RESOLVED = 0.5
"""Where its edges may make up more than this share of it, a figure is below the resolution."""


@dataclass(slots=True)
class SourceAccount:
    """A source's curve, and how the source is."""

    info: SourceInfo
    curve: EnergyCurve
    state: str = "ok"
    """"ok", "starting", or a FailureState."""
    message: str = ""
    remedy: str = ""
    failing_since_s: float | None = None


class Period(NamedTuple):
    """A time in which one session ran at one rate; `start` is the number of its first edge."""

    start: int
    session: int
    rate: Rate


@dataclass(slots=True)
class Session:
    """A session's own windows; `start` and `end` are edges, -1 while it runs."""

    id: str
    number: int
    start: int
    end: int = NOW
    cells: ClosedWindows = field(default_factory=ClosedWindows)
    labels: ClosedWindows = field(default_factory=ClosedWindows)
    pauses: list[Span] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    """Edges at the quarters of an hour, while the account is recorded."""
    project: str = ""
    """What the user calls the work that it belongs to."""
    earlier: Earlier | None = None
    """What it had cost before the kernel was restarted, if it goes on from there."""


class Parts(NamedTuple):
    """An energy in joules with what its range is made of; all None if it was not measured."""

    energy: Estimate
    sensor_j: float | None
    edge_j: float | None


class Cost(NamedTuple):
    """What a span of time cost: joules by source and in all, grams of CO2e with PUE.

    `sensor_j` and `edge_j` say what the half range of `energy_j` is made of.
    """

    by_source_j: dict[str, Estimate]
    energy_j: Estimate
    co2e_g: Estimate
    sensor_j: float
    edge_j: float


class _Bill:
    """Adds costs up."""

    def __init__(self) -> None:
        self._by_source_j: dict[str, Estimate] = {}
        self._grams: list[Estimate] = []
        self._sensor_j = 0.0
        self._edge_j = 0.0

    def add_energy(self, source_id: str, part: Parts) -> None:
        before = self._by_source_j.get(source_id)
        self._by_source_j[source_id] = part.energy if before is None else before + part.energy
        self._sensor_j += part.sensor_j or 0.0
        self._edge_j += part.edge_j or 0.0

    def add_mass(self, energy_j: Estimate, rate: Rate) -> None:
        self._grams.append(co2e_g(energy_j, rate))

    def sum(self, sources: Iterable[str]) -> Cost:
        missing = Estimate.missing()
        by_source_j = {
            source_id: self._by_source_j.get(source_id, missing) for source_id in sources
        }
        energy_j = total(by_source_j.values())
        return Cost(by_source_j, energy_j, total(self._grams), self._sensor_j, self._edge_j)


def _ranged(
    source: SourceAccount,
    value_j: float,
    edge_j: float,
    duration_s: float | None,
    provenance: Provenance,
) -> Parts:
    """A value with the range that the sensor and the edges leave it.

    Within one refresh of a counter a cell's energy cannot be told from its
    neighbours': then the low end is 0, and the high end holds a whole step.
    """
    info, step_s = source.info, source.curve.step_s
    low_j = value_j * info.low_factor - edge_j
    high_j = value_j * info.high_factor + edge_j
    if duration_s is not None and 0 < duration_s < step_s:
        low_j, high_j = 0.0, high_j + value_j * step_s / duration_s
    elif edge_j >= _RESOLVED * value_j:
        low_j = 0.0
    sensor_j = value_j * max(1 - info.low_factor, info.high_factor - 1)
    return Parts(Estimate(value_j, max(0.0, low_j), high_j, provenance), sensor_j, edge_j)


class Account:
    """Everything that was measured, and every figure that follows from it.

    Args:
        moment_s: when the first session begins, on the monotonic clock.
        wall_s: the same in seconds since the epoch.
        rate: the intensity and PUE in force.
    """

    def __init__(self, moment_s: float, wall_s: float, rate: Rate) -> None:
        self.sources: dict[str, SourceAccount] = {}
        self.not_measured: list[NotMeasured] = []
        self.is_searching = False
        """True while sources are still being found: until then nothing is final."""
        self.running = Running()
        self.paused = False
        self.ended: list[Session] | None = None
        """Sessions that a reset ended and that are yet to be recorded; None: nobody records."""
        self._keeps_code = False
        self._cuts: Cuts | None = None
        self._moments_s = array("d")
        self._walls_s = array("d")
        self._now_s = moment_s
        self._buckets = array("i")
        self._signs = array("b")
        self._periods: list[Period] = []
        self._period_moments_s = [moment_s]
        self._continues: dict[Window, Window] = {}
        edge = self._edge(moment_s, wall_s)
        self.session = Session(uuid.uuid4().hex, 0, edge)
        self._periods.append(Period(edge, 0, rate))

    # What happened

    def add_source(self, info: SourceInfo) -> None:
        """Takes a source; one that is already there is left as it is."""
        if info.id in self.sources:
            return
        curve = EnergyCurve(
            provenance=info.provenance,
            counter_step_s=info.counter_step_s,
            power_window_s=info.power_window_s,
            is_late=self._now_s - self._moments_s[0] > _START_S,
        )
        for number, moment_s in enumerate(self._moments_s):
            curve.add_edge(number, moment_s, self._shares_of(number))
        self.sources[info.id] = SourceAccount(info, curve, state="starting")

    def take(self, source_id: str, reading: Reading) -> None:
        """Takes a source's reading."""
        self._cut_until(reading.moment_s)
        if self.paused:
            return
        source = self.sources[source_id]
        self._now_s = max(self._now_s, reading.moment_s)
        if source.failing_since_s is not None and source.curve.goes_back(reading):
            # The device came back with a counter that began anew: that is no fault of the counter.
            source.curve.open_gap(source.failing_since_s, source.message)
        if source.failing_since_s is not None or source.state == "starting":
            source.state, source.message, source.remedy = "ok", "", ""
            source.failing_since_s = None
        source.curve.add_reading(reading)

    def fail(
        self, source_id: str, moment_s: float, state: FailureState, message: str, remedy: str
    ) -> None:
        """Notes that a source gave no figure; after 3 s of it its curve has a gap."""
        source = self.sources[source_id]
        self._cut_until(moment_s)
        self._now_s = max(self._now_s, moment_s)
        source.state, source.message, source.remedy = state, message, remedy
        if source.failing_since_s is None:
            newest_s = source.curve.newest_s
            source.failing_since_s = moment_s if newest_s is None else (newest_s + moment_s) / 2
        if state in ("lost", "unsupported") or moment_s - source.failing_since_s > _LOST_AFTER_S:
            source.curve.open_gap(source.failing_since_s, message)

    def interrupt(self, reason: str) -> None:
        """Nothing is known from the newest readings on (the machine slept)."""
        for source in self.sources.values():
            newest_s = source.curve.newest_s
            if newest_s is not None:
                source.curve.open_gap(newest_s, reason)

    def open(self, window: Window, moment_s: float, wall_s: float) -> None:
        """A window begins."""
        window.begin()
        first_cell = window.kind == "cell" and not self.running.cells
        self.running.open(window, self._edge(moment_s, wall_s, -1 if first_cell else 0, turn=1))

    def close(
        self, window: Window, moment_s: float, wall_s: float, status: WindowStatus
    ) -> Window | None:
        """A window ends; returns it, None if it was not open."""
        part = self._continues.pop(window, window)
        if part not in list(self.running):
            return None
        last_cell = part.kind == "cell" and self.running.cells == [part]
        part.status, part.execution_count = status, window.execution_count
        self._close_at(part, self._edge(moment_s, wall_s, 1 if last_cell else 0, turn=-1))
        window.status, window.end, window.overlapped = part.status, part.end, part.overlapped
        window.code = ""
        return window

    def change_rate(self, rate: Rate, moment_s: float, wall_s: float, *, everything: bool) -> None:
        """Another intensity or PUE holds from now on, or for the whole session.

        With `everything` the session's past energy is counted at the new rate too.
        """
        if everything:
            self._periods = [
                period if period.session != self.session.number else period._replace(rate=rate)
                for period in self._periods
            ]
            return
        if rate != self.rate:
            self._begin_period(self.session.number, rate, moment_s, wall_s)

    def pause(self, moment_s: float, wall_s: float) -> None:
        """Counts nothing until `resume`: the time between is a gap of every source."""
        if self.paused:
            return
        self.paused = True
        self.session.pauses.append((self._edge(moment_s, wall_s), NOW))
        for source in self.sources.values():
            source.curve.open_gap(moment_s, "the meter was paused")

    def resume(self, moment_s: float, wall_s: float) -> None:
        """Counts again."""
        if not self.paused:
            return
        self.paused = False
        edge = self._edge(moment_s, wall_s)
        self.session.pauses[-1] = (self.session.pauses[-1][0], edge)

    def reset(self, moment_s: float, wall_s: float) -> Session:
        """Begins a new session and returns the one that ended.

        A window that is running is divided: its part so far closes with the
        old session, the rest opens with the new one. The `Window` that was opened
        stays the whole, for whoever holds it; the parts are copies.
        """
        old = self.session
        rate = self._periods[-1].rate
        edge = self._begin_period(old.number + 1, rate, moment_s, wall_s)
        old.end = edge
        divided = [self._part_of(window) for window in [*self.running.labels, *self.running.cells]]
        rests = [replace(w, start=-1, end=-1, owned=None, place=-1, number=-1) for _, w in divided]
        for _, part in reversed(divided):
            self._close_at(part, edge)
        self.session = Session(uuid.uuid4().hex, old.number + 1, edge, project=old.project)
        if self.ended is not None:
            self.session.cells.keep_code(self._keeps_code)
            self.ended.append(old)
        for (whole, _), rest in zip(divided, rests, strict=True):
            self.running.open(rest, edge)
            self._continues[whole] = rest
        if self.paused:
            old.pauses[-1] = (old.pauses[-1][0], edge)
            self.session.pauses.append((edge, NOW))
        return old

    def record(self, moment_s: float, wall_s: float, *, code: bool) -> None:
        """Has sessions cut at the quarters of an hour, and kept in `ended` when a reset ends them.

        Args:
            moment_s: now, on the monotonic clock.
            wall_s: now, in seconds since the epoch.
            code: True if the code of cells that have ended is kept, too.
        """
        self.ended = [] if self.ended is None else self.ended
        self._keeps_code = code
        self.session.cells.keep_code(code)
        self._cuts = Cuts(moment_s, wall_s)

    def record_no_more(self) -> None:
        """Takes `record` back."""
        self.ended = self._cuts = None
        self._keeps_code = False
        self.session.cells.keep_code(False)

    def follow_wall(self, moment_s: float, wall_s: float) -> None:
        """Takes the time; where the clock was set, or the machine slept, the session is cut now."""
        self._cut_until(moment_s)
        if self._cuts is not None and self._cuts.follow(moment_s, wall_s):
            self.session.cuts.append(self._edge(moment_s, wall_s))

    # What it cost

    @property
    def rate(self) -> Rate:
        """The rate in force."""
        return self._periods[-1].rate

    @property
    def now_s(self) -> float:
        """The moment that NOW stands for: the newest thing that was heard of."""
        return self._now_s

    def advance(self, moment_s: float) -> None:
        """Moves the present on, so that running figures are carried to it."""
        self._now_s = max(self._now_s, moment_s)

    def moment_s(self, edge: int) -> float:
        """An edge's moment on the monotonic clock."""
        return self._now_s if edge == NOW else self._moments_s[edge]

    def wall_s(self, edge: int, now_s: float) -> float:
        """An edge's moment in seconds since the epoch, `now_s` for NOW."""
        return now_s if edge == NOW else self._walls_s[edge]

    def wall_at(self, moment_s: float) -> float:
        """A moment in seconds since the epoch, by the newest edge before it.

        The monotonic clock may stand still while the machine sleeps.
        """
        place = max(0, bisect_right(self._moments_s, moment_s) - 1)
        return moment_s + self._walls_s[place] - self._moments_s[place]

    def duration_s(self, start: int, end: int) -> float:
        """Seconds between two edges."""
        return max(0.0, self.moment_s(end) - self.moment_s(start))

    def is_final(self, edge: int) -> bool:
        """True if no source's energy at the edge will move with its next readings."""
        if edge == NOW or self.is_searching:
            return False
        return all(
            source.curve.is_final(edge)
            or (source.curve.first_s is None and source.failing_since_s is not None)
            for source in self.sources.values()
        )

    def periods(self, start: int, end: int) -> Iterator[tuple[int, int, Rate]]:
        """The parts of a span with one rate each: (start, end, rate)."""
        start_s, end_s = self.moment_s(start), self.moment_s(end)
        place = max(0, bisect_right(self._period_moments_s, start_s) - 1)
        while place < len(self._periods):
            begins_s = self._period_moments_s[place]
            if begins_s >= end_s and begins_s > start_s:
                return
            begin = start if begins_s <= start_s else self._periods[place].start
            ends = self._end_of(place)
            stop = end if ends == NOW or self.moment_s(ends) >= end_s else ends
            yield begin, stop, self._periods[place].rate
            place += 1

    def rates(self, session: Session) -> list[Period]:
        """The periods of a session, oldest first."""
        return [period for period in self._periods if period.session == session.number]

    def parts(self, source: SourceAccount, start: int, end: int) -> Parts:
        """A source's energy between two edges, and what its range is made of."""
        from_s, to_s = self.moment_s(start), self.moment_s(end)
        duration_s = to_s - from_s
        missing_s = source.curve.missing_s(from_s, to_s)
        first, last = self._at(source, start), self._at(source, end)
        value_j = max(0.0, last.energy_j - first.energy_j)
        if value_j == 0 and duration_s > 0 and missing_s >= 0.999 * duration_s:
            return Parts(Estimate.missing(), None, None)
        edge_j = first.error_j + last.error_j
        provenance = source.curve.provenance_between(from_s, to_s)
        if provenance is Provenance.MISSING or math.isinf(edge_j):
            # Of a counter a single value says nothing yet.
            return Parts(Estimate.missing(), None, None)
        if missing_s > max(0.001, 0.001 * duration_s):
            provenance = Provenance.MIXED
        return _ranged(source, value_j, edge_j, duration_s, provenance)

    def energy(self, start: int, end: int) -> dict[str, Estimate]:
        """The energy of every source between two edges, in joules."""
        return {
            source_id: self.parts(source, start, end).energy
            for source_id, source in self.sources.items()
        }

    def cost(self, spans: list[Span]) -> Cost:
        """What spans of time cost, by source and in all."""
        bill = _Bill()
        rated = [list(self.periods(*span)) for span in spans]
        for source_id, source in self.sources.items():
            for (start, end), periods in zip(spans, rated, strict=True):
                whole = self.parts(source, start, end)
                bill.add_energy(source_id, whole)
                if len(periods) == 1:
                    bill.add_mass(whole.energy, periods[0][2])
                    continue
                for begin, stop, rate in periods:
                    bill.add_mass(self.parts(source, begin, stop).energy, rate)
        return bill.sum(self.sources)

    def session_cost(self, session: Session) -> Cost:
        """What a session has cost, with what earlier kernels ran of it."""
        own = self.cost([(session.start, session.end)])
        earlier = session.earlier
        if earlier is None:
            return own
        by_source_j = dict(earlier.by_source_j)
        for source_id, energy_j in own.by_source_j.items():
            before = by_source_j.get(source_id)
            by_source_j[source_id] = energy_j if before is None else before + energy_j
        return own._replace(
            by_source_j=by_source_j,
            energy_j=earlier.energy_j + own.energy_j,
            co2e_g=earlier.co2e_g + own.co2e_g,
        )

    def inside_cells(self, session: Session, whole: Cost | None = None) -> Cost:
        """What the session's cells cost together: every instant in which one ran, once.

        Args:
            session: the session.
            whole: what it cost itself, where that is known.
        """
        bill = _Bill()
        is_one_period = len(self.rates(session)) == 1
        for bucket, period in enumerate(self._periods):
            if period.session != session.number:
                continue
            runs = bucket == len(self._periods) - 1 and bool(self.running.cells)
            for source_id, source in self.sources.items():
                if whole is not None and is_one_period:
                    energy_j = whole.by_source_j[source_id]
                else:
                    energy_j = self.parts(source, period.start, self._end_of(bucket)).energy
                if energy_j.is_missing:
                    continue
                value_j, edge_j = source.curve.inside(bucket)
                if runs:
                    now = self._at(source, NOW)
                    value_j, edge_j = value_j + now.energy_j, edge_j + now.error_j
                if math.isinf(edge_j):
                    continue
                part = _ranged(source, max(0.0, value_j), edge_j, None, energy_j.provenance)
                bill.add_energy(source_id, part)
                bill.add_mass(part.energy, period.rate)
        return bill.sum(self.sources)

    def windows(self, session: Session, kind: WindowKind) -> Iterator[Window]:
        """A session's windows of a kind: those that ended, then those that run."""
        closed = session.cells if kind == "cell" else session.labels
        for place in range(len(closed)):
            yield closed.get(place, kind)
        if session is self.session:
            yield from (self.running.cells if kind == "cell" else self.running.labels)

    def running_part(self, window: Window) -> Window:
        """Of a window that a reset has divided, the part that runs now; else the window."""
        return self._continues.get(window, window)

    def _edge(self, moment_s: float, wall_s: float, sign: int = 0, turn: int = 0) -> int:
        self._cut_until(moment_s)
        number = len(self._moments_s)
        self._moments_s.append(moment_s)
        self._walls_s.append(wall_s)
        self._buckets.append(len(self._periods) if sign == _BOTH else len(self._periods) - 1)
        self._signs.append(sign)
        self._now_s = max(self._now_s, moment_s)
        shares = self._shares_of(number)
        for source in self.sources.values():
            source.curve.add_edge(number, moment_s, shares, turn)
        return number

    def _cut_until(self, moment_s: float) -> None:
        """Cuts the session at the quarters of an hour up to a moment, before what comes then."""
        while self._cuts is not None and self._cuts.next_s <= moment_s:
            self.session.cuts.append(self._edge(*self._cuts.take(moment_s)))

    def _shares_of(self, number: int) -> Shares:
        """An edge's shares, for a source that is found after it."""
        bucket, sign = self._buckets[number], self._signs[number]
        if sign == _BOTH:
            return ((bucket - 1, 1), (bucket, -1))
        return ((bucket, sign),) if sign else ()

    def _begin_period(self, session: int, rate: Rate, moment_s: float, wall_s: float) -> int:
        edge = self._edge(moment_s, wall_s, _BOTH if self.running.cells else 0)
        self._periods.append(Period(edge, session, rate))
        self._period_moments_s.append(moment_s)
        return edge

    def _part_of(self, running: Window) -> tuple[Window, Window]:
        """The window that the user holds, and the part of it that runs, which is another."""
        for whole, part in self._continues.items():
            if part is running:
                return whole, part
        part = replace(running)
        windows = self.running.cells if running.kind == "cell" else self.running.labels
        windows[windows.index(running)] = part
        return running, part

    def _close_at(self, window: Window, edge: int) -> None:
        self.running.close(window, edge)
        closed = self.session.cells if window.kind == "cell" else self.session.labels
        closed.append(window)

    def _end_of(self, bucket: int) -> int:
        return self._periods[bucket + 1].start if bucket + 1 < len(self._periods) else NOW

    def _at(self, source: SourceAccount, edge: int) -> Located:
        if edge == NOW:
            return source.curve.at_now(self._now_s)
        return source.curve.at_edge(edge)

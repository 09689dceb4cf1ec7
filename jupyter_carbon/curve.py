"""One source's cumulative energy: readings and edges in, joules at an edge out.

Every figure of the meter is a difference of such a curve at two edges, so that
parts add up to their whole whatever windows there are. An edge's energy is
computed once it can be known, kept for good, and only moved again if the
counter that it came from is caught.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.averaged import AveragedTrack
from jupyter_carbon.reconstruct.counted import CounterTrack
from jupyter_carbon.reconstruct.coverage import Coverage, Gap
from jupyter_carbon.reconstruct.edge_energies import EdgeEnergies, Shares, Waiting
from jupyter_carbon.reconstruct.integrated import PowerTrack
from jupyter_carbon.reconstruct.memory import Memory
from jupyter_carbon.reconstruct.refresh import RefreshGrid
from jupyter_carbon.reconstruct.trace import RecentTrace, Trace
from jupyter_carbon.reconstruct.track import Located, Track
from jupyter_carbon.reconstruct.trust import CounterTrial, Verdict

__all__ = ["BACKWARD_S", "EnergyCurve", "Gap", "Shares"]

_FORGET_EVERY_S = 10.0
_NEEDED_S = 8.0
"""What a track knows of the last seconds is kept for figures that are asked for."""
_PATIENCE_S = 12.0
"""After which an edge takes the best figure there is, final or not."""
_DRAW_AFTER_S = 4.0
"""The fine course waits no longer than this for a figure that does not move any more."""
BACKWARD_S = 2.0
"""Before its first reading a source's power is taken to have been the same for so long."""


class EnergyCurve:
    """The energy of one source since its first reading, in joules.

    Edges are numbered by whoever makes them, from 0. Not safe for use by several
    threads at once: the meter's lock guards it.

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
        self.caught: str | None = None
        """Why the counter is no longer believed; None while it is."""
        self._counter_provenance = provenance
        self._counter_step_s = counter_step_s
        self._power_window_s = power_window_s
        self._coverage = Coverage(0.0 if is_late else BACKWARD_S)
        self._edges = EdgeEnergies()
        self._trace = Trace()
        self._recent = RecentTrace()
        self._track: Track | None = None
        self._grid: RefreshGrid | None = None
        self._track_from_s = 0.0
        self._base_j = 0.0
        """The energy at the first reading of the track."""
        self._last: Reading | None = None
        self._next_forget_s = -math.inf
        self._now: tuple[float, Located] | None = None
        """The newest answer of `at_now`, until something happens."""
        # While there is a counter that may be caught.
        self._trial: CounterTrial | None = None
        self._memory: Memory | None = None

    # What is known

    @property
    def gaps(self) -> list[Gap]:
        """The times in which nothing was counted, oldest first."""
        return self._coverage.gaps

    @property
    def power_w(self) -> float | None:
        """The newest power: read, or the slope of the last second; None if unknown."""
        if self._last is None or self._track is None:
            return None
        if self._last.power_w is not None:
            return self._last.power_w
        now_s = self._last.moment_s
        span_s = min(1.0, now_s - self._track_from_s)
        if span_s < 0.05:
            return None
        drawn_j = (
            self._track.energy_at(now_s).energy_j - self._track.energy_at(now_s - span_s).energy_j
        )
        return max(0.0, drawn_j / span_s)

    @property
    def step_s(self) -> float:
        """The counter's refresh period as far as it is known; 0 for other tracks.

        It is rounded up to two digits, since ranges of figures that are final rest on it.
        """
        track = self._track
        step_s = track.step_s if isinstance(track, CounterTrack) else None
        if not step_s:
            return 0.0
        unit = 10.0 ** (math.floor(math.log10(step_s)) - 1)
        return math.ceil(step_s / unit - 1e-9) * unit

    @property
    def newest_s(self) -> float | None:
        """The moment of the newest reading."""
        return None if self._last is None else self._last.moment_s

    @property
    def first_s(self) -> float | None:
        """The moment of the first reading; None if there was none yet."""
        return self._coverage.first_s

    @property
    def trace_step_s(self) -> float:
        """The distance of the points of `trace`."""
        return self._trace.step_s

    def provenance_between(self, from_s: float, to_s: float) -> Provenance:
        """How the energy between two moments was got."""
        return self._coverage.between(from_s, to_s)

    def missing_s(self, from_s: float, to_s: float) -> float:
        """Seconds between two moments in which nothing was counted."""
        return self._coverage.missing_s(from_s, to_s)

    def is_final(self, number: int) -> bool:
        """True if an edge's energy will not move with the next readings."""
        return self._edges.has(number)

    def at_edge(self, number: int) -> Located:
        """The energy up to an edge: kept, or the best figure so far."""
        return self._edges.at(number, self._look_up)

    def inside(self, bucket: int) -> tuple[float, float]:
        """The signed sum of a bucket's edges in joules, and the edge error of the sum."""
        return self._edges.sum(bucket, self._look_up)

    def at_now(self, moment_s: float) -> Located:
        """The energy up to a moment after all edges, carried on from the newest reading."""
        if self._now is not None and self._now[0] == moment_s:
            return self._now[1]
        located = self._look_up(moment_s)
        guesses = self._edges.guesses(self._look_up).values()
        reached_j = max((edge.energy_j for edge in guesses), default=self._edges.reached_j)
        located = located._replace(energy_j=max(located.energy_j, reached_j))
        self._now = moment_s, located
        return located

    def trace(self) -> list[tuple[float, float]]:
        """Points (moment, joules) for a chart of the power, of bounded number."""
        if self._last is not None:
            self._draw(self._last.moment_s)
        return self._trace.points()

    @property
    def recent_end(self) -> float:
        """The first second whose mean power is not known yet; infinity while nothing is counted."""
        if self._coverage.has_open_gap:
            return math.inf
        return -math.inf if self.first_s is None else self._recent.seconds.stop - 1

    def recent_w(self, second: int) -> float | None:
        """Mean power over a whole second of the last quarter of an hour.

        None where it is not known, and where a part of the second was not counted.
        """
        power_w = self._recent.power_w(second)
        if power_w is None or self._coverage.missing_s(second, second + 1.0) > 0:
            return None
        return power_w

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help; None if none would."""
        if self._track is None:
            return None
        wanted_s = self._track.wants(now_s)
        trial_s = None if self._trial is None else self._trial.wants(now_s)
        if wanted_s is None or trial_s is None:
            return trial_s if wanted_s is None else wanted_s
        return min(wanted_s, trial_s)

    def suits(self, due_s: float) -> float:
        """A moment near `due_s` at which a reading says most."""
        return due_s if self._track is None else self._track.suits(due_s)

    def goes_back(self, reading: Reading) -> bool:
        """True if a reading's counter is below the newest one."""
        newest = self._last
        return (
            newest is not None
            and newest.counter_j is not None
            and reading.counter_j is not None
            and reading.counter_j < newest.counter_j
        )

    # What happens

    def add_edge(
        self, number: int, moment_s: float, shares: Shares = (), turn: int | None = None
    ) -> None:
        """Notes an edge; its energy becomes known with later readings.

        Args:
            number: the edge's number.
            moment_s: where it is.
            shares: the sums of `inside` to which the edge's energy belongs: a
                bucket's energy in cells is that of all ends less that of all
                beginnings.
            turn: 1 where work begins, -1 where it ends, 0 where either may be;
                None: as the shares have it. What the readings do not place is
                taken to be drawn by work.
        """
        self._now = None
        moment_s = self._coverage.not_before_s(moment_s)
        if turn is None:
            turn = -sum(sign for _, sign in shares)
        edge = Waiting(moment_s, turn, shares)
        self._edges.wait(number, edge)
        if self._track is not None:
            self._track.add_edge(moment_s, turn)
        elif self.first_s is not None:
            self._edges.keep(number, Located(self._base_j, 0.0, True))
            return
        if self._trial is not None and self._memory is not None:
            self._trial.note_edge(moment_s, turn)
            self._memory.add_edge(number, edge)

    def add_reading(self, reading: Reading) -> None:
        """Takes the next reading, decides whether its counter is to be believed, settles edges."""
        self._now = None
        if self._track is None:
            self._begin(reading)
        elif self._last is not None and reading.moment_s <= self._last.moment_s:
            return
        self._last = reading
        self._edges.forget_guesses()
        if self._trial is not None and self._memory is not None:
            self._memory.add_reading(reading)
            verdict = None if reading.counter_j is None else self._trial.add(reading)
            if verdict is not None:
                self._convict(verdict, self._memory)
                return
        self._take(reading)
        self.settle(reading.moment_s)
        if reading.moment_s >= self._next_forget_s:
            self._forget(reading.moment_s)

    def fill(self, readings: Iterable[Reading]) -> None:
        """Takes power samples that the driver kept while nobody read, oldest first."""
        if isinstance(self._track, PowerTrack):
            self._now = None
            for reading in readings:
                if self._last is None or reading.moment_s > self._last.moment_s:
                    self._last = reading
                    self._edges.forget_guesses()
                    self._take(reading)

    def open_gap(self, moment_s: float, reason: str) -> None:
        """Counts nothing from a moment on, until the next reading.

        What was drawn up to then stays; edges still open get what is known.
        """
        if self._coverage.has_open_gap:
            return
        self._now = None
        self._coverage.open_gap(moment_s, reason)
        if self._track is None:
            return
        for number, edge in list(self._edges.waiting()):
            self._edges.keep(number, self._look_up(min(edge.moment_s, moment_s)))
        self._draw(moment_s)
        self._draw_recent(moment_s)
        self._base_j = max(self._edges.reached_j, self._look_up(moment_s).energy_j)
        if isinstance(self._track, CounterTrack):
            self._grid = self._track.grid
        self._track = self._trial = self._memory = None

    def settle(self, now_s: float) -> None:
        """Keeps the energy of every edge that can be known by now."""
        track = self._track
        if track is None:
            return
        self._now = None
        known_s, tired_s = track.known_s, now_s - _PATIENCE_S
        done = []
        for number, (at_s, _, _) in self._edges.waiting():
            if at_s > known_s and at_s > tired_s:
                break
            located = self._look_up(at_s)
            if not located.final and at_s > tired_s:
                break
            done.append((number, located))
        for number, located in done:
            self._edges.keep(number, located)

    def _look_up(self, moment_s: float) -> Located:
        if self._track is None:
            return Located(self._base_j, 0.0, True)
        energy_j, error_j, final = self._track.energy_at(moment_s)
        return Located(self._base_j + energy_j, error_j, final)

    def _begin(self, reading: Reading) -> None:
        self._coverage.begin(reading.moment_s)
        self._track_from_s = reading.moment_s
        self._edges.move(self._coverage.not_before_s(-math.inf))
        self._recent.begin(reading.moment_s, self._base_j)
        if reading.counter_j is None or self.caught is not None:
            self._coverage.enter(Provenance.INTEGRATED, reading.moment_s)
            self._track = self._power_track()
        else:
            if self._counter_provenance is Provenance.COUNTER:
                self._trial = CounterTrial(self._power_window_s)
                self._memory = Memory(reading.moment_s, self._base_j)
            self._coverage.enter(self._counter_provenance, reading.moment_s)
            self._track = CounterTrack(
                step_s=self._counter_step_s,
                has_power=self._power_window_s == 0,
                grid=self._grid,
            )
        for _, edge in self._edges.waiting():
            self._track.add_edge(edge.moment_s, edge.turn)

    def _power_track(self) -> Track:
        if self._power_window_s > 0:
            return AveragedTrack(window_s=self._power_window_s)
        return PowerTrack()

    def _take(self, reading: Reading) -> None:
        track = self._track
        if track is None:
            return
        wanted = reading.counter_j if isinstance(track, CounterTrack) else reading.power_w
        if wanted is not None:
            track.add_reading(reading)
            self._draw(track.drawn_s)
            self._draw_recent(max(track.drawn_s, reading.moment_s - _DRAW_AFTER_S))

    def _convict(self, verdict: Verdict, memory: Memory) -> None:
        """Replaces the account of a counter that was caught by that of the power."""
        assert self._last is not None
        self.caught = verdict.reason
        since_s, reached_j = memory.oldest
        if verdict.since_s is not None and verdict.since_s > since_s:
            since_s, reached_j = verdict.since_s, self._look_up(verdict.since_s).energy_j
        readings = memory.powers_around(since_s)
        if len(readings) < 2:
            # Nothing to replace it with: what was counted until now stays, the rest is not known.
            self.open_gap(self._last.moment_s, f"{verdict.reason}, and its power cannot be read")
            return
        track = self._power_track()
        for _, edge in memory.edges_from(readings[0].moment_s):
            track.add_edge(edge.moment_s, edge.turn)
        for reading in readings:
            track.add_reading(reading)
        self._track = track
        self._base_j = reached_j - track.energy_at(since_s).energy_j
        self._coverage.enter(Provenance.INTEGRATED, since_s)
        self._edges.reopen(memory.edges_from(since_s), reached_j)
        self._trace.cut(since_s)
        self._recent.cut(since_s)
        self._trial = self._memory = None
        self.settle(self._last.moment_s)

    def _forget(self, now_s: float) -> None:
        self._next_forget_s = now_s + _FORGET_EVERY_S
        oldest_s = min((edge.moment_s for _, edge in self._edges.waiting()), default=now_s)
        before_s = min(now_s - _NEEDED_S, oldest_s - _NEEDED_S / 2)
        if self._memory is not None and before_s > self._memory.newest_s:
            self._memory.add_anchor(before_s, self._look_up(before_s).energy_j, now_s)
        if self._track is not None:
            self._track.forget(before_s)
            self._draw(self._track.drawn_s)

    def _draw(self, until_s: float) -> None:
        """Adds what the trace lacks up to a moment."""
        if self._track is None:
            return
        while (at_s := self._trace.next_s(self._track_from_s)) <= until_s:
            self._trace.add(at_s, self._look_up(at_s).energy_j)

    def _draw_recent(self, until_s: float) -> None:
        """The same for the fine course."""
        if self._track is None:
            return
        while (at_s := self._recent.next_s()) <= until_s:
            self._recent.add(self._look_up(at_s).energy_j)

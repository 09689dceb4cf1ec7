"""Energy at a moment from a counter that is renewed in steps, or continuously."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.powers import PowerSamples
from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight
from jupyter_carbon.reconstruct.steps import Knot, Step
from jupyter_carbon.reconstruct.track import Located

DENSE_S = 0.004
"""Between two readings while a step of the counter is being located."""
_LEARN_S = 0.25
"""Dense reading at the beginning, to see the counter's first steps."""
_GIVE_UP_S = 0.15
"""After an edge, until a step should have been seen where no period is known."""
_SETTLE_S = 0.3
"""After a step, how long a better figure of the power there is waited for."""
_NEAR_S = 0.12
"""A power reading this close to a step still speaks for it."""
_SHORT_S = 0.35
"""A slope between two knots no further apart than this speaks for the power beside it."""


def _likeliest_first(befores: list[float], afters: list[float]) -> Iterator[tuple[float, float]]:
    """Pairs of witnesses, those first that are both good."""
    for worst in range(max(len(befores), len(afters))):
        for place in range(worst + 1):
            if place < len(befores) and worst < len(afters):
                yield befores[place], afters[worst]
            if place < worst < len(befores) and place < len(afters):
                yield befores[worst], afters[place]


class _Change(NamedTuple):
    """The counter was seen to have moved: the last step lies in (`low_s`, `high_s`]."""

    low_s: float
    high_s: float
    energy_j: float


class CounterTrack:
    """The track of a source that has an energy counter.

    `step_s` is the time between two refreshes if it is known, 0 for a counter
    that is as good as continuous, None if it must be learnt. `has_power` says
    that the power of a reading is instantaneous, so that it tells the slope of
    the curve; otherwise slopes are those of neighbouring steps. `origin_j` is
    the energy at the first reading, `grid` what is known of the refreshes.
    """

    def __init__(
        self,
        *,
        step_s: float | None,
        has_power: bool,
        origin_j: float = 0.0,
        grid: RefreshGrid | None = None,
    ) -> None:
        self.is_continuous = step_s == 0
        self._has_power = has_power
        self._origin_j = origin_j
        self.grid = RefreshGrid() if grid is None else grid
        self._samples = PowerSamples()
        self._edges_s: list[float] = []
        self._changes: list[_Change] = []
        self._knots: list[Knot] = []
        self._knot_moments_s: list[float] = []
        self._knots_of_period: float | None = None
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._first_counter_j = 0.0
        self._call_s = math.inf
        self._dense_reads = 0
        self._dense_changes = 0
        self._seen_since_dense_gap = False

    @property
    def step_s(self) -> float | None:
        """The time between two refreshes as far as it is known; 0 if continuous."""
        return 0.0 if self.is_continuous else self.grid.period_s

    def add_edge(self, moment_s: float) -> None:
        """Notes that a window begins or ends at a moment."""
        insort(self._edges_s, moment_s)

    def add_reading(self, reading: Reading) -> None:
        """Takes a reading that has a counter.

        Raises:
            ValueError: if it has none.
        """
        if reading.counter_j is None:
            raise ValueError("a counter's track needs the counter in every reading")
        if self._first is None:
            self._first, self._first_counter_j = reading, reading.counter_j
        if self._has_power and reading.power_w is not None:
            self._samples.add(reading.moment_s, reading.power_w)
        self._call_s = min(self._call_s * 1.01, max(0.0, reading.until_s - reading.moment_s))
        energy_j = self._origin_j + reading.counter_j - self._first_counter_j
        previous, self._last = self._last, reading
        if self.is_continuous:
            at_s = reading.moment_s + self._call_s / 2
            self._append(Knot(at_s, energy_j, self._call_s / 2))
            return
        high_s = reading.moment_s + self._call_s
        if previous is None:
            self._note(_Change(-math.inf, high_s, energy_j))
            return
        gap_s = reading.moment_s - previous.moment_s
        dense = gap_s <= 0.03 + 2 * self._call_s
        moved = reading.counter_j != previous.counter_j
        self._count_dense(dense, moved)
        if not dense:
            self._seen_since_dense_gap = False
        if not moved:
            return
        change = _Change(previous.moment_s, high_s, energy_j)
        if dense:
            sight = Sight((change.low_s + high_s) / 2, (high_s - change.low_s) / 2)
            self.grid.see(sight, follows_previous=self._seen_since_dense_gap)
            self._seen_since_dense_gap = True
        self._note(change)

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment."""
        if self._last is None:
            return Located(self._origin_j, math.inf, False)
        self._date()
        place = bisect_right(self._knot_moments_s, moment_s)
        if place == len(self._knots):
            return self._after_last(moment_s)
        if place == 0:
            return self._before_first(moment_s)
        step = Step(self._knots[place - 1], self._knots[place], self._edges_between(place))
        if not step.edges_s:
            return Located(step.chord(moment_s), 0.0, True)
        before_w, after_w, settled = self._powers(place, step)
        energy_j = step.at(moment_s, before_w, after_w)
        return Located(
            energy_j, self._error_j(step, moment_s, energy_j, before_w, after_w), settled
        )

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._first is None or self._last is None:
            return now_s
        if self.is_continuous:
            waits = self._edges_s and self._edges_s[-1] > self._last.moment_s
            return now_s if waits else None
        self._date()
        last_knot_s = self._knots[-1].moment_s if self._knots else -math.inf
        edge_s = self._edges_s[-1] if self._edges_s else -math.inf
        grid = self.grid
        if edge_s > last_knot_s and now_s - edge_s < self._patience_s():
            if not grid.is_regular:
                return now_s + DENSE_S
            return self._around_step(max(edge_s, last_knot_s), now_s)
        if grid.period_s is None:
            learning = now_s - self._first.moment_s < _LEARN_S
            return now_s + DENSE_S if learning else None
        enough_s = max(0.05 * grid.period_s + 0.001, 0.5 * grid.jitter_s)
        if grid.is_regular and grid.uncertainty_s(now_s) > enough_s:
            # Each step located further on makes the period known ten times better.
            return self._around_step(max(now_s - grid.period_s, last_knot_s), now_s)
        return None

    def suits(self, due_s: float) -> float:
        """A moment near `due_s` at which the counter is not just being renewed.

        Right beside a refresh a value could be that of either side.
        """
        grid = self.grid
        if not grid.is_regular or self.is_continuous:
            return due_s
        assert grid.period_s is not None
        step_s = grid.last_before(due_s)
        assert step_s is not None
        margin_s = min(0.35 * grid.period_s, 2 * grid.doubt_s(due_s) + 0.1 * grid.period_s)
        if due_s - step_s < margin_s:
            return step_s + margin_s
        if step_s + grid.period_s - due_s < margin_s:
            return step_s + grid.period_s + margin_s
        return due_s

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        self._date()
        del self._edges_s[: max(0, bisect_left(self._edges_s, before_s) - 1)]
        keep = 0
        while keep + 4 < len(self._knots) and self._knots[keep + 4].moment_s < before_s:
            keep += 1
        del self._knots[:keep]
        del self._knot_moments_s[:keep]
        drop = 0
        while drop + 4 < len(self._changes) and self._changes[drop + 4].high_s < before_s:
            drop += 1
        del self._changes[:drop]
        self._samples.forget(before_s - 2.0)

    def _count_dense(self, dense: bool, moved: bool) -> None:
        if self.grid.period_s is not None or not dense:
            return
        self._dense_reads += 1
        self._dense_changes += moved
        if self._dense_reads >= 12 and self._dense_changes >= 0.8 * self._dense_reads:
            self.is_continuous = True
            self._clear_knots()
            for change in self._changes:
                self._append(Knot(change.high_s, change.energy_j, self._call_s))

    def _patience_s(self) -> float:
        period_s = self.grid.period_s
        return _GIVE_UP_S if period_s is None else 1.5 * period_s + 0.05

    def _around_step(self, after_s: float, now_s: float) -> float:
        """When to read so as to see the first step after a moment that was not yet seen."""
        grid = self.grid
        assert grid.period_s is not None
        assert self._last is not None
        step_s = grid.last_before(after_s)
        assert step_s is not None
        margin_s = grid.doubt_s(now_s) + 0.0015
        while step_s + margin_s < max(after_s, self._last.moment_s):
            step_s += grid.period_s
        begin_s = step_s - margin_s
        return begin_s if now_s < begin_s else now_s + DENSE_S

    def _note(self, change: _Change) -> None:
        self._changes.append(change)
        if self._knots_of_period is not None and self._knots_of_period == self.grid.period_s:
            knot = self._dated(change)
            if knot is not None:
                self._append(knot)

    def _append(self, knot: Knot) -> None:
        if self._knots and knot.moment_s <= self._knots[-1].moment_s:
            return
        self._knots.append(knot)
        self._knot_moments_s.append(knot.moment_s)

    def _clear_knots(self) -> None:
        self._knots.clear()
        self._knot_moments_s.clear()

    def _date(self) -> None:
        """Puts every change on the refresh grid, anew if the grid has moved."""
        if self.is_continuous or (self._knots and self._knots_of_period == self.grid.period_s):
            return
        self._knots_of_period = self.grid.period_s
        self._clear_knots()
        for change in self._changes:
            knot = self._dated(change)
            if knot is not None:
                self._append(knot)

    def _dated(self, change: _Change) -> Knot | None:
        """The refresh at which the counter took its value; None where two are as likely."""
        low_s, high_s, energy_j = change
        grid = self.grid
        half_s = (high_s - low_s) / 2
        if not grid.is_regular:
            if half_s <= 0.03:
                return Knot((low_s + high_s) / 2, energy_j, half_s)
            if math.isinf(low_s):
                return None
            # Unknown refresh: the value is at most about one step old.
            half_s = min(half_s, (grid.period_s or 0.1) / 2)
            return Knot(high_s - half_s, energy_j, half_s)
        assert grid.period_s is not None
        doubt_s = grid.doubt_s(high_s)
        if half_s <= 0.3 * grid.period_s:
            nearest_s = grid.nearest((low_s + high_s) / 2)
            assert nearest_s is not None
            at_s = min(high_s, max(low_s, nearest_s))
            return Knot(at_s, energy_j, min(half_s, doubt_s))
        newest_s = grid.last_before(high_s - doubt_s)
        assert newest_s is not None
        next_s = newest_s + grid.period_s
        if next_s > high_s + doubt_s:
            return Knot(max(low_s, newest_s), energy_j, doubt_s)
        if newest_s < low_s - doubt_s:
            # The counter moved, and this is the only refresh that can have moved it.
            return Knot(min(high_s, next_s), energy_j, doubt_s)
        return None

    def _edges_between(self, place: int) -> list[float]:
        low = bisect_right(self._edges_s, self._knots[place - 1].moment_s)
        high = bisect_left(self._edges_s, self._knots[place].moment_s)
        return self._edges_s[low:high]

    def _edge_before(self, moment_s: float) -> float:
        place = bisect_right(self._edges_s, moment_s) - 1
        return self._edges_s[place] if place >= 0 else -math.inf

    def _edge_after(self, moment_s: float) -> float:
        place = bisect_left(self._edges_s, moment_s)
        return self._edges_s[place] if place < len(self._edges_s) else math.inf

    def _slope(self, place: int, longest_s: float) -> float | None:
        """The mean power between a knot and the one before it, if no edge lies between."""
        if not 0 < place < len(self._knots) or self._edges_between(place):
            return None
        left, right = self._knots[place - 1], self._knots[place]
        span_s = right.moment_s - left.moment_s
        if not 0 < span_s <= longest_s:
            return None
        return max(0.0, (right.energy_j - left.energy_j) / span_s)

    def _powers_before(self, place: int, step: Step) -> Iterator[float | None]:
        """The power at a step's left end, the best witness first."""
        left_s, edge_s = step.left.moment_s, step.edges_s[0]
        bound_s = self._edge_before(left_s)
        yield self._samples.last_in(max(bound_s, left_s - _NEAR_S), edge_s)
        yield self._slope(place - 1, _SHORT_S)
        yield self._samples.first_in(edge_s, edge_s + 0.0015)
        yield self._samples.last_in(bound_s, edge_s)
        yield self._slope_since_edge(place - 1)
        yield self._slope(place - 1, math.inf)

    def _powers_after(self, place: int, step: Step) -> Iterator[float | None]:
        """The power at a step's right end, the best witness first."""
        right_s, edge_s = step.right.moment_s, step.edges_s[-1]
        bound_s = self._edge_after(right_s)
        near_s = right_s - step.right.half_s
        yield self._samples.first_in(near_s, min(bound_s, right_s + 0.03))
        yield self._slope(place + 1, _SHORT_S)
        yield self._samples.last_in(right_s + 0.02, min(bound_s, right_s + 0.25))
        yield self._samples.last_in(edge_s, right_s)
        yield self._slope(place + 1, math.inf)

    def _slope_since_edge(self, place: int) -> float | None:
        """The mean power from an edge to the knot after it, if nobody came to read between."""
        if not 0 < place < len(self._knots):
            return None
        left, right = self._knots[place - 1], self._knots[place]
        edges = self._edges_between(place)
        if len(edges) != 1 or right.moment_s - edges[0] < 0.01:
            return None
        before_w = self._samples.last_in(self._edge_before(left.moment_s), edges[0])
        if before_w is None:
            before_w = self._slope(place - 1, math.inf)
        if before_w is None:
            return None
        at_edge_j = left.energy_j + before_w * (edges[0] - left.moment_s)
        return max(0.0, (right.energy_j - at_edge_j) / (right.moment_s - edges[0]))

    def _powers(self, place: int, step: Step) -> tuple[float | None, float | None, bool]:
        """The powers at both ends, and whether they will stay what they are."""
        assert self._last is not None
        befores = [power for power in self._powers_before(place, step) if power is not None]
        afters = [power for power in self._powers_after(place, step) if power is not None]
        right_s = step.right.moment_s
        patience_s = max(_SETTLE_S, 2.2 * (self.grid.period_s or 0.0))
        waited = (
            self._last.moment_s > right_s + patience_s
            or self._edge_after(right_s) < self._last.moment_s - 0.005
        )
        if not befores or not afters:
            return (
                befores[0] if befores else None,
                afters[0] if afters else None,
                waited or self.is_continuous,
            )
        if len(step.edges_s) > 1 and step.edges_s[-1] > step.edges_s[0]:
            return befores[0], afters[0], True
        slack_s = step.left.half_s + step.right.half_s + 0.004
        for before_w, after_w in _likeliest_first(befores, afters):
            if step.agrees(before_w, after_w, slack_s):
                return before_w, after_w, True
        starved_w = self._slope_since_edge(place)
        if starved_w is not None and (waited or self._samples.first_in(right_s, math.inf) is None):
            return befores[0], starved_w, waited
        return befores[0], afters[0], waited or self.is_continuous

    def _error_j(
        self,
        step: Step,
        moment_s: float,
        energy_j: float,
        before_w: float | None,
        after_w: float | None,
    ) -> float:
        """How far the energy at an edge may be off, from where it lies in time.

        The jump is placed as well as the steps are; a slow rise instead of a
        jump would lie between the two lines and the chord.
        """
        span_j = step.right.energy_j - step.left.energy_j
        if before_w is None or after_w is None:
            return span_j / 2
        placed_s = step.left.half_s + step.right.half_s + 0.001
        jump_w = abs(after_w - before_w)
        off_j = abs(step.chord(moment_s) - energy_j)
        if len(step.edges_s) > 1 and step.edges_s[-1] > step.edges_s[0]:
            return min(span_j, placed_s * max(before_w, after_w) + 0.25 * off_j)
        return min(span_j, placed_s * (jump_w + 0.02 * max(before_w, after_w)) + 0.1 * off_j)

    def _before_first(self, moment_s: float) -> Located:
        first = self._knots[0]
        power_w = self._samples.first_in(-math.inf, first.moment_s + 0.03)
        if power_w is None:
            power_w = self._slope(1, math.inf)
        away_s = first.moment_s - moment_s
        if power_w is None:
            return Located(first.energy_j, 0.0, False)
        learnt = self.grid.period_s is not None or self.is_continuous
        return Located(first.energy_j - power_w * away_s, power_w * away_s * 0.5, learnt)

    def _after_last(self, moment_s: float) -> Located:
        """The newest knot, carried on by the newest power until a further step is seen."""
        assert self._last is not None
        assert self._last.counter_j is not None
        reached_j = self._origin_j + self._last.counter_j - self._first_counter_j
        if not self._knots:
            return Located(reached_j, math.inf, False)
        last = self._knots[-1]
        before_w = self._samples.last_in(-math.inf, last.moment_s + 0.03)
        if before_w is None:
            before_w = self._slope(len(self._knots) - 1, math.inf) or 0.0
        newest_w = self._samples.newest_w
        now_w = before_w if newest_w is None else newest_w
        edge_s = self._edge_after(last.moment_s)
        calm_s = max(0.0, min(moment_s, edge_s) - last.moment_s)
        rest_s = max(0.0, moment_s - max(edge_s, last.moment_s))
        energy_j = last.energy_j + before_w * calm_s + now_w * rest_s
        error_j = abs(now_w - before_w) * calm_s + 0.1 * now_w * rest_s
        return Located(max(reached_j, energy_j), error_j, False)

"""Energy at a moment from a counter that is renewed in steps, or continuously."""

from __future__ import annotations

import math
from bisect import bisect_right

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.dating import SPARSE_S, Change, Knots
from jupyter_carbon.reconstruct.edges import Edges
from jupyter_carbon.reconstruct.powers import PowerSamples
from jupyter_carbon.reconstruct.refresh import RefreshGrid
from jupyter_carbon.reconstruct.steps import Division, Knot, Step, implied_powers
from jupyter_carbon.reconstruct.track import Located
from jupyter_carbon.reconstruct.watch import DENSE_GAP_S, DENSE_S, RefreshWatch
from jupyter_carbon.reconstruct.witnesses import SETTLE_S, Powers, Witnesses

_LEARN_S = 0.25
"""Dense reading at the beginning, to see the counter's first steps."""
_SEEN_S = 0.5
"""So long after the first step edges before it are final, whether or not the period is known."""
_HOOK_S = 0.0015
"""How far a load that begins or ends with a window may do so from the window's edge."""
_SLOW = 0.1
"""Of the way to a straight line, what a rise that takes a while makes up."""
_UNSEEN = 0.35
"""The same where more than one jump was drawn, and nobody read the power at the edge."""
_GIVE_UP_S = 0.15
"""After an edge, until a step should have been seen where no period is known."""


class CounterTrack:
    """The track of a source that has an energy counter.

    `step_s` is the time between two refreshes if it is known, 0 for a counter
    that is as good as continuous, None if it must be learnt. `has_power` says
    that the power of a reading is instantaneous, so that it tells the slope of
    the curve; otherwise slopes are those of neighbouring steps. `grid` is what
    is known of the refreshes.
    """

    def __init__(
        self,
        *,
        step_s: float | None,
        has_power: bool,
        grid: RefreshGrid | None = None,
    ) -> None:
        self._has_power = has_power
        self._watch = RefreshWatch(grid, is_continuous=step_s == 0)
        self._samples = PowerSamples()
        self._edges = Edges()
        self._line = Knots(self._watch.grid)
        self._witnesses = Witnesses(self._samples, self._line, self._edges)
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._first_counter_j = 0.0
        self._call_s = math.inf
        self._stale_s = 0.0
        self._learnt_s = 0.0
        self._divided: tuple[object, Division, float, bool] | None = None

    @property
    def grid(self) -> RefreshGrid:
        """What is known of the counter's refreshes."""
        return self._watch.grid

    @property
    def step_s(self) -> float | None:
        """The time between two refreshes as far as it is known; 0 if continuous."""
        return 0.0 if self._watch.is_continuous else self.grid.period_s

    @property
    def known_s(self) -> float:
        """The newest step: after it nothing is final."""
        return self._line.last_s

    @property
    def drawn_s(self) -> float:
        """A while before the newest step: there its division among edges is settled, too."""
        return self._line.last_s - SETTLE_S

    def add_edge(self, moment_s: float, turn: int = 0) -> None:
        """Notes that a window begins or ends at a moment."""
        self._edges.add(moment_s, turn)

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
        energy_j = reading.counter_j - self._first_counter_j
        previous, self._last = self._last, reading
        if self._watch.is_continuous:
            at_s = reading.moment_s + self._call_s / 2
            self._line.append(Knot(at_s, energy_j, max(self._call_s / 2, self._stale_s)))
            return
        high_s = reading.moment_s + self._call_s
        if previous is None:
            self._line.note(Change(-math.inf, high_s, energy_j))
            return
        gap_s = reading.moment_s - previous.moment_s
        # A starved thread has seen next to nothing: it goes on learning when it can.
        self._learnt_s += gap_s if gap_s <= DENSE_GAP_S else DENSE_S / 4
        moved = reading.counter_j != previous.counter_j
        self._watch.look(previous.moment_s, reading.moment_s, self._call_s, moved=moved)
        if moved:
            self._line.note(Change(previous.moment_s, high_s, energy_j))
        if self._watch.is_continuous:
            # It moved between any two quick readings: a step may be as long as these were apart.
            self._stale_s = DENSE_S
            self._line.replace_dates(self._call_s)

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment."""
        if self._last is None:
            return Located(0.0, math.inf, False)
        self._date()
        place = bisect_right(self._line.moments_s, moment_s)
        if place == len(self._line.knots):
            return self._after_last(moment_s)
        if place == 0:
            return self._before_first(moment_s)
        division, doubt, settled = self._division(place)
        if not division.step.edges:
            return Located(division.at(moment_s), 0.0, True)
        energy_j = division.at(moment_s)
        return Located(energy_j, _error_j(division, doubt, moment_s, energy_j), settled)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._first is None or self._last is None:
            return now_s
        edge_s = self._edges.newest_s
        if self._watch.is_continuous:
            return now_s if edge_s > self._last.moment_s else None
        self._date()
        last_knot_s = self._line.last_s
        grid = self.grid
        if edge_s > last_knot_s and now_s - edge_s < self._patience_s():
            if not grid.is_regular:
                return now_s + DENSE_S
            return self._around_step(max(edge_s, last_knot_s), now_s)
        if grid.period_s is None:
            return now_s + DENSE_S if self._learnt_s < _LEARN_S else None
        vague_s = self._watch.vague_from_s()
        if vague_s == math.inf:
            return None
        return self._around_step(max(vague_s, now_s - grid.period_s, last_knot_s), now_s)

    def suits(self, due_s: float) -> float:
        """A moment near `due_s` at which the counter is not just being renewed."""
        return self._watch.beside_refresh(due_s)

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        self._date()
        self._edges.forget(before_s)
        self._line.forget(before_s)
        self._samples.forget(before_s - 2.0)

    def _patience_s(self) -> float:
        period_s = self.grid.period_s
        return _GIVE_UP_S if period_s is None else 1.5 * period_s + 0.05

    def _around_step(self, after_s: float, now_s: float) -> float:
        assert self._last is not None
        return self._watch.around_refresh(max(after_s, self._last.moment_s), now_s)

    def _date(self) -> None:
        if not self._watch.is_continuous:
            self._line.date()

    def _division(self, place: int) -> tuple[Division, float, bool]:
        """The divided step before a knot.

        With it, what share of the way to a straight line is in doubt, and whether
        later readings leave all as it is.
        """
        assert self._last is not None
        left, right = self._line.knots[place - 1], self._line.knots[place]
        key = (left, right, len(self._edges), self._last.moment_s)
        if self._divided is None or self._divided[0] != key:
            step = Step(left, right, self._edges.between(left.moment_s, right.moment_s))
            powers, doubt = Powers(None, None, True), 0.0
            if step.edges:
                period_s = self.grid.period_s or 0.0
                powers = self._witnesses.powers(place, step, self._last.moment_s, period_s)
                doubt = _SLOW if self._witnesses.saw_rest(step, powers) else _UNSEEN
            settled = powers.settled or self._watch.is_continuous
            division = Division(step, *implied_powers(step, powers.before_w, powers.after_w))
            if division.is_explained and None not in (powers.before_w, powers.after_w):
                doubt = _SLOW
            self._divided = (key, division, doubt, settled)
        return self._divided[1:]

    def _before_first(self, moment_s: float) -> Located:
        first = self._line.knots[0]
        power_w = self._samples.first_in(-math.inf, first.moment_s + 0.03)
        if power_w is None:
            power_w = self._witnesses.slope(1)
        away_s = first.moment_s - moment_s
        if power_w is None:
            return Located(first.energy_j, 0.0, False)
        assert self._last is not None
        learnt = self.grid.period_s is not None or self._watch.is_continuous
        learnt |= self._last.moment_s > first.moment_s + _SEEN_S
        return Located(first.energy_j - power_w * away_s, power_w * away_s * 0.5, learnt)

    def _after_last(self, moment_s: float) -> Located:
        """The newest knot, carried on by the newest power until a further step is seen."""
        assert self._last is not None
        assert self._last.counter_j is not None
        reached_j = self._last.counter_j - self._first_counter_j
        if not self._line.knots:
            return Located(reached_j, math.inf, False)
        last = self._line.knots[-1]
        if moment_s < self._last.moment_s and self._last.moment_s - last.moment_s > SPARSE_S:
            # It lies between readings far apart, of which the later one has no date yet.
            share = (moment_s - last.moment_s) / (self._last.moment_s - last.moment_s)
            drawn_j = reached_j - last.energy_j
            return Located(last.energy_j + share * drawn_j, drawn_j, False)
        before_w = self._samples.last_in(-math.inf, last.moment_s + 0.03)
        if before_w is None:
            before_w = self._witnesses.slope(len(self._line.knots) - 1) or 0.0
        newest_w = self._samples.newest_w
        now_w = before_w if newest_w is None else newest_w
        edge_s = self._edges.first_from(last.moment_s)
        calm_s = max(0.0, min(moment_s, edge_s) - last.moment_s)
        rest_s = max(0.0, moment_s - max(edge_s, last.moment_s))
        energy_j = last.energy_j + before_w * calm_s + now_w * rest_s
        error_j = abs(now_w - before_w) * calm_s + 0.1 * now_w * rest_s
        return Located(max(reached_j, energy_j), error_j, False)


def _error_j(division: Division, doubt: float, moment_s: float, energy_j: float) -> float:
    """How far the energy at an edge may be off, from where it lies in time.

    A jump is placed as well as the less certain end of its step; the power
    beside it is that of some ms before or after. The truth may lie on the way to
    the straight line, by a share of it that is `doubt`.
    """
    step, before_w, after_w = division.step, division.before_w, division.after_w
    if before_w is None or after_w is None:
        return step.span_j / 2
    most_w, jump_w = max(before_w, after_w), abs(after_w - before_w)
    placed_s = max(step.left.half_s, step.right.half_s)
    error_j = _HOOK_S * most_w + placed_s * (most_w if step.is_shared else jump_w)
    off_j = abs(step.chord(moment_s) - energy_j)
    return min(step.span_j, error_j + doubt * off_j)

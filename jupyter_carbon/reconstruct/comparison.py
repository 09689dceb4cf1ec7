"""Energy by a counter against energy by the power of the same readings."""

from __future__ import annotations

import math

from jupyter_carbon.reading import Reading

_STEADY = 0.02
_NOISE_W = 1.2
_STEP_S = 0.1
"""The step of most counters: so much of what was drawn may not be counted yet."""
_LONG_STRETCH_S = 1.0
"""A stretch that lasts is counted every so often."""
_DIFFERS = 0.15
"""Counter and power that differ by more than this share of the power's energy disagree."""


def _steady_w(power_w: float) -> float:
    """The spread that a steady power may have: 2 %, or a sensor's noise where that is more."""
    return max(_STEADY * power_w, min(_NOISE_W, 0.05 * power_w))


class Balance:
    """What was counted and what was drawn in `span_s` seconds, in `stretches` stretches."""

    def __init__(self) -> None:
        self.span_s = self.counted_j = self.drawn_j = 0.0
        self.stretches = 0

    def add(self, span_s: float, counted_j: float, drawn_j: float) -> None:
        """Takes one more span."""
        self.span_s += span_s
        self.counted_j += counted_j
        self.drawn_j += drawn_j

    @property
    def differs(self) -> bool:
        """True if counter and power disagree."""
        return self.is_off(_DIFFERS)

    def is_off(self, share: float) -> bool:
        """True if counter and power differ by more than a share of the power's energy."""
        return abs(self.counted_j - self.drawn_j) > share * self.drawn_j

    @property
    def falls_short(self) -> bool:
        """True if they disagree, and the counter has less."""
        return self.differs and self.counted_j < self.drawn_j


class SteadyComparison:
    """Compares over stretches in which power stayed the same.

    A stretch is counted from one move of the counter to another, so that no
    part of a step is lost or doubled. At both its ends a time is left out in
    which the power's sensor may not have seen yet that power has changed.

    `floor` is what was compared at the lowest power ever seen, `all` everything.

    Args:
        widest_gap_s: readings further apart end a stretch.
        shortest_s: of a shorter stretch the moves are not known well enough.
        settle_s: the time left out at both ends.
    """

    def __init__(self, *, widest_gap_s: float, shortest_s: float, settle_s: float) -> None:
        self.floor = Balance()
        self.all = Balance()
        self._widest_gap_s = widest_gap_s
        self._shortest_s = shortest_s
        self._settle_s = settle_s
        self._last: Reading | None = None
        self._began_s = 0.0
        self._moves: list[Reading] = []
        self._counted_in: list[Balance] = []
        self._low_w = math.inf
        self._high_w = 0.0
        self._lowest_w = math.inf

    def add(self, reading: Reading, lowest_w: float) -> None:
        """Takes the next reading with a counter and a power, and the lowest power ever seen."""
        power_w = reading.power_w
        assert power_w is not None
        last = self._last
        low_w, high_w = min(self._low_w, power_w), max(self._high_w, power_w)
        self._lowest_w = lowest_w
        if (
            last is None
            or reading.moment_s - last.moment_s > self._widest_gap_s
            or high_w - low_w > _steady_w(high_w)
        ):
            self.end()
            self._began_s = reading.moment_s
            low_w = high_w = power_w
        elif reading.counter_j != last.counter_j:
            self._move(reading)
        self._last, self._low_w, self._high_w = reading, low_w, high_w

    def end(self) -> None:
        """Ends the stretch and counts it."""
        if self._last is not None:
            until_s = self._last.moment_s - self._settle_s
            while self._moves and self._moves[-1].moment_s > until_s:
                self._moves.pop()
            self._count(self._shortest_s)
        for balance in self._counted_in:
            balance.stretches += 1
        self._counted_in.clear()
        self._last = None
        self._moves.clear()
        self._low_w, self._high_w = math.inf, 0.0

    def clear(self) -> None:
        """Begins anew."""
        self.end()
        self.floor, self.all = Balance(), Balance()

    def _move(self, reading: Reading) -> None:
        if reading.moment_s - self._began_s <= self._settle_s:
            return
        self._moves.append(reading)
        if reading.moment_s - self._moves[0].moment_s < _LONG_STRETCH_S + self._settle_s:
            return
        # Count what is surely steady, and go on from there.
        later = []
        while self._moves[-1].moment_s > reading.moment_s - self._settle_s:
            later.append(self._moves.pop())
        if self._count(_LONG_STRETCH_S):
            del self._moves[:-1]
        self._moves += reversed(later)

    def _count(self, at_least_s: float) -> bool:
        if len(self._moves) < 2:
            return False
        first, last = self._moves[0], self._moves[-1]
        span_s = last.moment_s - first.moment_s
        if span_s < at_least_s:
            return False
        assert first.counter_j is not None
        assert last.counter_j is not None
        counted_j = last.counter_j - first.counter_j
        drawn_j = span_s * (self._low_w + self._high_w) / 2
        is_floor = self._high_w <= self._lowest_w + 2 * _steady_w(self._lowest_w)
        for balance in (self.all, self.floor) if is_floor else (self.all,):
            balance.add(span_s, counted_j, drawn_j)
            if balance not in self._counted_in:
                self._counted_in.append(balance)
        return True


class MeanComparison:
    """Compares with a power that is a mean over its past: that can be summed, steady or not.

    What was drawn outside the time compared, but in the window of its first or
    last mean, is left to doubt. Counter and power disagree if they do so in the
    same sense in two such times, one after the other.

    Args:
        window_s: the span of the mean; readings further apart begin anew.
        span_s: the time to compare over.
    """

    def __init__(self, window_s: float, span_s: float) -> None:
        self._window_s = window_s
        self._span_s = span_s
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._drawn_j = 0.0
        self._low_w = math.inf
        self._high_w = 0.0
        self._sense_before = 0

    def add(self, reading: Reading) -> bool:
        """Takes the next reading; True if counter and power disagree beyond all doubt."""
        last, self._last = self._last, reading
        assert reading.power_w is not None
        if last is None or reading.moment_s - last.moment_s > 1.3 * self._window_s:
            self._begin(reading)
            self._sense_before = 0
            return False
        assert self._first is not None
        assert last.power_w is not None
        mean_w = (last.power_w + reading.power_w) / 2
        self._drawn_j += mean_w * (reading.moment_s - last.moment_s)
        self._low_w = min(self._low_w, reading.power_w)
        self._high_w = max(self._high_w, reading.power_w)
        if reading.moment_s - self._first.moment_s < self._span_s:
            return False
        sense = self._sense(self._first, reading)
        disagree = sense != 0 and sense == self._sense_before
        self._sense_before = sense
        self._begin(reading)
        return disagree

    def _sense(self, first: Reading, last: Reading) -> int:
        """1 if the counter has too much, -1 if too little, 0 if that is in doubt."""
        assert first.counter_j is not None
        assert last.counter_j is not None
        excess_j = last.counter_j - first.counter_j - self._drawn_j
        doubt_j = self._window_s * (self._high_w - self._low_w) + _STEP_S * self._high_w
        if abs(excess_j) <= _DIFFERS * self._drawn_j + doubt_j:
            return 0
        return 1 if excess_j > 0 else -1

    def _begin(self, reading: Reading) -> None:
        assert reading.power_w is not None
        self._first, self._drawn_j = reading, 0.0
        self._low_w = self._high_w = reading.power_w

"""Whether an energy counter deserves belief: it does until it is caught.

Caught means: it went back, it leapt beyond what any board can draw, it stood
still for 2 s while power was drawn, or it differs by more than 15 % from the
power over 5 s in which that was read densely and stayed steady. A load that
beats with the sampling looks steady in sparse readings and shows itself in
dense ones, so sparse readings only raise a suspicion. A load that beats with
the sensor itself looks steady even then, but never lower than it is at rest: a
counter that falls short of the lowest power seen is caught by that. Anything
else counts only beside that, or if the sensor is known to be quick, or if it
was seen so often that no beat explains it; and nothing if the counter is right
at rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.comparison import Balance, MeanComparison, SteadyComparison

_STILL_S = 2.0
_DRAWN_J = 3.0
"""Energy that must have been drawn while the counter stood still: some mW are no evidence."""
_MOST_W = 20_000.0
"""More than any board or package draws: a counter that implies it has leapt, not counted."""
_EVIDENCE_S = 5.0
_ACQUITTED_S = 2.0
_SUSPICION_S = 4.0
_ROUGH_S = 10.0
_ROUGH_READS = 100
_ROUGHLY = 0.25
"""So much time and so many readings make a rough balance; so much off, it raises a suspicion."""
_MANY = 6
"""Stretches so many that a load would have to beat with the sensor in each of them anew."""
_STALE_S = 0.12
"""How long a sensor may show a power that has changed."""
_SPARSE_GAP_S = 1.5
_LATE_S = 0.15
"""Readings further apart than this have not seen what work or an edge between them changed."""
_DENSE_GAP_S = 0.06
_TRIAL_S = 45.0
_RETRY_S = 60.0
_QUICK_S = 0.03
_QUICK_MOVES = 25
"""A sensor that shows so many new values, and in half the pairs of dense readings, is quick."""
_FLICKERS = 3
_UNVARIED_S = 7.0
"""A value that does not even flicker does not tell how quick its sensor is. Where the counter was
not seen at rest, it is taken that no load keeps so exact a beat with it for so long."""
_MEAN_S = 5.0
_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a counter is not believed, and from which moment its account must be replaced.

    `since_s` is None where it may have been wrong for as long as readings go back.
    """

    reason: str
    since_s: float | None


_DIFFER = Verdict("its energy counter and its power differ by more than 15 %", None)


class CounterTrial:
    """Watches a counter beside the power of the same readings.

    Args:
        power_window_s: the span that the power is a mean over; 0 if instantaneous.
    """

    def __init__(self, power_window_s: float = 0.0) -> None:
        self._last: Reading | None = None
        self._moved: Reading | None = None
        self._drawn_j = 0.0
        self._lowest_w = math.inf
        self._edge_s = -math.inf
        self._is_work = False
        self._mean = MeanComparison(power_window_s, _MEAN_S) if power_window_s > 0 else None
        settle_s = max(power_window_s, _STALE_S)
        self._sparse = SteadyComparison(
            widest_gap_s=_SPARSE_GAP_S, shortest_s=1.0, settle_s=settle_s
        )
        self._dense = SteadyComparison(
            widest_gap_s=_DENSE_GAP_S, shortest_s=0.15, settle_s=settle_s
        )
        self._rough, self._rough_reads = Balance(), 0
        self._at_rest: Balance | None = None
        self._trial_until_s = -math.inf
        self._trial_again_s = -math.inf
        self._quick_pairs = 0
        self._quick_moves = 0
        self._beat = 0.0

    def note_edge(self, moment_s: float, turn: int) -> None:
        """Notes that work begins (`turn` 1) or ends (-1) at a moment, and power may change."""
        self._edge_s = moment_s
        self._is_work = turn > 0 or (self._is_work and turn == 0)
        self._dense.end()

    def add(self, reading: Reading) -> Verdict | None:
        """Takes a reading with a counter; a verdict if the counter is caught by it."""
        previous, self._last = self._last, reading
        if previous is None:
            self._moved = reading
            return None
        assert reading.counter_j is not None
        assert previous.counter_j is not None
        assert self._moved is not None
        grown_j = reading.counter_j - previous.counter_j
        span_s = reading.moment_s - previous.moment_s
        if grown_j < 0:
            return Verdict("its energy counter went back", previous.moment_s)
        if grown_j > _MOST_W * (span_s + 1.0):
            return Verdict("its energy counter leapt", previous.moment_s)
        if reading.power_w is None:
            return None
        self._lowest_w = min(self._lowest_w, reading.power_w)
        if grown_j > 0:
            self._moved, self._drawn_j = reading, 0.0
        else:
            least_w = reading.power_w
            if previous.power_w is not None:
                least_w = min(least_w, previous.power_w)
            self._drawn_j += least_w * span_s
            stood_s = reading.moment_s - self._moved.moment_s
            if stood_s >= _STILL_S and self._drawn_j > _DRAWN_J:
                return Verdict("its energy counter stood still", self._moved.moment_s)
        if self._mean is not None and self._mean.add(reading):
            return _DIFFER
        return self._compare(previous, reading)

    def wants(self, now_s: float) -> float | None:
        """When a trial needs its next reading: at intervals that beat with nothing."""
        if now_s >= self._trial_until_s:
            return None
        self._beat = (self._beat + _GOLDEN) % 1.0
        return now_s + 0.006 + 0.02 * self._beat

    def _compare(self, previous: Reading, reading: Reading) -> Verdict | None:
        now_s = reading.moment_s
        gap_s = now_s - previous.moment_s
        is_late = gap_s > _LATE_S and (self._is_work or previous.moment_s < self._edge_s)
        if is_late:
            self._sparse.end()
        if now_s < self._trial_until_s:
            if gap_s < _QUICK_S:
                self._quick_pairs += 1
                self._quick_moves += reading.power_w != previous.power_w
            self._dense.add(reading, self._lowest_w)
            return self._judge(now_s)
        if self._trial_until_s > -math.inf:
            self._end_trial(now_s)
        self._sparse.add(reading, self._lowest_w)
        if not is_late and gap_s <= _SPARSE_GAP_S:
            self._weigh(previous, reading, gap_s)
        if self._is_suspicious() and now_s >= self._trial_again_s:
            self._trial_until_s = now_s + _TRIAL_S
        return None

    def _weigh(self, previous: Reading, reading: Reading, gap_s: float) -> None:
        """Adds two neighbouring readings to the rough balance of all, steady or not."""
        assert reading.counter_j is not None
        assert previous.counter_j is not None
        assert reading.power_w is not None
        if previous.power_w is not None:
            mean_w = (previous.power_w + reading.power_w) / 2
            self._rough.add(gap_s, reading.counter_j - previous.counter_j, mean_w * gap_s)
            self._rough_reads += 1

    def _is_suspicious(self) -> bool:
        suspicious = False
        if self._sparse.all.span_s >= _SUSPICION_S:
            suspicious = self._sparse.all.differs
            if self._sparse.floor.span_s >= _ACQUITTED_S:
                self._at_rest = self._sparse.floor
            self._sparse.clear()
        if self._rough_reads >= _ROUGH_READS and self._rough.span_s >= _ROUGH_S:
            suspicious = suspicious or self._rough.is_off(_ROUGHLY)
            self._rough, self._rough_reads = Balance(), 0
        return suspicious

    def _judge(self, now_s: float) -> Verdict | None:
        rest, everything = self._dense.floor, self._dense.all
        if rest.span_s >= _ACQUITTED_S and not rest.differs:
            self._at_rest = rest
            self._end_trial(now_s)
            return None
        if rest.span_s >= _EVIDENCE_S and rest.falls_short:
            return _DIFFER
        if everything.span_s < _EVIDENCE_S:
            return None
        if not everything.differs:
            self._end_trial(now_s)
            return None
        if self._at_rest is None:
            is_told = self._quick_moves < _FLICKERS and everything.span_s >= _UNVARIED_S
        else:
            is_told = self._at_rest.falls_short
        return _DIFFER if is_told or self._is_quick or everything.stretches >= _MANY else None

    @property
    def _is_quick(self) -> bool:
        return self._quick_moves >= max(_QUICK_MOVES, 0.5 * self._quick_pairs)

    def _end_trial(self, now_s: float) -> None:
        self._trial_until_s = -math.inf
        self._trial_again_s = now_s + _RETRY_S
        self._quick_pairs = self._quick_moves = 0
        self._dense.clear()
        self._sparse.clear()
        self._rough, self._rough_reads = Balance(), 0

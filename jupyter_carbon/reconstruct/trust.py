"""Whether an energy counter deserves belief: it does until it is caught.

Caught means: it went back, it leapt beyond what any board can draw, it stood
still for 2 s while power was drawn, or it differs by more than 15 % from the
power over 5 s in which that was read densely and stayed steady. A load that
beats with the sampling looks steady in sparse readings and shows itself in
dense ones, so sparse readings only raise a suspicion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from jupyter_carbon.reading import Reading

_STILL_S = 2.0
_DRAWN_J = 3.0
"""Energy that must have been drawn while the counter stood still: some mW are no evidence."""
_MOST_W = 20_000.0
"""More than any board or package draws: a counter that implies it has leapt, not counted."""
_STEADY = 0.02
_NOISE_W = 1.2
_DIFFERS = 0.15
_EVIDENCE_S = 5.0
_SUSPICION_S = 3.0
_DENSE_GAP_S = 0.06
_TRIAL_S = 12.0
_RETRY_S = 60.0
_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a counter is not believed, and from which moment its account must be replaced.

    `since_s` is None where it may have been wrong for as long as readings go back.
    """

    reason: str
    since_s: float | None


def _steady_w(power_w: float) -> float:
    """The spread that a steady power may have: 2 %, or a sensor's noise where that is more."""
    return max(_STEADY * power_w, min(_NOISE_W, 0.05 * power_w))


class _Comparison:
    """Energy by the counter against energy by the power, over stretches of steady power."""

    def __init__(self, widest_gap_s: float, settle_s: float) -> None:
        self._widest_gap_s = widest_gap_s
        self._settle_s = settle_s
        self._stretch: list[Reading] = []
        self._changes: list[Reading] = []
        self._low_w = math.inf
        self._high_w = 0.0
        self.span_s = 0.0
        self.counted_j = 0.0
        self.drawn_j = 0.0

    def add(self, reading: Reading) -> None:
        assert reading.power_w is not None
        power_w = reading.power_w
        low_w, high_w = min(self._low_w, power_w), max(self._high_w, power_w)
        gap_s = reading.moment_s - self._stretch[-1].moment_s if self._stretch else 0.0
        if gap_s > self._widest_gap_s or high_w - low_w > _steady_w(high_w):
            self.close()
            low_w = high_w = power_w
        self._low_w, self._high_w = low_w, high_w
        if self._stretch and reading.counter_j != self._stretch[-1].counter_j:
            settled = reading.moment_s - self._stretch[0].moment_s > self._settle_s
            if settled:
                self._changes.append(reading)
        self._stretch = [self._stretch[0] if self._stretch else reading, reading]
        if self._changes and self._changes[-1].moment_s - self._changes[0].moment_s > 1.0:
            self._count()
            self._changes = self._changes[-1:]

    def _count(self) -> None:
        first, last = self._changes[0], self._changes[-1]
        assert first.counter_j is not None
        assert last.counter_j is not None
        span_s = last.moment_s - first.moment_s
        self.span_s += span_s
        self.counted_j += last.counter_j - first.counter_j
        self.drawn_j += span_s * (self._low_w + self._high_w) / 2

    def close(self) -> None:
        """Ends a stretch: power changed, or readings were too far apart."""
        self._stretch = []
        self._changes = []
        self._low_w, self._high_w = math.inf, 0.0

    def clear(self) -> None:
        self.close()
        self.span_s = self.counted_j = self.drawn_j = 0.0

    @property
    def differs(self) -> bool:
        return abs(self.counted_j - self.drawn_j) > _DIFFERS * self.drawn_j


class CounterTrial:
    """Watches a counter beside the power of the same readings.

    Args:
        power_window_s: the span that the power is a mean over; 0 if instantaneous.
    """

    def __init__(self, power_window_s: float = 0.0) -> None:
        self._last: Reading | None = None
        self._moved: Reading | None = None
        self._drawn_j = 0.0
        self._sparse = _Comparison(1.5, power_window_s)
        self._dense = _Comparison(_DENSE_GAP_S, power_window_s)
        self._trial_until_s = -math.inf
        self._trial_again_s = -math.inf
        self._beat = 0.0

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
        if grown_j > 0:
            self._moved, self._drawn_j = reading, 0.0
        else:
            power_w = min(
                reading.power_w, reading.power_w if previous.power_w is None else previous.power_w
            )
            self._drawn_j += power_w * span_s
            stood_s = reading.moment_s - self._moved.moment_s
            if stood_s >= _STILL_S and self._drawn_j > _DRAWN_J:
                return Verdict("its energy counter stood still", self._moved.moment_s)
        return self._compare(reading)

    def wants(self, now_s: float) -> float | None:
        """When a trial needs its next reading: at intervals that beat with nothing."""
        if now_s >= self._trial_until_s:
            return None
        self._beat = (self._beat + _GOLDEN) % 1.0
        return now_s + 0.006 + 0.02 * self._beat

    def _compare(self, reading: Reading) -> Verdict | None:
        now_s = reading.moment_s
        if now_s < self._trial_until_s:
            self._dense.add(reading)
            if self._dense.span_s >= _EVIDENCE_S:
                caught = self._dense.differs
                self._end_trial(now_s)
                if caught:
                    return Verdict(
                        "its energy counter and its power differ by more than 15 %", None
                    )
            return None
        if self._trial_until_s > -math.inf:
            self._end_trial(now_s)
        self._sparse.add(reading)
        if self._sparse.span_s >= _SUSPICION_S:
            if self._sparse.differs and now_s >= self._trial_again_s:
                self._trial_until_s = now_s + _TRIAL_S
            self._sparse.clear()
        return None

    def _end_trial(self, now_s: float) -> None:
        self._trial_until_s = -math.inf
        self._trial_again_s = now_s + _RETRY_S
        self._dense.clear()
        self._sparse.clear()

"""When a sensor renews its value: the period and the phase, learnt from what was seen.

A counter that steps every 100 ms is exact at its steps and silent between
them. A dense pair of readings shows a step to within a few milliseconds; many
of them, a line through (number of the step, moment) shows all steps, past and
to come, to a fraction of that.
"""

from __future__ import annotations

import math
from typing import NamedTuple

_KEEP = 40
"""Located refreshes that the line is drawn through; the period of a real sensor drifts."""
_LONGEST_S = 0.6
"""A refresh rarer than this is not a step to be located (a model, a slow BMC)."""
_ENOUGH = 8
_SUPPOSED_JITTER = 0.07
_FLOOR_S = 2e-4
"""What the clock readings around a call are worth at best."""
_DRIFT = 2e-5
"""How fast a sensor's timer may run away from this machine's clock (seconds a second)."""
_IRREGULAR = 0.2
"""Jitter, as a share of the period, above which the grid says nothing of use."""


class Sight(NamedTuple):
    """A refresh that was seen: it lies within `half_s` of `moment_s`."""

    moment_s: float
    half_s: float


class RefreshGrid:
    """The moments `phase + n * period` at which a value is renewed.

    Feed it every refresh seen between two readings; it uses those that are
    located well enough. Until `period_s` is known it predicts nothing.
    """

    def __init__(self) -> None:
        self.period_s: float | None = None
        self.jitter_s: float = 0.0
        self._sights: list[tuple[int, Sight]] = []
        self._unnumbered: list[Sight] = []
        self._strangers = 0
        self._origin_s = 0.0
        self._phase_s = 0.0
        self._mean_number = 0.0
        self._weight = 0.0
        self._spread = 0.0

    @property
    def is_regular(self) -> bool:
        """True if a refresh can be predicted to a useful part of the period."""
        return self.period_s is not None and self.jitter_s <= _IRREGULAR * self.period_s

    def see(self, sight: Sight, *, follows_previous: bool) -> None:
        """Takes a located refresh.

        `follows_previous` says that no refresh can have been missed since the
        one given before: the readings between them were dense.
        """
        if self.period_s is None:
            self._begin(sight, follows_previous)
            return
        if sight.half_s > 0.25 * self.period_s:
            return
        number = self._number(sight.moment_s)
        miss_s = abs(sight.moment_s - self._at(number))
        doubt_s = self.uncertainty_s(sight.moment_s)
        if doubt_s > 0.3 * self.period_s or miss_s > 0.4 * self.period_s:
            self._strangers += 1
            if self._strangers >= 3 or doubt_s > 0.3 * self.period_s:
                self._restart(sight)
            return
        self._strangers = 0
        self._sights.append((number, sight))
        self._thin()
        self._fit()

    def last_before(self, moment_s: float) -> float | None:
        """The newest refresh at or before a moment, None while nothing is known."""
        if self.period_s is None:
            return None
        number = math.floor((moment_s - self._phase_s) / self.period_s)
        return self._at(number)

    def nearest(self, moment_s: float) -> float | None:
        """The refresh nearest to a moment."""
        return None if self.period_s is None else self._at(self._number(moment_s))

    def uncertainty_s(self, moment_s: float) -> float:
        """How far off a refresh predicted near this moment may be (two standard errors).

        Jitter is not in it: it is the refresh's own and cannot be learnt away.
        """
        if self.period_s is None or not self._sights:
            return math.inf
        away = (moment_s - self._phase_s) / self.period_s - self._mean_number
        variance = 1.0 / self._weight + (away * away / self._spread if self._spread > 0 else 0.0)
        drift_s = _DRIFT * abs(moment_s - self._sights[-1][1].moment_s)
        return 2.0 * math.sqrt(variance) + drift_s

    def doubt_s(self, moment_s: float) -> float:
        """Uncertainty of one single refresh near this moment, its jitter included."""
        return math.hypot(self.uncertainty_s(moment_s), 1.7 * self.jitter_s)

    def _at(self, number: int) -> float:
        assert self.period_s is not None
        return self._phase_s + number * self.period_s

    def _number(self, moment_s: float) -> int:
        assert self.period_s is not None
        return round((moment_s - self._phase_s) / self.period_s)

    def _begin(self, sight: Sight, follows_previous: bool) -> None:
        if not follows_previous:
            self._unnumbered.clear()
        self._unnumbered.append(sight)
        seen = self._unnumbered
        count = len(seen) - 1
        if count < 1:
            return
        period_s = (seen[-1].moment_s - seen[0].moment_s) / count
        if period_s > _LONGEST_S:
            seen[:] = seen[-1:]
            return
        if (seen[0].half_s + seen[-1].half_s) / count > 0.12 * period_s:
            return
        self.period_s = period_s
        self._phase_s = seen[0].moment_s
        self._sights = list(enumerate(seen))
        self._unnumbered = []
        self._fit()

    def _restart(self, sight: Sight) -> None:
        # The period of a sensor hardly changes; its phase does after a suspend or a reload.
        self._strangers = 0
        self.period_s = None
        self._sights = []
        self._unnumbered = [sight]

    def _thin(self) -> None:
        if len(self._sights) > _KEEP:
            # Far sights fix the period, near ones the phase: keep both, thin the middle.
            del self._sights[1 + len(self._sights) // 4]

    def _fit(self) -> None:
        """Weighted least squares of moment against number, about the mean for precision."""
        base_s = self._sights[0][1].moment_s
        jitter = self.jitter_s
        total = sum_n = sum_t = 0.0
        weights = []
        for number, sight in self._sights:
            weight = 1.0 / (sight.half_s**2 / 3 + jitter**2 + _FLOOR_S**2)
            weights.append(weight)
            total += weight
            sum_n += weight * number
            sum_t += weight * (sight.moment_s - base_s)
        mean_n, mean_t = sum_n / total, sum_t / total
        spread = covariance = 0.0
        for weight, (number, sight) in zip(weights, self._sights, strict=True):
            spread += weight * (number - mean_n) ** 2
            covariance += weight * (number - mean_n) * (sight.moment_s - base_s - mean_t)
        if spread > 0:
            self.period_s = covariance / spread
        assert self.period_s is not None
        self._phase_s = base_s + mean_t - mean_n * self.period_s
        self._mean_number, self._weight, self._spread = mean_n, total, spread
        # Few sights fit any line: until there are enough, some jitter is supposed.
        count = len(self._sights)
        supposed = max(0, _ENOUGH - count)
        excess = supposed * (_SUPPOSED_JITTER * self.period_s) ** 2
        for number, sight in self._sights:
            miss = sight.moment_s - self._at(number)
            excess += miss * miss - sight.half_s**2 / 3
        self.jitter_s = math.sqrt(max(0.0, excess / max(1, count + supposed - 2)))

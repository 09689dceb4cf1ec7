"""When a sensor renews its value: the period and the phase, learnt from what was seen.

A counter that steps every 100 ms is exact at its steps and silent between
them. A dense pair of readings shows a step to within a few milliseconds; many
of them, a line through (number of the step, moment) shows all steps, past and
to come, to a fraction of that. A step gets a number only where the line, with
all its doubt, leaves no other: one wrong number spoils the line for good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_KEEP = 40
"""Located refreshes that the line is drawn through."""
_LONGEST_S = 0.6
"""A refresh rarer than this is not a step to be located (a model, a slow BMC)."""
_LONGEST_VALUE_S = 0.25
"""The same where a refresh may not show: what comes more rarely are loads, most likely."""
_ENOUGH = 8
_SUPPOSED_JITTER = 0.07
"""Of the period, supposed until so many refreshes have shown what it is: few fit any line."""
_FLOOR_S = 2e-4
"""What the clock readings around a call are worth at best."""
_DRIFT = 2e-5
"""How fast a sensor's timer may run away from this machine's clock (seconds a second)."""
_IRREGULAR = 0.2
"""Jitter, as a share of the period, above which the grid says nothing of use."""
_NUMBERED = 0.4
"""Doubt, as a share of the period, above which a refresh's number is not certain."""
_EVEN_INTERVALS = 3
_EVEN = 0.25
"""Where a refresh may not show, so many intervals must be even to this share of their mean."""
_LOCATED = 0.25
"""A refresh known only to a larger part of the period is of no use."""
_STRANGERS = 3
"""So many refreshes in a row off the line, and the line is given up."""


class Sight(NamedTuple):
    """A refresh that was seen: it lies within `half_s` of `moment_s`."""

    moment_s: float
    half_s: float


def _are_even(sights: Sequence[Sight]) -> bool:
    """True if the intervals between sights are as good as equal."""
    mean_s = (sights[-1].moment_s - sights[0].moment_s) / (len(sights) - 1)
    return all(
        abs(right.moment_s - left.moment_s - mean_s) <= _EVEN * mean_s + left.half_s + right.half_s
        for left, right in pairwise(sights)
    )


class RefreshGrid:
    """The moments `phase + n * period` at which a value is renewed.

    Feed it every refresh seen between two readings; it uses those that are
    located well enough. Until `period_s` is known it predicts nothing.

    Args:
        all_show: every refresh shows a new value, as that of a counter does;
            otherwise several at equal distances must be seen.
    """

    def __init__(self, *, all_show: bool = True) -> None:
        self._all_show = all_show
        self.period_s: float | None = None
        self.jitter_s: float = 0.0
        self._sights: list[tuple[int, Sight]] = []
        self._unnumbered: list[Sight] = []
        self._strangers = 0
        self._phase_s = 0.0
        self._mean_number = 0.0
        self._weight = 0.0
        self._spread = 0.0
        # What sights whose distance in numbers was lost still say about the period.
        self._past_period_s = 0.0
        self._past_spread = 0.0
        self._supposed_jitter_s: float | None = None

    @property
    def is_regular(self) -> bool:
        """True if a refresh can be predicted to a useful part of the period."""
        return self.period_s is not None and self.jitter_s <= _IRREGULAR * self.period_s

    def see(self, sight: Sight, *, follows_previous: bool) -> bool:
        """Takes a located refresh; False if it is not located well enough to be of use.

        `follows_previous` says that no refresh can have been missed since the
        one given before: the readings between them were dense.
        """
        if self.period_s is None:
            self._begin(sight, follows_previous)
            return True
        if sight.half_s > _LOCATED * self.period_s:
            return False
        self._number_and_take(sight, follows_previous)
        return True

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
        spread = self._spread + self._past_spread
        variance = 1.0 / self._weight + (away * away / spread if spread > 0 else math.inf)
        drift_s = _DRIFT * abs(moment_s - self._sights[-1][1].moment_s)
        return 2.0 * math.sqrt(variance) + drift_s

    def known_until_s(self, enough_s: float) -> float:
        """Until when the uncertainty of a predicted refresh stays below a bound, at the least."""
        spread = self._spread + self._past_spread
        if self.period_s is None or not self._sights or spread <= 0:
            return -math.inf
        rest_s = enough_s - 2.0 / math.sqrt(self._weight)
        growth = 2.0 / (self.period_s * math.sqrt(spread)) + _DRIFT
        return self._at(0) + self._mean_number * self.period_s + rest_s / growth

    def doubt_s(self, moment_s: float) -> float:
        """Uncertainty of one single refresh near this moment, its jitter included."""
        return math.hypot(self.uncertainty_s(moment_s), 1.7 * self.jitter_s)

    def _number_and_take(self, sight: Sight, follows_previous: bool) -> None:
        assert self.period_s is not None
        number = self._number(sight.moment_s)
        doubt_s = self.doubt_s(sight.moment_s)
        if doubt_s > _NUMBERED * self.period_s:
            if not (follows_previous and self._all_show):
                self._begin_phase(sight)
                return
            number = self._sights[-1][0] + 1
        elif self._is_stranger(sight, number, doubt_s):
            self._strangers += 1
            if self._strangers >= _STRANGERS:
                self._restart(sight)
            return
        self._strangers = 0
        self._sights.append((number, sight))
        self._thin()
        self._fit()

    def _at(self, number: int) -> float:
        assert self.period_s is not None
        return self._phase_s + number * self.period_s

    def _number(self, moment_s: float) -> int:
        assert self.period_s is not None
        return round((moment_s - self._phase_s) / self.period_s)

    def _is_stranger(self, sight: Sight, number: int, doubt_s: float) -> bool:
        assert self.period_s is not None
        miss_s = abs(sight.moment_s - self._at(number))
        likely_s = 1.5 * doubt_s + sight.half_s + 0.05 * self.period_s
        return miss_s > min(_NUMBERED * self.period_s, likely_s)

    def _begin(self, sight: Sight, follows_previous: bool) -> None:
        """Neighbouring refreshes give the period as soon as they are far enough apart."""
        if not follows_previous:
            self._unnumbered.clear()
        self._unnumbered.append(sight)
        seen = self._unnumbered
        count = len(seen) - 1
        if not self._all_show and count >= 2 and not _are_even(seen):
            del seen[:-2]
        if count < (1 if self._all_show else _EVEN_INTERVALS) or count >= len(seen):
            return
        period_s = (seen[-1].moment_s - seen[0].moment_s) / count
        if period_s > (_LONGEST_S if self._all_show else _LONGEST_VALUE_S):
            seen[:] = seen[-1:]
            return
        if max(one.half_s for one in seen) > _LOCATED * period_s:
            # Readings so far apart may have missed a refresh.
            return
        if (seen[0].half_s + seen[-1].half_s) / count > 0.12 * period_s:
            return
        self.period_s = period_s
        self._phase_s = seen[0].moment_s
        self.jitter_s = self._supposed()
        self._sights = list(enumerate(seen))
        self._unnumbered = []
        self._fit()

    def _begin_phase(self, sight: Sight) -> None:
        """Nobody can say how many refreshes were missed: the period stays, the phase is new."""
        assert self.period_s is not None
        self._past_period_s = self.period_s
        self._past_spread += self._spread
        self._supposed_jitter_s = max(self.jitter_s, _FLOOR_S)
        self._strangers = 0
        self._sights = [(0, sight)]
        self._fit()

    def _restart(self, sight: Sight) -> None:
        self._strangers = 0
        self.period_s = None
        self._sights = []
        self._past_spread = 0.0
        self._supposed_jitter_s = None
        self._unnumbered = [sight]

    def _supposed(self) -> float:
        assert self.period_s is not None
        if self._supposed_jitter_s is not None:
            return self._supposed_jitter_s
        return _SUPPOSED_JITTER * self.period_s

    def _thin(self) -> None:
        if len(self._sights) > _KEEP:
            # Far sights fix the period, near ones the phase: keep both, thin the middle.
            del self._sights[1 + len(self._sights) // 4]

    def _fit(self) -> None:
        """Weighted least squares of moment against number, about the mean for precision.

        The older a sight is, the further the sensor's timer may have drifted since.
        """
        base_s = self._sights[0][1].moment_s
        newest_s = self._sights[-1][1].moment_s
        total = sum_n = sum_t = 0.0
        weights = []
        for number, (moment_s, half_s) in self._sights:
            drift_s = _DRIFT * (newest_s - moment_s)
            weight = 1.0 / (half_s**2 / 3 + self.jitter_s**2 + _FLOOR_S**2 + drift_s**2)
            weights.append(weight)
            total += weight
            sum_n += weight * number
            sum_t += weight * (moment_s - base_s)
        mean_n, mean_t = sum_n / total, sum_t / total
        spread, covariance = 0.0, self._past_spread * self._past_period_s
        for weight, (number, sight) in zip(weights, self._sights, strict=True):
            spread += weight * (number - mean_n) ** 2
            covariance += weight * (number - mean_n) * (sight.moment_s - base_s - mean_t)
        if spread + self._past_spread > 0:
            self.period_s = covariance / (spread + self._past_spread)
        assert self.period_s is not None
        self._phase_s = base_s + mean_t - mean_n * self.period_s
        self._mean_number, self._weight, self._spread = mean_n, total, spread
        count = len(self._sights)
        supposed = max(0, _ENOUGH - count)
        missed, explained = 0.0, 0.0
        for number, (moment_s, half_s) in self._sights:
            missed += (moment_s - self._at(number)) ** 2
            explained += half_s**2 / 3 + (_DRIFT * (newest_s - moment_s)) ** 2
        # By chance the misses may be small: the jitter is the most that they leave likely.
        freedom = max(1, supposed + max(0, count - 2))
        most = missed * (1 + 2 / math.sqrt(freedom)) + supposed * self._supposed() ** 2
        self.jitter_s = math.sqrt(max(0.0, most / freedom - explained / count))

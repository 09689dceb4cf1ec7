"""What another process's dense readings say about a board, and how much it drew."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Change = tuple[float, float, int]
"""Moments of the readings before and after a refresh, and the value after it."""
_RISEN = 0.9
_SLOWEST_S = 0.1
"""No power is renewed more rarely; one that is steadier than its display just shows no change."""


class Counter:
    """The counter as it was seen: energy at its refreshes, between them by the power.

    A refresh's energy is the counter's; how it is divided within the step is
    read from the instantaneous power, or is a straight line without it.

    Raises:
        ValueError: if it did not move.
    """

    def __init__(self, changes: Sequence[Change], powers: Sequence[Change] = ()) -> None:
        # The first is no refresh, only the first reading.
        self._moments_s = [(before_s + after_s) / 2 for before_s, after_s, _ in changes[1:]]
        self._energies_j = [value_mj * 1e-3 for _, _, value_mj in changes[1:]]
        if len(self._moments_s) < 3:
            raise ValueError("the counter was not seen to move")
        # A change that shows at a refresh came within the span before it, on average half of it.
        early_s = min(refresh_s(powers) or 0.0, _SLOWEST_S) / 2
        self._changes_s = [after_s - early_s for _, after_s, _ in powers]
        self._powers_w = [max(1e-3, value_mw * 1e-3) for _, _, value_mw in powers]

    def energy_j(self, from_s: float, to_s: float) -> float:
        """What was drawn between two moments that lie within those of the readings."""
        return self._at(to_s) - self._at(from_s)

    @property
    def step_s(self) -> dict[str, float]:
        """Between two refreshes: the median, and the 5th and 95th percentile."""
        gaps_s = sorted(after_s - before_s for before_s, after_s in pairwise(self._moments_s))
        last = len(gaps_s) - 1
        return {
            "median": statistics.median(gaps_s),
            "p5": gaps_s[int(0.05 * last)],
            "p95": gaps_s[int(0.95 * last)],
        }

    def _at(self, moment_s: float) -> float:
        place = min(len(self._moments_s) - 1, max(1, bisect_right(self._moments_s, moment_s)))
        left_s, right_s = self._moments_s[place - 1], self._moments_s[place]
        left_j, right_j = self._energies_j[place - 1], self._energies_j[place]
        share = self._drawn(left_s, moment_s) / self._drawn(left_s, right_s)
        return left_j + (right_j - left_j) * share

    def _drawn(self, from_s: float, to_s: float) -> float:
        """Energy by the power, or just the time where that is not known."""
        place = bisect_right(self._changes_s, from_s)
        if place == 0:
            return to_s - from_s
        drawn_j, at_s = 0.0, from_s
        while place < len(self._changes_s) and self._changes_s[place] < to_s:
            drawn_j += self._powers_w[place - 1] * (self._changes_s[place] - at_s)
            at_s = self._changes_s[place]
            place += 1
        return drawn_j + self._powers_w[place - 1] * (to_s - at_s)


def refresh_s(changes: Sequence[Change]) -> float | None:
    """How often a power is renewed: the median time between its changes."""
    moments_s = [after_s for _, after_s, _ in changes[1:]]
    gaps_s = [after_s - before_s for before_s, after_s in pairwise(moments_s)]
    return statistics.median(gaps_s) if gaps_s else None


def window_s(changes: Sequence[Change], begin_s: float, end_s: float) -> float | None:
    """Over how long a power averages: how long it took to rise at a load's beginning.

    A mean over its past has nine tenths of a jump after nine tenths of its window.
    """
    before_w = _at(changes, begin_s)
    after_w = _steady(changes, (begin_s + end_s) / 2, end_s)
    if before_w is None or after_w is None or after_w <= 1.2 * before_w:
        return None
    wanted_w = before_w + _RISEN * (after_w - before_w)
    for _, after_s, value_w in changes:
        if after_s > begin_s and value_w >= wanted_w:
            return (after_s - begin_s) / _RISEN
    return None


def summary(seen: dict[str, Any], begin_s: float, end_s: float) -> dict[str, Any]:
    """Counter, powers and calls as found; a load began and ended at these moments."""
    changes = seen["changes"]
    return {
        "counter_step_s": Counter(changes["counter_mj"]).step_s,
        "instant_refresh_s": refresh_s(changes["instant_mw"]),
        "instant_window_s": window_s(changes["instant_mw"], begin_s, end_s),
        "usage_refresh_s": refresh_s(changes["usage_mw"]),
        "usage_window_s": window_s(changes["usage_mw"], begin_s, end_s),
        "calls_ms": seen["calls_ms"],
        "errors": seen["errors"],
    }


def _steady(changes: Sequence[Change], from_s: float, to_s: float) -> float | None:
    """The power for most of a span: between two pieces of work it may fall for a moment."""
    moments_s = (from_s + (to_s - from_s) * place / 50 for place in range(50))
    values = [value for value in (_at(changes, moment_s) for moment_s in moments_s) if value]
    return statistics.median(values) if values else None


def _at(changes: Sequence[Change], moment_s: float) -> int | None:
    place = bisect_right(changes, moment_s, key=lambda change: change[1])
    return changes[place - 1][2] if place else None

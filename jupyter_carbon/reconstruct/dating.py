"""When a counter took the values it was seen with: changes in, points of the curve out."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import NamedTuple

from jupyter_carbon.reconstruct.refresh import RefreshGrid
from jupyter_carbon.reconstruct.steps import Knot

_USUAL_STEP_S = 0.1
"""Taken for a counter's step until it is known: that of most boards."""
_LOCATED_S = 0.03
SPARSE_S = 3.0
"""Readings further apart than this are each worth a point of the curve, however coarse."""
_DATE_ANEW_S = 3.0
"""Changes older than this keep their dates when the grid gets better: what they say is settled."""


class Change(NamedTuple):
    """The counter was seen to have moved: its last refresh lies in (`low_s`, `high_s`]."""

    low_s: float
    high_s: float
    energy_j: float


class Knots:
    """Points of a curve, from changes of its counter put on a refresh grid.

    `knots` are in order; `moments_s` are theirs.
    """

    def __init__(self, grid: RefreshGrid) -> None:
        self.knots: list[Knot] = []
        self.moments_s: list[float] = []
        self._grid = grid
        self._changes: list[Change] = []
        self._doubtful: Change | None = None
        self._dated_with: tuple[float | None, float] = (None, 0.0)

    @property
    def last_s(self) -> float:
        """The moment of the newest knot; minus infinity if there is none."""
        return self.moments_s[-1] if self.moments_s else -math.inf

    def note(self, change: Change) -> None:
        """Takes the next change."""
        self._changes.append(change)
        if self._dated_with == (self._grid.period_s, self._grid.jitter_s):
            self._date(change)

    def append(self, knot: Knot) -> None:
        """Takes the next knot itself; one that is not after the last is left out."""
        if knot.moment_s > self.last_s:
            self.knots.append(knot)
            self.moments_s.append(knot.moment_s)

    def date(self) -> None:
        """Puts the changes on the grid anew if that has moved."""
        grid_now = (self._grid.period_s, self._grid.jitter_s)
        if self.knots and self._dated_with == grid_now:
            return
        known_before = self._dated_with[0] is not None
        self._dated_with = grid_now
        from_s = -math.inf
        if known_before and self._changes:
            from_s = self._changes[-1].high_s - _DATE_ANEW_S
        place = bisect_left(self._changes, from_s, key=lambda change: change.high_s)
        keep = 0
        if place > 0:
            keep = bisect_left(self.moments_s, self._changes[place - 1].high_s)
        del self.knots[keep:]
        del self.moments_s[keep:]
        self._doubtful = None
        for change in self._changes[place:]:
            self._date(change)

    def replace_dates(self, half_s: float) -> None:
        """Takes every change for what was read at its end: the counter turned out continuous."""
        self.knots.clear()
        self.moments_s.clear()
        for change in self._changes:
            self.append(Knot(change.high_s, change.energy_j, half_s))
        self._changes.clear()

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        keep = max(0, bisect_left(self.moments_s, before_s) - 4)
        del self.knots[:keep]
        del self.moments_s[:keep]
        keep = bisect_left(self._changes, before_s, key=lambda change: change.high_s) - 4
        del self._changes[: max(0, keep)]

    def _date(self, change: Change) -> None:
        if self._doubtful is not None:
            resolved = self._resolved(self._doubtful, change) or self._coarse(self._doubtful)
            if resolved is not None:
                self.append(resolved)
        knot = self._located(change)
        self._doubtful = change if knot is None else None
        if knot is not None:
            self.append(knot)

    def _resolved(self, change: Change, following: Change) -> Knot | None:
        """The refresh of a change for which there were two, told by the change after it."""
        grid = self._grid
        doubt_s = grid.doubt_s(change.high_s)
        later_s = grid.last_before(change.high_s + doubt_s)
        if later_s is None or grid.period_s is None or not grid.is_regular:
            return None
        if following.low_s >= later_s + doubt_s:
            # The value was still there when the later refresh had passed: it is its own.
            return Knot(min(change.high_s, later_s), change.energy_j, doubt_s)
        if following.high_s <= later_s + grid.period_s - doubt_s:
            # The later refresh made the change after it.
            earlier_s = later_s - grid.period_s
            return Knot(max(change.low_s, earlier_s), change.energy_j, doubt_s)
        return None

    def _coarse(self, change: Change) -> Knot | None:
        """About where a change lies that nothing tells exactly; None where others are near.

        Readings may be so far apart that a step of the counter matters little.
        """
        if change.high_s - self.last_s < SPARSE_S or math.isinf(change.low_s):
            return None
        half_s = min((change.high_s - change.low_s) / 2, (self._grid.period_s or _USUAL_STEP_S) / 2)
        return Knot(change.high_s - half_s, change.energy_j, half_s)

    def _located(self, change: Change) -> Knot | None:
        """The refresh at which the counter took its value; None where two are as likely."""
        low_s, high_s, energy_j = change
        grid = self._grid
        half_s = (high_s - low_s) / 2
        if not grid.is_regular:
            if half_s <= _LOCATED_S:
                return Knot((low_s + high_s) / 2, energy_j, half_s)
            if math.isinf(low_s):
                return None
            # Unknown refresh: the value is at most about one step old.
            half_s = min(half_s, (grid.period_s or _USUAL_STEP_S) / 2)
            return Knot(high_s - half_s, energy_j, half_s)
        assert grid.period_s is not None
        doubt_s = grid.doubt_s(high_s)
        if half_s <= 0.3 * grid.period_s:
            nearest_s = grid.nearest((low_s + high_s) / 2)
            assert nearest_s is not None
            at_s = min(high_s, max(low_s, nearest_s))
            return Knot(at_s, energy_j, min(half_s, doubt_s))
        newest_s = grid.last_before(high_s + doubt_s)
        assert newest_s is not None
        if newest_s < low_s - doubt_s:
            # No refresh is where one must have been: the nearer one was further off than thought.
            next_s = newest_s + grid.period_s
            if next_s - high_s < low_s - newest_s:
                return Knot(high_s, energy_j, max(doubt_s, next_s - high_s))
            return Knot(low_s, energy_j, max(doubt_s, low_s - newest_s))
        has_come = newest_s + doubt_s <= high_s
        if has_come or newest_s - grid.period_s + doubt_s < low_s:
            # Either it surely lies before the reading, or no other can have moved the counter.
            return Knot(min(high_s, max(low_s, newest_s)), energy_j, doubt_s)
        return None

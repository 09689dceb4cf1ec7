"""Seeing a sensor renew its value, and choosing the moments at which to look."""

from __future__ import annotations

import math

from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight

DENSE_S = 0.004
"""Between two readings while a refresh is being located."""
DENSE_GAP_S = 0.03
"""Two readings no further apart than this locate the refresh between them."""
_MARGIN_S = 0.0015
_SURE = 0.3
_USELESS_PERIODS = 2.5
"""Dense reading that shows no new value for so long shows none: what is measured is flat."""
_MOST_VAIN_TRIES = 8
_REST_S = 10.0
"""After so many refreshes that were not located well enough, none is looked for for a while."""
_QUICK_GAP_S = 0.008
_ALL_MOVED = 9
"""Of quick readings in a row, so many more that show a new value than three times those that

do not, and the value is renewed all the time.
"""


class RefreshWatch:
    """Watches the readings of one value for its refreshes.

    `grid` is what was learnt about them; `is_continuous` says that the value is
    renewed as fast as it can be read, so that there is nothing to locate.
    """

    def __init__(self, grid: RefreshGrid | None = None, *, is_continuous: bool = False) -> None:
        self.grid = RefreshGrid() if grid is None else grid
        self.is_continuous = is_continuous
        self._moves = 0
        self._is_unbroken = False
        self._unmoved_s = 0.0
        self._vain_tries = 0
        self._rest_until_s = -math.inf
        self._call_s = 0.0

    def look(self, older_s: float, newer_s: float, call_s: float, *, moved: bool) -> Sight | None:
        """Takes two neighbouring readings, by the moments before their calls.

        Args:
            older_s: the moment before the older reading's call.
            newer_s: the moment before the newer reading's call.
            call_s: how long a call takes.
            moved: True if the newer one shows another value.

        Returns:
            The refresh between them, if there was one and it is located.
        """
        if self.is_continuous:
            return None
        self._call_s = call_s
        if moved:
            self._unmoved_s = 0.0
        if newer_s - older_s > DENSE_GAP_S + 2 * call_s:
            self._is_unbroken = False
            return None
        if self.grid.period_s is None and newer_s - older_s <= _QUICK_GAP_S + 2 * call_s:
            self._moves = max(0, self._moves + (1 if moved else -3))
            self.is_continuous = self._moves >= _ALL_MOVED
        if not moved or self.is_continuous:
            self._unmoved_s += newer_s - older_s
            return None
        half_s = (newer_s + call_s - older_s) / 2
        sight = Sight(older_s + half_s, half_s)
        if self.grid.see(sight, follows_previous=self._is_unbroken):
            self._vain_tries = 0
        elif newer_s - older_s <= _QUICK_GAP_S + 2 * call_s:
            self._vain_tries += 1
            if self._vain_tries > _MOST_VAIN_TRIES:
                self._vain_tries, self._rest_until_s = 0, newer_s + _REST_S
        self._is_unbroken = True
        return sight

    def is_sure(self, moment_s: float) -> bool:
        """True if refreshes near a moment can be told from their neighbours."""
        grid = self.grid
        return (
            grid.is_regular
            and grid.period_s is not None
            and grid.doubt_s(moment_s) <= _SURE * grid.period_s
        )

    def vague_from_s(self) -> float:
        """From when on locating one more refresh would make the grid much better.

        Each refresh located further on makes the period known several times
        better; one that is located too far on has no certain number any more.
        Infinity where nothing can be located, minus infinity at once.
        """
        grid = self.grid
        if self.is_continuous or not grid.is_regular:
            return math.inf
        assert grid.period_s is not None
        if self._unmoved_s > _USELESS_PERIODS * grid.period_s:
            return math.inf
        known_s = grid.known_until_s(max(0.05 * grid.period_s + 0.001, 1.5 * grid.jitter_s))
        return max(known_s, self._rest_until_s)

    def around_refresh(self, after_s: float, now_s: float) -> float:
        """When to read, from now on, so as to see the first refresh after a moment.

        `after_s` is not before the newest reading: what lies before it was seen or missed.
        """
        grid = self.grid
        assert grid.period_s is not None
        refresh_s = grid.last_before(after_s)
        assert refresh_s is not None
        margin_s = grid.doubt_s(max(after_s, now_s)) + _MARGIN_S + self._call_s
        while refresh_s + margin_s < after_s:
            refresh_s += grid.period_s
        begin_s = refresh_s - margin_s
        return begin_s if now_s < begin_s else now_s + DENSE_S

    def beside_refresh(self, due_s: float) -> float:
        """A moment near `due_s` at which the value is not just being renewed.

        Right beside a refresh a value could be that of either side.
        """
        grid = self.grid
        if self.is_continuous or not grid.is_regular:
            return due_s
        assert grid.period_s is not None
        refresh_s = grid.last_before(due_s)
        assert refresh_s is not None
        margin_s = min(0.35 * grid.period_s, 2 * grid.doubt_s(due_s) + 0.1 * grid.period_s)
        if due_s - refresh_s < margin_s:
            return refresh_s + margin_s
        if refresh_s + grid.period_s - due_s < margin_s:
            return refresh_s + grid.period_s + margin_s
        return due_s

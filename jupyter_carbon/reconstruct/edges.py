"""The moments at which windows begin and end, in order: there loads begin and end, too."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import NamedTuple


class Edge(NamedTuple):
    """A moment at which power may jump.

    `turn` is 1 where work begins, -1 where it ends, 0 where neither is known:
    what cannot be placed otherwise is taken to be drawn by work.
    """

    moment_s: float
    turn: int


class Edges:
    """Edges looked up by their neighbourhood."""

    def __init__(self) -> None:
        self._moments_s: list[float] = []
        self._turns: list[int] = []

    def add(self, moment_s: float, turn: int = 0) -> None:
        """Takes an edge, in any order."""
        place = bisect_right(self._moments_s, moment_s)
        self._moments_s.insert(place, moment_s)
        self._turns.insert(place, turn)

    def __len__(self) -> int:
        return len(self._moments_s)

    @property
    def newest_s(self) -> float:
        """The last edge; minus infinity if there is none."""
        return self._moments_s[-1] if self._moments_s else -math.inf

    def between(self, after_s: float, before_s: float) -> list[Edge]:
        """The edges with `after_s` < edge < `before_s`."""
        low = bisect_right(self._moments_s, after_s)
        high = bisect_left(self._moments_s, before_s)
        return [Edge(self._moments_s[k], self._turns[k]) for k in range(low, high)]

    def moments_between(self, after_s: float, before_s: float) -> list[float]:
        """The moments of the edges with `after_s` < edge < `before_s`."""
        moments_s = self._moments_s
        return moments_s[bisect_right(moments_s, after_s) : bisect_left(moments_s, before_s)]

    def has_between(self, after_s: float, before_s: float) -> bool:
        """True if there is an edge with `after_s` < edge < `before_s`."""
        place = bisect_right(self._moments_s, after_s)
        return place < len(self._moments_s) and self._moments_s[place] < before_s

    def is_work(self, moment_s: float) -> bool:
        """True if the last edge up to a moment is one at which work began."""
        place = bisect_right(self._moments_s, moment_s) - 1
        return place >= 0 and self._turns[place] > 0

    def last_until(self, moment_s: float) -> float:
        """The last edge at or before a moment; minus infinity if there is none."""
        place = bisect_right(self._moments_s, moment_s) - 1
        return self._moments_s[place] if place >= 0 else -math.inf

    def last_before(self, moment_s: float) -> float:
        """The last edge before a moment; minus infinity if there is none."""
        place = bisect_left(self._moments_s, moment_s) - 1
        return self._moments_s[place] if place >= 0 else -math.inf

    def first_from(self, moment_s: float) -> float:
        """The first edge at or after a moment; infinity if there is none."""
        place = bisect_left(self._moments_s, moment_s)
        return self._moments_s[place] if place < len(self._moments_s) else math.inf

    def forget(self, before_s: float) -> None:
        """Drops the edges before a moment but the last of them."""
        keep = max(0, bisect_left(self._moments_s, before_s) - 1)
        del self._moments_s[:keep]
        del self._turns[:keep]

"""The moments at which windows begin and end, in order: there loads begin and end, too."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort


class Edges:
    """Moments in seconds, looked up by their neighbourhood."""

    def __init__(self) -> None:
        self._moments_s: list[float] = []

    def add(self, moment_s: float) -> None:
        """Takes an edge, in any order."""
        insort(self._moments_s, moment_s)

    @property
    def newest_s(self) -> float:
        """The last edge; minus infinity if there is none."""
        return self._moments_s[-1] if self._moments_s else -math.inf

    def between(self, after_s: float, before_s: float) -> list[float]:
        """The edges with `after_s` < edge < `before_s`."""
        moments_s = self._moments_s
        return moments_s[bisect_right(moments_s, after_s) : bisect_left(moments_s, before_s)]

    def has_between(self, after_s: float, before_s: float) -> bool:
        """True if there is an edge with `after_s` < edge < `before_s`."""
        place = bisect_right(self._moments_s, after_s)
        return place < len(self._moments_s) and self._moments_s[place] < before_s

    def last_until(self, moment_s: float) -> float:
        """The last edge at or before a moment; minus infinity if there is none."""
        place = bisect_right(self._moments_s, moment_s) - 1
        return self._moments_s[place] if place >= 0 else -math.inf

    def first_from(self, moment_s: float) -> float:
        """The first edge at or after a moment; infinity if there is none."""
        place = bisect_left(self._moments_s, moment_s)
        return self._moments_s[place] if place < len(self._moments_s) else math.inf

    def forget(self, before_s: float) -> None:
        """Drops the edges before a moment but the last of them."""
        del self._moments_s[: max(0, bisect_left(self._moments_s, before_s) - 1)]

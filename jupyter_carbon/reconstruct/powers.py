"""Instantaneous power readings of the last seconds, looked up by moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class PowerSamples:
    """Power readings in watts, in the order of their moments."""

    def __init__(self) -> None:
        self._moments_s: list[float] = []
        self._power_w: list[float] = []

    def add(self, moment_s: float, power_w: float) -> None:
        """Takes the next reading."""
        self._moments_s.append(moment_s)
        self._power_w.append(power_w)

    def last_in(self, after_s: float, until_s: float) -> float | None:
        """The newest reading with `after_s` < moment <= `until_s`."""
        place = bisect_right(self._moments_s, until_s) - 1
        if place < 0 or self._moments_s[place] <= after_s:
            return None
        return self._power_w[place]

    def first_in(self, from_s: float, before_s: float) -> float | None:
        """The oldest reading with `from_s` <= moment < `before_s`."""
        place = bisect_left(self._moments_s, from_s)
        if place == len(self._moments_s) or self._moments_s[place] >= before_s:
            return None
        return self._power_w[place]

    @property
    def newest_w(self) -> float | None:
        """The newest reading."""
        return self._power_w[-1] if self._power_w else None

    def forget(self, before_s: float) -> None:
        """Drops readings before a moment, but keeps the newest."""
        keep = min(bisect_left(self._moments_s, before_s), len(self._moments_s) - 1)
        if keep > 0:
            del self._moments_s[:keep]
            del self._power_w[:keep]

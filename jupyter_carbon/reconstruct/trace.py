"""A curve's course for charts, in a bounded number of points."""

from __future__ import annotations

from array import array

_MOST_POINTS = 1200


class Trace:
    """Points (moment, joules) in steps of `step_s`, which doubles when there are too many."""

    def __init__(self) -> None:
        self.step_s = 0.5
        self._at_s = array("d")
        self._energy_j = array("d")

    def next_s(self, first_s: float) -> float:
        """The moment of the next point; `first_s` if there is none yet."""
        return max(first_s, self._at_s[-1] + self.step_s) if self._at_s else first_s

    def add(self, moment_s: float, energy_j: float) -> None:
        """Takes the next point; energy never falls."""
        if self._energy_j:
            energy_j = max(energy_j, self._energy_j[-1])
        self._at_s.append(moment_s)
        self._energy_j.append(energy_j)
        if len(self._at_s) > _MOST_POINTS:
            self._at_s, self._energy_j = self._at_s[::2], self._energy_j[::2]
            self.step_s *= 2

    def cut(self, from_s: float) -> None:
        """Drops the points from a moment on."""
        while self._at_s and self._at_s[-1] >= from_s:
            self._at_s.pop()
            self._energy_j.pop()

    def points(self) -> list[tuple[float, float]]:
        """The points, oldest first."""
        return list(zip(self._at_s, self._energy_j, strict=True))

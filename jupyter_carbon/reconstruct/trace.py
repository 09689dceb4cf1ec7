"""A curve's course for charts, in a bounded number of points: the whole, and the last minutes."""

from __future__ import annotations

import math
from array import array

_MOST_POINTS = 1200
RECENT_S = 900
"""The fine course reaches back over so many seconds."""


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


class RecentTrace:
    """Joules at every whole second of the last quarter of an hour, over gaps too.

    All curves have the same seconds, so that their powers can stand side by side.
    """

    def __init__(self) -> None:
        self._first = 0
        self._energy_j = array("d")

    @property
    def seconds(self) -> range:
        """The seconds whose energy is known."""
        return range(self._first, self._first + len(self._energy_j))

    def next_s(self) -> float:
        """The moment of the next point."""
        return float(self.seconds.stop)

    def add(self, energy_j: float) -> None:
        """Takes the next point; energy never falls."""
        if self._energy_j:
            energy_j = max(energy_j, self._energy_j[-1])
        self._energy_j.append(energy_j)
        if len(self._energy_j) > 2 * RECENT_S:
            surplus = len(self._energy_j) - RECENT_S - 1
            self._first += surplus
            del self._energy_j[:surplus]

    def begin(self, moment_s: float, energy_j: float) -> None:
        """Readings begin: what lies between them and earlier ones was not counted."""
        second = math.ceil(moment_s)
        if not self._energy_j or second - self.seconds.stop > RECENT_S:
            del self._energy_j[:]
            self._first = second
        while self.seconds.stop < second:
            self.add(energy_j)

    def cut(self, from_s: float) -> None:
        """Drops the points from a moment on."""
        del self._energy_j[max(0, math.ceil(from_s) - self._first) :]

    def power_w(self, second: int) -> float | None:
        """Mean power over the second that begins then; None if it is not known."""
        place = second - self._first
        if not 0 <= place < len(self._energy_j) - 1:
            return None
        return self._energy_j[place + 1] - self._energy_j[place]

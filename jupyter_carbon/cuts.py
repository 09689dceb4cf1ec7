"""Where a session is cut: at each quarter of an hour (UTC), and where the clock was set."""

from __future__ import annotations

_QUARTER_S = 900.0
_LEAST_S = 0.5
_SET_S = 1.0
"""By more than this the wall clock does not differ of its own accord from what is expected."""
_MOST_S = 7 * 86_400.0
"""Nobody is away for longer and needs to know of each quarter."""


class Cuts:
    """Tells the monotonic moments of the wall clock's quarters.

    Args:
        moment_s: a moment on the monotonic clock.
        wall_s: the same in seconds since the epoch.
    """

    def __init__(self, moment_s: float, wall_s: float) -> None:
        self._offset_s = wall_s - moment_s
        self.next_s = self._after(moment_s)
        """The moment of the next cut."""

    def take(self, moment_s: float) -> tuple[float, float]:
        """The next cut, which is due at a moment: on the monotonic clock and since the epoch."""
        cut_s = max(self.next_s, moment_s - _MOST_S)
        self.next_s = self._after(cut_s)
        return cut_s, cut_s + self._offset_s

    def follow(self, moment_s: float, wall_s: float) -> bool:
        """Takes what the clocks say now; True if the wall clock was set, or stood while one did.

        The monotonic clock may stand still while the machine sleeps.
        """
        before_s, self._offset_s = self._offset_s, wall_s - moment_s
        self.next_s = self._after(moment_s)
        return abs(self._offset_s - before_s) > _SET_S

    def _after(self, moment_s: float) -> float:
        """The first quarter that lies after a moment."""
        wall_s = moment_s + self._offset_s
        next_s = (wall_s // _QUARTER_S + 1) * _QUARTER_S - self._offset_s
        # A cut is only about at its quarter: the next one is not the same again.
        return next_s if next_s > moment_s + _LEAST_S else next_s + _QUARTER_S

"""A wrapping energy counter, followed without losing or inventing energy."""

from __future__ import annotations

_REFRESH_S = 0.02
"""Energy of this span may appear at once; the hardware refreshes about every millisecond."""


class CounterError(Exception):
    """A value that no real energy explains; the sentence says which."""


class EnergyCounter:
    """Turns the values of a wrapping counter into energy that only grows.

    A value that goes back is a wrap only if the energy which that implies could
    have been drawn in the time since the last good value. Otherwise it is a
    fault and adds nothing. If the next value goes on from the strange one, the
    counter was set back (as by a suspend): it is followed from there, and what
    it did not count is not invented.
    """

    def __init__(self, range_uj: int, bound_w: float) -> None:
        self._range_uj = range_uj
        self._bound_w = bound_w
        self._total_uj = 0
        self._last: tuple[float, int] | None = None
        self._suspect: tuple[float, int] | None = None

    def advance(self, moment_s: float, until_s: float, value_uj: int) -> float:
        """Cumulative joules since the first good value.

        Args:
            moment_s: monotonic clock just before the value was read.
            until_s: the clock just after.
            value_uj: the counter, in microjoules.

        Raises:
            CounterError: for a value that is no energy.
        """
        if value_uj <= 0:
            raise CounterError("it reads 0")
        last = self._last
        if last is None:
            self._last = (moment_s, value_uj)
            return 0.0
        for start in (last, self._suspect):
            if start is None:
                continue
            drawn_uj = self._drawn_uj(start, until_s, value_uj)
            if drawn_uj is not None:
                self._total_uj += drawn_uj
                self._last, self._suspect = (moment_s, value_uj), None
                return self._total_uj / 1e6
        self._suspect = (moment_s, value_uj)
        way = "went back" if value_uj < last[1] else "leapt forward"
        raise CounterError(f"it {way} from {last[1]} to {value_uj} µJ")

    def _drawn_uj(self, start: tuple[float, int], until_s: float, value_uj: int) -> int | None:
        """Energy from one value to another, at most one wrap between; None if implausible."""
        moment_s, start_uj = start
        drawn_uj = value_uj - start_uj
        if drawn_uj < 0:
            drawn_uj += self._range_uj
        bound_uj = self._bound_w * (until_s - moment_s + _REFRESH_S) * 1e6
        return drawn_uj if 0 <= drawn_uj <= bound_uj else None

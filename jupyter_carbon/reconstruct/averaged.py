"""Energy at a moment from a power that is a mean over its past, undone by least squares.

Every reading is one equation: the powers of the bins in the window before it,
times the parts of them that lie in the window, are the mean times the window.
Bins end at edges, where power may jump; elsewhere neighbours are pulled
together a little, which makes the system definite. A running recursion
`E(t) = E(t - window) + p(t) * window` would add its errors up without end; so
here each solution begins anew two windows before what it is asked for.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.edges import Edges
from jupyter_carbon.reconstruct.profile import fit_profile, make_bins
from jupyter_carbon.reconstruct.refresh import RefreshGrid
from jupyter_carbon.reconstruct.track import Located
from jupyter_carbon.reconstruct.watch import DENSE_S, RefreshWatch

_USUAL_REFRESH_S = 0.1
"""Taken for a sensor's refresh until it is known: that of most boards."""
_LEARN_S = 0.45
_SEARCH_S = 0.45
"""So long after an edge its refreshes are looked for, where they are not known: now they show."""
_READ_S = 0.05
"""Between two readings while the mean moves."""
_AFTER_S = 0.15
"""Beyond one window after a moment, how long readings still say something about it."""
_AMBIGUOUS_S = 0.001
"""A reading this close to a refresh, beyond doubt, may show the value before or after it."""
_APART_S = 0.008
"""Readings closer than this are of one refresh, or say nothing more."""
_STRIDE_S = 0.25
_AROUND_S = (-0.2, -0.05, 0.05, 0.2)
_BLUR_S = 0.018
"""How sharply a jump of power near an edge is placed in time."""
_CONTEXT = 2.5
"""Windows before the first moment that is asked for, at which a solution begins."""


class _Mean(NamedTuple):
    """A reading of the mean: taken in `low_s` to `high_s`, if that was seen, else by `moment_s`."""

    moment_s: float
    power_w: float
    taken_s: float | None


class AveragedTrack:
    """The track of a source of which only a running mean of the power can be read.

    Args:
        window_s: the span that the mean is taken over.
    """

    def __init__(self, *, window_s: float) -> None:
        self._window_s = window_s
        self._edges = Edges()
        self._watch = RefreshWatch(RefreshGrid(all_show=False))
        self._means: list[_Mean] = []
        self._first_s = 0.0
        self._last: Reading | None = None
        self._call_s = math.inf
        # Points of the curve; the first `_done` of them will not change any more.
        self._at_s: list[float] = []
        self._energy_j: list[float] = []
        self._done = 1
        self._solved_for = (-math.inf, -math.inf)

    @property
    def known_s(self) -> float:
        """What lies one window back: after it nothing is final."""
        if self._last is None:
            return -math.inf
        final_s = self._last.moment_s - self._window_s - _AFTER_S
        # In strides: every advance may cost a solution.
        return math.floor(final_s / _STRIDE_S) * _STRIDE_S

    @property
    def drawn_s(self) -> float:
        """Up to where a solution has settled the curve."""
        return self._at_s[self._done - 1] if self._at_s else -math.inf

    def add_edge(self, moment_s: float, turn: int = 0) -> None:
        """Notes that a window begins or ends at a moment."""
        self._edges.add(moment_s, turn)

    def add_reading(self, reading: Reading) -> None:
        """Takes a reading that has a power.

        Raises:
            ValueError: if it has none.
        """
        if reading.power_w is None:
            raise ValueError("a track of mean power needs the power in every reading")
        self._call_s = min(self._call_s * 1.01, max(0.0, reading.until_s - reading.moment_s))
        previous, self._last = self._last, reading
        taken_s = None
        if previous is None:
            self._first_s = reading.moment_s
            self._at_s = [reading.moment_s - self._window_s]
            self._energy_j = [-reading.power_w * self._window_s]
        else:
            moved = reading.power_w != previous.power_w
            sight = self._watch.look(previous.moment_s, reading.moment_s, self._call_s, moved=moved)
            if sight is not None and sight.half_s <= DENSE_S:
                taken_s = sight.moment_s
        self._means.append(_Mean(reading.moment_s + self._call_s / 2, reading.power_w, taken_s))

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment, final about one window later."""
        if self._last is None:
            return Located(0.0, math.inf, False)
        if moment_s > self.drawn_s or len(self._at_s) < 2:
            self._solve()
        energy_j = self._look_up(moment_s)
        powers_w = [self._slope(moment_s + away_s) for away_s in _AROUND_S]
        error_j = _BLUR_S * (max(powers_w) - min(powers_w)) + 0.01 * max(powers_w)
        beyond_s = moment_s - self._last.moment_s
        if beyond_s > 0:
            error_j += 0.5 * self._means[-1].power_w * beyond_s
        return Located(energy_j, error_j, moment_s <= self.known_s)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._last is None:
            return now_s
        watch = self._watch
        unlearnt = not watch.is_continuous and not watch.grid.is_regular
        if unlearnt and now_s - self._first_s < _LEARN_S:
            return now_s + DENSE_S
        vague_s = watch.vague_from_s()
        if vague_s <= now_s:
            return watch.around_refresh(self._last.moment_s, now_s)
        since_s = now_s - self._edges.newest_s
        if since_s > self._window_s + _AFTER_S:
            return vague_s if vague_s < math.inf else None
        if unlearnt and since_s < _SEARCH_S:
            return now_s + DENSE_S
        # The means of the whole window after an edge say where the energy lay.
        read_s = watch.beside_refresh(now_s + max(_READ_S, watch.grid.period_s or 0.0))
        return min(read_s, vague_s)

    def suits(self, due_s: float) -> float:
        """A moment near `due_s` at which the mean is not just being renewed."""
        return self._watch.beside_refresh(due_s)

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        if self._last is None:
            return
        self._solve()
        keep = min(bisect_right(self._at_s, before_s), self._done) - 2
        if keep > 0:
            del self._at_s[:keep]
            del self._energy_j[:keep]
            self._done -= keep
        self._edges.forget(self._begin_s - self._window_s)

    def _taken(self, mean: _Mean) -> float | None:
        """When a mean was taken, so that it is that of the window before; None if ambiguous."""
        watch, grid = self._watch, self._watch.grid
        if watch.is_continuous:
            return mean.moment_s
        if mean.taken_s is not None:
            nearest_s = grid.nearest(mean.taken_s)
            if nearest_s is None or not watch.is_sure(mean.taken_s):
                return mean.taken_s
            half_s = DENSE_S / 2
            return min(mean.taken_s + half_s, max(mean.taken_s - half_s, nearest_s))
        if not watch.is_sure(mean.moment_s):
            return mean.moment_s - (grid.period_s or _USUAL_REFRESH_S) / 2
        assert grid.period_s is not None
        taken_s = grid.last_before(mean.moment_s)
        assert taken_s is not None
        doubt_s = min(grid.doubt_s(mean.moment_s) + _AMBIGUOUS_S, 0.35 * grid.period_s)
        since_s = mean.moment_s - taken_s
        if since_s < doubt_s or grid.period_s - since_s < doubt_s:
            return None
        return taken_s

    @property
    def _begin_s(self) -> float:
        """Where a solution begins: some windows before the first point that is not done."""
        begin_s = self._at_s[self._done - 1] - _CONTEXT * self._window_s
        return max(begin_s, self._first_s - self._window_s)

    def _solve(self) -> None:
        """Fits the powers of the last windows to the means, and keeps what will not change."""
        assert self._last is not None
        state = (self._last.moment_s, self._edges.newest_s)
        if state == self._solved_for:
            return
        self._solved_for = state
        begin_s, done_s = self._begin_s, self._at_s[self._done - 1]
        means = self._dated_means()
        end_s = max(means[-1][0], done_s + 0.1)
        bins = make_bins(begin_s, end_s, done_s, self._edges.moments_between(begin_s, end_s))
        powers_w = fit_profile(bins, means, self._window_s)
        at_s, rises_j = [], []
        for place, power_w in enumerate(powers_w):
            left_s, right_s = bins.ends_s[place], bins.ends_s[place + 1]
            if right_s > done_s + 1e-9:
                at_s.append(right_s)
                rises_j.append(power_w * (right_s - max(left_s, done_s)))
        del self._at_s[self._done :]
        del self._energy_j[self._done :]
        reached_j = self._energy_j[-1]
        self._at_s += at_s
        self._energy_j += [reached_j + risen_j for risen_j in _never_falling(rises_j)]
        final_s = end_s - self._window_s - 2 * _AFTER_S
        self._done = max(self._done, bisect_right(self._at_s, final_s))
        keep = bisect_right(self._means, self._begin_s, key=lambda mean: mean.moment_s)
        del self._means[: min(keep, len(self._means) - 1)]

    def _dated_means(self) -> list[tuple[float, float]]:
        """One mean a refresh, with the moment up to which it is the mean."""
        dated: list[tuple[float, float]] = []
        for mean in self._means:
            taken_s = self._taken(mean)
            if taken_s is not None and (not dated or taken_s > dated[-1][0] + _APART_S):
                dated.append((taken_s, mean.power_w))
        return dated or [(self._first_s, self._means[0].power_w)]

    def _look_up(self, moment_s: float) -> float:
        """The energy at a moment, between the points or carried on beyond them."""
        place = min(len(self._at_s) - 1, max(1, bisect_right(self._at_s, moment_s)))
        left_s, right_s = self._at_s[place - 1], self._at_s[place]
        left_j, right_j = self._energy_j[place - 1], self._energy_j[place]
        return left_j + (right_j - left_j) * (moment_s - left_s) / (right_s - left_s)

    def _slope(self, moment_s: float) -> float:
        return (self._look_up(moment_s + 0.02) - self._look_up(moment_s - 0.02)) / 0.04


def _never_falling(rises_j: list[float]) -> list[float]:
    """The running sum of rises, some of which may be negative, without ever falling.

    The mean of the highest sum so far and the lowest still to come.
    """
    sums_j = list(accumulate(rises_j, initial=0.0))[1:]
    highest_j = list(accumulate(sums_j, max, initial=0.0))[1:]
    lowest_j = list(accumulate(reversed(sums_j), min))[::-1]
    return [max(0.0, (high + low) / 2) for high, low in zip(highest_j, lowest_j, strict=True)]

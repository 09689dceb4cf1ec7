"""Energy at a moment from a power that is a mean over its past, undone by least squares.

Every reading is one equation: the powers of the bins in the window before it,
times the parts of them that lie in the window, are the mean times the window.
Bins end at edges, where power may jump; elsewhere neighbours are pulled
together a little, which makes the system definite. A running recursion
`E(t) = E(t - window) + p(t) * window` would add its errors up without end.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from typing import NamedTuple

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.banded import solve_banded
from jupyter_carbon.reconstruct.counted import DENSE_S
from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight
from jupyter_carbon.reconstruct.track import Located

_FINE_S = 0.1
_COARSE_S = 0.4
_NEAR_EDGE_S = 1.3
"""Bins are fine this close to an edge, coarse elsewhere."""
_SMOOTH = 2e-3
"""Weight of the pull between neighbouring bins against one reading's equation."""
_AMBIGUOUS_S = 0.004
"""A reading this close to a refresh may show the value before or after it."""
_LEARN_S = 0.3


class _Mean(NamedTuple):
    moment_s: float
    power_w: float


class AveragedTrack:
    """The track of a source of which only a running mean of the power can be read.

    Args:
        window_s: the span that the mean is taken over.
        origin_j: the energy at the first reading.
    """

    def __init__(self, *, window_s: float, origin_j: float = 0.0) -> None:
        self._window_s = window_s
        self._origin_j = origin_j
        self._edges_s: list[float] = []
        self._means: list[_Mean] = []
        self._known_s: list[float] = []
        self._known_j: list[float] = []
        self._open_s: list[float] = []
        self._open_j: list[float] = []
        self._solved_for_s = -math.inf
        self._first_s = 0.0
        self._last: Reading | None = None
        self._grid = RefreshGrid()
        self._seen_since_dense_gap = False

    def add_edge(self, moment_s: float) -> None:
        """Notes that a window begins or ends at a moment."""
        insort(self._edges_s, moment_s)

    def add_reading(self, reading: Reading) -> None:
        """Takes a reading that has a power.

        Raises:
            ValueError: if it has none.
        """
        if reading.power_w is None:
            raise ValueError("a track of mean power needs the power in every reading")
        previous, self._last = self._last, reading
        if previous is None:
            self._first_s = reading.moment_s
            start_s = reading.moment_s - self._window_s
            self._known_s, self._known_j = [start_s], [0.0]
        else:
            self._learn(previous, reading)
        at_s = self._dated(reading.moment_s)
        if at_s is not None and (not self._means or at_s > self._means[-1].moment_s + 0.001):
            self._means.append(_Mean(at_s, reading.power_w))

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment, final about one window later."""
        if self._last is None or not self._means:
            return Located(self._origin_j, math.inf, False)
        self._solve()
        start_j = self._look_up(self._first_s)
        energy_j = self._origin_j + self._look_up(moment_s) - start_j
        newest_s = self._means[-1].moment_s
        final = newest_s >= moment_s + self._window_s + 0.15
        jump_w = abs(self._slope(moment_s + 0.05) - self._slope(moment_s - 0.05))
        error_j = 0.02 * jump_w + 0.01 * max(self._slope(moment_s), 0.0)
        if moment_s > newest_s:
            error_j += 0.5 * self._means[-1].power_w * (moment_s - newest_s)
        return Located(energy_j, error_j, final)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._last is None:
            return now_s
        if now_s - self._first_s < _LEARN_S and self._grid.period_s is None:
            return now_s + DENSE_S
        # The means of the whole window after an edge say where the energy lay.
        if self._edges_s and now_s - self._edges_s[-1] < self._window_s + 0.3:
            return now_s + 0.05
        return None

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        if not self._means:
            return
        self._solve()
        self._commit(min(before_s, self._means[-1].moment_s - 3 * self._window_s))
        keep = max(0, bisect_right(self._known_s, before_s - self._window_s) - 2)
        del self._known_s[:keep]
        del self._known_j[:keep]
        if self._known_s and self._first_s < self._known_s[0]:
            # The origin moves to what is still there.
            self._origin_j += self._known_j[0] - self._start_j
            self._first_s = self._known_s[0]
        edge = bisect_right(self._edges_s, before_s - 2 * self._window_s)
        del self._edges_s[:edge]

    @property
    def _start_j(self) -> float:
        return self._look_up(self._first_s)

    def _learn(self, previous: Reading, reading: Reading) -> None:
        gap_s = reading.moment_s - previous.moment_s
        if gap_s > 0.03:
            self._seen_since_dense_gap = False
        elif reading.power_w != previous.power_w:
            sight = Sight((previous.moment_s + reading.moment_s) / 2, gap_s / 2)
            self._grid.see(sight, follows_previous=self._seen_since_dense_gap)
            self._seen_since_dense_gap = True

    def _dated(self, moment_s: float) -> float | None:
        """When the value read at a moment was taken; None if that is ambiguous."""
        if not self._grid.is_regular:
            return moment_s
        taken_s = self._grid.last_before(moment_s)
        assert taken_s is not None
        assert self._grid.period_s is not None
        doubt_s = min(_AMBIGUOUS_S, 0.2 * self._grid.period_s)
        since_s = moment_s - taken_s
        if since_s < doubt_s or self._grid.period_s - since_s < doubt_s:
            return None
        return taken_s

    def _look_up(self, moment_s: float) -> float:
        """The energy since the beginning of the first window, solved or carried on."""
        known_s = self._known_s + self._open_s
        known_j = self._known_j + self._open_j
        if len(known_s) == 1:
            return known_j[0] + self._means[-1].power_w * (moment_s - known_s[0])
        place = min(len(known_s) - 1, max(1, bisect_right(known_s, moment_s)))
        left_s, right_s = known_s[place - 1], known_s[place]
        slope_w = (known_j[place] - known_j[place - 1]) / (right_s - left_s)
        return known_j[place - 1] + slope_w * (moment_s - left_s)

    def _slope(self, moment_s: float) -> float:
        return (self._look_up(moment_s + 0.02) - self._look_up(moment_s - 0.02)) / 0.04

    def _boundaries(self, from_s: float, to_s: float) -> tuple[list[float], set[int]]:
        """Ends of the bins, and the numbers of the bins that begin at an edge."""
        edges = [edge for edge in self._edges_s if from_s + 1e-3 < edge < to_s - 1e-3]
        ends, jumps = [from_s], set()
        for stop_s in [*edges, to_s]:
            while stop_s - ends[-1] > 1e-3:
                at_s = ends[-1]
                near = any(abs(at_s - edge) < _NEAR_EDGE_S for edge in self._edges_s)
                width_s = _FINE_S if near else _COARSE_S
                rest_s = stop_s - at_s
                ends.append(stop_s if rest_s < 1.5 * width_s else at_s + width_s)
            if stop_s != to_s:
                jumps.add(len(ends) - 1)
        return ends, jumps

    def _solve(self) -> None:
        newest_s = self._means[-1].moment_s
        if newest_s == self._solved_for_s:
            return
        self._solved_for_s = newest_s
        from_s = self._known_s[-1]
        if newest_s - from_s < 1e-3:
            self._open_s, self._open_j = [], []
            return
        ends, jumps = self._boundaries(from_s, newest_s)
        count = len(ends) - 1
        rows: list[dict[int, float]] = []
        sides: list[float] = []
        for mean in self._means:
            if mean.moment_s <= from_s:
                continue
            begin_s = mean.moment_s - self._window_s
            known_j = 0.0
            if begin_s < from_s:
                known_j = self._known_j[-1] - self._look_up_known(begin_s)
            row: dict[int, float] = {}
            place = max(0, bisect_right(ends, begin_s) - 1)
            while place < count and ends[place] < mean.moment_s:
                part_s = min(ends[place + 1], mean.moment_s) - max(ends[place], begin_s)
                if part_s > 0:
                    row[place] = part_s / self._window_s
                place += 1
            rows.append(row)
            sides.append(mean.power_w - known_j / self._window_s)
        for place in range(1, count):
            weight = _SMOOTH if place not in jumps else _SMOOTH * 1e-6
            rows.append({place - 1: -math.sqrt(weight), place: math.sqrt(weight)})
            sides.append(0.0)
        if len(self._known_s) > 1 and not any(abs(edge - from_s) < 1e-3 for edge in self._edges_s):
            width_s = from_s - self._known_s[-2]
            before_w = (self._known_j[-1] - self._known_j[-2]) / width_s
            rows.append({0: math.sqrt(_SMOOTH)})
            sides.append(math.sqrt(_SMOOTH) * before_w)
        powers_w = solve_banded(rows, sides, count)
        self._open_s, self._open_j = [], []
        energy_j = self._known_j[-1]
        for place, power_w in enumerate(powers_w):
            energy_j += max(0.0, power_w) * (ends[place + 1] - ends[place])
            self._open_s.append(ends[place + 1])
            self._open_j.append(energy_j)

    def _look_up_known(self, moment_s: float) -> float:
        place = min(len(self._known_s) - 1, max(1, bisect_right(self._known_s, moment_s)))
        if len(self._known_s) == 1:
            return self._known_j[0]
        left_s, right_s = self._known_s[place - 1], self._known_s[place]
        slope_w = (self._known_j[place] - self._known_j[place - 1]) / (right_s - left_s)
        return self._known_j[place - 1] + slope_w * (max(moment_s, self._known_s[0]) - left_s)

    def _commit(self, until_s: float) -> None:
        """Bins so old that no further reading touches them become known."""
        done = bisect_right(self._open_s, until_s)
        self._known_s += self._open_s[:done]
        self._known_j += self._open_j[:done]
        del self._open_s[:done]
        del self._open_j[:done]
        keep = bisect_right([mean.moment_s for mean in self._means], self._known_s[-1])
        del self._means[: min(keep, len(self._means) - 1)]

"""Energy at a moment from instantaneous power that is read now and then."""

from __future__ import annotations

import math
from bisect import bisect_right, insort

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.counted import DENSE_S
from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight
from jupyter_carbon.reconstruct.track import Located

_UNKNOWN_REFRESH_S = 0.1
"""Taken for a sensor's refresh until it is known: that of most boards."""
_LEARN_S = 0.25
_JUMP_SHARE = 0.03
_JUMP_W = 3.0
"""A change of power above both is a load that begins or ends, below it is noise or drift."""


class PowerTrack:
    """The track of a source whose power is read: a profile of powers that hold until they change.

    A change seen between two readings lies within one refresh of the sensor
    before the newer one. If an edge lies there, the change is put on the edge,
    since loads begin and end with cells; else in the middle.
    """

    def __init__(self, *, origin_j: float = 0.0) -> None:
        self._origin_j = origin_j
        self._edges_s: list[float] = []
        self._at_s: list[float] = []
        self._power_w: list[float] = []
        self._energy_j: list[float] = []
        self._slack_j: list[float] = []
        self._first_s = 0.0
        self._last: Reading | None = None
        self._grid = RefreshGrid()
        self._dense_reads = 0
        self._dense_changes = 0
        self._seen_since_dense_gap = False

    @property
    def refresh_s(self) -> float:
        """The sensor's refresh period, 0 if it is as good as continuous."""
        if self._grid.period_s is not None:
            return self._grid.period_s
        if self._dense_reads >= 12 and self._dense_changes >= 0.8 * self._dense_reads:
            return 0.0
        return _UNKNOWN_REFRESH_S

    def add_edge(self, moment_s: float) -> None:
        """Notes that a window begins or ends at a moment."""
        insort(self._edges_s, moment_s)

    def add_reading(self, reading: Reading) -> None:
        """Takes a reading that has a power.

        Raises:
            ValueError: if it has none.
        """
        power_w = reading.power_w
        if power_w is None:
            raise ValueError("a power track needs the power in every reading")
        previous, self._last = self._last, reading
        if previous is None:
            self._first_s = reading.moment_s
            self._push(reading.moment_s, power_w, 0.0)
            return
        gap_s = reading.moment_s - previous.moment_s
        self._learn(previous, reading, gap_s)
        before_w = self._power_w[-1]
        if power_w == before_w:
            return
        low_s, high_s = self._span(previous.moment_s, reading.moment_s)
        at_s, slack_s = (low_s + high_s) / 2, (high_s - low_s) / 4
        if abs(power_w - before_w) > max(_JUMP_W, _JUMP_SHARE * max(power_w, before_w)):
            edge_s = self._edge_in(low_s, high_s, rising=power_w > before_w)
            if edge_s is not None:
                at_s, slack_s = edge_s, min((high_s - low_s) / 4, 0.004)
        self._push(at_s, power_w, slack_s * abs(power_w - before_w))

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment; before the first reading its power is taken to have held."""
        if self._last is None:
            return Located(self._origin_j, math.inf, False)
        place = max(0, bisect_right(self._at_s, moment_s) - 1)
        energy_j = self._energy_j[place] + self._power_w[place] * (moment_s - self._at_s[place])
        near = (place, place + 1) if place + 1 < len(self._at_s) else (place,)
        reach_s = self.refresh_s + 0.15
        error_j = max(
            (self._slack_j[k] for k in near if abs(self._at_s[k] - moment_s) < reach_s), default=0.0
        )
        beyond_s = moment_s - self._last.moment_s
        if beyond_s > 0:
            return Located(energy_j, error_j + 0.1 * self._power_w[-1] * beyond_s, False)
        final = self._last.moment_s >= moment_s + self.refresh_s + 2 * DENSE_S
        return Located(energy_j, error_j, final)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._last is None:
            return now_s
        if now_s - self._first_s < _LEARN_S and self._grid.period_s is None:
            return now_s + DENSE_S
        edge_s = self._edges_s[-1] if self._edges_s else -math.inf
        if self._at_s[-1] > edge_s + 1e-9 or now_s - edge_s > min(self.refresh_s, 0.1) + 0.012:
            return None
        return now_s + DENSE_S

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        keep = max(0, bisect_right(self._at_s, before_s) - 2)
        for column in (self._at_s, self._power_w, self._energy_j, self._slack_j):
            del column[:keep]
        del self._edges_s[: max(0, bisect_right(self._edges_s, before_s) - 1)]

    def _learn(self, previous: Reading, reading: Reading, gap_s: float) -> None:
        if gap_s > 0.03:
            self._seen_since_dense_gap = False
            return
        changed = reading.power_w != previous.power_w
        self._dense_reads += 1
        self._dense_changes += changed
        if changed:
            sight = Sight((previous.moment_s + reading.moment_s) / 2, gap_s / 2)
            self._grid.see(sight, follows_previous=self._seen_since_dense_gap)
            self._seen_since_dense_gap = True

    def _span(self, older_s: float, newer_s: float) -> tuple[float, float]:
        """Where a change lies that was seen between two readings."""
        refresh_s = self.refresh_s
        low_s, high_s = older_s - refresh_s, newer_s
        if self._grid.is_regular and refresh_s > 0:
            seen_s = self._grid.last_before(newer_s)
            known_s = self._grid.last_before(older_s)
            if seen_s is not None and known_s is not None and seen_s > known_s:
                doubt_s = self._grid.doubt_s(newer_s)
                low_s, high_s = known_s - doubt_s, seen_s + doubt_s
        return max(low_s, self._at_s[-1]), max(high_s, self._at_s[-1])

    def _edge_in(self, low_s: float, high_s: float, *, rising: bool) -> float | None:
        """The edge at which a load most likely began (the first) or ended (the last)."""
        inside = [edge for edge in self._edges_s if low_s <= edge <= high_s]
        if not inside:
            return None
        return inside[0] if rising else inside[-1]

    def _push(self, at_s: float, power_w: float, slack_j: float) -> None:
        if self._at_s:
            energy_j = self._energy_j[-1] + self._power_w[-1] * (at_s - self._at_s[-1])
        else:
            energy_j = self._origin_j
        self._at_s.append(at_s)
        self._power_w.append(power_w)
        self._energy_j.append(energy_j)
        self._slack_j.append(slack_j)

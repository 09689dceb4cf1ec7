"""Energy at a moment from instantaneous power that is read now and then."""

from __future__ import annotations

import math
from bisect import bisect_right

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.edges import Edges
from jupyter_carbon.reconstruct.track import Located
from jupyter_carbon.reconstruct.watch import DENSE_S, RefreshWatch

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

    def __init__(self) -> None:
        self._edges = Edges()
        self._watch = RefreshWatch()
        self._at_s: list[float] = []
        self._power_w: list[float] = []
        self._energy_j: list[float] = []
        self._slack_j: list[float] = []
        self._first_s = 0.0
        self._last: Reading | None = None
        self._call_s = math.inf

    @property
    def refresh_s(self) -> float:
        """The sensor's refresh period, 0 if it is as good as continuous."""
        if self._watch.is_continuous:
            return 0.0
        return self._watch.grid.period_s or _UNKNOWN_REFRESH_S

    @property
    def known_s(self) -> float:
        """What lies one refresh back: after it nothing is final."""
        if self._last is None:
            return -math.inf
        return self._last.moment_s - self.refresh_s - 2 * DENSE_S

    @property
    def drawn_s(self) -> float:
        """The same: figures are sums that are kept."""
        return self.known_s

    def add_edge(self, moment_s: float, turn: int = 0) -> None:
        """Notes that a window begins or ends at a moment."""
        self._edges.add(moment_s, turn)

    def add_reading(self, reading: Reading) -> None:
        """Takes a reading that has a power.

        Raises:
            ValueError: if it has none.
        """
        power_w = reading.power_w
        if power_w is None:
            raise ValueError("a power track needs the power in every reading")
        self._call_s = min(self._call_s * 1.01, max(0.0, reading.until_s - reading.moment_s))
        previous, self._last = self._last, reading
        if previous is None:
            self._first_s = reading.moment_s
            self._push(reading.moment_s, power_w, 0.0)
            return
        before_w = self._power_w[-1]
        moved = power_w != before_w
        self._watch.look(previous.moment_s, reading.moment_s, self._call_s, moved=moved)
        if not moved:
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
            return Located(0.0, math.inf, False)
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
        return Located(energy_j, error_j, moment_s <= self.known_s)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._last is None:
            return now_s
        watch, edge_s = self._watch, self._edges.newest_s
        if now_s - self._first_s < _LEARN_S and self._watch.grid.period_s is None:
            return now_s + DENSE_S
        if self._at_s[-1] <= edge_s + 1e-9 and now_s - edge_s <= min(self.refresh_s, 0.1) + 0.012:
            if watch.is_continuous or not watch.is_sure(now_s):
                return now_s + DENSE_S
            return watch.around_refresh(max(edge_s, self._last.moment_s), now_s)
        if watch.is_vague(now_s):
            return watch.around_refresh(self._last.moment_s, now_s)
        return None

    def suits(self, due_s: float) -> float:
        """Any moment is as good as another."""
        return due_s

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        keep = max(0, bisect_right(self._at_s, before_s) - 2)
        for column in (self._at_s, self._power_w, self._energy_j, self._slack_j):
            del column[:keep]
        self._edges.forget(before_s)

    def _span(self, older_s: float, newer_s: float) -> tuple[float, float]:
        """Where a change lies that was seen between two readings."""
        low_s, high_s = older_s - self.refresh_s, newer_s
        grid = self._watch.grid
        if not self._watch.is_continuous and self._watch.is_sure(newer_s):
            seen_s, known_s = grid.last_before(newer_s), grid.last_before(older_s)
            if seen_s is not None and known_s is not None and seen_s > known_s:
                doubt_s = grid.doubt_s(newer_s)
                low_s, high_s = known_s - doubt_s, seen_s + doubt_s
        return max(low_s, self._at_s[-1]), max(high_s, self._at_s[-1])

    def _edge_in(self, low_s: float, high_s: float, *, rising: bool) -> float | None:
        """The edge at which a load most likely began (the first) or ended (the last)."""
        inside = self._edges.moments_between(low_s - 1e-9, high_s + 1e-9)
        if not inside:
            return None
        return inside[0] if rising else inside[-1]

    def _push(self, at_s: float, power_w: float, slack_j: float) -> None:
        energy_j = 0.0
        if self._at_s:
            energy_j = self._energy_j[-1] + self._power_w[-1] * (at_s - self._at_s[-1])
        self._at_s.append(at_s)
        self._power_w.append(power_w)
        self._energy_j.append(energy_j)
        self._slack_j.append(slack_j)

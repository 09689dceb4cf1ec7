"""Energy at a moment from instantaneous power that is read now and then."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import NamedTuple

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.edges import Edges
from jupyter_carbon.reconstruct.refresh import RefreshGrid
from jupyter_carbon.reconstruct.track import Located
from jupyter_carbon.reconstruct.watch import DENSE_S, RefreshWatch

_UNKNOWN_REFRESH_S = 0.1
"""Taken for a sensor's refresh until it is known: that of most boards."""
_LEARN_S = 0.45
_HOOK_S = 0.001
_AT_EDGE_S = 0.003
"""How far a load that begins or ends with a window may do so from the window's edge."""
_STARVED_S = 0.3
"""While work is done, readings further apart than this come from a thread that was kept waiting."""
_LATE_S = 0.15
_LATE_EVERY_S = 0.02
"""So long after an edge, and so often, a load that begins late is looked for."""
_RESTLESS_S = 2.5
_RESTLESS_EVERY_S = 0.02
_RESTLESS_CALLS = 8
"""So long after a load has changed by itself it is expected to do so again, and is looked at so
often, at distances that beat with nothing; a slow call is not made more often than so many times
its own length."""
_FRESH_S = 1.0
_FRESH_EVERY_S = 0.04
"""So long after work has begun it may turn out to change by itself, and is looked at so often."""
_GOLDEN = 0.618033988749895
_JUMP_SHARE = 0.03
_JUMP_W = 3.0
"""A change of power above both is a load that begins or ends, below it is noise or drift."""


class _Span(NamedTuple):
    """Where a change of power lies: between two moments that are known to `doubt_s`."""

    low_s: float
    high_s: float
    doubt_s: float


class PowerTrack:
    """The track of a source whose power is read: a profile of powers that hold until they change.

    A change seen between two readings lies within one refresh of the sensor
    before the newer one. If an edge lies there, the change is put on the edge,
    since loads begin and end with cells; else in the middle.
    """

    def __init__(self) -> None:
        self._edges = Edges()
        self._watch = RefreshWatch(RefreshGrid(all_show=False))
        self._at_s: list[float] = []
        self._power_w: list[float] = []
        self._energy_j: list[float] = []
        # The squares of what each change may be off, summed up.
        self._doubt_j2: list[float] = []
        self._span = _Span(math.inf, -math.inf, 0.0)
        """Where the newest change lies."""
        self._restless_until_s = -math.inf
        self._beat = 0.0
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
        span = self._span
        if span.low_s <= moment_s <= span.high_s + _AT_EDGE_S and len(self._at_s) > 1:
            # The end of a load was read before its window's end was told.
            power_w = self._power_w[-1]
            self._pop()
            self._span = span._replace(high_s=max(span.high_s, moment_s))
            self._push(*self._placed(self._power_w[-1], power_w), power_w)

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
            self._push(reading.moment_s, 0.0, power_w)
            return
        before_w = self._power_w[-1]
        moved = power_w != before_w
        self._watch.look(previous.moment_s, reading.moment_s, self._call_s, moved=moved)
        if not moved:
            return
        self._span = self._span_between(previous.moment_s, reading.moment_s)
        self._push(*self._placed(before_w, power_w), power_w)

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment; before the first reading its power is taken to have held."""
        if self._last is None:
            return Located(0.0, math.inf, False)
        place = max(0, bisect_right(self._at_s, moment_s) - 1)
        energy_j = self._energy_j[place] + self._power_w[place] * (moment_s - self._at_s[place])
        error_j = self._error_j(moment_s)
        beyond_s = moment_s - self._last.moment_s
        if beyond_s > 0:
            return Located(energy_j, error_j + 0.1 * self._power_w[-1] * beyond_s, False)
        return Located(energy_j, error_j, moment_s <= self.known_s)

    def _error_j(self, moment_s: float) -> float:
        """How far the energy drawn since the edge before, or its place in time, may be off.

        Changes of power are misplaced independently of each other.
        """
        reach_s = self.refresh_s + _HOOK_S
        low = bisect_right(self._at_s, self._edges.last_before(moment_s) - reach_s)
        high = bisect_right(self._at_s, moment_s + reach_s)
        first_j2 = self._doubt_j2[low - 1] if low else 0.0
        hook_j = _HOOK_S * max(self._power_w[max(0, low - 1) : high], default=0.0)
        return hook_j + math.sqrt(self._doubt_j2[high - 1] - first_j2 if high else 0.0)

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help."""
        if self._last is None:
            return now_s
        watch, edge_s = self._watch, self._edges.newest_s
        if now_s - self._first_s < _LEARN_S and self._watch.grid.period_s is None:
            return now_s + DENSE_S
        since_s = now_s - edge_s
        if self._at_s[-1] < edge_s and since_s <= _LATE_S:
            if since_s > min(self.refresh_s, 0.1) + 0.012:
                return now_s + _LATE_EVERY_S
            if watch.is_continuous or not watch.is_sure(now_s):
                return now_s + DENSE_S
            return watch.around_refresh(max(edge_s, self._last.moment_s), now_s)
        vague_s = watch.vague_from_s()
        if vague_s <= now_s:
            return watch.around_refresh(self._last.moment_s, now_s)
        if now_s < self._restless_until_s:
            return self._restless_s(now_s, _RESTLESS_EVERY_S)
        if since_s < _FRESH_S and self._edges.is_work(now_s):
            return min(vague_s, self._restless_s(now_s, _FRESH_EVERY_S))
        return vague_s if vague_s < math.inf else None

    def _restless_s(self, now_s: float, every_s: float) -> float:
        """When to read a load that changes by itself: after a refresh, if they are known."""
        every_s = max(every_s, _RESTLESS_CALLS * self._call_s)
        grid = self._watch.grid
        if not self._watch.is_continuous and self._watch.is_sure(now_s):
            seen_s = grid.last_before(now_s + every_s / 2)
            assert seen_s is not None
            assert grid.period_s is not None
            after_s = seen_s + grid.doubt_s(now_s) + 0.001
            return after_s if after_s > now_s + every_s / 2 else after_s + grid.period_s
        self._beat = (self._beat + _GOLDEN) % 1.0
        return now_s + every_s * (0.7 + 0.6 * self._beat)

    def suits(self, due_s: float) -> float:
        """Any moment is as good as another."""
        return due_s

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""
        keep = max(0, bisect_right(self._at_s, before_s) - 2)
        for column in (self._at_s, self._power_w, self._energy_j, self._doubt_j2):
            del column[:keep]
        self._edges.forget(before_s)

    def _span_between(self, older_s: float, newer_s: float) -> _Span:
        """Where a change lies that was seen between two readings."""
        low_s, high_s, doubt_s = older_s - self.refresh_s, newer_s, 0.0
        grid = self._watch.grid
        if not self._watch.is_continuous and self._watch.is_sure(newer_s):
            doubt_s = grid.doubt_s(newer_s)
            known_s = grid.last_before(older_s - doubt_s)
            seen_s = grid.last_before(newer_s + doubt_s)
            assert known_s is not None
            assert seen_s is not None
            low_s, high_s = known_s, min(newer_s, seen_s)
        last_s = self._at_s[-1]
        return _Span(max(low_s, last_s), max(high_s, last_s), doubt_s)

    def _placed(self, before_w: float, after_w: float) -> tuple[float, float]:
        """The moment of a change within its span, and how much energy that may be off."""
        low_s, high_s, doubt_s = self._span
        jump_w = abs(after_w - before_w)
        slack_s = math.hypot((high_s - low_s) / 2, doubt_s)
        if jump_w > max(_JUMP_W, _JUMP_SHARE * max(before_w, after_w)):
            edge_s = self._edge_in(low_s - doubt_s, high_s + doubt_s, rising=after_w > before_w)
            if edge_s is not None:
                return edge_s, min(slack_s, _AT_EDGE_S) * jump_w
            if high_s - low_s > _STARVED_S and self._edges.is_work(low_s):
                # What kept the thread from reading is what drew the power.
                at_s = low_s if after_w > before_w else high_s
                return at_s, slack_s * jump_w
            self._restless_until_s = high_s + _RESTLESS_S
        return (low_s + high_s) / 2, slack_s * jump_w

    def _edge_in(self, low_s: float, high_s: float, *, rising: bool) -> float | None:
        """The edge at which a load most likely began (the first) or ended (the last)."""
        likely_s = [
            edge.moment_s
            for edge in self._edges.between(low_s - 1e-9, high_s + 1e-9)
            if (edge.turn >= 0 if rising else edge.turn <= 0)
        ]
        if not likely_s:
            return None
        return likely_s[0] if rising else likely_s[-1]

    def _push(self, at_s: float, slack_j: float, power_w: float) -> None:
        energy_j = 0.0
        if self._at_s:
            energy_j = self._energy_j[-1] + self._power_w[-1] * (at_s - self._at_s[-1])
        self._at_s.append(at_s)
        self._power_w.append(power_w)
        self._energy_j.append(energy_j)
        doubt_j2 = self._doubt_j2[-1] if self._doubt_j2 else 0.0
        self._doubt_j2.append(doubt_j2 + slack_j**2)

    def _pop(self) -> None:
        for column in (self._at_s, self._power_w, self._energy_j, self._doubt_j2):
            column.pop()

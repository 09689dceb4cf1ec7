"""What the power was at the two ends of a counter's step that holds edges.

Witnesses are power readings near the ends and the slopes of neighbouring
steps. Which of them to believe is settled by the step itself: with the right
powers, one jump between them explains its energy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from jupyter_carbon.reconstruct.dating import Knots
from jupyter_carbon.reconstruct.edges import Edges
from jupyter_carbon.reconstruct.powers import PowerSamples
from jupyter_carbon.reconstruct.steps import Step

_NEAR_S = 0.12
"""A power reading this close to a step still speaks for it."""
_SHORT_S = 0.35
"""A slope between two knots no further apart than this speaks for the power beside it."""
_ALIKE = 0.05
_AT_EDGE_S = 0.002
"""A power reading so shortly before an edge may be of what comes after: hooks take a moment."""
SETTLE_S = 0.3
"""After a step, how long a better figure of the power there is waited for."""


class Powers(NamedTuple):
    """The powers at a step's ends (None: unknown); `settled`: later readings change nothing."""

    before_w: float | None
    after_w: float | None
    settled: bool


def _likeliest_first(befores: list[float], afters: list[float]) -> Iterator[tuple[float, float]]:
    """Pairs of witnesses, those first that are both good."""
    for worst in range(max(len(befores), len(afters))):
        for place in range(worst + 1):
            if place < len(befores) and worst < len(afters):
                yield befores[place], afters[worst]
            if place < worst < len(befores) and place < len(afters):
                yield befores[worst], afters[place]


class Witnesses:
    """Finds the powers at the ends of steps, from a track's samples, knots and edges."""

    def __init__(self, samples: PowerSamples, line: Knots, edges: Edges) -> None:
        self._samples = samples
        self._line = line
        self._edges = edges

    def powers(self, place: int, step: Step, now_s: float, period_s: float) -> Powers:
        """The powers at the ends of the step before a knot.

        Args:
            place: the number of the knot at the step's right end.
            step: the step, with at least one edge.
            now_s: the moment of the newest reading.
            period_s: the counter's refresh period, 0 if continuous or unknown.
        """
        befores = [power for power in self._before(place, step) if power is not None]
        afters = [power for power in self._after(place, step) if power is not None]
        right_s = step.right.moment_s
        waited = (
            now_s > right_s + max(SETTLE_S, 2.2 * period_s)
            or self._edges.first_from(right_s) < now_s - 0.005
        )
        if befores and not afters:
            afters = [power for power in self._stale(step) if step.agrees(befores[0], power)]
        if not befores or not afters:
            return Powers(befores[0] if befores else None, afters[0] if afters else None, waited)
        if step.is_shared:
            return Powers(befores[0], afters[0], True)
        for before_w, after_w in _likeliest_first(befores, afters):
            if step.agrees(before_w, after_w):
                return Powers(before_w, after_w, True)
        return Powers(befores[0], afters[0], waited)

    def saw_rest(self, step: Step, powers: Powers) -> bool:
        """True if a power read right at the only edge shows that nothing was drawn beside work."""
        edge = step.edges[0]
        at_rest_w = powers.before_w if edge.turn > 0 else powers.after_w
        if step.is_shared or not edge.turn or at_rest_w is None:
            return False
        read_w = self._samples.last_in(edge.moment_s - _AT_EDGE_S, edge.moment_s + _AT_EDGE_S)
        return read_w is not None and abs(read_w - at_rest_w) <= _ALIKE * at_rest_w

    def slope(self, place: int, longest_s: float = math.inf) -> float | None:
        """The mean power between a knot and the one before it, if no edge lies between."""
        knots = self._line.knots
        if not 0 < place < len(knots):
            return None
        left, right = knots[place - 1], knots[place]
        span_s = right.moment_s - left.moment_s
        if not 0 < span_s <= longest_s:
            return None
        if self._edges.has_between(left.moment_s, right.moment_s):
            return None
        return max(0.0, (right.energy_j - left.energy_j) / span_s)

    def _before(self, place: int, step: Step) -> Iterator[float | None]:
        """The power at a step's left end, the best witness first."""
        left_s, edge_s = step.left.moment_s, step.edges[0].moment_s
        bound_s = self._edges.last_until(left_s)
        yield self._samples.last_in(max(bound_s, left_s - _NEAR_S), edge_s - _AT_EDGE_S)
        yield self.slope(place - 1, _SHORT_S)
        yield self._samples.first_in(edge_s, edge_s + 0.0015)
        yield self._samples.last_in(bound_s, edge_s)
        yield self._slope_since_edge(place - 1)
        yield self.slope(place - 1)

    def _after(self, place: int, step: Step) -> Iterator[float | None]:
        """The power at a step's right end, the best witness first."""
        right_s, edge_s = step.right.moment_s, step.edges[-1].moment_s
        bound_s = self._edges.first_from(right_s)
        near_s = right_s - step.right.half_s
        yield self._samples.first_in(near_s, min(bound_s, right_s + 0.03))
        yield self.slope(place + 1, _SHORT_S)
        yield self._samples.last_in(right_s + 0.02, min(bound_s, right_s + 0.25))
        yield self._samples.last_in(edge_s, right_s)
        yield self.slope(place + 1)

    def _stale(self, step: Step) -> list[float]:
        """A power read right after the next edge: its sensor may not have seen the change yet."""
        bound_s = self._edges.first_from(step.right.moment_s)
        power_w = self._samples.first_in(bound_s, bound_s + _AT_EDGE_S)
        return [] if power_w is None else [power_w]

    def _slope_since_edge(self, place: int) -> float | None:
        """The mean power from an edge to the knot after it, if nobody came to read between."""
        knots = self._line.knots
        if not 0 < place < len(knots):
            return None
        left, right = knots[place - 1], knots[place]
        edges_s = self._edges.moments_between(left.moment_s, right.moment_s)
        if len(edges_s) != 1 or right.moment_s - edges_s[0] < 0.01:
            return None
        before_w = self._samples.last_in(self._edges.last_until(left.moment_s), edges_s[0])
        if before_w is None:
            before_w = self.slope(place - 1)
        if before_w is None:
            return None
        at_edge_j = left.energy_j + before_w * (edges_s[0] - left.moment_s)
        return max(0.0, (right.energy_j - at_edge_j) / (right.moment_s - edges_s[0]))

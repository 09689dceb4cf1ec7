"""One step of a counter that holds edges: how its energy divides.

The step's energy is known, and the power at its two ends. With one jump of
power inside the step, the curve is the line from the left end with the power
before, up to where it meets the line back from the right end with the power
after: the larger of the two where power rises, the smaller where it falls.
That finds the jump wherever it lies, before, on or after the edge. What the
two lines leave over was drawn by work that nobody saw: it goes to the side of
the edge on which work is done.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from jupyter_carbon.reconstruct.edges import Edge

_SLACK_S = 0.004
"""How far outside a step its jump may seem to lie: readings and calls take time."""

_IMPLIED_S = 0.01
"""A power is implied by energy only over a span that is known better than to be a small part."""


class Knot(NamedTuple):
    """A point that the curve passes through: `energy_j` was reached at `moment_s` +- `half_s`."""

    moment_s: float
    energy_j: float
    half_s: float


class Step(NamedTuple):
    """Two neighbouring knots and the edges between them, in order."""

    left: Knot
    right: Knot
    edges: Sequence[Edge]

    @property
    def span_s(self) -> float:
        """The time between the knots."""
        return self.right.moment_s - self.left.moment_s

    @property
    def span_j(self) -> float:
        """The energy between the knots."""
        return self.right.energy_j - self.left.energy_j

    @property
    def is_shared(self) -> bool:
        """True if edges at different moments lie in the step."""
        return len(self.edges) > 1 and self.edges[-1].moment_s > self.edges[0].moment_s

    def line_left(self, moment_s: float, power_w: float) -> float:
        """The energy at a moment if the power before lasted until then."""
        return self.left.energy_j + power_w * (moment_s - self.left.moment_s)

    def line_right(self, moment_s: float, power_w: float) -> float:
        """The energy at a moment if the power after held from then on."""
        return self.right.energy_j - power_w * (self.right.moment_s - moment_s)

    def chord(self, moment_s: float) -> float:
        """The straight line between the knots."""
        if self.span_s <= 0:
            return self.right.energy_j
        share = min(1.0, max(0.0, (moment_s - self.left.moment_s) / self.span_s))
        return self.left.energy_j + share * self.span_j

    def clamp(self, energy_j: float) -> float:
        """An energy between those of the two knots."""
        return min(self.right.energy_j, max(self.left.energy_j, energy_j))

    def agrees(self, before_w: float, after_w: float) -> bool:
        """True if one jump between these powers explains the step's energy.

        The jump must lie in the step, give or take a slack; without a jump
        worth the name, the energy itself must fit to that many seconds of power.
        """
        slack_s = self.left.half_s + self.right.half_s + _SLACK_S
        excess_j = self.span_j - before_w * self.span_s
        most_w = max(before_w, after_w, 1e-9)
        rise_w = after_w - before_w
        fits = abs(excess_j) <= most_w * (0.02 * self.span_s + 0.5 * slack_s)
        if fits and abs(rise_w) <= 0.1 * most_w:
            return True
        if abs(rise_w) < 1e-9:
            return False
        # Where the line from the left end meets the line back from the right end.
        meets_s = self.right.moment_s - excess_j / rise_w
        return self.left.moment_s - slack_s <= meets_s <= self.right.moment_s + slack_s


def implied_powers(
    step: Step, before_w: float | None, after_w: float | None
) -> tuple[float | None, float | None]:
    """The powers at a step's ends, where one was not read the one that its energy implies.

    That is the power with which all of the step's energy is drawn if the jump
    lies on its only edge. Where there are more edges, or hardly any time for it,
    it stays unknown.
    """
    if (before_w is None) == (after_w is None) or len(step.edges) != 1:
        return before_w, after_w
    edge_s = step.edges[0].moment_s
    if before_w is not None:
        span_s = step.right.moment_s - edge_s
        drawn_j = step.right.energy_j - step.line_left(edge_s, before_w)
    else:
        assert after_w is not None
        span_s = edge_s - step.left.moment_s
        drawn_j = step.line_right(edge_s, after_w) - step.left.energy_j
    if span_s < _IMPLIED_S or drawn_j < 0:
        return before_w, after_w
    power_w = drawn_j / span_s
    return (before_w, power_w) if after_w is None else (power_w, after_w)


class Division:
    """A step's energy divided, given the powers at its ends in watts (None: unknown)."""

    def __init__(self, step: Step, before_w: float | None, after_w: float | None) -> None:
        self.step = step
        self.before_w = before_w
        self.after_w = after_w
        self._points: list[tuple[float, float]] = []
        if before_w is None or after_w is None or not step.edges:
            return
        if step.is_shared:
            self._points = self._through_edges(before_w, after_w)
        elif not step.agrees(before_w, after_w):
            edge_s = step.edges[0].moment_s
            self._points = [(edge_s, self._at_lone_edge(before_w, after_w))]

    @property
    def is_explained(self) -> bool:
        """True if one jump of the power explains all."""
        return not self._points

    def at(self, moment_s: float) -> float:
        """The energy at a moment in the step."""
        step, before_w, after_w = self.step, self.before_w, self.after_w
        if not step.edges or (before_w is None and after_w is None):
            return step.chord(moment_s)
        if self._points:
            return self._interpolated(moment_s)
        if before_w is None:
            assert after_w is not None
            return step.clamp(step.line_right(moment_s, after_w))
        if after_w is None:
            return step.clamp(step.line_left(moment_s, before_w))
        from_left = step.line_left(moment_s, before_w)
        from_right = step.line_right(moment_s, after_w)
        # Where the lines differ by no more than their ends are known to, both are witnesses.
        left_j = step.left.half_s * before_w + 1e-9
        right_j = step.right.half_s * after_w + 1e-9
        if abs(from_left - from_right) <= left_j + right_j:
            weight = right_j**2 / (left_j**2 + right_j**2)
            return step.clamp(weight * from_left + (1 - weight) * from_right)
        meet = max if after_w > before_w else min
        return step.clamp(meet(from_left, from_right))

    def _at_lone_edge(self, before_w: float, after_w: float) -> float:
        """The energy at the edge of a step with more than one jump."""
        step, edge = self.step, self.step.edges[0]
        from_left = step.line_left(edge.moment_s, before_w)
        from_right = step.line_right(edge.moment_s, after_w)
        if from_right > from_left and edge.turn:
            return step.clamp(from_left if edge.turn > 0 else from_right)
        return step.clamp((from_left + from_right) / 2)

    def _through_edges(self, before_w: float, after_w: float) -> list[tuple[float, float]]:
        """The energies at several edges.

        The first line holds up to the first edge, the second from the last. Of
        what lies between, pauses get the lower of the two powers, work the rest.
        """
        step, edges = self.step, self.step.edges
        first_j = step.clamp(step.line_left(edges[0].moment_s, before_w))
        last_j = step.clamp(step.line_right(edges[-1].moment_s, after_w))
        spans_s = [right.moment_s - left.moment_s for left, right in pairwise(edges)]
        pauses = [left.turn < 0 < right.turn for left, right in pairwise(edges)]
        paused_s = sum(span_s for span_s, pause in zip(spans_s, pauses, strict=True) if pause)
        worked_s = sum(spans_s) - paused_s
        most_j = math.inf if worked_s > 0 else self._most_j(paused_s)
        if last_j - first_j > most_j:
            excess_j = last_j - first_j - min(before_w, after_w) * paused_s
            first_j, last_j = self._given_to_work(first_j, last_j, excess_j)
        if last_j < first_j:
            first_j = last_j = (first_j + last_j) / 2
        between_j = last_j - first_j
        pause_w = 0.0
        if paused_s > 0:
            idle_j = min(before_w, after_w) * paused_s if worked_s > 0 else between_j
            pause_w = min(idle_j, between_j) / paused_s
        work_w = (between_j - pause_w * paused_s) / worked_s if worked_s > 0 else 0.0
        points = [(edges[0].moment_s, first_j)]
        for edge, span_s, pause in zip(edges[1:], spans_s, pauses, strict=True):
            reached_j = points[-1][1] + span_s * (pause_w if pause else work_w)
            points.append((edge.moment_s, reached_j))
        return points

    def _most_j(self, span_s: float) -> float:
        """What can have been drawn in a span if no power was higher than those at the ends."""
        assert self.before_w is not None
        assert self.after_w is not None
        slack_s = self.step.left.half_s + self.step.right.half_s + _SLACK_S
        return max(self.before_w, self.after_w) * (span_s + slack_s)

    def _given_to_work(self, first_j: float, last_j: float, excess_j: float) -> tuple[float, float]:
        """The energies at the first and the last edge, where work took what a pause cannot have.

        Of the excess, the work before and after it gets its part by duration.
        """
        first, last = self.step.edges[0], self.step.edges[-1]
        before_s = first.moment_s - self.step.left.moment_s if first.turn < 0 else 0.0
        after_s = self.step.right.moment_s - last.moment_s if last.turn > 0 else 0.0
        share = before_s / (before_s + after_s) if before_s + after_s > 0 else 0.5
        return first_j + share * excess_j, last_j - (1 - share) * excess_j

    def _interpolated(self, moment_s: float) -> float:
        left, right = self.step.left, self.step.right
        place = bisect_right(self._points, moment_s, key=lambda point: point[0])
        from_s, from_j = self._points[place - 1] if place else (left.moment_s, left.energy_j)
        if place < len(self._points):
            to_s, to_j = self._points[place]
        else:
            to_s, to_j = right.moment_s, right.energy_j
        if to_s <= from_s:
            return from_j
        return from_j + (to_j - from_j) * (moment_s - from_s) / (to_s - from_s)

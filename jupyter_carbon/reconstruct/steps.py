"""One step of a counter that holds edges: how its energy divides.

The step's energy is known, and the power at its two ends. With one jump of
power inside the step, the curve is the line from the left end with the power
before, up to where it meets the line back from the right end with the power
after: the larger of the two where power rises, the smaller where it falls.
That finds the jump wherever it lies, before, on or after the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Knot(NamedTuple):
    """A point that the curve passes through: `energy_j` was reached at `moment_s` +- `half_s`."""

    moment_s: float
    energy_j: float
    half_s: float


class Step(NamedTuple):
    """Two neighbouring knots and the edges between them, in order."""

    left: Knot
    right: Knot
    edges_s: Sequence[float]

    def line_left(self, moment_s: float, power_w: float) -> float:
        """The energy at a moment if the power before lasted until then."""
        return self.left.energy_j + power_w * (moment_s - self.left.moment_s)

    def line_right(self, moment_s: float, power_w: float) -> float:
        """The energy at a moment if the power after held from then on."""
        return self.right.energy_j - power_w * (self.right.moment_s - moment_s)

    def chord(self, moment_s: float) -> float:
        """The straight line between the knots."""
        span_s = self.right.moment_s - self.left.moment_s
        if span_s <= 0:
            return self.right.energy_j
        share = min(1.0, max(0.0, (moment_s - self.left.moment_s) / span_s))
        return self.left.energy_j + share * (self.right.energy_j - self.left.energy_j)

    def clamp(self, energy_j: float) -> float:
        """An energy between those of the two knots."""
        return min(self.right.energy_j, max(self.left.energy_j, energy_j))

    def jump_s(self, before_w: float, after_w: float) -> float | None:
        """Where the two lines meet; None where they are as good as parallel."""
        rise_w = after_w - before_w
        if abs(rise_w) < 1e-9:
            return None
        at = self.left.moment_s
        gap_j = self.line_left(at, before_w) - self.line_right(at, after_w)
        return at + gap_j / rise_w

    def agrees(self, before_w: float, after_w: float, slack_s: float) -> bool:
        """True if one jump between these powers explains the step's energy.

        The jump must lie in the step, give or take `slack_s`; without a jump
        worth the name, the energy itself must fit to that many seconds of power.
        """
        span_s = self.right.moment_s - self.left.moment_s
        excess_j = self.right.energy_j - self.left.energy_j - before_w * span_s
        most_w = max(before_w, after_w, 1e-9)
        fits = abs(excess_j) <= most_w * (0.02 * span_s + 0.5 * slack_s)
        if fits and abs(after_w - before_w) <= 0.1 * most_w:
            return True
        meets_s = self.jump_s(before_w, after_w)
        if meets_s is None:
            return False
        return self.left.moment_s - slack_s <= meets_s <= self.right.moment_s + slack_s

    def at(self, moment_s: float, before_w: float | None, after_w: float | None) -> float:
        """The energy at a moment in the step, given the powers at its ends (None: unknown)."""
        if not self.edges_s or (before_w is None and after_w is None):
            return self.chord(moment_s)
        first_s, last_s = self.edges_s[0], self.edges_s[-1]
        if before_w is None:
            assert after_w is not None
            return self.clamp(self.line_right(moment_s, after_w))
        if after_w is None:
            return self.clamp(self.line_left(moment_s, before_w))
        if first_s < last_s:
            return self._between_edges(moment_s, before_w, after_w)
        from_left = self.line_left(moment_s, before_w)
        from_right = self.line_right(moment_s, after_w)
        slack_s = self.left.half_s + self.right.half_s + 0.004
        if not self.agrees(before_w, after_w, slack_s):
            # More than one jump: nothing says on which side of the edge the rest was drawn.
            return self.clamp((from_left + from_right) / 2)
        # Where the lines differ by no more than their ends are known to, both are witnesses.
        left_j = self.left.half_s * before_w + 1e-9
        right_j = self.right.half_s * after_w + 1e-9
        if abs(from_left - from_right) <= left_j + right_j:
            weight = right_j**2 / (left_j**2 + right_j**2)
            return self.clamp(weight * from_left + (1 - weight) * from_right)
        meet = max if after_w > before_w else min
        return self.clamp(meet(from_left, from_right))

    def _between_edges(self, moment_s: float, before_w: float, after_w: float) -> float:
        first_s, last_s = self.edges_s[0], self.edges_s[-1]
        first_j = self.clamp(self.line_left(first_s, before_w))
        last_j = self.clamp(self.line_right(last_s, after_w))
        if last_j < first_j:
            first_j = last_j = (first_j + last_j) / 2
        if moment_s <= first_s:
            return min(first_j, self.clamp(self.line_left(moment_s, before_w)))
        if moment_s >= last_s:
            return max(last_j, self.clamp(self.line_right(moment_s, after_w)))
        return first_j + (last_j - first_j) * (moment_s - first_s) / (last_s - first_s)

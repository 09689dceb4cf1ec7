"""From what a run gave to figures beside their limits."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from tests.accuracy.figure import Figure
from tests.accuracy.stick import Cell, Outcome

HOLD_SHARE = 0.95
"""Ranges hold the truth in at least this share of cells."""
_SENSOR_WIDTH = 0.12
"""A range may be this wide, relative to its figure, besides a step of the counter x the jump."""
_LOST_PERCENT = 1.0


def judged(outcome: Outcome) -> list[Cell]:
    """The cells whose figures count for the scenario's limit."""
    cells = list(outcome.cells)
    if outcome.scenario.integrated:
        cells = [cell for cell in cells if cell.boards[0].provenance == "integrated"]
    if outcome.scenario.loses:
        cells = cells[:1] + cells[2:]
    return cells


def figures(outcome: Outcome) -> list[Figure]:
    """The scenario's figures: the cells' mean error, the session's, a lost board's, the widths."""
    scenario = outcome.scenario
    cells = judged(outcome)
    if not cells:
        # A counter that should have been caught was not.
        return [Figure("cells", math.nan, scenario.limit_percent)]
    mean = statistics.fmean(abs(cell.error) for cell in cells)
    found = [
        Figure("cells", 100 * mean, scenario.limit_percent),
        Figure("session", 100 * abs(outcome.session_error), scenario.session_limit_percent),
    ]
    if scenario.loses:
        lost = outcome.cells[1].boards[0]
        error = abs((lost.value_j or 0.0) / lost.true_j - 1)
        found.append(Figure("what the lost board drew", 100 * error, _LOST_PERCENT))
    wide = [excess_width(cell, scenario.step_s) > 0 for cell in cells]
    share = 100 * sum(wide) / len(wide)
    limit = 0.0 if scenario.counted else None
    found.append(Figure("ranges too wide", share, limit, "% of cells"))
    return found


def excess_width(cell: Cell, step_s: float) -> float:
    """By how much a cell's range is wider than it may be, over its value; 0 if it is not.

    It may be 12 % wide, and by a step of the counter x the jump more. Where
    there is no counter, a refresh of the power stands for its step.
    """
    allowed_j = _SENSOR_WIDTH * cell.value_j + step_s * cell.jump_w
    return max(0.0, cell.high_j - cell.low_j - allowed_j) / cell.value_j


def holds(outcomes: Sequence[Outcome]) -> Figure:
    """In how many cells the edge part of the range alone holds the truth."""
    held = [
        abs(cell.value_j - cell.true_j) <= cell.edge_j
        for outcome in outcomes
        for cell in judged(outcome)
    ]
    return Figure(
        "edges hold the truth", 100 * sum(held) / len(held), 100 * HOLD_SHARE, "% of cells", True
    )

"""Least squares whose unknowns touch only their neighbours, in plain Python.

The systems have some forty unknowns; loading an array library for them would
cost the user's kernel more time and memory than all the rest of the meter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One equation: the unknowns from number `first` on, times `factors`, make `side`."""

    first: int
    factors: Sequence[float]
    side: float


def solve_banded(rows: Sequence[Row], count: int) -> list[float]:
    """The least squares solution of the rows, by Cholesky on the normal equations.

    Args:
        rows: the equations, each already times the root of its weight.
        count: the number of unknowns. One that no row touches comes out 0.
    """
    width = max((len(row.factors) for row in rows), default=1)
    # lower[i][d] stands for the matrix's element (i, i - d).
    lower = [[0.0] * width for _ in range(count)]
    right = [0.0] * count
    for first, factors, side in rows:
        for i, factor in enumerate(factors):
            right[first + i] += factor * side
            line = lower[first + i]
            for j in range(i + 1):
                line[i - j] += factor * factors[j]
    for i in range(count):
        line = lower[i]
        for d in range(min(i, width - 1), -1, -1):
            above = lower[i - d]
            rest = line[d]
            # The columns that row i and the row above have both.
            for k in range(1, min(width - d, i - d + 1)):
                rest -= line[d + k] * above[k]
            line[d] = rest / above[0] if d else math.sqrt(max(rest, 1e-12))
        rest = right[i]
        for d in range(1, min(i + 1, width)):
            rest -= line[d] * right[i - d]
        right[i] = rest / line[0]
    for i in range(count - 1, -1, -1):
        rest = right[i]
        for d in range(1, min(count - i, width)):
            rest -= lower[i + d][d] * right[i + d]
        right[i] = rest / lower[i][0]
    return right

"""Least squares whose unknowns touch only their neighbours, in plain Python.

The systems have some forty unknowns; loading an array library for them would
cost the user's kernel more time and memory than all the rest of the meter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def solve_banded(
    rows: Sequence[Mapping[int, float]], sides: Sequence[float], count: int
) -> list[float]:
    """The x of least squares for rows * x = sides, by Cholesky on the normal equations.

    Args:
        rows: for each equation the factors by number of the unknown.
        sides: the right sides, one a row.
        count: the number of unknowns.

    An unknown that no row touches comes out 0.
    """
    width = max((max(row) - min(row) for row in rows if row), default=0)
    lower = [[0.0] * (width + 1) for _ in range(count)]  # lower[i][d] stands for (i, i - d)
    right = [0.0] * count
    for row, side in zip(rows, sides, strict=True):
        items = sorted(row.items())
        for place, factor in items:
            right[place] += factor * side
            line = lower[place]
            for other, other_factor in items:
                if other <= place:
                    line[place - other] += factor * other_factor
    for i in range(count):
        line = lower[i]
        for d in range(min(i, width), -1, -1):
            j = i - d
            above = lower[j]
            rest = line[d]
            for k in range(max(0, i - width, j - width), j):
                rest -= line[i - k] * above[j - k]
            if d:
                line[d] = rest / above[0]
            else:
                line[0] = math.sqrt(max(rest, 1e-12))
    for i in range(count):
        line = lower[i]
        rest = right[i]
        for d in range(1, min(i, width) + 1):
            rest -= line[d] * right[i - d]
        right[i] = rest / line[0]
    for i in range(count - 1, -1, -1):
        rest = right[i]
        for d in range(1, min(count - 1 - i, width) + 1):
            rest -= lower[i + d][d] * right[i + d]
        right[i] = rest / lower[i][0]
    return right

"""The power over time, from a curve's thinned points."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from jupyter_carbon.curve import Gap


def mean_power_w(
    points: Sequence[tuple[float, float]], gaps: Sequence[Gap], moments_s: Sequence[float]
) -> list[float | None]:
    """Mean power in watts between each two neighbouring moments.

    Args:
        points: (moment, cumulative joules), oldest first.
        gaps: times in which nothing was counted.
        moments_s: ends of the spans, ascending; one more than the result has values.

    None stands where the points do not reach, and where a gap fills a span.
    """
    at_s = [point[0] for point in points]
    result: list[float | None] = []
    for from_s, to_s in pairwise(moments_s):
        if not at_s or from_s < at_s[0] or to_s > at_s[-1] or _in_gap(gaps, from_s, to_s):
            result.append(None)
            continue
        drawn_j = _energy_j(points, at_s, to_s) - _energy_j(points, at_s, from_s)
        result.append(round(max(0.0, drawn_j / (to_s - from_s)), 3))
    return result


def _energy_j(
    points: Sequence[tuple[float, float]], at_s: Sequence[float], moment_s: float
) -> float:
    place = min(len(at_s) - 1, max(1, bisect_right(at_s, moment_s)))
    (left_s, left_j), (right_s, right_j) = points[place - 1], points[place]
    if right_s <= left_s:
        return right_j
    return left_j + (right_j - left_j) * (moment_s - left_s) / (right_s - left_s)


def _in_gap(gaps: Sequence[Gap], from_s: float, to_s: float) -> bool:
    return any(gap.from_s <= from_s and (gap.to_s is None or gap.to_s >= to_s) for gap in gaps)

"""The power over time that explains means over a moving window, by least squares."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from jupyter_carbon.reconstruct.banded import Row, solve_banded

_WIDTHS_S = ((0.35, 0.1), (1.3, 0.2), (math.inf, 0.5))
"""How wide bins are: up to so far from an edge, so wide."""
_MOST_EDGES_PER_S = 25.0
"""More edges than that are thinned: nothing can be told apart between them."""
_CLOSE_S = 0.002
_SMOOTH = 2e-4
"""The pull between two bins, times their distance in seconds, against one reading's equation.

A reading is good to about 0.5 W; powers then may differ by 11 W in 0.1 s as lightly.
"""
_JUMP = 3e-3
"""At an edge the pull is so much weaker: jumps of 200 W are as likely there."""


class Bins(NamedTuple):
    """Spans of time in which power is taken for constant.

    `ends_s` are their ends in order, one more than there are bins; `jumps` are
    the numbers of the bins that begin at an edge.
    """

    ends_s: list[float]
    jumps: set[int]


def make_bins(begin_s: float, end_s: float, cut_s: float, edges_s: Sequence[float]) -> Bins:
    """Bins from `begin_s` to `end_s`: fine near edges, coarse elsewhere.

    Args:
        begin_s: where the first bin begins.
        end_s: where the last one ends.
        cut_s: a moment at which one bin ends and another begins without a jump.
        edges_s: moments at which power may jump, in order.
    """
    stops_s = _thinned(begin_s, end_s, edges_s)
    cuts_s = set()
    if begin_s < cut_s < end_s and not any(abs(edge - cut_s) < _CLOSE_S for edge in stops_s):
        cuts_s.add(cut_s)
    ends_s: list[float] = [begin_s]
    jumps: set[int] = set()
    before_s = -math.inf
    for stop_s in sorted([*stops_s, *cuts_s, end_s]):
        after_s = next((edge for edge in stops_s if edge > ends_s[-1]), math.inf)
        while stop_s - ends_s[-1] > 1e-9:
            at_s = ends_s[-1]
            away_s = min(at_s - before_s, max(0.0, after_s - at_s))
            width_s = next(width for reach_s, width in _WIDTHS_S if away_s <= reach_s)
            # A bin must not reach from far into the neighbourhood of an edge.
            width_s = min(width_s, max(_WIDTHS_S[0][1], (after_s - at_s) / 2))
            ends_s.append(stop_s if stop_s - at_s < 1.5 * width_s else at_s + width_s)
        if stop_s in stops_s:
            jumps.add(len(ends_s) - 1)
            before_s = stop_s
    return Bins(ends_s, jumps)


def fit_profile(bins: Bins, means: Sequence[tuple[float, float]], window_s: float) -> list[float]:
    """The power of each bin in watts.

    Args:
        bins: the spans of constant power.
        means: (moment, mean power over the window before it), in order.
        window_s: the span of the means. One that begins before the bins is left out.
    """
    ends_s = bins.ends_s
    count = len(ends_s) - 1
    rows: list[Row] = []
    for moment_s, power_w in means:
        begin_s = moment_s - window_s
        if begin_s < ends_s[0] - 1e-6:
            continue
        first = max(0, bisect_right(ends_s, begin_s) - 1)
        factors = []
        for place in range(first, count):
            if ends_s[place] >= moment_s:
                break
            part_s = min(ends_s[place + 1], moment_s) - max(ends_s[place], begin_s)
            factors.append(part_s / window_s)
        rows.append(Row(first, factors, power_w))
    for place in range(1, count):
        distance_s = (ends_s[place + 1] - ends_s[place - 1]) / 2
        pull = math.sqrt(_SMOOTH / distance_s * (_JUMP if place in bins.jumps else 1.0))
        rows.append(Row(place - 1, (-pull, pull), 0.0))
    return solve_banded(rows, count)


def _thinned(begin_s: float, end_s: float, edges_s: Sequence[float]) -> list[float]:
    """The edges inside, so few that the bins between them stay a small system."""
    span_s = max(end_s - begin_s, 1.0)
    apart_s = _CLOSE_S
    if len(edges_s) > _MOST_EDGES_PER_S * span_s:
        apart_s = 1.0 / _MOST_EDGES_PER_S
    kept: list[float] = []
    for edge_s in edges_s:
        is_inside = edge_s - begin_s > _CLOSE_S and end_s - edge_s > _CLOSE_S
        if is_inside and (not kept or edge_s - kept[-1] >= apart_s):
            kept.append(edge_s)
    return kept

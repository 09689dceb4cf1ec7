"""Energy by a counter against energy by power."""

from __future__ import annotations

import math
import random

import pytest

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.comparison import MeanComparison, SteadyComparison


def reading(at_s: float, counter_j: float, power_w: float) -> Reading:
    return Reading(at_s, counter_j, power_w, at_s)


def steady() -> SteadyComparison:
    return SteadyComparison(widest_gap_s=0.06, shortest_s=0.15, settle_s=0.12)


def feed(
    comparison: SteadyComparison,
    power_w: float,
    span_s: float,
    *,
    factor: float = 1.0,
    from_s: float = 0.0,
    lowest_w: float = 60.0,
    step_s: float = 0.1,
) -> float:
    """Dense readings of a steady power beside a counter that has `factor` of it."""
    rng = random.Random(0)
    at_s = from_s
    while at_s < from_s + span_s:
        counter_j = math.floor(at_s / step_s) * step_s * power_w * factor
        comparison.add(reading(at_s, counter_j, power_w), lowest_w)
        at_s += rng.uniform(0.006, 0.026)
    return at_s


@pytest.mark.parametrize("factor", [0.57, 0.9, 1.0, 1.5])
def test_a_steady_stretch_gives_the_counters_share(factor: float) -> None:
    comparison = steady()
    feed(comparison, 300.0, 6.0, factor=factor)
    comparison.end()
    balance = comparison.all
    assert balance.span_s > 4.5
    assert balance.counted_j / balance.drawn_j == pytest.approx(factor, rel=0.02)
    assert balance.differs == (abs(factor - 1) > 0.15)
    assert balance.falls_short == (factor < 0.85)
    assert balance.stretches == 1


def test_only_the_lowest_power_is_the_floor() -> None:
    comparison = steady()
    feed(comparison, 60.0, 2.0)
    feed(comparison, 300.0, 2.0, from_s=10.0)
    comparison.end()
    assert comparison.all.stretches == 2
    assert comparison.floor.stretches == 1
    assert comparison.floor.drawn_j == pytest.approx(60.0 * comparison.floor.span_s)


def test_a_power_that_changes_is_not_compared() -> None:
    comparison = steady()
    rng = random.Random(1)
    at_s = 0.0
    while at_s < 10.0:
        power_w = 300.0 if at_s % 0.2 < 0.1 else 60.0
        comparison.add(reading(at_s, 180.0 * at_s, power_w), 60.0)
        at_s += rng.uniform(0.006, 0.026)
    comparison.end()
    assert comparison.all.span_s == 0.0


def test_readings_too_far_apart_are_not_compared() -> None:
    comparison = steady()
    for number in range(50):
        comparison.add(reading(0.1 * number, 0.0, 300.0), 60.0)
    comparison.end()
    assert comparison.all.span_s == 0.0


def mean_of(*, factor: float, half_period_s: float, gap_s: float = 0.1) -> bool:
    """Whether a counter with `factor` of a square wave disagrees with its 1 s mean in 30 s."""

    def drawn_j(at_s: float) -> float:
        turns, rest_s = divmod(at_s, 2 * half_period_s)
        high_s = min(rest_s, half_period_s)
        return 360.0 * half_period_s * turns + 300.0 * high_s + 60.0 * (rest_s - high_s)

    comparison = MeanComparison(1.0, 5.0)
    at_s, found = 5.0, False
    while at_s < 35.0:
        found = (
            comparison.add(
                reading(at_s, factor * drawn_j(at_s), drawn_j(at_s) - drawn_j(at_s - 1.0))
            )
            or found
        )
        at_s += gap_s
    return found


@pytest.mark.parametrize("half_period_s", [0.05, 0.3, 1.5, 4.0])
@pytest.mark.parametrize("gap_s", [0.1, 0.97])
def test_a_mean_is_compared_whatever_the_load_does(half_period_s: float, gap_s: float) -> None:
    assert not mean_of(factor=1.0, half_period_s=half_period_s, gap_s=gap_s)
    assert not mean_of(factor=0.9, half_period_s=half_period_s, gap_s=gap_s)
    assert mean_of(factor=0.4, half_period_s=half_period_s, gap_s=gap_s)


def test_means_too_far_apart_are_not_compared() -> None:
    assert not mean_of(factor=0.4, half_period_s=1.5, gap_s=1.4)

"""Changes of a counter, put on the refreshes that made them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.reconstruct.dating import Change, Knots
from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight
from jupyter_carbon.reconstruct.steps import Knot

PERIOD_S = 0.1


def learnt(period_s: float = PERIOD_S) -> RefreshGrid:
    """Refreshes at whole multiples of the period, seen to 2 ms for 40 periods."""
    grid = RefreshGrid()
    for number in range(40):
        grid.see(Sight(number * period_s, 0.002), follows_previous=number > 0)
    return grid


def dated(*changes: Change) -> list[Knot]:
    knots = Knots(learnt())
    knots.date()
    for change in changes:
        knots.note(change)
    return knots.knots


def test_a_change_seen_long_after_is_dated_to_the_last_refresh_before_the_reading() -> None:
    (knot,) = dated(Change(5.02, 5.46, 1.0))
    assert knot.moment_s == pytest.approx(5.4, abs=0.003)
    assert knot.energy_j == 1.0


def test_a_change_within_two_near_readings_lies_between_them() -> None:
    (knot,) = dated(Change(5.401, 5.405, 1.0))
    assert 5.401 <= knot.moment_s <= 5.405
    assert knot.half_s <= 0.002


def test_a_reading_right_at_a_refresh_waits_for_the_next_change() -> None:
    assert dated(Change(5.02, 5.4003, 1.0)) == []


def test_a_value_that_lasts_beyond_the_later_refresh_is_its_own() -> None:
    first, _ = dated(Change(5.02, 5.4003, 1.0), Change(5.45, 5.505, 2.0))
    assert first.moment_s == pytest.approx(5.4, abs=0.003)


def test_a_value_that_the_later_refresh_replaced_is_the_earlier_ones() -> None:
    first, second = dated(Change(5.02, 5.4003, 1.0), Change(5.4003, 5.42, 2.0))
    assert first.moment_s == pytest.approx(5.3, abs=0.003)
    assert second.moment_s == pytest.approx(5.4, abs=0.003)


def test_the_only_refresh_that_can_have_moved_the_counter_did() -> None:
    (knot,) = dated(Change(5.35, 5.4003, 1.0))
    assert knot.moment_s == pytest.approx(5.4, abs=0.003)


def test_without_a_grid_a_value_is_at_most_a_usual_step_old() -> None:
    knots = Knots(RefreshGrid())
    knots.note(Change(-math.inf, 1.0, 0.0))
    knots.note(Change(2.0, 3.0, 5.0))
    knots.date()
    (knot,) = knots.knots
    assert knot.moment_s + knot.half_s == pytest.approx(3.0)
    assert knot.half_s == pytest.approx(0.05)


def test_changes_are_dated_anew_when_the_refreshes_are_learnt() -> None:
    grid = RefreshGrid()
    knots = Knots(grid)
    knots.note(Change(5.02, 5.46, 1.0))
    knots.date()
    before_s = knots.last_s
    for number in range(40):
        grid.see(Sight(number * PERIOD_S, 0.002), follows_previous=number > 0)
    knots.date()
    assert knots.last_s == pytest.approx(5.4, abs=0.003)
    assert knots.last_s != before_s


@given(st.lists(st.floats(0.003, 1.5), min_size=2, max_size=30))
def test_knots_are_in_order_and_never_after_the_reading_that_showed_them(
    gaps_s: list[float],
) -> None:
    knots = Knots(learnt())
    knots.date()
    at_s = 4.0
    for energy_j, gap_s in enumerate(gaps_s):
        knots.note(Change(at_s, at_s + gap_s, float(energy_j)))
        at_s += gap_s
    assert knots.moments_s == sorted(set(knots.moments_s))
    assert [knot.energy_j for knot in knots.knots] == sorted(knot.energy_j for knot in knots.knots)
    assert knots.last_s <= at_s + 0.003

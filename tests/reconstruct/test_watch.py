"""Seeing refreshes, and choosing the moments at which to look for them."""

from __future__ import annotations

import math

import pytest

from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight
from jupyter_carbon.reconstruct.watch import DENSE_S, RefreshWatch

CALL_S = 0.00005


def read_densely(
    watch: RefreshWatch, from_s: float, to_s: float, period_s: float, *, flat: bool = False
) -> None:
    """Readings every 4 ms of a value that is renewed at whole multiples of the period."""
    at_s = from_s
    while at_s < to_s:
        next_s = at_s + DENSE_S
        moved = not flat and math.floor(next_s / period_s) > math.floor(at_s / period_s)
        watch.look(at_s, next_s, CALL_S, moved=moved)
        at_s = next_s


def watched(period_s: float = 0.1) -> RefreshWatch:
    watch = RefreshWatch()
    read_densely(watch, 0.03, 2.0, period_s)
    return watch


@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.5])
def test_dense_readings_teach_the_period(period_s: float) -> None:
    watch = RefreshWatch()
    read_densely(watch, 0.03, 10 * period_s, period_s)
    assert watch.grid.period_s == pytest.approx(period_s, rel=0.01)
    assert watch.is_sure(10 * period_s)
    assert not watch.is_continuous


def test_a_value_that_is_new_in_every_reading_is_continuous() -> None:
    watch = RefreshWatch()
    read_densely(watch, 0.0, 0.2, 0.001)
    assert watch.is_continuous
    assert watch.vague_from_s() == math.inf
    assert watch.beside_refresh(5.0) == 5.0


def test_readings_far_apart_locate_nothing() -> None:
    watch = RefreshWatch()
    assert watch.look(0.0, 0.1, CALL_S, moved=True) is None
    assert watch.look(0.1, 0.104, CALL_S, moved=True) == Sight(
        pytest.approx(0.102, abs=1e-4), pytest.approx(0.002, abs=1e-4)
    )


@pytest.mark.parametrize("after_s", [2.0, 2.049, 2.0999, 2.13])
def test_the_refresh_after_a_moment_is_bracketed(after_s: float) -> None:
    watch = watched()
    begin_s = watch.around_refresh(after_s, 1.99)
    refresh_s = next(k * 0.1 for k in range(100) if k * 0.1 > begin_s)
    assert begin_s < refresh_s <= begin_s + 0.01
    assert refresh_s >= after_s - 0.005
    assert watch.around_refresh(after_s, refresh_s) == pytest.approx(refresh_s + DENSE_S)


@pytest.mark.parametrize("due_s", [3.0, 3.003, 3.097, 3.05])
def test_a_regular_reading_keeps_away_from_refreshes(due_s: float) -> None:
    moved_s = watched().beside_refresh(due_s)
    assert abs(moved_s - due_s) <= 0.035
    assert 0.008 <= moved_s % 0.1 <= 0.092


def test_the_next_refresh_is_looked_for_before_its_number_is_lost() -> None:
    watch = RefreshWatch()
    read_densely(watch, 0.03, 0.3, 0.02)
    now_s, looks = 0.3, 0
    while now_s < 60.0:
        now_s = max(now_s + DENSE_S, min(watch.vague_from_s(), 60.0))
        read_densely(watch, now_s, now_s + 0.03, 0.02)
        now_s, looks = now_s + 0.03, looks + 1
    assert watch.grid.period_s == pytest.approx(0.02, rel=1e-5)
    assert looks < 60


def test_nothing_is_looked_for_while_nothing_moves() -> None:
    watch = watched()
    read_densely(watch, 2.0, 2.3, 0.1, flat=True)
    assert watch.vague_from_s() == math.inf
    watch.look(2.3, 3.0, CALL_S, moved=True)
    assert watch.vague_from_s() < math.inf


def test_a_sensor_whose_refreshes_cannot_be_located_is_left_alone_for_a_while() -> None:
    slow_s = 0.006
    watch = RefreshWatch(learnt_for_slow_calls(slow_s))
    at_s = 10.0
    for _ in range(9):
        watch.look(at_s, at_s + DENSE_S + slow_s, slow_s, moved=True)
        at_s += DENSE_S + slow_s
    assert watch.vague_from_s() >= at_s + 5.0


def learnt_for_slow_calls(half_s: float) -> RefreshGrid:
    grid = RefreshGrid()
    for number in range(40):
        grid.see(Sight(number * 0.02, half_s / 4), follows_previous=number > 0)
    return grid

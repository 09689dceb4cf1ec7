"""The quarters of an hour on the monotonic clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.cuts import Cuts

QUARTER_S = 900.0
QUARTER_WALL_S = 1_700_000_100.0  # 2023-11-14 22:15 UTC


@given(st.floats(0.0, 1e7), st.floats(1e9, 4e9), st.integers(1, 20))
def test_each_cut_is_at_a_quarter_and_the_next_one_a_quarter_later(
    moment_s: float, wall_s: float, times: int
) -> None:
    cuts = Cuts(moment_s, wall_s)
    before_s = moment_s
    for _ in range(times):
        cut_s, cut_wall_s = cuts.take(cuts.next_s)
        assert 0.0 < cut_s - before_s < QUARTER_S + 1.0
        assert cut_wall_s / QUARTER_S == pytest.approx(round(cut_wall_s / QUARTER_S), abs=1e-6)
        assert cut_wall_s - cut_s == pytest.approx(wall_s - moment_s, abs=1e-5)
        before_s = cut_s
    assert cuts.next_s - before_s == pytest.approx(QUARTER_S, abs=1e-3)


def test_a_clock_that_drifts_moves_the_next_cut() -> None:
    cuts = Cuts(100.0, QUARTER_WALL_S)
    assert cuts.next_s == pytest.approx(1000.0)
    assert not cuts.follow(500.0, QUARTER_WALL_S + 400.5)
    assert cuts.next_s == pytest.approx(999.5)


@pytest.mark.parametrize("set_by_s", [-86_400.0, -1.5, 1.5, 7200.0])
def test_a_clock_that_is_set_is_a_cut_of_its_own(set_by_s: float) -> None:
    cuts = Cuts(100.0, QUARTER_WALL_S)
    assert cuts.follow(500.0, QUARTER_WALL_S + 400.0 + set_by_s)
    assert not cuts.follow(501.0, QUARTER_WALL_S + 401.0 + set_by_s)
    _, wall_s = cuts.take(cuts.next_s)
    assert wall_s % QUARTER_S == pytest.approx(0.0, abs=1e-3)


def test_who_comes_back_after_years_gets_a_week_of_cuts() -> None:
    cuts = Cuts(0.0, QUARTER_WALL_S)
    now_s = 5 * 365 * 86_400.0
    taken = 0
    while cuts.next_s <= now_s:
        cuts.take(now_s)
        taken += 1
    assert 600 < taken < 700

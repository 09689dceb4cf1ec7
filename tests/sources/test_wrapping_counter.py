"""A wrapping counter, against sequences whose energy is known exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.sources.wrapping_counter import CounterError, EnergyCounter

RANGE_UJ = 262_143_328_850


def counter(range_uj: int = RANGE_UJ, bound_w: float = 2_000.0) -> EnergyCounter:
    return EnergyCounter(range_uj, bound_w)


def test_begins_at_nothing_and_adds_differences():
    c = counter()
    assert c.advance(0, 0, 5_000_000) == 0
    assert c.advance(1, 1, 105_000_000) == 100
    assert c.advance(2, 2, 105_000_000) == 100


def test_a_wrap_is_unwrapped():
    c = counter()
    c.advance(0, 0, RANGE_UJ - 60_000_000)
    assert c.advance(1, 1, 40_000_000) == pytest.approx(100)


def test_zero_is_a_fault_and_the_next_reading_has_all_the_energy():
    c = counter()
    c.advance(0, 0, 5_000_000)
    with pytest.raises(CounterError, match="reads 0"):
        c.advance(1, 1, 0)
    assert c.advance(2, 2, 205_000_000) == 200


def test_going_back_in_the_middle_of_the_range_is_no_wrap():
    c = counter()
    c.advance(0, 0, 100_000_000_000)
    with pytest.raises(CounterError, match="went back"):
        c.advance(1, 1, 99_000_000_000)
    assert c.advance(2, 2, 100_000_300_000) == pytest.approx(0.3)


def test_a_small_step_back_is_a_fault_too():
    c = counter()
    c.advance(0, 0, 100_000_000_000)
    with pytest.raises(CounterError, match="went back"):
        c.advance(1, 1, 99_999_999_999)


def test_a_leap_forward_is_a_fault():
    c = counter()
    c.advance(0, 0, 5_000_000)
    with pytest.raises(CounterError, match="leapt forward"):
        c.advance(1, 1, 9_005_000_000)
    assert c.advance(2, 2, 105_000_000) == 100


def test_a_counter_that_was_set_back_is_followed_from_there():
    c = counter()
    c.advance(0, 0, 100_000_000_000)
    assert c.advance(1, 1, 100_050_000_000) == 50
    with pytest.raises(CounterError):
        c.advance(2, 2, 7_000_000)
    assert c.advance(3, 3, 27_000_000) == 70, "50 J before, 20 J since, nothing invented"
    assert c.advance(4, 4, 57_000_000) == 100


def test_the_same_glitch_twice_is_not_taken_for_a_counter_set_back():
    c = counter()
    c.advance(0, 0, 100_000_000_000)
    for n in (1, 3):
        with pytest.raises(CounterError):
            c.advance(n, n, 7_000_000 + n)
        assert c.advance(n + 1, n + 1, 100_000_000_000 + n * 1_000_000) == n


def test_without_a_range_nothing_wraps():
    c = counter(range_uj=0)
    c.advance(0, 0, 5_000_000)
    with pytest.raises(CounterError, match="went back"):
        c.advance(1, 1, 4_000_000)


def test_a_late_clock_after_the_call_counts_as_time():
    """A wait for the interpreter lies between the value and `until`, or before the value."""
    c = counter(bound_w=100.0)
    c.advance(0, 0, 5_000_000)
    assert c.advance(0.1, 1.0, 95_000_000) == 90


@given(
    draws_uj=st.lists(st.integers(0, 500_000_000), min_size=1, max_size=60),
    start_uj=st.integers(1, RANGE_UJ - 1),
    faults=st.dictionaries(st.integers(0, 59), st.sampled_from([0, -1]), max_size=20),
)
def test_any_wraps_and_single_zeros_leave_the_energy_exact(draws_uj, start_uj, faults):
    c = counter()
    c.advance(0, 0, start_uj)
    true_uj, shown_j = 0, 0.0
    for n, draw_uj in enumerate(draws_uj):
        true_uj += draw_uj
        if n in faults and n + 1 < len(draws_uj):
            with pytest.raises(CounterError):
                c.advance(n + 1, n + 1, 0)
            continue
        value_uj = (start_uj + true_uj) % RANGE_UJ
        if value_uj == 0:
            continue
        now_j = c.advance(n + 1, n + 1, value_uj)
        assert now_j >= shown_j
        assert now_j == pytest.approx(true_uj / 1e6, abs=1e-6)
        shown_j = now_j


@given(values_uj=st.lists(st.integers(0, RANGE_UJ), min_size=1, max_size=80))
def test_nonsense_never_adds_more_than_the_bound_allows(values_uj):
    c = counter()
    last_j = 0.0
    for n, value_uj in enumerate(values_uj):
        try:
            now_j = c.advance(n, n, value_uj)
        except CounterError:
            continue
        assert 0 <= now_j - last_j <= 2_000 * (n + 0.02)
        last_j = now_j
    assert last_j <= 2_000 * (len(values_uj) + 0.02 * len(values_uj))

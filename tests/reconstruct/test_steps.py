"""How a counter's step divides: exact figures for jumps wherever they lie."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.reconstruct.edges import Edge
from jupyter_carbon.reconstruct.steps import Division, Knot, Step, implied_powers

SPAN_S = 0.1
IDLE_W, LOAD_W = 60.0, 300.0
BEGINS, ENDS, EITHER = 1, -1, 0


def step(span_j: float, *edges: tuple[float, int]) -> Step:
    """A step of 0.1 s from 5 J on."""
    return Step(
        Knot(2.0, 5.0, 0.0),
        Knot(2.0 + SPAN_S, 5.0 + span_j, 0.0),
        [Edge(2.0 + at_s, turn) for at_s, turn in edges],
    )


def at(division: Division, since_s: float) -> float:
    """The energy since the step's beginning."""
    return division.at(2.0 + since_s) - 5.0


@pytest.mark.parametrize("jump_s", [0.02, 0.04, 0.07])
@pytest.mark.parametrize(
    ("before_w", "after_w", "turn"), [(IDLE_W, LOAD_W, BEGINS), (LOAD_W, IDLE_W, ENDS)]
)
def test_one_jump_is_found_before_on_and_after_the_edge(
    jump_s: float, before_w: float, after_w: float, turn: int
) -> None:
    span_j = before_w * jump_s + after_w * (SPAN_S - jump_s)
    division = Division(step(span_j, (0.04, turn)), before_w, after_w)
    at_edge_j = before_w * min(jump_s, 0.04) + after_w * max(0.0, 0.04 - jump_s)
    assert at(division, 0.04) == pytest.approx(at_edge_j)
    assert at(division, jump_s) == pytest.approx(before_w * jump_s)
    assert division.is_explained


def test_without_an_edge_a_step_is_a_straight_line() -> None:
    division = Division(step(20.0), IDLE_W, LOAD_W)
    assert at(division, 0.025) == pytest.approx(5.0)


def test_without_any_power_a_step_is_a_straight_line() -> None:
    division = Division(step(20.0, (0.05, BEGINS)), None, None)
    assert at(division, 0.025) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("before_w", "after_w", "at_edge_j"), [(IDLE_W, None, 3.0), (None, LOAD_W, 5.0)]
)
def test_one_power_alone_gives_its_own_line(
    before_w: float | None, after_w: float | None, at_edge_j: float
) -> None:
    division = Division(step(20.0, (0.05, BEGINS)), before_w, after_w)
    assert at(division, 0.05) == pytest.approx(at_edge_j)


def test_a_burst_between_two_edges_gets_all_that_the_lines_leave() -> None:
    span_j = IDLE_W * 0.06 + LOAD_W * 0.04
    division = Division(step(span_j, (0.03, BEGINS), (0.07, ENDS)), IDLE_W, IDLE_W)
    found = [at(division, since_s) for since_s in (0.0, 0.03, 0.05, 0.07, 0.1)]
    assert found == pytest.approx([0.0, 1.8, 7.8, 13.8, span_j])


def test_a_pause_between_two_edges_gets_what_is_drawn_at_rest() -> None:
    span_j = LOAD_W * 0.08 + IDLE_W * 0.02
    division = Division(step(span_j, (0.04, ENDS), (0.06, BEGINS)), LOAD_W, LOAD_W)
    assert at(division, 0.04) == pytest.approx(LOAD_W * 0.04)
    assert at(division, 0.06) == pytest.approx(LOAD_W * 0.04 + IDLE_W * 0.02)


def test_between_two_bursts_a_pause_gets_what_is_drawn_at_rest() -> None:
    span_j = IDLE_W * 0.04 + LOAD_W * 0.06
    edges = (0.02, BEGINS), (0.04, ENDS), (0.06, BEGINS)
    division = Division(step(span_j, *edges), IDLE_W, LOAD_W)
    found = [at(division, since_s) for since_s, _ in edges]
    assert found == pytest.approx([1.2, 7.2, 8.4])


def test_work_that_nobody_saw_goes_to_the_side_on_which_work_is_done() -> None:
    # 12 J more than 60 W on both sides explain.
    span_j = IDLE_W * SPAN_S + 12.0
    begins = Division(step(span_j, (0.04, BEGINS)), IDLE_W, IDLE_W)
    ends = Division(step(span_j, (0.04, ENDS)), IDLE_W, IDLE_W)
    assert at(begins, 0.04) == pytest.approx(2.4)
    assert at(ends, 0.04) == pytest.approx(2.4 + 12.0)


@pytest.mark.parametrize(
    ("span_j", "before_w", "after_w", "agrees"),
    [
        (IDLE_W * 0.05 + LOAD_W * 0.05, IDLE_W, LOAD_W, True),
        (IDLE_W * 0.05 + LOAD_W * 0.05, LOAD_W, IDLE_W, True),
        (IDLE_W * SPAN_S, IDLE_W, IDLE_W, True),
        (LOAD_W * SPAN_S, IDLE_W, IDLE_W, False),
        (2 * LOAD_W * SPAN_S, IDLE_W, LOAD_W, False),
        (0.0, IDLE_W, LOAD_W, False),
    ],
)
def test_powers_agree_with_a_step_if_one_jump_explains_it(
    span_j: float, before_w: float, after_w: float, agrees: bool
) -> None:
    assert step(span_j, (0.05, EITHER)).agrees(before_w, after_w) is agrees


POWERS = st.none() | st.floats(0.0, 1000.0)


@given(
    st.floats(0.0, 100.0),
    st.lists(st.tuples(st.floats(0.001, 0.099), st.sampled_from([-1, 0, 1])), max_size=4),
    POWERS,
    POWERS,
)
def test_the_energy_never_falls_and_stays_within_the_step(
    span_j: float,
    edges: list[tuple[float, int]],
    before_w: float | None,
    after_w: float | None,
) -> None:
    division = Division(step(span_j, *sorted(edges)), before_w, after_w)
    found = [at(division, SPAN_S * k / 50) for k in range(51)]
    assert found[0] >= -1e-9
    assert found[-1] <= span_j + 1e-9
    assert all(right >= left - 1e-9 for left, right in pairwise(found))


def test_a_power_that_nobody_read_is_the_one_that_the_energy_implies() -> None:
    rising = step(IDLE_W * 0.04 + LOAD_W * 0.06, (0.04, BEGINS))
    assert implied_powers(rising, IDLE_W, None) == (IDLE_W, pytest.approx(LOAD_W))
    falling = step(LOAD_W * 0.04 + IDLE_W * 0.06, (0.04, ENDS))
    assert implied_powers(falling, None, IDLE_W) == (pytest.approx(LOAD_W), IDLE_W)
    assert implied_powers(rising, IDLE_W, LOAD_W) == (IDLE_W, LOAD_W)


@pytest.mark.parametrize(
    "edges", [(), ((0.095, BEGINS),), ((0.02, BEGINS), (0.04, ENDS))], ids=["no", "late", "two"]
)
def test_a_power_that_the_energy_does_not_tell_stays_unknown(
    edges: tuple[tuple[float, int], ...],
) -> None:
    assert implied_powers(step(20.0, *edges), IDLE_W, None) == (IDLE_W, None)
    # Less was drawn than the power before alone takes: nothing is implied.
    assert implied_powers(step(1.0, (0.04, BEGINS)), IDLE_W, None) == (IDLE_W, None)

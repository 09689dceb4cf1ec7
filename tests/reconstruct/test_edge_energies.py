"""Energies at edges: kept, guessed, taken back, and summed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.reconstruct.edge_energies import EdgeEnergies, Waiting
from jupyter_carbon.reconstruct.track import Located

BEGIN, END = ((0, -1),), ((0, 1),)


def look_up(moment_s: float) -> Located:
    return Located(100.0 * moment_s, 1.0, False)


def filled(count: int) -> EdgeEnergies:
    edges = EdgeEnergies()
    for number in range(count):
        edges.wait(number, Waiting(float(number), 0, END if number % 2 else BEGIN))
    return edges


def test_an_edge_that_waits_has_the_best_figure_so_far() -> None:
    edges = filled(2)
    assert not edges.has(1)
    assert edges.at(1, look_up).energy_j == 100.0
    edges.keep(0, Located(5.0, 0.5, True))
    assert edges.has(0)
    assert edges.at(0, look_up) == Located(5.0, 0.5, True)


def test_a_guess_is_looked_up_anew_after_a_reading() -> None:
    edges = filled(1)
    edges.wait(1, Waiting(1.0, 0, ()))
    assert edges.at(1, look_up).energy_j == 100.0
    assert edges.at(1, lambda _at_s: Located(7.0, 0.0, False)).energy_j == 100.0
    edges.forget_guesses()
    assert edges.at(1, lambda _at_s: Located(7.0, 0.0, False)).energy_j == 7.0


def test_no_edge_lies_below_the_one_before() -> None:
    edges = filled(3)
    edges.keep(0, Located(10.0, 0.0, True))
    edges.keep(1, Located(4.0, 0.0, True))
    assert edges.at(1, look_up).energy_j == 10.0
    assert edges.at(2, lambda _at_s: Located(3.0, 0.0, False)).energy_j == 10.0


@given(st.lists(st.floats(0.0, 1e6), min_size=2, max_size=20), st.integers(0, 20))
def test_the_sum_is_the_same_whatever_waits(energies_j: list[float], kept: int) -> None:
    at_j = sorted(energies_j)
    edges = filled(len(at_j))
    for number in range(min(kept, len(at_j))):
        edges.keep(number, Located(at_j[number], 0.0, True))
    energy_j, _ = edges.sum(0, lambda moment_s: Located(at_j[round(moment_s)], 0.0, False))
    expected_j = sum(at_j[1::2]) - sum(at_j[0::2])
    assert energy_j == pytest.approx(expected_j, rel=1e-9, abs=1e-6)


def test_errors_of_edges_add_as_squares() -> None:
    edges = filled(2)
    edges.keep(0, Located(0.0, 3.0, True))
    edges.keep(1, Located(50.0, 4.0, True))
    assert edges.sum(0, look_up) == (50.0, 5.0)


def test_what_was_kept_can_be_taken_back() -> None:
    edges = filled(4)
    for number in range(4):
        edges.keep(number, Located(10.0 * number, 1.0, True))
    edges.reopen([(2, Waiting(2.0, 0, BEGIN)), (3, Waiting(3.0, 0, END))], 10.0)
    assert edges.has(1)
    assert [number for number, _ in edges.waiting()] == [2, 3]
    energy_j, _ = edges.sum(0, look_up)
    assert energy_j == pytest.approx(10.0 + 100.0)
    edges.keep(2, Located(200.0, 1.0, True))
    edges.keep(3, Located(500.0, 1.0, True))
    assert edges.sum(0, look_up)[0] == pytest.approx(310.0)

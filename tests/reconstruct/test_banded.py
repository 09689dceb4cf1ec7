"""Banded least squares against a dense solution in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.reconstruct.banded import Row, solve_banded


def solve_dense(rows: list[Row], count: int) -> list[float]:
    """The normal equations by Gauss-Jordan elimination, without rounding."""
    matrix = [[Fraction(0)] * (count + 1) for _ in range(count)]
    for first, factors, side in rows:
        exact = [Fraction(factor) for factor in factors]
        for i, factor in enumerate(exact):
            matrix[first + i][count] += factor * Fraction(side)
            for j, other in enumerate(exact):
                matrix[first + i][first + j] += factor * other
    for i in range(count):
        line = [element / matrix[i][i] for element in matrix[i]]
        matrix[i] = line
        for k in range(count):
            if k != i:
                factor = matrix[k][i]
                matrix[k] = [a - factor * b for a, b in zip(matrix[k], line, strict=True)]
    return [float(line[count]) for line in matrix]


NUMBERS = st.integers(-20, 20).map(lambda number: number / 4)


@st.composite
def systems(draw: st.DrawFn) -> tuple[list[Row], int]:
    count = draw(st.integers(1, 9))
    # One equation for each unknown alone, so that there is one solution.
    rows = [Row(place, (1.0,), draw(NUMBERS)) for place in range(count)]
    for _ in range(draw(st.integers(0, 12))):
        factors = draw(st.lists(NUMBERS, min_size=1, max_size=min(4, count)))
        first = draw(st.integers(0, count - len(factors)))
        rows.append(Row(first, factors, draw(NUMBERS)))
    return rows, count


@given(systems())
def test_the_solution_is_that_of_the_dense_system(system: tuple[list[Row], int]) -> None:
    rows, count = system
    assert solve_banded(rows, count) == pytest.approx(solve_dense(rows, count), abs=1e-9)


def test_equations_that_contradict_each_other_are_met_halfway() -> None:
    rows = [Row(0, (1.0,), 2.0), Row(0, (1.0,), 4.0), Row(0, (1.0, 1.0), 10.0)]
    assert solve_banded(rows, 2) == pytest.approx([3.0, 7.0])


def test_a_heavier_equation_has_more_say() -> None:
    rows = [Row(0, (1.0,), 0.0), Row(0, (3.0,), 3.0)]
    assert solve_banded(rows, 1) == pytest.approx([0.9])


def test_an_unknown_that_no_equation_touches_is_0() -> None:
    assert solve_banded([Row(0, (2.0,), 8.0)], 3) == pytest.approx([4.0, 0.0, 0.0])
    assert solve_banded([], 2) == pytest.approx([0.0, 0.0])

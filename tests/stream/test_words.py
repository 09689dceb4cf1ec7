"""What is shown is what every other form of the figure says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.carbon import Rate
from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.grid.tables import world_average
from jupyter_carbon.stream.messages import Mark
from jupyter_carbon.stream.parts import grid_part
from jupyter_carbon.stream.words import (
    common_mark,
    energy_shown,
    mark_of,
    mass_shown,
    title_of,
    watts,
)
from jupyter_carbon.units import energy_text, mass_text

FIGURES = st.tuples(
    st.floats(0, 1e12), st.floats(0, 1), st.floats(1, 3), st.sampled_from([*Provenance][:-1])
).map(lambda t: Estimate(t[0], t[0] * t[1], t[0] * t[2], t[3]))


@given(FIGURES)
def test_the_parts_say_what_the_line_says(estimate: Estimate) -> None:
    for shown, text in (
        (energy_shown(estimate), energy_text(estimate)),
        (mass_shown(estimate, "kg"), mass_text(estimate)),
        (mass_shown(estimate, "lb"), mass_text(estimate, "lb")),
    ):
        parts = (shown["number"], shown["unit"], shown["range"])
        assert all(part in text for part in parts)
        assert text.startswith(f"{shown['number']} {shown['unit']}")
        assert shown["value"] == estimate.value


def test_what_was_not_measured_is_no_number() -> None:
    assert energy_shown(Estimate.missing()) == {
        "value": None,
        "low": None,
        "high": None,
        "provenance": "missing",
        "number": "not measured",
        "unit": "",
        "range": "",
    }
    assert watts(None, "measured")["mark"] == "not measured"
    assert watts(0.0, "measured")["number"] == "0"


@pytest.mark.parametrize("provenance", list(Provenance))
def test_each_provenance_has_a_mark(provenance: Provenance) -> None:
    assert mark_of(provenance) in ("measured", "estimated", "mixed", "not measured")


@pytest.mark.parametrize(
    ("marks", "mark"),
    [
        ([], "not measured"),
        (["not measured"], "not measured"),
        (["measured", "not measured"], "measured"),
        (["measured", "estimated"], "mixed"),
        (["estimated", "estimated"], "estimated"),
    ],
)
def test_the_mark_of_a_sum(marks: list[Mark], mark: Mark) -> None:
    assert common_mark(marks) == mark


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("model = train(x)", "model = train(x)"),
        ("\n\n   # Train it\nmodel.fit()", "# Train it"),
        ("%%carbon --label train\n\nmodel.fit()", "model.fit()"),
        ("%%carbon", ""),
        ("%%time\nx = 1", "%%time"),
        ("", ""),
        ("x" * 100, "x" * 59 + "…"),
        ("a\tb \x1b[31mred\u202e", "a b red"),
    ],
)
def test_a_cells_title(code: str, title: str) -> None:
    assert title_of(code) == title


def test_the_grid_names_its_source_as_people_do() -> None:
    rate = Rate(world_average(assumed=True), 1.0)
    assert grid_part(rate, "kg")["source"] == "Ember, by Our World in Data"

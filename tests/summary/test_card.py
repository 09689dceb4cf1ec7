"""A cell's card: its figures and its power, as HTML that any page shows."""

from __future__ import annotations

import re

import pytest

from jupyter_carbon.summary.card import RUNNING, card_html, running_html
from tests.summary.sample import CPU, GPU, HOSTILE, cell
from tests.summary.test_rich import OWN, Page

CHART = {"svg", "polygon", "polyline"}


def _points(page: Page) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", attrs["points"] or "")]
        for tag, attrs in page.elements
        if tag == "polyline"
    ]


def test_it_says_energy_mass_time_power_and_how_they_were_got() -> None:
    page = Page(card_html(cell(), name="train"))
    read = " ".join(page.text.split())
    assert read.startswith("trainenergy0.92 Wh ± ")
    assert "CO2e" in read
    assert "mean power" in read
    assert "87 Wcounter" in read
    # The mass has no range of its own where it is the energy's.
    assert read.count("±") == 1 + len(cell()["sources"])


def test_it_opens_to_the_sources_under_their_names() -> None:
    page = Page(card_html(cell(), name="", names={GPU: "GPU 0 · <b>", CPU: "CPU"}))
    assert "GPU 0 · <b>0.74 Wh ± 6 %counter" in page.text


@pytest.mark.parametrize("label", HOSTILE, ids=lambda text: repr(text)[:30])
def test_a_hostile_name_is_text(label: str) -> None:
    for html in (
        card_html(cell(1, label), name=label, course_w=[1.0] * 5, names={GPU: label}),
        running_html(label),
    ):
        html.encode("utf-8")
        page = Page(html)
        assert {tag for tag, _ in page.elements} <= OWN | CHART
        for _, attrs in page.elements:
            assert not any(name.startswith("on") or name in ("src", "href") for name in attrs)


def test_how_it_ended_and_what_else_is_to_be_said() -> None:
    made = cell()
    made["status"] = "interrupted"
    page = Page(card_html(made, name="train", remarks=["40 % of 0.5 Wh"]))
    assert "train · interrupted" in page.text
    assert page.text.endswith("40 % of 0.5 Wh")


def test_what_was_not_measured_has_no_mass_and_no_power() -> None:
    made = cell()
    missing = {"value": None, "low": None, "high": None, "provenance": "missing"}
    made["energy_j"], made["co2e_g"] = missing, missing  # type: ignore[typeddict-item]
    made["sources"] = {}
    page = Page(card_html(made, name=""))
    assert "not measured" in page.text
    assert "CO2e" not in page.text
    assert "mean power" not in page.text


def test_before_there_are_figures_it_says_why() -> None:
    page = Page(card_html(cell(), name="early", instead="not known yet"))
    assert page.text.startswith("early")
    assert page.text.endswith("not known yet")
    assert "Wh" not in page.text


def test_the_chart_has_the_power_where_it_is_known() -> None:
    page = Page(card_html(cell(), name="", course_w=[0.0, 100.0, None, 50.0, 50.0, None]))
    first, second = _points(page)
    tops = {y for _, y in first}
    assert len(tops) == 2
    assert first[0][0] == 0.0
    # Six steps on 640: the third is a gap, and the last is not known yet.
    assert [x for x, _ in first][-1] == pytest.approx(640 / 3, abs=0.1)
    assert [x for x, _ in second] == pytest.approx([320, 426.7, 426.7, 533.3], abs=0.1)
    (y,) = {y for _, y in second}
    assert min(tops) < y < max(tops)
    (chart,) = [attrs for tag, attrs in page.elements if tag == "svg"]
    assert chart["role"] == "img"
    assert "100 W" in (chart["aria-label"] or "")
    assert "100 W at most" in page.text


@pytest.mark.parametrize("course_w", [[], [1.0], [None] * 10, [1.0, None, 2.0]])
def test_a_few_steps_are_no_chart(course_w: list[float | None]) -> None:
    assert "<svg" not in card_html(cell(), name="", course_w=course_w)


def test_no_power_at_all_is_a_flat_line() -> None:
    page = Page(card_html(cell(), name="", course_w=[0.0] * 4))
    ((*_, last),) = _points(page)
    assert last[0] == 640.0


def test_a_running_cell_says_that_its_figures_will_come() -> None:
    assert Page(running_html("train")).text == f"train · {RUNNING}"
    assert Page(running_html("")).text == RUNNING

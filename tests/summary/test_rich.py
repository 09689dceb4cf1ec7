from __future__ import annotations

from html.parser import HTMLParser

import pytest

from jupyter_carbon.summary.rich import cell_html, cells_html, status_html
from jupyter_carbon.summary.text import cell_line
from tests.summary.sample import CPU, GPU, HOSTILE, cell, document, hostile_document

OWN = {"div", "details", "summary", "span", "b", "table", "tbody", "thead", "tr", "td", "th"}
VOID = {"br", "img", "hr", "input", "link", "meta"}


class Page(HTMLParser):
    """Collects the elements and the text of a piece of HTML, which must be well nested."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("label", HOSTILE, ids=lambda text: repr(text)[:30])
def test_the_line_shows_a_hostile_label_as_text(label: str) -> None:
    made = cell(1, label)
    html = cell_html(made)
    html.encode("utf-8")
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= OWN
    assert page.text.startswith(cell_line(made))
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)


def test_html_opens_to_the_sources_under_their_names() -> None:
    page = Page(cell_html(cell(), names={GPU: "GPU 0 · <b>", CPU: "CPU"}))
    assert "GPU 0 · <b>0.74 Wh ± 6 %counter" in page.text
    assert "CPU0.18 Wh ± 40 %modelled" in page.text
    assert GPU in Page(cell_html(cell())).text


def test_html_of_a_single_source_is_a_line_with_a_name_for_screen_readers() -> None:
    made = cell()
    del made["sources"][CPU]
    page = Page(cell_html(made, co2e_unit="lb"))
    assert [tag for tag, _ in page.elements] == ["div", "b"]
    assert page.elements[0][1]["aria-label"] == "Energy of this cell"
    assert page.text == cell_line(made, co2e_unit="lb")


def test_html_brings_no_colour_of_text_or_ground() -> None:
    for _, attrs in Page(cell_html(cell(1, "train"))).elements:
        style = attrs.get("style") or ""
        assert "background: none" in style or "background" not in style
        assert "color: inherit" in style or "color:" not in style


def test_the_cells_stand_in_a_table_with_heads() -> None:
    page = Page(cells_html(document("train", None)))
    heads = [attrs for tag, attrs in page.elements if tag == "th"]
    assert heads
    assert all(attrs["scope"] == "col" for attrs in heads)
    assert "train" in page.text
    assert "No cell" in Page(cells_html({**document(), "cells": []})).text


def test_many_cells_are_not_all_shown_and_it_is_said() -> None:
    made = document()
    made["cells"] = [cell(number) for number in range(1, 251)]
    page = Page(cells_html(made))
    assert "50 earlier cells not shown." in page.text
    assert sum(tag == "tr" for tag, _ in page.elements) == 201


def test_the_status_shows_figures_sources_grid_gaps_and_notes() -> None:
    made = document()
    made["sources"][0]["state"] = "lost"
    text = Page(status_html(made)).text
    for expected in (
        "3.04 Wh ± 6 % · 1.39 g CO2e",
        "between cells",
        "2026-01-31 12:30:00 UTC to 2026-01-31 12:31:00 UTC: paused",
        "GPU 0 · NVIDIA A100-SXM4-40GB · 2.43 Wh ± 6 % · counter · lost",
        "world average, since no known place was given · 458 g/kWh · 2025",
        "Network and disks are not measured.",
    ):
        assert expected in text


def test_hostile_strings_are_text_in_the_status_and_in_the_table() -> None:
    made = hostile_document()
    for html in (status_html(made), cells_html(made)):
        html.encode("utf-8")
        page = Page(html)
        assert {tag for tag, _ in page.elements} <= OWN
        assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)

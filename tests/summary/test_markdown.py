from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from jupyter_carbon.summary.markdown import literal, to_markdown
from jupyter_carbon.summary.plain import one_line
from tests.summary.sample import HOSTILE, document, estimate, hostile_document

# Everything switched on that could make something of a text: HTML, links, tables.
READER = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(
    ["table", "strikethrough", "linkify"]
)
HARMFUL = {"link_open", "image", "html_inline", "html_block", "em_open", "s_open", "fence"}


def flat(tokens: list[Token]) -> list[Token]:
    return [t for token in tokens for t in (token, *flat(token.children or []))]


def shown(tokens: list[Token]) -> str:
    """The text a reader sees."""
    return "".join(t.content for t in flat(tokens) if t.type in ("text", "code_inline"))


def table_cells(markdown: str) -> list[list[str]]:
    rows: list[list[str]] = []
    in_row = False
    for token in READER.parse(markdown):
        if token.type in ("tr_open", "tr_close"):
            in_row = token.type == "tr_open"
            rows += [[]] if in_row else []
        elif token.type == "inline" and in_row:
            rows[-1].append(shown([token]))
    return rows


def assert_is_literal(text: str, markdown: str) -> None:
    for before, after in (("", ""), ("- ", ""), ("| a | b |\n| --- | --- |\n| ", " | z |")):
        tokens = READER.parse(f"{before}{markdown}{after}")
        kinds = {token.type for token in flat(tokens)}
        assert not kinds & (HARMFUL | {"strong_open", "heading_open", "hr", "ordered_list_open"})
        assert "blockquote_open" not in kinds
        assert "code_block" not in kinds
        assert "bullet_list_open" not in kinds or before == "- "
        if "z" not in after:
            assert shown(tokens) == text
        else:
            assert table_cells(f"{before}{markdown}{after}")[1] == [text, "z"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:30])
def test_hostile_text_comes_back_as_text(text: str) -> None:
    assert_is_literal(one_line(text, 120), literal(text))


@given(st.text(alphabet=st.one_of(st.sampled_from(" `|\\*_[]()<>&#~!$:@-1.ab\n"), st.characters())))
def test_any_text_comes_back_as_text(text: str) -> None:
    assert_is_literal(one_line(text, 120), literal(text))


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("train", "train"),
        ("Epoch 3, 2.5 % of all (the first)!", "Epoch 3, 2.5 % of all (the first)!"),
        ("größe – 文字", "größe – 文字"),
        ("2026-01-31 12:03:20 UTC", "2026-01-31 12:03:20 UTC"),
        ("lr=0.1", "`lr=0.1`"),
        ("run sudo chmod a+r /sys/x/energy_uj.", "run sudo chmod `a+r /sys/x/energy_uj`."),
        ("a|b", "`a`&#124;`b`"),
        ("a`b", "``a`b``"),
        ("a``b", "`a``b`"),
        ("a`b``c", "```a`b``c```"),
        ("1. item", "`1`. item"),
        ("", ""),
    ],
)
def test_plain_words_stay_and_the_rest_is_code(text: str, markdown: str) -> None:
    assert literal(text) == markdown


def test_a_fence_stays_short_since_readers_give_up_on_long_ones() -> None:
    """cmark reads no code span with a fence of 80 backticks or more."""
    assert literal("`" * 90 + "<b>") == "` " + "`" * 90 + "<b> `"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:30])
def test_nothing_that_later_passes_look_for_stands_outside_of_code(text: str) -> None:
    """Formulas, mentions, emoji and bare links are found by renderers of their own."""
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", literal(text)).replace("&#124;", "")
    assert not re.search(r"[$@<>\\*_\[\]~#|`]|:\w|\w\.\w|//|&", outside)


def test_page_of_hostile_strings_has_no_markup_but_its_own() -> None:
    page = to_markdown(hostile_document())
    page.encode("utf-8")
    kinds = [token.type for token in flat(READER.parse(page))]
    assert not set(kinds) & HARMFUL
    assert kinds.count("table_open") == 5
    assert kinds.count("heading_open") == 8
    # One row a cell, each as long as the header, with the label at its place.
    rows = table_cells(page)
    first = next(i for i, row in enumerate(rows) if row[0] == "number") + 1
    assert [row[1] for row in rows[first : first + len(HOSTILE)]] == [
        one_line(text, 120) for text in HOSTILE
    ]
    assert {len(row) for row in rows[first : first + len(HOSTILE)]} == {8}


def test_rendered_page_holds_no_element_of_a_stranger() -> None:
    tags = set(re.findall(r"</?([a-zA-Z]+)", READER.render(to_markdown(hostile_document()))))
    own = {"h", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "ul", "li"}
    assert tags <= own


def test_page_says_what_the_session_cost_and_how_it_is_known() -> None:
    page = to_markdown(document())
    text = html.unescape(re.sub("<[^>]+>", "", READER.render(page)))
    assert "Energy and carbon of analysis.ipynb" in text
    assert "3.04 Wh ± 6 % of energy and 1.39 g CO2e ± 6 % in 14 min 03 s on node-7" in text
    assert "from 2026-01-31 12:00:00 UTC and still running." in text
    rows = table_cells(page)
    assert ["in 3 cells", "2.76 Wh ± 6 %", "1.26 g CO2e ± 6 %", "counter"] in rows
    assert ["between cells", "0.278 Wh ± 6 %", "0.127 g CO2e ± 6 %", "counter"] in rows
    assert [
        *("1", "load", "0.92 Wh ± 6 %", "0.422 g CO2e ± 6 %", "38 s", "87 W", "counter", "ok")
    ] in rows
    world = [row for row in rows if "world average, since no known place was given" in row]
    assert world[0][2:] == ["458 g/kWh", "2025", "lifecycle, average", "owid_ember_2026", "1"]
    assert any("Germany" in row and "330 g/kWh" in row and "1.2" in row for row in rows)
    assert any("GPU 0 · NVIDIA A100-SXM4-40GB" in row for row in rows)
    assert "Network and disks are not measured." in text
    assert "2026-01-31 12:30:00 UTC to 2026-01-31 12:31:00 UTC: paused." in text
    assert "Written by jupyter_carbon 0.1.0." in text


def test_bounds_and_missing_figures_are_called_that() -> None:
    made = document()
    made["cells"][0]["energy_j"] = estimate(30.0, 1.0)
    made["cells"][1]["energy_j"] = made["cells"][1]["co2e_g"] = estimate(None)
    rows = table_cells(to_markdown(made))
    assert any(row[:1] == ["1"] and row[2] == "< 0.017 Wh" and row[5] == "" for row in rows)
    assert any(row[:1] == ["2"] and row[2] == "not measured" for row in rows)


def test_pounds() -> None:
    page = to_markdown(document(), "lb")
    assert "lb CO2e" in page
    assert "0.727 lb/kWh" in page
    assert "g CO2e" not in page


def test_a_session_without_anything_is_a_page_too() -> None:
    made = document()
    made["cells"], made["sources"], made["grid"], made["notes"] = [], [], [], []
    made["session"]["energy_j"] = made["session"]["co2e_g"] = estimate(None)
    made["session"]["notebook"] = None
    del made["session"]["gaps"]
    del made["budgets"]
    page = to_markdown(made)
    assert page.startswith("# Energy and carbon of a session\n\n**not measured** of energy")
    assert "## " not in page

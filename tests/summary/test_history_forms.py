"""The history as text, HTML, CSV and JSON: names that mean harm are names."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.overlap import AtOnce
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.ledger.ways import WAYS, By
from jupyter_carbon.summary.history_html import history_html
from jupyter_carbon.summary.history_json import json_list, past_document, summaries
from jupyter_carbon.summary.history_report import Report, Section, at_once_texts, history_report
from jupyter_carbon.summary.history_table import history_csv
from jupyter_carbon.summary.history_text import bar, history_text
from jupyter_carbon.summary.plain import well_formed
from tests.ledger.past import block, past, ran, remembered
from tests.summary.sample import HOSTILE
from tests.summary.test_rich import OWN, Page

HOUR = 3600.0
T = datetime(2026, 11, 20, 10).timestamp()
NAMES = [well_formed(text) for text in HOSTILE]


@pytest.fixture(scope="module")
def hostile() -> Iterator[History]:
    """A session for each name, which is everything's in it."""
    batches = [
        past(
            T + number * HOUR,
            T + number * HOUR + 0.5 * HOUR,
            {f"gpu:{name}": 100.0},
            notebook=name,
            project=name,
            host=name,
            kernel=name,
            notes=json.dumps([name]),
            cells=[ran(number, 1000.0 - number, id=name, label=name, code=name)],
            labels=[block(0, name, 5.0)],
        )
        for number, name in enumerate(NAMES)
    ]
    with remembered(*batches) as history:
        yield history


def _reports(history: History) -> list[Report]:
    ways: list[By | None] = [None, *WAYS]
    return [history_report(history, by=by) for by in ways]


def test_text_has_no_commands_for_a_terminal_and_a_line_for_each_row(hostile: History) -> None:
    for report in _reports(hostile):
        text = history_text(report)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        rows = sum(len(section.rows) + 2 for section in report.sections)
        assert len(text.splitlines()) >= rows
        assert max(map(len, text.splitlines())) < 250


def test_html_is_made_of_our_tags_only(hostile: History) -> None:
    texts = ""
    for report in _reports(hostile):
        page = Page(history_html(report))
        assert {tag for tag, _ in page.elements} <= OWN
        names = {name for _, attributes in page.elements for name in attributes}
        assert names <= {"style", "class", "dir", "role", "scope", "aria-label", "aria-hidden"}
        texts += page.text
    assert "<img src=x onerror=alert(1)>" in texts


def test_no_field_of_the_table_is_a_formula(hostile: History) -> None:
    text = "".join(history_csv(hostile, Span()))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len({len(row) for row in rows}) == 1
    texts = {field for row in rows for field in row if not re.fullmatch(r"-?[\d.e+-]+", field)}
    assert not [field for field in texts if re.match(r"\s*[=+\-@\t\r]", field)]
    assert "'=cmd|' /C calc'!A0" in texts


def test_json_keeps_the_names_as_they_are(hostile: History) -> None:
    sessions = json.loads("".join(json_list(map(past_document, hostile.sessions()))))
    assert [each["session"]["notebook"] for each in sessions] == NAMES
    assert [each["sources"][0]["id"] for each in sessions] == [f"gpu:{name}" for name in NAMES]
    whole = json.loads("".join(json_list(summaries(hostile, Span()))))
    assert [each["cells"][0]["code"] for each in whole] == NAMES
    assert [each["labels"][0]["label"] for each in whole] == NAMES
    assert json.loads("".join(json_list([]))) == []


def test_a_ledger_whose_texts_are_no_json_is_read_all_the_same() -> None:
    batch = past(T, T + HOUR, gaps="{", notes='{"a": 1}', cells=[ran(0, 5.0, sources="?")])
    with remembered(batch) as history:
        (document,) = summaries(history, Span())
    assert document["session"]["gaps"] == []
    assert document["notes"] == []
    assert document["cells"][0]["sources"] == {}


def test_every_figure_stands_with_its_range_and_how_it_was_got() -> None:
    with remembered(past(T, T + HOUR), past(T + HOUR, T + 2 * HOUR, {"cpu": None})) as history:
        report = history_report(history)
        (day,) = history_report(history, by="day").sections
    assert report.headline[0] == "100 Wh ± 5 %"
    assert "gap" in report.headline[-1]
    assert day.rows[0][1] == "100 Wh ± 5 %"
    newest = report.sections[-1]
    assert newest.rows[0][2:4] == ("not measured", "")


def test_days_on_which_nothing_was_recorded_are_blank_not_0() -> None:
    with remembered(past(T, T + HOUR), past(T + 72 * HOUR, T + 73 * HOUR)) as history:
        report = history_report(history)
    trend = report.sections[0]
    assert [row[0] for row in trend.rows] == [f"2026-11-{day}" for day in (20, 21, 22, 23)]
    assert trend.rows[1][1:] == ("", "", "", "", "")
    assert trend.bars == [1.0, None, None, 1.0]
    lines = history_text(report).splitlines()
    assert "  2026-11-21  –" in lines
    assert " 0 Wh" not in "\n".join(lines)


def test_a_day_that_was_not_measured_has_no_bar() -> None:
    with remembered(past(T, T + HOUR, {"cpu": None})) as history:
        (section,) = history_report(history, by="day").sections
        text = history_text(history_report(history, by="day"))
    assert section.bars == [None]
    assert re.search(r"2026-11-20 +\? +not measured", text)


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0.0, ""), (1e-9, "▏"), (0.02, "▌"), (0.5, "█" * 12), (1.0, "█" * 24), (None, "?")],
)
def test_a_bar_is_as_long_as_its_share(share: float | None, drawn: str) -> None:
    assert bar(share) == drawn


def test_kernels_at_once_are_told_for_each_machine() -> None:
    found = [AtOnce(("a", "1"), 2, 60.0), AtOnce(("b", "1"), 3, 90.0), AtOnce(("a", "2"), 2, 60.0)]
    assert at_once_texts(found) == [
        "2 kernels ran at once on a; what both metered is counted once (2 min 00 s).",
        "Up to 3 kernels ran at once on b; what several metered is counted once (1 min 30 s).",
    ]


def test_tables_that_leave_rows_out_say_so() -> None:
    batches = [past(T + n * HOUR, T + (n + 1) * HOUR, notebook=f"{n}.ipynb") for n in range(9)]
    with remembered(*batches) as history:
        sections = {section.title: section for section in history_report(history).sections}
    notebooks: Section = sections["Notebooks"]
    assert len(notebooks.rows) == 5
    assert notebooks.remarks == ("4 more: history --by notebook.",)

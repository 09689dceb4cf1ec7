from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.summary.keys import SummaryDict
from jupyter_carbon.summary.plain import well_formed
from jupyter_carbon.summary.table import to_csv
from tests.summary.sample import CPU, GPU, HOSTILE, document, estimate, hostile_document

SIGNS = "=+-@＝＋－＠"


def read(made: SummaryDict) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(made), newline=""), strict=True))


def label_as_written(label: str) -> str:
    return read(document(label))[0]["label"]


def test_a_row_a_cell_then_between_and_session() -> None:
    rows = read(document())
    assert [row["kind"] for row in rows] == ["cell"] * 3 + ["between", "session"]
    first = rows[0]
    assert first["label"] == "load"
    assert first["execution_count"] == "1"
    assert first["started"] == "2026-01-31T12:01:00.000000+00:00"
    assert first["status"] == "ok"
    assert first["overlapped"] == "false"
    assert float(first["duration_s"]) == 38.0
    assert (float(first["energy_j"]), float(first["energy_wh"])) == (3312.0, 0.92)
    assert float(first["energy_low_j"]) == pytest.approx(3312 * 0.94)
    assert float(first["energy_high_j"]) == pytest.approx(3312 * 1.06)
    assert first["energy_provenance"] == "counter"
    assert float(first["co2e_g"]) == pytest.approx(0.4216, abs=1e-4)
    assert float(first["co2e_low_g"]) < float(first["co2e_g"]) < float(first["co2e_high_g"])
    assert float(first[f"{GPU}_j"]) == pytest.approx(3312 * 0.8)
    assert float(first[f"{CPU}_j"]) == pytest.approx(3312 * 0.2)


@pytest.mark.parametrize("column", ["energy_j", "co2e_g", f"{GPU}_j"])
def test_cells_and_between_add_up_to_the_session(column: str) -> None:
    *parts, session = [float(row[column]) for row in read(document())]
    assert sum(parts) == pytest.approx(session)


def test_what_was_not_measured_is_an_empty_field() -> None:
    made = document()
    made["cells"][0]["energy_j"] = estimate(None)
    made["cells"][0]["sources"] = {}
    made["cells"][0]["execution_count"] = None
    row = read(made)[0]
    assert (row["energy_j"], row["energy_wh"], row[f"{GPU}_j"], row["execution_count"]) == ("",) * 4
    assert row["energy_provenance"] == "missing"


def test_optional_keys_may_be_absent() -> None:
    made = document()
    del made["session"]["between_cells_co2e_g"]
    assert read(made)[-2]["co2e_g"] == ""


def test_lines_end_as_rfc_4180_says_and_are_equally_long() -> None:
    text = to_csv(hostile_document())
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert text.endswith("\r\n")
    assert {len(row) for row in rows} == {len(rows[0])}
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("=1+1", "'=1+1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\u3000＝1", "'\u3000＝1"),
        ("\xa0=1", "'\xa0=1"),
        ("\u200b=1", "'\u200b=1"),
        ("\x01=1", "'\x01=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("x;=1", "x;'=1"),
        ("x\n =1", "x\n' =1"),
        ("x\t-1", "x\t'-1"),
        ("a=b-c, d@e", "a=b-c, d@e"),
        ("lr=0.1", "lr=0.1"),
        ('two\nlines, and "quotes"', 'two\nlines, and "quotes"'),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
    ],
)
def test_a_formula_is_led_by_an_apostrophe_and_nothing_else_is(label: str, written: str) -> None:
    assert label_as_written(label) == written


def test_guards_every_text_field_and_the_header() -> None:
    made = document()
    made["session"]["notebook"] = made["cells"][0]["id"] = "=1+1"
    made["sources"][0]["id"] = "=1+1"
    text = to_csv(made)
    assert "'=1+1_j" in text.splitlines()[0]
    assert read(made)[0]["id"] == read(made)[-1]["label"] == "'=1+1"


def test_a_negative_number_stays_a_number() -> None:
    made = document()
    made["cells"][0]["energy_j"]["value"] = -12.5
    assert read(made)[0]["energy_j"] == "-12.5"


@given(
    st.text(alphabet=st.one_of(st.sampled_from(" \t\r\n;,\"'=+-@＝\u200b\x00a"), st.characters()))
)
def test_reads_back_the_same_but_for_the_guard(label: str) -> None:
    written = label_as_written(label)
    original = well_formed(label).replace("\0", "\ufffd")
    assert written.replace("'", "") == original.replace("'", "")
    assert written.strip(" \u3000\u200b\ufeff\xa0\xad")[:1] not in {*SIGNS, "\t", "\r", "\n"}


@given(st.text(alphabet="abc, \n\"'|"))
def test_harmless_text_is_not_touched(label: str) -> None:
    if not label.startswith("\n"):
        assert label_as_written(label) == label


def test_no_field_begins_with_a_sign_whatever_the_separator() -> None:
    text = to_csv(document(*HOSTILE))
    for separator in ",;\t":
        for row in csv.reader(text.splitlines(), delimiter=separator):
            for field in row:
                starts = field.lstrip(' \u3000\u200b"')[:1]
                assert starts not in SIGNS or not starts or _is_number(field), (separator, field)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("piece", ["\n", "\t", " ", ";", "\u200b"])
def test_takes_linear_time_on_a_long_text_of_blanks(piece: str) -> None:
    made = document(piece * 300_000)
    before_s = time.process_time()
    to_csv(made)
    assert time.process_time() - before_s < 2

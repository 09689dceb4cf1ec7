"""`jupyter carbon export`: everything of the sessions of a time."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import pytest

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.ledger.records import TraceRow, sources_text
from jupyter_carbon.summary.keys import SCHEMA
from tests.cli.conftest import Command
from tests.ledger.made import rate, write
from tests.ledger.past import block, past, ran

HOUR = 3600.0
T = datetime(2026, 11, 20, 10).timestamp()
SHARES = sources_text({0: Estimate(40.0, 38.0, 42.0, Provenance.COUNTER), 1: Estimate.missing()})


@pytest.fixture(autouse=True)
def _lives(ledger: Path) -> None:
    cells = [
        ran(0, 40.0, label="train", sources=SHARES, code="x = 1"),
        ran(
            1, None, status="running", ended=None, started=T + 60.0, duration_s=2.0, code_hash=None
        ),
    ]
    whole = past(
        T, T + HOUR, {"gpu:0": 100.0, "cpu": None}, cells=cells, labels=[block(0, "fit", 9.0)],
        notebook="a.ipynb", project="paper", ended=None, ending=None, pid_started=-1.0,
        gaps='[{"from": "x", "to": null, "reason": "paused"}]', notes='["The CPU is not read."]',
    )  # fmt: skip
    whole.rates = [rate()]
    whole.traces = [TraceRow(0, T, 2.0, b"\0\0\x80?\0\0\xc0\x7f")]
    write(ledger, whole, past(T + 24 * HOUR, T + 25 * HOUR, {"gpu:1": 10.0}, notebook="b.ipynb"))


def test_json_has_a_whole_summary_of_each_session(carbon: Command) -> None:
    first, second = carbon("export").json
    assert first["schema"] == second["schema"] == SCHEMA
    assert first["tool"]["name"] == "jupyter_carbon"
    assert set(first) >= {"session", "sources", "cells", "labels", "grid", "power", "notes"}
    session = first["session"]
    assert (session["project"], session["state"]) == ("paper", "lost")
    assert session["gaps"] == [{"from": "x", "to": None, "reason": "paused"}]
    assert first["notes"] == ["The CPU is not read."]
    assert first["grid"][0]["place"] == "Germany"
    assert first["grid"][0]["assumed"] is False
    train, cut = first["cells"]
    assert train["code"] == "x = 1"
    assert len(train["code_mark"]) == 16
    assert train["sources"] == {
        "gpu:0": {"value": 40.0, "low": 38.0, "high": 42.0, "provenance": "counter"}
    }
    assert (cut["status"], cut["energy_j"]["value"]) == ("interrupted", None)
    assert cut["ended"].startswith("2026-11-20T10:01:02") or "T" in cut["ended"]
    assert "code" not in cut
    assert [label["label"] for label in first["labels"]] == ["fit"]
    power = first["power"]
    assert (power["resolution_s"], len(power["times"])) == (2.0, 2)
    assert power["gpu:0_w"] == [1.0, None]
    assert second["power"] == {"resolution_s": 0.0, "times": []}


def test_a_span_chooses_sessions_and_leaves_them_whole(carbon: Command) -> None:
    (only,) = carbon("export", "--since", "2026-11-21").json
    assert only["session"]["notebook"] == "b.ipynb"
    assert carbon("export", "--since", "2027-01-01").json == []


def test_a_file_is_written_in_the_form_that_its_ending_names(
    carbon: Command, tmp_path: Path
) -> None:
    said = carbon("export", "--since", "2026-11-20", tmp_path / "all.json")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"2 sessions are in {tmp_path / 'all.json'}.\n"
    assert json.loads((tmp_path / "all.json").read_text()) == carbon("export").json

    assert carbon("export", "--until", "2026-11-20", tmp_path / "all.CSV").code == 0
    with (tmp_path / "all.CSV").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["cell", "cell", "between", "session"]
    assert {row["notebook"] for row in rows} == {"a.ipynb"}
    assert {row["project"] for row in rows} == {"paper"}
    assert rows[0]["gpu:0_j"] == "40.0"
    assert rows[1]["energy_j"] == ""
    assert float(rows[2]["energy_j"]) == pytest.approx(0.25 * 100.0 * HOUR)
    assert rows[3]["gpu:0_j"] == str(100.0 * HOUR)


def test_the_columns_are_those_of_all_sources(carbon: Command, tmp_path: Path) -> None:
    carbon("export", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["gpu:1_j"] == str(10.0 * HOUR)
    assert rows[-1]["gpu:0_j"] == rows[0]["gpu:1_j"] == ""


@pytest.mark.parametrize("name", ["all.txt", "all", "all.md", "nowhere/all.json"])
def test_a_path_that_cannot_be_is_refused_and_nothing_written(
    carbon: Command, tmp_path: Path, name: str
) -> None:
    said = carbon("export", tmp_path / name)
    assert (said.code, said.out) == (1, "")
    assert "Nothing was written" in said.err
    assert not (tmp_path / name).exists()


def test_a_file_is_replaced_whole_or_not_at_all(
    carbon: Command, tmp_path: Path, ledger: Path
) -> None:
    path = tmp_path / "all.json"
    path.write_text("before")
    said = carbon("export", path, "--ledger", tmp_path / "none.sqlite3")
    assert said.code == 1
    assert path.read_text() == "before"
    assert carbon("export", path).code == 0
    assert path.read_text() != "before"
    assert {each.name for each in tmp_path.iterdir()} == {"all.json", "data"}

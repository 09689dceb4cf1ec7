"""`jupyter carbon history`: words and JSON, and what cannot be followed."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from jupyter_carbon import cli
from tests.cli.conftest import Command
from tests.ledger.made import write
from tests.ledger.past import block, past, ran

HOUR = 3600.0
T = datetime(2026, 11, 20, 10).timestamp()


@pytest.fixture(autouse=True)
def _lives(ledger: Path) -> None:
    """Two notebooks of a paper, at once for half an hour, and one that is lost."""
    write(
        ledger,
        past(
            T, T + HOUR, notebook="a.ipynb", project="paper", cells=[ran(0, 500.0, label="train")]
        ),
        past(T + HOUR / 2, T + 3 * HOUR, notebook="b.ipynb", project="paper"),
        past(T + 24 * HOUR, T + 25 * HOUR, {"gpu:0": 10.0}, labels=[block(0, "fit", 9.0)]),
        past(T + 48 * HOUR, T + 49 * HOUR, {"gpu:0": None}, notebook=None),
        past(T + 50 * HOUR, T + 51 * HOUR, ended=None, ending=None, pid_started=-1.0),
        past(time.time() - 60, time.time(), ended=None, ending=None, notebook="now.ipynb"),
    )


def test_the_whole_is_told_with_its_range_and_origin(carbon: Command) -> None:
    said = carbon("history")
    assert (said.code, said.err) == (0, "")
    head = said.out.splitlines()[0]
    # 3 h and 1 h and a minute of 100 W, 1 h of 10 W
    assert head == "0.412 kWh ± 5 % · 148 g CO2e · with a gap, or got in several ways"
    at_once = f"2 kernels ran at once on {platform.node()}; what both metered is counted once"
    assert f"{at_once} (30 min 00 s)." in " ".join(said.out.split())
    assert "lost, last heard of 2026-11-22 13:00" in said.out
    assert "running" in said.out
    for heading in ("Trend", "Projects", "Notebooks", "Labels", "Top cells", "Newest sessions"):
        assert f"\n{heading}\n" in said.out
    assert "█" in said.out


def test_by_day_has_a_row_and_a_bar_for_each_day(carbon: Command) -> None:
    lines = carbon("history", "--by", "day", "--until", "2026-11-22").out.splitlines()
    rows = [line.split() for line in lines if line.startswith("  2026-")]
    assert [row[0] for row in rows] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert rows[0][1] == "█" * 24
    assert "0.300 kWh ± 5 %" in " ".join(rows[0])
    assert rows[1][1] == "█"
    assert "10.0 Wh ± 5 %" in " ".join(rows[1])


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("notebook", ["b.ipynb", "0.250 kWh"]),
        ("project", ["paper", "0.300 kWh"]),
        ("label", ["fit", "2.50 mWh"]),
        ("host", ["0.412 kWh"]),
    ],
)
def test_by_others(carbon: Command, by: str, wanted: list[str]) -> None:
    said = carbon("history", "--by", by)
    assert said.code == 0
    assert any(all(word in line for word in wanted) for line in said.out.splitlines()), said.out
    assert f"By {by}" in said.out


def test_rows_that_have_time_in_common_say_so(carbon: Command) -> None:
    assert "together they say more than the total" in " ".join(
        carbon("history", "--by", "notebook").out.split()
    )
    assert "together they say" not in carbon("history", "--by", "project").out


def test_a_span_cuts_what_reaches_into_it(carbon: Command) -> None:
    said = carbon("history", "--since", "2026-11-21", "--until", "2026-11-21")
    assert said.out.splitlines()[0].startswith("10.0 Wh ± 5 %")
    assert "1 session of 1 h 00 min in all, 2026-11-21." in said.out
    assert "0.412" not in said.out


def test_nothing_in_a_span_is_nothing_recorded_not_0(carbon: Command) -> None:
    said = carbon("history", "--until", "2020-01-01")
    assert (said.code, said.out) == (0, "Nothing has been recorded in that time.\n")
    assert carbon("history", "--until", "2020-01-01", "--json").json == []


def test_what_was_not_measured_is_called_that(carbon: Command) -> None:
    said = carbon("history", "--since", "2026-11-22", "--until", "2026-11-22", "--by", "notebook")
    row = next(line for line in said.out.splitlines() if "(not known)" in line)
    assert "not measured" in row
    assert "0 Wh" not in row


E = {
    "type": "object",
    "required": ["value", "low", "high", "provenance"],
    "additionalProperties": False,
    "properties": {
        "value": {"type": ["number", "null"]},
        "low": {"type": ["number", "null"]},
        "high": {"type": ["number", "null"]},
        "provenance": {
            "enum": ["counter", "integrated", "modelled", "assumed", "mixed", "missing"]
        },
    },
}
NONE_OR_E = {"anyOf": [{"type": "null"}, E]}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|\+00:00)$"}
SESSIONS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["session", "sources"],
        "properties": {
            "session": {
                "type": "object",
                "required": [
                    "id", "started", "ended", "duration_s", "notebook", "host", "scope",
                    "energy_j", "kernel_energy_j", "between_cells_j", "co2e_g", "kernel_co2e_g",
                ],
                "properties": {
                    "id": {"type": "string"},
                    "started": TIME,
                    "ended": {"anyOf": [{"type": "null"}, TIME]},
                    "duration_s": {"type": "number"},
                    "notebook": {"type": ["string", "null"]},
                    "host": {"type": "string"},
                    "scope": {"const": "machine"},
                    "energy_j": E,
                    "kernel_energy_j": NONE_OR_E,
                    "between_cells_j": E,
                    "co2e_g": E,
                    "kernel_co2e_g": NONE_OR_E,
                    "state": {"enum": ["running", "ended", "lost"]},
                },
            },
            "sources": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": [
                        "id", "name", "kind", "host", "state", "provenance", "energy_j",
                        "kernel_energy_j", "note",
                    ],
                    "properties": {
                        "kind": {"enum": ["gpu", "cpu", "memory", "other"]},
                        "energy_j": E,
                        "kernel_energy_j": NONE_OR_E,
                    },
                },
            },
        },
    },
}  # fmt: skip


def test_json_is_a_list_of_sessions_as_the_summary_has_them(carbon: Command) -> None:
    found = carbon("history", "--json").json
    jsonschema.validate(found, SESSIONS)
    assert [each["session"]["state"] for each in found] == [
        "ended", "ended", "ended", "ended", "lost", "running",
    ]  # fmt: skip
    lost, running = found[-2]["session"], found[-1]["session"]
    assert lost["ended"] == lost["last_heard_of"]
    assert running["ended"] is None
    assert found[3]["session"]["energy_j"]["value"] is None
    assert found[0]["sources"][0]["energy_j"]["value"] == pytest.approx(100.0 * HOUR)


def test_json_by_something_is_what_each_came_to(carbon: Command) -> None:
    days = carbon("history", "--json", "--by", "day", "--until", "2026-11-22").json
    assert [day["name"] for day in days] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert days[0]["energy_j"]["value"] == pytest.approx(300.0 * HOUR)
    assert days[0]["count"] == 2
    (label,) = carbon("history", "--json", "--by", "label").json
    assert (label["by"], label["name"], label["energy_j"]["value"]) == ("label", "fit", 9.0)


@pytest.mark.parametrize("words", [["--since", "soon"], ["--until", "2026-13"], ["--since", ""]])
def test_dates_that_are_none_are_refused_in_a_sentence(carbon: Command, words: list[str]) -> None:
    said = carbon("history", *words)
    assert (said.code, said.out) == (1, "")
    assert "is no date; write a day (2026-11-01)" in said.err
    assert said.err.count("\n") == 1


def test_an_order_that_is_none_is_refused(
    carbon: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        carbon("history", "--by", "mood")
    assert "notebook" in capsys.readouterr().err


def test_days_before_now_are_taken(carbon: Command) -> None:
    assert "1 session of 1 min" in carbon("history", "--since", "1d").out
    assert "nothing lies between" in carbon("history", "--since", "1d", "--until", "7d").err


def test_pounds(carbon: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CARBON_CO2E_UNIT", "lb")
    assert "0.327 lb CO2e" in carbon("history").out


@pytest.mark.parametrize("setting", ["off", "OFF", ":memory:"])
def test_where_there_is_no_file_it_is_said(
    carbon: Command, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("JUPYTER_CARBON_LEDGER", setting)
    said = carbon("history")
    assert (said.code, said.out) == (1, "")
    assert "JUPYTER_CARBON_LEDGER" in said.err
    assert "--ledger" in said.err


def test_another_ledger_can_be_named_and_has_to_be_there(
    carbon: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.sqlite3"
    said = carbon("history", "--ledger", other)
    assert said.code == 1
    assert f"There is no ledger at {other}" in said.err
    assert not other.exists()
    write(other, past(T, T + HOUR, {"gpu:0": 1000.0}))
    assert carbon("history", "--ledger", other).out.startswith("1.00 kWh")
    monkeypatch.setenv("JUPYTER_CARBON_LEDGER", str(other))
    assert carbon("history").out.startswith("1.00 kWh")


def test_reading_changes_nothing(carbon: Command, ledger: Path) -> None:
    before = ledger.read_bytes()
    for words in (["history"], ["history", "--json"], ["ledger"]):
        assert carbon(*words).code == 0
    assert ledger.read_bytes() == before
    assert all(each.name.startswith(ledger.name) for each in ledger.parent.iterdir())


def test_a_terminal_without_the_letters_and_a_pipe_that_closes_are_no_error(ledger: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "JUPYTER_CARBON_LEDGER": str(ledger)}
    command = [sys.executable, "-m", "jupyter_carbon.cli", "history"]
    run = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"kWh ? 5 %" in run.stdout
    if sys.platform != "win32":
        piped = f"{sys.executable} -m jupyter_carbon.cli history --json | head -c 1"
        run = subprocess.run(
            piped, shell=True, env=environment, capture_output=True, timeout=60, check=False
        )
        assert run.stderr == b""


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE session SET started = 9e15, beat = 9e15, ended = 9e15",
        "UPDATE session SET energy_j = 'much'",
        "DROP TABLE slice",
        "UPDATE cell SET energy_j = 9e999, energy_j_high = 9e999",
    ],
)
def test_a_ledger_that_somebody_spoilt_is_no_traceback(
    carbon: Command, ledger: Path, harm: str
) -> None:
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute(harm)
        connection.commit()
    for words in (["history"], ["history", "--by", "day"], ["history", "--json"], ["export"]):
        said = carbon(*words)
        assert said.code in (0, 1)
        assert bool(said.err) == (said.code == 1)


def test_each_command_says_in_its_help_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for command in cli._COMMANDS:
        with pytest.raises(SystemExit) as left:
            cli.main([command, "--help"])
        assert left.value.code == 0
        assert f"usage: jupyter carbon {command}" in capsys.readouterr().out

"""What the ledger tells a panel, and how it is asked without anybody waiting."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_carbon.ledger.errors import LedgerError
from jupyter_carbon.stream.messages import Message
from jupyter_carbon.stream.past import has_history, history_part
from tests.ledger.made import write
from tests.ledger.past import past
from tests.simulation import Board, Clock, Kernel
from tests.stream.front import Front, Told

HOUR_S = 3600.0
_PATIENCE_S = 20.0


def noon_s(days_ago: int) -> float:
    """A moment on a local day."""
    day = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0)
    return (day - timedelta(days=days_ago)).timestamp()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Two sessions of the last week, and one of long ago."""
    path = tmp_path / "ledger.sqlite3"
    for days_ago, power_w, name in ((2, 1000.0, "a.ipynb"), (5, 500.0, "b.ipynb"), (90, 9.0, "c")):
        begin_s = noon_s(days_ago)
        write(path, past(begin_s, begin_s + HOUR_S, {"gpu:x": power_w}, notebook=name))
    return path


def test_the_last_days_are_told(ledger: Path) -> None:
    found = history_part(str(ledger), 7, "kg")
    assert found["sessions"] == 2
    assert found["total"]["energy_j"]["value"] == pytest.approx(1500.0 * HOUR_S)
    assert found["total"]["energy_j"]["number"] == "1.50"
    assert found["total"]["energy_j"]["unit"] == "kWh"
    by_day = [each["energy_j"] for each in found["days"]]
    known = {place: each["value"] for place, each in enumerate(by_day) if each is not None}
    assert known == pytest.approx({1: 500.0 * HOUR_S, 4: 1000.0 * HOUR_S})
    days = [each["day"] for each in found["days"]]
    assert days == sorted(days)
    assert days[-1] == f"{datetime.now():%Y-%m-%d}"
    assert [each["name"] for each in found["notebooks"]] == ["a.ipynb", "b.ipynb"]
    assert sum(each["energy_j"]["value"] or 0.0 for each in found["notebooks"]) == pytest.approx(
        found["total"]["energy_j"]["value"]
    )


def test_a_ledger_that_is_none_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no ledger at all" * 100)
    with pytest.raises(LedgerError):
        history_part(str(broken), 7, "kg")


@pytest.mark.parametrize(
    ("setting", "is_there"),
    [("", True), ("a/path", True), ("off", False), (" OFF ", False), (":memory:", False)],
)
def test_there_is_one_where_a_ledger_lies_on_the_disk(setting: str, is_there: bool) -> None:
    assert has_history(setting) is is_there


def told_of(ledger: str) -> Told:
    clock = Clock()
    return Told(Kernel(Board(clock), clock=clock, ledger=ledger))


def answered(told: Told, front: Front, **args: Any) -> Message:
    """The answer to the command, which comes from a thread of its own."""
    command = {"v": 1, "kind": "command", "id": "asked", "name": "history", "args": args}
    told.broadcast.hear(front.viewer, command)
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        for message in front.heard:
            if message["kind"] == "reply" and message["id"] == "asked":
                return message
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_front_end_is_answered_with_it(ledger: Path) -> None:
    told = told_of(str(ledger))
    front = told.join()
    assert front.known["meter"]["history"] is True
    answer = answered(told, front, days=30)
    assert answer["ok"]
    assert answer["history"]["sessions"] == 2
    assert len(answer["history"]["days"]) == 30
    assert not front.faults


@pytest.mark.parametrize("days", [0, 367, "7", None, True, 1.5])
def test_a_number_of_days_that_is_none_is_refused(days: object) -> None:
    told = told_of("off")
    answer = answered(told, told.join(), days=days)
    assert not answer["ok"]
    assert "days" in answer["text"]


def test_where_the_ledger_is_off_it_says_so() -> None:
    told = told_of("off")
    front = told.join()
    assert front.known["meter"]["history"] is False
    answer = answered(told, front, days=7)
    assert not answer["ok"]
    assert "ledger" in answer["text"]

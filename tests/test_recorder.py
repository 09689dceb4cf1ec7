"""A meter whose sessions are written into a real ledger, on a clock of its own."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_carbon.ledger.keeper import THREAD_NAME
from jupyter_carbon.recorder import Recorder
from jupyter_carbon.windows import Fingerprint
from tests.recording.kept import Kept, kept_in, wait_for
from tests.simulation import Board, Clock, Kernel

Make = Callable[..., "Recorded"]


class Recorded:
    """A simulated kernel with two boards, and its recorder."""

    def __init__(self, path: Path, **settings: object) -> None:
        self.path = path
        self.clock = Clock()
        boards = [Board(self.clock, name=name, counter_step_s=0.1) for name in "ab"]
        self.kernel = Kernel(*boards, clock=self.clock, ledger=str(path), **settings)
        self.meter = self.kernel.meter
        self.recorder = Recorder(
            self.meter,
            kernel="c0ffee",
            clock=self.clock,
            wall_clock=lambda: self.clock.now_s + 1.7e9,
        )
        self.recorder.start()

    def cell(self, span_s: float, code: str = "") -> None:
        number = len(self.kernel.cells) + 1
        window = self.meter.open_cell(f"c{number}", number, code=code)
        self.kernel.wake()
        self.kernel.wait(span_s)
        self.meter.close_cell(window, "ok")
        self.kernel.wake()
        self.kernel.cells.append((window, 0.0, 0.0))

    def run(self, span_s: float) -> None:
        """Lets time pass, and the ledger's thread have its turn each second."""
        until_s = self.clock.now_s + span_s
        while self.clock.now_s < until_s:
            self.kernel.wait(min(1.0, until_s - self.clock.now_s))
            self.recorder.wait(20.0)

    def wait_for(self, is_there: Callable[[list[Kept]], bool]) -> list[Kept]:
        return wait_for(self.path, is_there, meanwhile=lambda: self.run(1.0))

    def stop(self) -> list[Kept]:
        self.meter.stop()
        self.recorder.stop(20.0)
        return kept_in(self.path)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Recorded] = []

    def new(path: Path | None = None, **settings: object) -> Recorded:
        made.append(Recorded(path or tmp_path / "ledger.sqlite3", **settings))
        return made[-1]

    yield new
    for each in made:
        each.meter.stop()
        each.recorder.stop(20.0)
    assert THREAD_NAME not in [thread.name for thread in threading.enumerate()]


def has_cells(*numbers: int) -> Callable[[list[Kept]], bool]:
    return lambda kept: bool(kept) and kept[-1].numbers == list(numbers)


def test_what_is_in_the_ledger_adds_up_while_it_runs_and_at_the_end(make: Make) -> None:
    recorded = make(project="thesis")
    recorded.meter.notebook = "runs/train.ipynb"
    recorded.cell(2.0, "x = 1")
    recorded.cell(0.3)
    (kept,) = recorded.wait_for(has_cells(1, 2))
    kept.assert_adds_up()
    session = kept.session
    assert (session["ended"], session["kernel"]) == (None, "c0ffee")
    assert (session["notebook"], session["project"]) == ("runs/train.ipynb", "thesis")
    recorded.run(30.0)
    recorded.cell(5.0)
    (kept,) = recorded.stop()
    kept.assert_adds_up(1e-6)
    with recorded.meter.look() as account:
        cost = account.cost([(account.session.start, account.session.end)])
    assert kept.session["energy_j"] == pytest.approx(cost.energy_j.value)
    assert kept.session["energy_j"] == pytest.approx(120.0 * kept.session["duration_s"], rel=0.01)
    assert kept.session["ending"] == "ended"
    assert kept.session["ended"] == pytest.approx(recorded.clock.now_s + 1.7e9, abs=0.1)
    assert kept.numbers == [1, 2, 3]
    assert len(kept.traces) == 2
    assert [cell["code"] for cell in kept.cells] == [None] * 3
    marks = [cell["code_hash"] for cell in kept.cells]
    assert marks[0] not in (None, Fingerprint.of("x = 1").digest)
    assert marks[1] is None


def test_it_is_at_most_a_second_behind(make: Make) -> None:
    recorded = make()
    recorded.cell(1.0)
    recorded.wait_for(has_cells(1))
    for _ in range(10):
        for _ in range(10):
            recorded.run(0.1)
        (kept,) = kept_in(recorded.path)
        assert kept.session["beat"] > recorded.clock.now_s + 1.7e9 - 1.3


def test_a_running_cell_is_there_with_what_it_took_so_far(make: Make) -> None:
    recorded = make()
    recorded.meter.open_cell("c1", 1)
    recorded.kernel.wake()
    (kept,) = recorded.wait_for(
        lambda kept: bool(kept) and bool(kept[0].cells) and kept[0].cells[0]["energy_j"] > 500.0
    )
    kept.assert_adds_up()
    assert kept.cells[0]["status"] == "running"
    assert kept.cells[0]["ended"] is None


def test_sessions_that_resets_ended_are_there_to_their_ends(make: Make) -> None:
    recorded = make(project="one")
    recorded.cell(2.0)
    window = recorded.meter.open_cell("c9", 9)
    recorded.run(2.0)
    recorded.meter.reset()
    recorded.meter.project = "two"
    recorded.meter.reset()
    recorded.run(3.0)
    recorded.meter.close_cell(window, "ok")
    kept = recorded.wait_for(
        lambda kept: [each.session["ended"] is None for each in kept] == [False, False, True]
    )
    assert [each.session["ending"] for each in kept] == ["ended", "ended", None]
    recorded.run(20.0)
    kept = recorded.stop()
    assert [each.numbers for each in kept] == [[1, 9], [9], [9]]
    assert [each.session["project"] for each in kept] == ["one", "two", "two"]
    for each in kept:
        each.assert_adds_up(1e-6)
    assert kept[0].session["ended"] == kept[1].session["started"]


def test_another_place_for_the_whole_session_is_for_all_that_was_written(make: Make) -> None:
    recorded = make(region="500 g")
    recorded.cell(36.0)
    recorded.run(2000.0)
    (before,) = recorded.wait_for(lambda kept: has_cells(1)(kept) and len(kept[0].slices) > 3)
    recorded.meter.set_region("1000 g", everything=True)
    recorded.cell(1.0)
    (after,) = recorded.stop()
    for kept in (before, after):
        kept.assert_adds_up()
    ratio = after.cells[0]["co2e_g"] / before.cells[0]["co2e_g"]
    assert ratio == pytest.approx(2.0)
    assert after.slices[0]["co2e_g"] / before.slices[0]["co2e_g"] == pytest.approx(2.0)
    assert [rate["intensity_g_per_kwh"] for rate in after.rates] == [1000.0]


def test_a_pause_is_kept_as_a_gap_and_in_no_sum(make: Make) -> None:
    recorded = make()
    recorded.run(10.0)
    recorded.meter.pause()
    recorded.run(1000.0)
    recorded.meter.resume()
    recorded.run(10.0)
    (kept,) = recorded.stop()
    kept.assert_adds_up(1e-6)
    assert kept.session["energy_j"] == pytest.approx(120.0 * 20.3, rel=0.05)
    assert "paused" in kept.session["gaps"]
    assert kept.session["duration_s"] == pytest.approx(1020.0, abs=1.0)


def test_thousands_of_cells_are_written_batch_after_batch(make: Make) -> None:
    recorded = make()
    for number in range(3000):
        window = recorded.meter.open_cell(f"c{number}", number)
        recorded.clock.now_s += 0.001
        recorded.meter.close_cell(window, "ok")
    recorded.kernel.wake()
    recorded.run(5.0)
    (kept,) = recorded.stop()
    assert sorted(kept.numbers) == list(range(3000))
    kept.assert_adds_up()


def test_what_cannot_be_written_is_told_and_written_when_it_can(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.write_text("This is no folder.")
    recorded = make(folder / "ledger.sqlite3")

    def has_complaint(wanted: bool) -> None:
        deadline_s = time.monotonic() + 30.0
        while any("ledger" in each for each in recorded.meter.complaints) is not wanted:
            assert time.monotonic() < deadline_s, recorded.meter.complaints
            recorded.run(1.0)
            time.sleep(0.01)

    recorded.cell(1.0)
    has_complaint(True)
    assert len(recorded.meter.complaints) == 1
    recorded.cell(1.0)
    folder.unlink()
    has_complaint(False)
    recorded.cell(1.0)
    (kept,) = recorded.stop()
    assert kept.numbers == [1, 2, 3]
    kept.assert_adds_up()


def test_a_ledger_that_was_removed_is_written_anew_as_a_whole(make: Make) -> None:
    recorded = make()
    recorded.cell(1.0)
    recorded.meter.reset()
    recorded.cell(1.0)
    recorded.wait_for(lambda kept: len(kept) == 2 and has_cells(2)(kept))
    for file in recorded.path.parent.iterdir():
        file.unlink()
    recorded.cell(1.0)
    kept = recorded.wait_for(has_cells(2, 3))
    kept[-1].assert_adds_up()


def test_who_holds_the_lock_keeps_nobody_from_running_cells(make: Make) -> None:
    recorded = make()
    recorded.cell(1.0)
    recorded.wait_for(has_cells(1))
    with closing(sqlite3.connect(recorded.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(5):
            recorded.cell(1.0)
        assert kept_in(recorded.path)[0].numbers == [1]
        other.execute("ROLLBACK")
    (kept,) = recorded.wait_for(has_cells(1, 2, 3, 4, 5, 6))
    kept.assert_adds_up()


def test_code_is_kept_where_it_is_asked_for(make: Make) -> None:
    recorded = make(ledger_keep_code=True)
    recorded.cell(1.0, "secret = 1")
    (kept,) = recorded.stop()
    assert [cell["code"] for cell in kept.cells] == ["secret = 1"]


def test_where_it_is_off_nothing_is_kept(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "x", busy_interval_s=0.1)
    recorded.recorder.stop()
    off = Kernel(Board(recorded.clock), clock=recorded.clock, ledger="Off")
    recorder = Recorder(off.meter, kernel="none", clock=recorded.clock)
    recorder.start()
    off.wait(5.0)
    recorder.stop()
    assert THREAD_NAME not in [thread.name for thread in threading.enumerate()]
    with off.meter.look() as account:
        assert account.ended is None
        assert account.session.cuts == []


def test_a_recorder_that_was_stopped_goes_on_with_the_same_session(make: Make) -> None:
    recorded = make()
    recorded.cell(1.0)
    recorded.recorder.stop(20.0)
    (kept,) = kept_in(recorded.path)
    assert kept.session["ended"] is not None
    recorded.recorder.start()
    recorded.cell(1.0)
    (kept,) = recorded.wait_for(
        lambda kept: has_cells(1, 2)(kept) and kept[0].session["ended"] is None
    )
    kept.assert_adds_up()

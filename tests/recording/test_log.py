"""A session on its way into the ledger: what is written, when, and that it adds up."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_carbon.account import NOW, Session
from jupyter_carbon.ledger.records import Batch, sources_of
from jupyter_carbon.recording.log import SessionLog
from jupyter_carbon.recording.progress import Allowance
from jupyter_carbon.recording.rows import Origin
from jupyter_carbon.windows import Fingerprint, Window
from tests.recording.book import Book, value
from tests.steady import POWER_W, rate
from tests.steady import Ledger as Steady

ORIGIN = Origin("host", "boot", 7, 8.0, "kernel", "0.1")
QUARTER_S = 900.0


class Story:
    """An account that is recorded: what happens to it, and what is written of it."""

    def __init__(self, *names: str, step_s: float | None = 0.0, code: bool = False) -> None:
        self.steady = Steady(*names, step_s=step_s)
        self.account = self.steady.account
        self.account.record(self.steady.now_s, self.steady.wall_s, code=code)
        self.steady.read()
        self.logs = [self._log()]
        self.books = [Book()]

    def _log(self) -> SessionLog:
        session = self.account.session
        return SessionLog(session, self.account.moment_s(session.start))

    def reset(self) -> None:
        self.account.reset(self.steady.now_s, self.steady.wall_s)
        self.logs.append(self._log())
        self.books.append(Book())

    def cell(self, span_s: float, code: str = "") -> Window:
        window = self.steady.open(code=code)
        self.steady.run(span_s)
        self.steady.close(window)
        return window

    def run(self, span_s: float) -> None:
        self.steady.run(span_s)

    def write(self, place: int = -1, *, is_last: bool = False, rows: int = 1000) -> Batch:
        self.account.follow_wall(self.steady.now_s, self.steady.wall_s)
        batch, marks = self.logs[place].collect(
            self.account,
            ORIGIN,
            ["a note"],
            self.steady.wall_s,
            Allowance(rows, 1e9),
            is_last=is_last,
        )
        self.logs[place].marks = marks
        self.books[place].take(batch)
        return batch

    def write_all(self, place: int = -1) -> None:
        """As a recorder does that has fallen behind."""
        self.write(place)
        while self.logs[place].has_backlog(self.account):
            self.write(place)

    def whole_j(self, session: Session) -> float:
        return value(self.account.cost([(session.start, session.end)]).energy_j)


def test_the_figures_of_each_second_add_up() -> None:
    story = Story("gpu", "cpu", step_s=None)
    for span_s in (0.3, 0.1, 1.2):
        story.cell(span_s)
        story.write()
        story.books[0].assert_adds_up()
        story.run(0.7)
        story.write()
        story.books[0].assert_adds_up()
    assert len(story.books[0].cells) == 3


def test_a_running_cell_is_written_and_becomes_the_one_that_has_ended() -> None:
    story = Story()
    window = story.steady.open(code="x = 1")
    story.run(2.0)
    story.write()
    (running,) = story.books[0].cells
    assert (running.status, running.ended) == ("running", None)
    assert value(running.energy_j) == pytest.approx(2 * POWER_W)
    story.books[0].assert_adds_up()
    story.run(1.0)
    story.steady.close(window, "error")
    story.run(1.0)
    story.write()
    (ended,) = story.books[0].cells
    assert (ended.status, ended.number) == ("error", running.number)
    assert ended.ended - ended.started == pytest.approx(3.0)
    assert ended.duration_s == pytest.approx(3.0)
    assert value(ended.energy_j) == pytest.approx(3 * POWER_W)
    assert value(sources_of(ended.sources)[0]) == pytest.approx(3 * POWER_W)
    assert ended.code_hash == Fingerprint.of("x = 1").digest
    assert ended.code is None


def test_code_is_kept_only_where_it_is_wanted() -> None:
    story = Story(code=True)
    story.cell(0.1, "x = '\ud800'")
    story.run(1.0)
    assert [cell.code for cell in story.write().cells] == ["x = '\ufffd'"]


def test_a_nested_cell_is_its_own_and_not_the_outer_ones() -> None:
    story = Story()
    outer = story.steady.open("outer")
    story.run(1.0)
    story.cell(2.0)
    story.run(1.0)
    story.steady.close(outer)
    story.run(1.0)
    story.write()
    story.books[0].assert_adds_up()
    by_id = {cell.id: value(cell.energy_j) for cell in story.books[0].cells}
    assert by_id == pytest.approx({"outer": 2 * POWER_W, "cell": 2 * POWER_W})


def test_a_label_is_written_with_all_that_was_drawn() -> None:
    story = Story()
    label = story.steady.open("train", "label")
    label.label = "train"
    story.cell(1.0)
    story.steady.close(label)
    story.run(1.0)
    story.write()
    (row,) = story.books[0].labels
    assert (row.label, row.status) == ("train", "ok")
    assert value(row.energy_j) == pytest.approx(POWER_W)
    assert story.write().labels == []


def test_slices_end_at_the_quarters_and_only_the_last_one_is_written_again() -> None:
    story = Story()
    for _ in range(40):
        story.run(60.0)
        story.write()
        story.books[0].assert_adds_up()
    slices = sorted(story.books[0].slices, key=lambda row: row.since)
    assert len(slices) == 4
    for before, after in pairwise(slices):
        assert before.until == pytest.approx(after.since, abs=1e-3)
        assert after.since % QUARTER_S == pytest.approx(0.0, abs=1e-3)
    for row in slices:
        assert value(row.energy_j) == pytest.approx(POWER_W * (row.until - row.since), rel=1e-6)
    story.run(10.0)
    assert [row.since for row in story.write().slices] == [slices[-1].since]


def test_a_meter_that_nobody_woke_for_hours_is_cut_all_the_same() -> None:
    story = Story()
    window = story.steady.open()
    story.steady.now_s += 2 * 3600.0
    story.steady.close(window)
    story.steady.read()
    story.run(1.0)
    story.write()
    assert len(story.books[0].slices) in (9, 10)
    story.books[0].assert_adds_up()


def test_a_clock_that_was_set_back_leaves_no_time_negative() -> None:
    story = Story()
    story.cell(10.0)
    story.write()
    account, steady = story.account, story.steady
    account.follow_wall(steady.now_s, steady.wall_s - 86_400.0)
    window = Window("cell", "late")
    account.open(window, steady.now_s, steady.wall_s)
    story.run(10.0)
    account.close(window, steady.now_s, steady.wall_s - 86_400.0, "ok")
    story.run(1.0)
    batch, _ = story.logs[0].collect(
        account, ORIGIN, [], steady.wall_s - 86_400.0, Allowance(100, 1e9), is_last=True
    )
    story.books[0].take(batch)
    for row in (*story.books[0].slices, *story.books[0].cells):
        begin_s = row.since if hasattr(row, "since") else row.started
        end_s = row.until if hasattr(row, "until") else row.ended
        assert end_s > begin_s or row.id == "late"
        assert end_s >= begin_s
    assert batch.session.ended is not None
    assert batch.session.ended >= batch.session.started
    assert batch.session.duration_s == pytest.approx(21.0)
    story.books[0].assert_adds_up()


def test_another_rate_changes_nothing_that_was_written() -> None:
    story = Story()
    story.cell(36.0)
    story.run(2.0)
    story.write()
    story.account.change_rate(
        rate(500.0), story.steady.now_s, story.steady.wall_s, everything=False
    )
    story.cell(36.0)
    story.run(2.0)
    batch = story.write()
    story.books[0].assert_adds_up()
    assert len(batch.cells) == 1
    assert [row.intensity_g_per_kwh for row in story.books[0].rates] == [100.0, 500.0]
    assert [value(row.co2e_g) for row in story.books[0].cells] == pytest.approx([0.1, 0.5])


def test_a_rate_for_the_whole_session_has_all_of_it_reckoned_anew() -> None:
    story = Story()
    for _ in range(3):
        story.cell(36.0)
        story.run(900.0)
        story.write()
    change = story.account.change_rate
    now_s, wall_s = story.steady.now_s, story.steady.wall_s
    change(rate(500.0), now_s, wall_s, everything=False)
    story.cell(36.0)
    story.run(1.0)
    story.write()
    # To the rate that the first part had: that is a change of the second part all the same.
    change(rate(100.0), now_s, wall_s, everything=True)
    assert story.logs[0].is_outdated(story.account)
    story.write_all()
    story.books[0].assert_adds_up()
    assert [value(row.co2e_g) for row in story.books[0].cells] == pytest.approx([0.1] * 4)
    change(rate(300.0), now_s, wall_s, everything=True)
    story.write_all()
    story.books[0].assert_adds_up()
    assert [value(row.co2e_g) for row in story.books[0].cells] == pytest.approx([0.3] * 4)
    assert {row.intensity_g_per_kwh for row in story.books[0].rates} == {300.0}


def test_a_pause_is_in_no_sum_and_is_told() -> None:
    story = Story()
    story.run(10.0)
    story.account.pause(story.steady.now_s, story.steady.wall_s)
    story.write()
    assert '"to":null' in story.books[0].session.gaps
    story.run(2000.0)
    story.account.resume(story.steady.now_s, story.steady.wall_s)
    story.run(10.0)
    batch = story.write()
    assert value(batch.session.energy_j) == pytest.approx(20 * POWER_W, rel=0.02)
    assert "The meter was paused" in batch.session.gaps
    assert '"to":null' not in batch.session.gaps
    assert batch.session.notes == '["a note"]'
    story.books[0].assert_adds_up()


def test_a_session_that_a_reset_ended_is_written_to_its_end() -> None:
    story = Story(step_s=None)
    outer = story.steady.open(code="x")
    story.run(2.0)
    story.write()
    story.reset()
    old, new = story.logs
    assert story.account.ended == [old.session]
    story.write(0)
    story.write(1)
    first = story.books[0].session
    assert first.ended == first.beat
    assert first.ending == "ended"
    assert not old.marks.is_whole
    story.run(30.0)
    assert old.has_backlog(story.account)
    story.write(0)
    assert old.marks.is_whole
    assert not old.has_backlog(story.account)
    story.steady.close(outer)
    story.run(30.0)
    story.write(1)
    for book in story.books:
        book.assert_adds_up()
        assert len(book.cells) == 1
    assert value(first.energy_j) == pytest.approx(2 * POWER_W, rel=0.1)
    assert new.session.end == NOW


def test_the_last_that_is_written_is_the_end() -> None:
    story = Story()
    story.cell(5.0)
    story.run(5.0)
    batch = story.write(is_last=True)
    assert batch.session.ended == pytest.approx(story.steady.wall_s)
    assert batch.session.ending == "ended"
    assert story.logs[0].marks.is_whole


def test_what_another_ledger_has_is_written_anew() -> None:
    story = Story()
    story.cell(1.0)
    story.run(1.0)
    story.write()
    story.logs[0].start_over()
    story.books = [Book()]
    story.write()
    story.books[0].assert_adds_up()
    assert len(story.books[0].cells) == 1


def test_traces_are_written_once_a_minute_one_at_a_time_and_all_at_the_end() -> None:
    story = Story("gpu", "cpu")
    written: list[int] = []
    for _ in range(185):
        story.run(1.0)
        written += [row.source for row in story.write().traces]
    assert written == [0, 1] * 3
    batch = story.write(is_last=True)
    assert [row.source for row in batch.traces] == [0, 1]
    trace = batch.traces[0]
    powers = array("f", trace.powers_w)
    assert trace.since == batch.session.started
    assert len(powers) * trace.step_s == pytest.approx(185.0, abs=2.0)
    assert [power for power in powers if not math.isnan(power)] == pytest.approx(
        [POWER_W] * len(powers), rel=0.01
    )


def test_a_trace_has_a_bounded_number_of_steps_and_holes_where_nothing_was_counted() -> None:
    story = Story()
    story.run(1000.0)
    story.account.pause(story.steady.now_s, story.steady.wall_s)
    story.run(500.0)
    story.account.resume(story.steady.now_s, story.steady.wall_s)
    story.run(500.0)
    (trace,) = story.write(is_last=True).traces
    powers = array("f", trace.powers_w)
    assert 300 < len(powers) <= 600
    assert sum(map(math.isnan, powers)) * trace.step_s == pytest.approx(500.0, abs=20.0)


def test_a_source_that_comes_later_has_slices_from_then_on() -> None:
    story = Story()
    story.run(2000.0)
    story.write()
    story.steady.add("late")
    story.steady.counted_from_j["late"] = 0.0
    story.run(100.0)
    story.write()
    story.books[0].assert_adds_up()
    assert [row.id for row in story.books[0].sources] == ["gpu", "late"]
    assert len([row for row in story.books[0].slices if row.source == 1]) == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.floats(0.1, 5.0)),
        st.tuples(st.just("leap"), st.floats(100.0, 3000.0)),
        st.tuples(st.sampled_from(["open", "close", "write", "lose"]), st.just(0.0)),
        st.tuples(st.sampled_from(["reset", "pause", "resume"]), st.just(0.0)),
        st.tuples(st.sampled_from(["rate", "all"]), st.sampled_from([50.0, 100.0, 700.0])),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_happens_what_is_written_in_the_end_adds_up(
    steps: list[tuple[str, float]],
) -> None:
    story = Story("gpu", "cpu", step_s=None)
    steady, account = story.steady, story.account
    opened: list[Window] = []
    for step, amount in steps:
        if step == "run":
            story.run(amount)
        elif step == "leap":
            steady.now_s += amount
            steady.read()
        elif step == "open":
            opened.append(steady.open())
        elif step == "close" and opened:
            steady.close(opened.pop())
        elif step == "write":
            for place in range(len(story.logs)):
                story.write(place, rows=2)
        elif step == "lose":
            account.follow_wall(steady.now_s, steady.wall_s)
            story.logs[-1].collect(account, ORIGIN, [], steady.wall_s, Allowance(9, 1e9))
        elif step == "reset":
            story.reset()
        elif step == "pause":
            account.pause(steady.now_s, steady.wall_s)
        elif step == "resume":
            account.resume(steady.now_s, steady.wall_s)
        elif step in ("rate", "all"):
            account.change_rate(rate(amount), steady.now_s, steady.wall_s, everything=step == "all")
    story.run(20.0)
    for place, log in enumerate(story.logs):
        story.write_all(place)
        story.books[place].assert_adds_up(1e-4)
        whole_j = story.whole_j(log.session)
        assert value(story.books[place].session.energy_j) == pytest.approx(whole_j)
        assert len(story.books[place].cells) == len(list(account.windows(log.session, "cell")))

"""What the ledger says of the past, where the past is known."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.ledger import history as module
from jupyter_carbon.ledger.history import Group, History
from jupyter_carbon.ledger.records import Batch
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.summary.figures import iso_time
from tests.ledger.made import MISSING, counted
from tests.ledger.past import G_PER_J, QUARTER_S, block, past, ran, remembered

T = 1.7e9 // QUARTER_S * QUARTER_S
HOUR = 3600.0
KINDS = [("a", 50.0), ("b", 100.0)]


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def _energies(groups: list[Group]) -> dict[str | None, float]:
    return {group.name: _value(group.sum.energy_j) for group in groups}


def test_sessions_one_after_the_other_add_up() -> None:
    with remembered(past(T, T + HOUR), past(T + HOUR, T + 3 * HOUR)) as history:
        total = history.total()
    assert _value(total.energy_j) == pytest.approx(100.0 * 3 * HOUR)
    assert total.energy_j.low == pytest.approx(95.0 * 3 * HOUR)
    assert total.energy_j.high == pytest.approx(105.0 * 3 * HOUR)
    assert total.energy_j.provenance is Provenance.COUNTER
    assert _value(total.co2e_g) == pytest.approx(G_PER_J * 100.0 * 3 * HOUR)
    assert (total.count, total.duration_s) == (2, 3 * HOUR)
    assert total.shares_j == {"counter": pytest.approx(100.0 * 3 * HOUR)}


def test_kernels_that_ran_at_once_count_once() -> None:
    beside = past(T + 0.4 * HOUR, T + 1.7 * HOUR), past(T + 0.5 * HOUR, T + 0.6 * HOUR)
    with remembered(past(T, T + HOUR), *beside) as history:
        total = history.total()
        (found,) = history.at_once()
    assert _value(total.energy_j) == pytest.approx(100.0 * 1.7 * HOUR)
    assert total.energy_j.provenance is Provenance.COUNTER
    assert total.count == 3
    assert found.kernels == 3
    assert found.time_s == pytest.approx(0.6 * HOUR)


def test_what_only_one_of_them_metered_counts_too() -> None:
    one = past(T, T + HOUR, {"gpu:0": 100.0, "lost": None})
    other = past(T, T + HOUR, {"gpu:0": 100.0, "lost": 7.0, "gpu:1": 10.0})
    with remembered(one, other) as history:
        assert _value(history.total().energy_j) == pytest.approx(117.0 * HOUR)


def test_a_hole_in_what_the_first_one_counted_is_filled_by_the_next() -> None:
    first = past(T, T + HOUR)
    first.slices = [each for each in first.slices if each.since != T + QUARTER_S]
    with_gap = replace(counted(100.0 * (HOUR - QUARTER_S)), provenance=Provenance.MIXED)
    first.session = first.session._replace(energy_j=with_gap)
    first.sources[0] = first.sources[0]._replace(energy_j=with_gap)
    with remembered(first, past(T + 1, T + HOUR)) as history:
        total = history.total()
    assert _value(total.energy_j) == pytest.approx(100.0 * HOUR, rel=1e-3)


def test_a_load_that_two_of_them_saw_counts_once_however_short_they_ran() -> None:
    """300 W for half a minute, then 50 W: a session's energy is not drawn evenly."""
    one = past(T, T + 30.0, {"gpu:0": 300.0})
    other = past(T + 1.0, T + 90.0, {"gpu:0": (300.0 * 29 + 50.0 * 60) / 89})
    with remembered(one, other) as history:
        assert _value(history.total().energy_j) == pytest.approx(300.0 * 30 + 50.0 * 60)


@pytest.mark.parametrize("reason", ["The meter was paused.", "Board was not counted: it was lost"])
def test_a_pause_of_one_that_goes_on_alone_is_not_filled_with_what_came_before(reason: str) -> None:
    one = past(T, T + 30.0)
    other = past(T + 1.0, T + 90.0, {"gpu:0": 100.0 * 19 / 89})  # paused from the 20th second on
    figure = replace(counted(100.0 * 19), provenance=Provenance.MIXED)
    gap = {"from": iso_time(T + 20.0), "to": None, "reason": reason}
    elsewhere = {**gap, "from": iso_time(T), "reason": "Another was not counted: it was lost"}
    other.session = other.session._replace(gaps=json.dumps([gap, elsewhere]), energy_j=figure)
    other.sources[0] = other.sources[0]._replace(energy_j=figure)
    with remembered(one, other) as history:
        assert _value(history.total().energy_j) == pytest.approx(100.0 * 30)
    with remembered(other, one) as history:
        assert _value(history.total().energy_j) == pytest.approx(100.0 * 30)
        alone = history.total(Span(T + 10.0, T + 90.0)).energy_j
    assert _value(alone) == pytest.approx(100.0 * 20)


def test_machines_do_not_shadow_one_another() -> None:
    other_host = past(T, T + HOUR, host="other")
    rebooted = past(T, T + HOUR, boot="another boot")
    in_container = past(T, T + HOUR, boot=f"{past(T, T).session.boot.partition(' ')[0]} pid:[1]")
    with remembered(past(T, T + HOUR), other_host, rebooted, in_container) as history:
        assert _value(history.total().energy_j) == pytest.approx(300.0 * HOUR)
        assert _energies(history.by_host()) == {
            "other": pytest.approx(100.0 * HOUR),
            platform.node(): pytest.approx(200.0 * HOUR),
        }


def test_notebooks_have_their_machines_energy_and_may_have_it_in_common() -> None:
    batches = (
        past(T, T + HOUR, notebook="a.ipynb", project="paper"),
        past(T + 0.5 * HOUR, T + HOUR, notebook="b.ipynb", project=None),
        past(T + 0.5 * HOUR, T + 2 * HOUR, notebook="a.ipynb", project="paper"),
        past(T + 5 * HOUR, T + 5.25 * HOUR, notebook=None, project="paper"),
    )
    with remembered(*batches) as history:
        assert _energies(history.by_notebook()) == {
            "a.ipynb": pytest.approx(200.0 * HOUR),
            "b.ipynb": pytest.approx(50.0 * HOUR),
            None: pytest.approx(25.0 * HOUR),
        }
        assert list(_energies(history.by_notebook())) == ["a.ipynb", "b.ipynb", None]
        assert _energies(history.by_project())["paper"] == pytest.approx(225.0 * HOUR)
        assert _value(history.total().energy_j) == pytest.approx(225.0 * HOUR)


spans = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)
sessions = st.lists(st.tuples(spans, st.sampled_from("xyz"), st.sampled_from(["here", "there"])))


@given(sessions, spans)
@settings(deadline=None, max_examples=60)
def test_a_span_has_what_was_drawn_in_it_once_for_each_machine(
    made: list[tuple[list[int], str, str]], asked: list[int]
) -> None:
    step_s = 700.0  # so that sessions and spans begin anywhere within a quarter
    begin, end = asked
    batches = [
        past(T + first * step_s, T + last * step_s, dict(KINDS), notebook=name, host=host)
        for (first, last), name, host in made
    ]
    span = Span(T + begin * step_s, T + end * step_s)
    with remembered(*batches) as history:
        total = history.total(span)
        days = history.by_day(span)
        hosts = {group.name: group.sum.energy_j.value for group in history.by_host(span)}
    steps: dict[str, set[int]] = {}
    for (first, last), _, host in made:
        steps.setdefault(host, set()).update(range(max(first, begin), min(last, end)))
    true_j = {host: 150.0 * step_s * len(own) for host, own in steps.items() if own}
    if true_j:
        assert _value(total.energy_j) == pytest.approx(sum(true_j.values()))
        in_days_j = sum(day.sum.energy_j.value or 0.0 for day in days)
        assert in_days_j == pytest.approx(sum(true_j.values()))
        measured = {host: energy_j for host, energy_j in hosts.items() if energy_j}
        assert measured == pytest.approx(true_j)
    else:
        assert not total.energy_j.value


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a zone of its own")
class TestDays:
    @pytest.fixture(autouse=True)
    def _kathmandu(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("TZ", "<+0545>-5:45")
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()

    def test_a_session_is_cut_at_midnight_on_the_clock_here(self) -> None:
        begin = datetime(2026, 11, 29, 22).timestamp()
        with remembered(
            past(begin, begin + 5 * HOUR), past(begin - 90 * HOUR, begin - 89 * HOUR)
        ) as history:
            days = history.by_day()
        assert [(day.day, day.sum.count) for day in days] == [
            (date(2026, 11, 26), 1),
            (date(2026, 11, 29), 1),
            (date(2026, 11, 30), 1),
        ]
        energies = [_value(day.sum.energy_j) for day in days]
        assert energies == pytest.approx([100.0 * HOUR, 200.0 * HOUR, 300.0 * HOUR])
        assert [day.sum.duration_s for day in days] == pytest.approx([HOUR, 2 * HOUR, 3 * HOUR])

    def test_a_day_without_a_figure_is_not_measured(self) -> None:
        begin = datetime(2026, 11, 29, 12).timestamp()
        with remembered(past(begin, begin + HOUR, {"gpu:0": None})) as history:
            (day,) = history.by_day()
            assert day.sum.energy_j.is_missing
            assert history.total().co2e_g.is_missing


def test_what_was_not_measured_marks_the_sum() -> None:
    with remembered(past(T, T + HOUR), past(T + HOUR, T + 2 * HOUR, {"gpu:0": None})) as history:
        total = history.total()
    assert _value(total.energy_j) == pytest.approx(100.0 * HOUR)
    assert total.energy_j.provenance is Provenance.MIXED


def test_a_source_that_was_not_counted_for_a_part_of_the_span_marks_it() -> None:
    batch = past(T, T + 4 * HOUR)
    batch.slices = [each for each in batch.slices if each.since >= T + HOUR]
    with remembered(batch) as history:
        before = history.total(Span(T, T + 2 * HOUR)).energy_j
        after = history.total(Span(T + 2 * HOUR, T + 4 * HOUR)).energy_j
        never = history.total(Span(T, T + HOUR)).energy_j
    assert before.provenance is Provenance.MIXED
    assert _value(before) == pytest.approx(100.0 * HOUR)
    assert after.provenance is Provenance.COUNTER
    assert never.is_missing


def test_what_was_asked_before_changes_no_answer() -> None:
    batches = (
        past(T, T + HOUR, notebook="a.ipynb"),
        past(T + 0.5 * HOUR, T + 2 * HOUR, notebook="b.ipynb"),
    )
    half = Span(T + 0.25 * HOUR, T + 1.25 * HOUR)
    with remembered(*batches) as history:
        assert _energies(history.by_notebook(half)) == {
            "a.ipynb": pytest.approx(75.0 * HOUR),
            "b.ipynb": pytest.approx(75.0 * HOUR),
        }
        assert _value(history.total(half).energy_j) == pytest.approx(100.0 * HOUR)
        assert _value(history.total().energy_j) == pytest.approx(200.0 * HOUR)


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    batch = past(T, T + HOUR)
    batch.slices = [
        each._replace(since=each.since - HOUR, until=each.until - HOUR)
        if each.since > T + 0.5 * HOUR
        else each
        for each in batch.slices
    ]
    batch.session = batch.session._replace(beat=T, ended=T)
    with remembered(batch) as history:
        assert _value(history.total(Span(T - 9 * HOUR, T + 9 * HOUR)).energy_j) == pytest.approx(
            100.0 * HOUR
        )


class TestLabels:
    def test_runs_are_added_up_and_those_not_measured_are_told(self) -> None:
        one = past(T, T + HOUR, labels=[block(0, "train", 5.0), block(1, "train", None)])
        two = past(T, T + HOUR, labels=[block(0, "train", 7.0), block(1, "test", 20.0)])
        with remembered(one, two) as history:
            test, train = history.by_label()
        assert (test.name, train.name) == ("test", "train")
        assert _value(train.sum.energy_j) == pytest.approx(12.0)
        assert (train.sum.count, train.sum.unmeasured) == (3, 1)
        assert train.sum.energy_j.provenance is Provenance.MIXED
        assert test.sum.energy_j == counted(20.0)
        assert test.sum.duration_s == 2.0

    def test_a_label_that_was_never_measured_is_not_0(self) -> None:
        with remembered(past(T, T + HOUR, labels=[block(0, "train", None)])) as history:
            (group,) = history.by_label()
        assert group.sum.energy_j.is_missing
        assert group.sum.unmeasured == 1

    def test_a_figure_that_comes_later_takes_the_place_of_none(self) -> None:
        batch = past(T, T + HOUR, labels=[block(0, "train", None)])
        final = Batch(batch.session, labels=[block(0, "train", 5.0)])
        with remembered(batch, final, final) as history:
            (group,) = history.by_label()
        assert group.sum.energy_j == counted(5.0)
        assert (group.sum.count, group.sum.unmeasured) == (1, 0)

    def test_of_a_session_that_the_span_cuts_those_count_that_began_in_it(self) -> None:
        labels = [block(n, "train", 5.0, started=T + 600.0 * n) for n in range(6)]
        with remembered(
            past(T, T + HOUR, labels=labels), past(T, T + 1, labels=labels[:1])
        ) as history:
            (group,) = history.by_label(Span(T + 1200.0, T + 9 * HOUR))
            (whole,) = history.by_label(Span(T, T + 9 * HOUR))
        assert group.sum.count == 4
        assert _value(group.sum.energy_j) == pytest.approx(20.0)
        assert whole.sum.count == 7


@pytest.mark.parametrize("few", [0, 50_000])
class TestTopCells:
    @pytest.fixture(autouse=True)
    def _way(self, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Walked down from the costliest of all, or looked for in the sessions."""
        monkeypatch.setattr(module, "_FEW_CELLS", few)

    def test_the_costliest_come_first_each_code_once_with_all_its_runs(self) -> None:
        cells = [ran(0, 5.0), ran(1, 50.0), ran(2, 20.0), ran(3, None)]
        again = [ran(1, 30.0), ran(2, 40.0), ran(4, 0.0)]
        batches = past(T, T + HOUR, cells=cells), past(T, T + HOUR, cells=again, notebook=None)
        with remembered(*batches) as history:
            top = history.top_cells()
        assert [_value(each.cell.energy_j) for each in top] == [50.0, 40.0, 5.0]
        assert [each.notebook for each in top] == ["runs/train.ipynb", None, "runs/train.ipynb"]
        assert [_value(each.together.energy_j) for each in top] == [80.0, 60.0, 5.0]
        assert [each.together.count for each in top] == [2, 2, 1]

    def test_no_more_than_are_wanted(self) -> None:
        cells = [ran(number, float(number)) for number in range(1, 30)]
        with remembered(past(T, T + HOUR, cells=cells)) as history:
            assert [each.cell.number for each in history.top_cells(3)] == [29, 28, 27]
            assert history.top_cells(0) == []

    def test_only_those_that_began_in_the_span(self) -> None:
        cells = [ran(number, 100.0 - number, started=T + 600.0 * number) for number in range(6)]
        with remembered(past(T, T + HOUR, cells=cells)) as history:
            top = history.top_cells(9, Span(T + 1200.0, T + 2400.0))
        assert [each.cell.number for each in top] == [2, 3]

    def test_cells_of_unknown_code_stand_for_themselves(self) -> None:
        cells = [ran(number, 7.0, code_hash=None) for number in range(2)]
        with remembered(past(T, T + HOUR, cells=cells)) as history:
            top = history.top_cells()
        assert [each.together.energy_j for each in top] == [counted(7.0)] * 2
        assert [each.together.count for each in top] == [1, 1]


class TestSessions:
    def test_they_come_whole_and_in_order_with_what_belongs_to_them(self) -> None:
        late = past(T + HOUR, T + 2 * HOUR, {"gpu:0": 1.0, "cpu": None}, cells=[ran(0, 5.0)])
        early = past(T, T + HOUR, labels=[block(0, "train", 5.0)])
        with remembered(late, early) as history:
            first, second = history.sessions()
            assert (first.session, second.session) == (early.session, late.session)
            assert second.sources == late.sources
            (cell,) = history.cells(second.key)
            assert cell._replace(code_hash=None) == late.cells[0]._replace(code_hash=None)
            assert list(history.labels(first.key)) == early.labels
            assert [entry.key for entry in history.sessions(Span(T + 1.5 * HOUR))] == [second.key]
            assert history.source_ids() == ["cpu", "gpu:0"]

    def test_one_that_runs_is_running_one_whose_process_is_gone_is_lost(self) -> None:
        running = past(T, T + 1, ended=None, ending=None)
        gone = past(T + 1, T + 2, ended=None, ending=None, pid_started=-1.0)
        with remembered(past(T + 3, T + 4), running, gone, now_s=T + 9) as history:
            states = [entry.state for entry in history.sessions()]
            size = history.size()
        assert states == ["running", "lost", "ended"]
        assert (size.sessions, size.running, size.first, size.last) == (3, 1, T, T + 4)

    @pytest.mark.parametrize(("silent_s", "state"), [(5.0, "running"), (600.0, "lost")])
    def test_of_another_machine_only_the_silence_is_known(
        self, silent_s: float, state: str
    ) -> None:
        batch = past(T, T + HOUR, ended=None, ending=None, host="elsewhere")
        with remembered(batch, now_s=T + HOUR + silent_s) as history:
            assert [entry.state for entry in history.sessions()] == [state]

    def test_one_that_was_closed_as_lost_is_lost(self) -> None:
        with remembered(past(T, T + 1, ending="lost")) as history:
            assert [entry.state for entry in history.sessions()] == ["lost"]


def test_an_empty_ledger_has_nothing_and_fails_at_nothing() -> None:
    with remembered(past(T, T)) as history:
        nothing = Span(0.0, 1.0)
        assert history.total(nothing).energy_j == MISSING
        assert history.total(nothing).count == 0
        for ask in (History.by_day, History.by_notebook, History.by_label, History.at_once):
            assert ask(history, nothing) == []
        assert history.top_cells(5, nothing) == []
        assert list(history.sessions(nothing)) == []

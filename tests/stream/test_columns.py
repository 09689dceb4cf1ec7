"""The power's course: fine for a quarter of an hour, coarse for all of it, the same energy."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jupyter_carbon.stream.columns import recent_columns, recent_end, whole_columns
from jupyter_carbon.stream.messages import Columns
from tests.simulation import Board, Clock, Kernel


def two_boards() -> tuple[Board, Board, Kernel]:
    clock = Clock()
    first = Board(clock, name="first")
    second = Board(clock, name="second", counter_step_s=None, window_s=1.0)
    return first, second, Kernel(first, second, clock=clock)


def recent(kernel: Kernel) -> Columns:
    with kernel.meter.look() as account:
        return recent_columns(account, None, recent_end(account))


def whole(kernel: Kernel) -> Columns:
    with kernel.meter.look() as account:
        return whole_columns(account)


def check_even(columns: Columns) -> None:
    for left_ms, right_ms in pairwise(columns["times_ms"]):
        assert right_ms - left_ms == pytest.approx(columns["step_ms"], abs=1.0)
    for column in columns["sources"].values():
        assert len(column) == len(columns["times_ms"])


def test_the_recent_course_is_the_true_power_to_the_second() -> None:
    first, _, kernel = two_boards()
    kernel.wait(20.0)

    def work() -> None:
        first.load(200.0)
        kernel.wait(10.0)
        first.load(60.0)

    kernel.cell(work)
    kernel.wait(20.0)
    columns = recent(kernel)
    check_even(columns)
    # The first reading came within the first second.
    course = zip(columns["times_ms"], columns["sources"]["gpu:first"], strict=True)
    assert next(course)[1] is None
    for time_ms, power_w in course:
        at_s = time_ms / 1e3 - 1.7e9
        true_w = first.true_j(at_s, at_s + 1.0)
        assert power_w is not None
        assert power_w == pytest.approx(true_w, abs=3.0)


def test_it_is_a_quarter_of_an_hour_and_a_few_seconds_behind() -> None:
    _, _, kernel = two_boards()
    kernel.wait(2000.0)
    columns = recent(kernel)
    assert len(columns["times_ms"]) == 900
    assert kernel.clock.now_s - (columns["times_ms"][-1] / 1e3 - 1.7e9) < 7.0
    assert all(None not in column for column in columns["sources"].values())


def test_the_whole_course_has_some_hundred_steps_and_all_the_energy() -> None:
    first, _, kernel = two_boards()
    for hour in range(4):
        first.load(60.0 + 40.0 * hour)
        kernel.wait(3600.0)
    columns = whole(kernel)
    check_even(columns)
    assert 300 <= len(columns["times_ms"]) <= 600
    step_s = columns["step_ms"] / 1e3
    drawn_j = sum(power_w or 0.0 for power_w in columns["sources"]["gpu:first"]) * step_s
    assert drawn_j == pytest.approx(sum(60.0 + 40.0 * hour for hour in range(4)) * 3600, rel=0.01)


def test_a_pause_is_null_in_both_and_a_new_session_begins_empty() -> None:
    _, _, kernel = two_boards()
    kernel.wait(30.0)
    kernel.meter.pause()
    kernel.wait(30.0)
    assert recent(kernel)["sources"]["gpu:first"][-1] is None
    kernel.meter.resume()
    kernel.wait(30.0)
    for columns in (recent(kernel), whole(kernel)):
        for column in columns["sources"].values():
            assert 26 <= column.count(None) <= 34
            assert column[-1] is not None
    kernel.meter.reset()
    assert recent(kernel)["times_ms"] == []
    assert whole(kernel)["times_ms"] == []


def test_after_a_night_asleep_the_course_stands_beside_the_cells() -> None:
    first, _, kernel = two_boards()
    kernel.wait(30.0)
    kernel.meter._wall_clock = lambda: kernel.clock.now_s + 1.7e9 + 30_000.0
    kernel.slept_s += 30_000.0
    first.load(200.0)
    window = kernel.cell(lambda: kernel.wait(20.0))
    kernel.wait(10.0)
    with kernel.meter.look() as account:
        began_ms = account.wall_s(window.start, 0.0) * 1e3
    for columns in (recent(kernel), whole(kernel)):
        times_ms, column = columns["times_ms"], columns["sources"]["gpu:first"]
        jumps = [right - left for left, right in pairwise(times_ms) if right - left > 2000]
        assert jumps == [30_001_000]
        night = next(n for n, (a, b) in enumerate(pairwise(times_ms)) if b - a > 2000)
        assert column[night] is None
        assert column[night + 3] == pytest.approx(200.0, abs=3.0)
        assert times_ms[night + 1] == pytest.approx(began_ms, abs=1500)


def test_without_a_source_there_is_no_course() -> None:
    kernel = Kernel(clock=Clock())
    kernel.wait(10.0)
    assert recent(kernel) == {"step_ms": 1000.0, "times_ms": [], "sources": {}}

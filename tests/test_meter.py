"""The meter's methods, on a clock of their own; and its thread, on the real one."""

from __future__ import annotations

import gc
import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyter_carbon.carbon import CarbonError
from jupyter_carbon.figure import Figure
from jupyter_carbon.grid.place import UnknownPlace
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reading import Reading
from jupyter_carbon.sampler import THREAD_NAME
from jupyter_carbon.sources.base import Discovery, SourceError
from tests.simulation import Board, Clock, Kernel

DAY_S = 86_400.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(clock, counter_step_s=0.02)


@pytest.fixture
def kernel(board: Board, clock: Clock) -> Kernel:
    """A kernel that has idled for a while."""
    kernel = Kernel(board, clock=clock)
    kernel.wait(2.0)
    return kernel


def _joules(kernel: Kernel, cell: Any) -> float:
    value = kernel.meter.figure(cell).energy_j.value
    assert value is not None
    return value


def _run(kernel: Kernel, span_s: float, power_w: float = 300.0) -> Any:
    def body() -> None:
        kernel.boards[0].load(power_w)
        kernel.wait(span_s)
        kernel.boards[0].load(60.0)

    return kernel.cell(body)


# Pause, resume, reset


def test_what_is_drawn_while_paused_belongs_to_no_sum(kernel: Kernel) -> None:
    _run(kernel, 1.0)
    kernel.wait(1.0)
    before_j = kernel.meter.session_cost().energy_j.value or 0.0
    assert kernel.meter.pause()
    assert not kernel.meter.pause()
    reads = kernel.boards[0].reads
    paused = _run(kernel, 10.0, power_w=5000.0)
    kernel.wait(5.0)
    assert kernel.boards[0].reads == reads
    assert kernel.meter.figure(paused).energy_j.is_missing
    assert kernel.meter.figure(paused).co2e_g.is_missing
    assert kernel.meter.figure(paused).is_final
    assert kernel.meter.figure(paused).duration_s == pytest.approx(10.0)
    assert kernel.meter.resume()
    assert not kernel.meter.resume()
    kernel.wait(2.0)
    after_j = kernel.meter.session_cost().energy_j.value or 0.0
    assert after_j - before_j == pytest.approx(60 * 2.0, rel=0.02)
    with kernel.meter.look() as account:
        (pause,) = account.session.pauses
        assert account.duration_s(*pause) == pytest.approx(15.0)


def test_a_cell_that_reaches_into_a_pause_is_counted_outside_of_it(kernel: Kernel) -> None:
    def body() -> None:
        kernel.wait(1.0)
        kernel.meter.pause()
        kernel.wait(3.0)
        kernel.meter.resume()
        kernel.wake()
        kernel.wait(1.0)

    cell = kernel.cell(body)
    kernel.wait(1.0)
    figure = kernel.meter.figure(cell)
    assert figure.duration_s == pytest.approx(5.0, abs=0.01)
    assert figure.energy_j.value == pytest.approx(60 * 2.0, rel=0.02)


def test_reset_begins_a_session_with_nothing_counted(kernel: Kernel) -> None:
    kernel.meter.set_region("DE")
    kernel.meter.set_pue(1.4)
    _run(kernel, 1.0)
    kernel.wait(1.0)
    old = kernel.meter.reset()
    now_j = kernel.meter.session_cost().energy_j.value or 0.0
    assert now_j == pytest.approx(0.0, abs=0.1)
    kernel.wait(2.0)
    with kernel.meter.look() as account:
        assert account.session.id != old.id
        assert len(account.session.cells) == 0
        ended = account.cost([(old.start, old.end)])
        assert account.rate.intensity.code == "DE"
        assert account.rate.pue == 1.4
    assert ended.energy_j.value == pytest.approx(300 * 1.0 + 60 * 3.3, rel=0.02)
    assert kernel.meter.session_cost().energy_j.value == pytest.approx(60 * 2.0, rel=0.02)


def test_who_holds_a_window_is_told_the_whole_of_it_however_often_it_is_divided(
    kernel: Kernel,
) -> None:
    heard: list[Figure] = []
    kernel.meter.on(heard.append)
    outer = kernel.meter.open_label("around")
    olds = []

    def body() -> None:
        for _ in range(3):
            kernel.wait(1.0)
            olds.append(kernel.meter.reset())
        kernel.wait(1.0)

    cell = kernel.cell(body)
    kernel.meter.close_label(outer, "ok")
    kernel.wait(1.0)
    for window in (cell, outer):
        figure = kernel.meter.figure(window)
        assert figure.energy_j.value == pytest.approx(60 * 4.0, rel=0.01)
        assert figure.duration_s == pytest.approx(4.0, abs=0.01)
        assert figure.status == "ok"
        assert figure.is_final
    # Each session has its part, and observers hear of the whole, once.
    with kernel.meter.look() as account:
        for old in olds:
            (part,) = account.windows(old, "cell")
            assert account.duration_s(part.start, part.end) == pytest.approx(1.0, abs=0.01)
        (part,) = account.windows(account.session, "cell")
        assert account.duration_s(part.start, part.end) == pytest.approx(1.0, abs=0.01)
    assert [(figure.kind, round(figure.duration_s)) for figure in heard] == [
        ("cell", 4),
        ("label", 4),
    ]


def test_an_execution_count_may_be_corrected_until_the_end(kernel: Kernel) -> None:
    cell = kernel.meter.open_cell("a", 1)
    kernel.wait(1.0)
    kernel.meter.reset()
    kernel.wait(1.0)
    cell.execution_count = 2
    kernel.meter.close_cell(cell, "ok")
    with kernel.meter.look() as account:
        (part,) = account.windows(account.session, "cell")
    assert part.execution_count == 2


def test_a_pause_lasts_over_a_reset(kernel: Kernel) -> None:
    kernel.meter.pause()
    kernel.wait(1.0)
    old = kernel.meter.reset()
    kernel.wait(1.0)
    assert kernel.meter.session_cost().energy_j.is_missing
    kernel.meter.resume()
    kernel.wake()
    kernel.wait(1.0)
    assert kernel.meter.session_cost().energy_j.value == pytest.approx(60.0, rel=0.05)
    with kernel.meter.look() as account:
        for session in (old, account.session):
            (pause,) = session.pauses
            assert account.duration_s(*pause) == pytest.approx(1.0, abs=0.01)


# Place and PUE


def test_a_place_applies_to_what_follows_or_to_the_whole_session(kernel: Kernel) -> None:
    world = kernel.meter.rate
    assert world.intensity.assumed
    before = _run(kernel, 1.0)
    kernel.wait(0.5)
    germany = kernel.meter.set_region("Germany")
    after = _run(kernel, 1.0)
    kernel.wait(0.5)

    def grams_per_j(cell: Any) -> float:
        figure = kernel.meter.figure(cell)
        assert figure.co2e_g.value is not None
        return figure.co2e_g.value / (figure.energy_j.value or 1.0)

    assert grams_per_j(before) == pytest.approx(world.g_per_j)
    assert grams_per_j(after) == pytest.approx(germany.g_per_kwh / 3.6e6)
    kernel.meter.set_pue(2.0, everything=True)
    assert grams_per_j(before) == grams_per_j(after) == pytest.approx(2 * germany.g_per_kwh / 3.6e6)


def test_what_cannot_be_changes_nothing(kernel: Kernel) -> None:
    before = kernel.meter.rate
    with pytest.raises(UnknownPlace):
        kernel.meter.set_region("Atlantis", everything=True)
    for pue in (0.99, 11.0, math.nan, -1.0):
        with pytest.raises(CarbonError):
            kernel.meter.set_pue(pue, everything=True)
    assert kernel.meter.rate == before
    with kernel.meter.look() as account:
        assert len(account.rates(account.session)) == 1


def test_a_configured_place_that_is_not_known_is_the_world_and_told() -> None:
    meter = CarbonMeter(environ={"JUPYTER_CARBON_REGION": "Atlantis"}, discover=Discovery)
    assert meter.rate.intensity.assumed
    (complaint,) = meter.complaints
    assert "'Atlantis'" in complaint
    assert "world average" in complaint
    chosen = CarbonMeter(environ={"JUPYTER_CARBON_REGION": "World"}, discover=Discovery)
    assert not chosen.rate.intensity.assumed
    assert chosen.complaints == []


# Figures, and who hears of them


def test_observers_hear_each_final_figure_once_and_can_leave(kernel: Kernel) -> None:
    first: list[Figure] = []
    second: list[Figure] = []
    off = kernel.meter.on(first.append)
    kernel.meter.on(second.append)
    cell = _run(kernel, 1.0)
    assert first == []  # not final yet
    kernel.wait(1.0)
    (figure,) = first
    assert figure == kernel.meter.figure(cell)
    assert figure.is_final
    off()
    off()
    _run(kernel, 1.0)
    kernel.wait(1.0)
    assert len(first) == 1
    assert len(second) == 2


def test_an_observer_that_raises_is_dropped_and_named(kernel: Kernel) -> None:
    heard: list[Figure] = []

    def broken(figure: Figure) -> None:
        raise ZeroDivisionError("of the observer's own")

    kernel.meter.on(broken)
    kernel.meter.on(heard.append)
    _run(kernel, 0.5)
    kernel.wait(1.0)
    _run(kernel, 0.5)
    kernel.wait(1.0)
    assert len(heard) == 2
    (complaint,) = kernel.meter.complaints
    assert "of the observer's own" in complaint
    assert "no longer called" in complaint


def test_observers_hear_of_cells_where_nothing_is_measured() -> None:
    clock = Clock()
    kernel = Kernel(clock=clock)
    heard: list[Figure] = []
    kernel.meter.on(heard.append)
    kernel.cell(lambda: kernel.wait(1.0))
    kernel.wait(1.5)
    (figure,) = heard
    assert figure.energy_j.is_missing


def test_nothing_is_final_before_the_sources_are_found() -> None:
    clock = Clock()
    meter = CarbonMeter(clock=clock, environ={}, discover=Discovery, asleep=lambda: 0.0)
    meter._intake.start()
    window = meter.open_cell("a", 1)
    clock.now_s += 1.0
    meter.close_cell(window, "ok")
    assert not meter.wait_final(window, 0.0)
    meter.sampler.open()
    assert meter.wait_final(window, 0.0)


def test_a_window_that_never_began_has_no_figure(kernel: Kernel) -> None:
    from jupyter_carbon.windows import Window

    figure = kernel.meter.figure(Window("label", "x", "x"))
    assert figure.energy_j.is_missing
    assert figure.by_source_j == {}


# Clocks


def test_the_wall_clock_may_jump_a_day(clock: Clock, board: Board) -> None:
    shift_s = 0.0
    meter = CarbonMeter(
        discover=lambda: Discovery((board,)),
        clock=clock,
        wall_clock=lambda: 1.7e9 + clock.now_s + shift_s,
        asleep=lambda: 0.0,
        environ={},
    )
    kernel = Kernel.__new__(Kernel)
    kernel.clock, kernel.boards, kernel.meter, kernel.cells = clock, (board,), meter, []
    meter.sampler.open()
    kernel._due_s = clock.now_s
    kernel.wait(1.0)
    for jump_s in (-DAY_S, DAY_S, -400 * DAY_S):

        def body(jump_s: float = jump_s) -> None:
            nonlocal shift_s
            kernel.wait(0.5)
            shift_s += jump_s
            kernel.wait(0.5)

        kernel.cell(body)
        kernel.wait(0.5)
    kernel.wait(1.0)
    for cell, _, _ in kernel.cells:
        assert meter.figure(cell).duration_s == pytest.approx(1.0, abs=0.01)
        assert _joules(kernel, cell) == pytest.approx(60.0, rel=0.02)
    kernel.began_s = 1000.0
    assert kernel.session_error() == pytest.approx(0.0, abs=0.01)


def test_a_suspend_is_a_gap_and_nothing_is_made_up_for_it(kernel: Kernel) -> None:
    def body() -> None:
        kernel.wait(1.0)
        kernel.slept_s += 3600.0  # the monotonic clock stood still meanwhile
        kernel.boards[0]._energy_j[0] += 1e6  # and the board's counter did not
        kernel.wait(1.0)

    cell = kernel.cell(body)
    kernel.wait(2.0)
    assert kernel.meter.figure(cell).energy_j.value == pytest.approx(60 * 2.0, rel=0.1)
    with kernel.meter.look() as account:
        (source,) = account.sources.values()
        (gap,) = source.curve.gaps
    assert gap.reason == "the machine slept"
    assert gap.to_s is not None
    assert gap.to_s - gap.from_s < 0.5


# The thread


class Steady:
    """A source of 60 W on the real clock."""

    def __init__(self, delay_s: float = 0.0, on_read: Callable[[], None] = lambda: None) -> None:
        self.info = Board(Clock(), name="steady").info
        self.delay_s = delay_s
        self.on_read = on_read
        self.closed = 0
        self.reads = 0

    def read(self) -> Reading:
        self.reads += 1
        self.on_read()
        now_s = time.monotonic()
        if self.delay_s:
            time.sleep(self.delay_s)
        return Reading(now_s, 60.0 * now_s, 60.0, time.monotonic())

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def started() -> Iterator[Callable[..., CarbonMeter]]:
    """Starts meters on the real clock, and stops them."""
    meters = []

    def start(*sources: Any, **settings: Any) -> CarbonMeter:
        meter = CarbonMeter(discover=lambda: Discovery(sources), environ={}, **settings)
        meters.append(meter)
        meter.start()
        return meter

    yield start
    for meter in meters:
        meter.stop()


def _threads() -> int:
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate())


def _until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_started_meter_meters_and_a_stopped_one_keeps_what_it_has(
    started: Callable[..., CarbonMeter],
) -> None:
    source = Steady()
    meter = started(source)
    with meter.measure("block") as block:
        time.sleep(0.3)
    figure = block.figure
    assert figure.energy_j.value == pytest.approx(60 * figure.duration_s, rel=0.05)
    assert figure.is_final
    assert meter.is_running
    assert _threads() == 1
    meter.stop()
    assert not meter.is_running
    assert _threads() == 0
    assert source.closed == 1
    cost, reads = meter.session_cost(), source.reads
    time.sleep(0.3)
    assert meter.session_cost() == cost
    assert source.reads == reads
    with meter.measure("after") as after:
        time.sleep(0.05)
    assert after.figure.energy_j.is_missing
    assert after.duration_s >= 0.0
    meter.stop()


def test_a_meter_that_starts_again_has_a_gap(started: Callable[..., CarbonMeter]) -> None:
    source = Steady()
    meter = started(source)
    _until(lambda: source.reads > 2)
    meter.stop()
    time.sleep(0.3)
    meter.start()
    meter.start()
    assert _threads() == 1
    with meter.measure("again") as again:
        time.sleep(0.3)
    assert again.energy_j.value == pytest.approx(60 * again.duration_s, rel=0.1)
    with meter.look() as account:
        gaps = account.sources["gpu:steady"].curve.gaps
    assert [gap.reason for gap in gaps] == ["the meter was stopped"]


def test_a_device_that_answers_late_keeps_nobody_waiting(
    started: Callable[..., CarbonMeter],
) -> None:
    source = Steady(delay_s=1.5)
    meter = started(source)
    _until(lambda: source.reads == 1)
    begin_s = time.monotonic()
    for _ in range(100):
        meter.close_cell(meter.open_cell("a", 1), "ok")
    meter.session_cost()
    assert meter.rate.pue == 1.0
    meter.stop(0.1)
    assert time.monotonic() - begin_s < 1.4
    assert not meter.is_running
    # The thread ends when the device has answered, and nobody hears the answer.
    _until(lambda: _threads() == 0)
    assert source.closed == 1
    assert meter.session_cost().energy_j.is_missing


def test_an_answer_from_before_a_stop_is_not_heard_after_a_new_start(
    started: Callable[..., CarbonMeter],
) -> None:
    release = threading.Event()

    class Late(Steady):
        def read(self) -> Reading:
            reading = super().read()
            if self.reads > 1:
                return reading
            release.wait(30)
            now_s = time.monotonic()
            return Reading(now_s, reading.counter_j, 1e6, now_s)

    source = Late()
    meter = started(source)
    _until(lambda: source.reads == 1)
    meter.stop(0.05)
    meter.start()
    _until(lambda: source.reads > 3)
    assert _threads() == 2
    release.set()
    _until(lambda: _threads() == 1)
    with meter.look() as account:
        assert account.sources["gpu:steady"].curve.caught is None
        duration_s = account.duration_s(account.session.start, account.session.end)
    assert meter.session_cost().energy_j.value == pytest.approx(60 * duration_s, rel=0.5)
    assert meter.is_running


def test_a_meter_that_nobody_holds_leaves_no_thread() -> None:
    meter = CarbonMeter(discover=lambda: Discovery((Steady(),)), environ={})
    meter.start()
    assert _threads() == 1
    gone = weakref.ref(meter)
    del meter
    gc.collect()
    assert gone() is None
    _until(lambda: _threads() == 0)


def test_threads_that_measure_at_once_are_told_apart(started: Callable[..., CarbonMeter]) -> None:
    meter = started(Steady())
    figures: dict[int, Figure] = {}

    def work(number: int) -> None:
        with meter.measure(f"thread {number}") as block:
            time.sleep(0.05 * (number + 1))
        figures[number] = block.figure

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, figure in figures.items():
        assert figure.label == f"thread {number}"
        assert figure.duration_s >= 0.05 * (number + 1)
        assert figure.energy_j.value == pytest.approx(60 * figure.duration_s, rel=0.2)


def test_commands_and_questions_from_many_threads_do_not_meet(
    started: Callable[..., CarbonMeter],
) -> None:
    meter = started(Steady(), busy_interval_s=0.01)
    faults: list[Exception] = []
    until_s = time.monotonic() + 1.0

    def busy(act: Callable[[], object]) -> None:
        try:
            while time.monotonic() < until_s:
                act()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test tells it
            faults.append(error)

    def measured() -> None:
        with meter.measure("x"), meter.measure("y"):
            pass

    acts: list[Callable[[], object]] = [
        measured,
        lambda: (meter.pause(), meter.resume()),
        meter.reset,
        lambda: meter.set_region("DE"),
        lambda: meter.set_pue(1.5, everything=True),
        meter.session_cost,
        lambda: meter.on(lambda _figure: None)(),
    ]
    threads = [threading.Thread(target=busy, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert meter.complaints == []
    with meter.look() as account:
        assert list(account.running) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_forked_child_has_what_was_and_meters_nothing(
    started: Callable[..., CarbonMeter],
) -> None:
    source = Steady()
    meter = started(source)
    with meter.measure("before") as before:
        time.sleep(0.1)
    known_j = before.energy_j.value
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            meter.start()
            reads = source.reads
            with meter.measure("in the child") as block:
                time.sleep(0.1)
            answer = [
                meter.is_forked,
                meter.is_running,
                block.energy_j.value,
                before.energy_j.value,
                source.reads - reads,
            ]
            meter.stop()
            os.write(writer, repr(answer).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    answer = os.read(reader, 10_000).decode()
    os.close(reader)
    os.close(writer)
    assert answer == repr([True, False, None, known_j, 0])
    assert meter.is_running
    with meter.measure("after") as after:
        time.sleep(0.1)
    assert after.energy_j.value == pytest.approx(60 * after.duration_s, rel=0.2)


def test_a_system_without_threads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    meter = CarbonMeter(discover=lambda: Discovery((Steady(),)), environ={})
    meter.start()
    assert not meter.is_running
    (complaint,) = meter.complaints
    assert "no thread" in complaint
    with meter.measure("block") as block:
        pass
    assert block.figure.energy_j.is_missing
    meter.stop()


def test_a_source_that_fails_leaves_the_others_their_figures(clock: Clock) -> None:
    good, bad = Board(clock, name="good"), Board(clock, name="bad")
    failing = False
    bad.fails = lambda _now_s: SourceError("failed", "bad does not answer.") if failing else None
    kernel = Kernel(good, bad, clock=clock)
    kernel.wait(2.0)
    failing = True
    cell = kernel.cell(lambda: kernel.wait(10.0))
    kernel.wait(1.0)
    figure = kernel.meter.figure(cell)
    assert figure.by_source_j["gpu:good"].value == pytest.approx(600.0, rel=0.01)
    with kernel.meter.look() as account:
        assert account.sources["gpu:bad"].state == "failed"
        assert account.sources["gpu:bad"].message == "bad does not answer."
    failing = False
    kernel.wait(15.0)
    later = kernel.cell(lambda: kernel.wait(1.0))
    kernel.wait(1.0)
    assert kernel.meter.figure(later).by_source_j["gpu:bad"].value == pytest.approx(60.0, rel=0.02)
    with kernel.meter.look() as account:
        assert account.sources["gpu:bad"].state == "ok"
        assert account.sources["gpu:bad"].message == ""

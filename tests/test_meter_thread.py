"""The meter on its thread and the real clock: start, stop, many threads, forks."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyter_carbon.figure import Figure
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reading import Reading
from jupyter_carbon.sampler import THREAD_NAME
from jupyter_carbon.sources.base import Discovery
from tests.simulation import Board, Clock


class Steady:
    """A source of 60 W on the real clock."""

    def __init__(self, on_read: Callable[[], object] = lambda: None) -> None:
        self.info = Board(Clock(), name="steady").info
        self.on_read = on_read
        self.closed = 0
        self.reads = 0

    def read(self) -> Reading:
        self.reads += 1
        self.on_read()
        now_s = time.monotonic()
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
    answer = threading.Event()
    source = Steady(on_read=lambda: answer.wait(60))
    meter = started(source)
    _until(lambda: source.reads == 1)
    begin_s = time.monotonic()
    for _ in range(100):
        meter.close_cell(meter.open_cell("a", 1), "ok")
    meter.session_cost()
    assert meter.rate.pue == 1.0
    meter.stop(0.1)
    assert time.monotonic() - begin_s < 30
    assert not meter.is_running
    assert _threads() == 1
    answer.set()
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

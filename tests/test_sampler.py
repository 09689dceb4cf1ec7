"""The one thread: how it begins, is woken, ends, and outlives what goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reading import Reading
from jupyter_carbon.sampler import THREAD_NAME
from jupyter_carbon.sources.base import Discovery, NotMeasured
from tests.simulation import Board, Clock


class Probe:
    """A source of 60 W that notes on which thread it was asked, and when."""

    def __init__(self) -> None:
        self.info = Board(Clock(), name="probe").info
        self.threads: set[str] = set()
        self.moments_s: list[float] = []
        self.closed_by: list[str] = []
        self.hold = threading.Event()
        self.hold.set()

    def read(self) -> Reading:
        self.hold.wait(30)
        now_s = time.monotonic()
        self.threads.add(threading.current_thread().name)
        self.moments_s.append(now_s)
        return Reading(now_s, 60.0 * now_s, 60.0, now_s)

    def close(self) -> None:
        self.closed_by.append(threading.current_thread().name)


@pytest.fixture
def started() -> Iterator[Callable[..., CarbonMeter]]:
    """Starts meters with a way to find sources, and stops them."""
    meters = []

    def start(discover: Callable[[], Discovery], **settings: Any) -> CarbonMeter:
        meter = CarbonMeter(discover=discover, environ={}, **settings)
        meters.append(meter)
        meter.start()
        return meter

    yield start
    for meter in meters:
        meter.stop()


def _until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


def _probed(probes: Sequence[Probe]) -> Callable[[], Discovery]:
    return lambda: Discovery(tuple(probes))


def test_everything_is_asked_on_one_daemon_thread(started: Callable[..., CarbonMeter]) -> None:
    first, second = Probe(), Probe()
    second.info = Board(Clock(), name="second").info
    found_by: list[str] = []

    def discover() -> Discovery:
        found_by.append(threading.current_thread().name)
        return Discovery((first, second))

    meter = started(discover)
    (thread,) = (each for each in threading.enumerate() if each.name == THREAD_NAME)
    assert thread.daemon
    _until(lambda: bool(first.moments_s) and bool(second.moments_s))
    meter.stop()
    assert not thread.is_alive()
    assert {*found_by, *first.threads, *second.threads} == {THREAD_NAME}
    assert first.closed_by == second.closed_by == [THREAD_NAME]


def test_starting_does_not_wait_for_the_sources(started: Callable[..., CarbonMeter]) -> None:
    go = threading.Event()

    def slow() -> Discovery:
        go.wait(30)
        return Discovery((Probe(),))

    meter = started(slow)
    with meter.measure("early") as early:
        pass
    with meter.look() as account:
        assert not account.sources
        assert account.is_searching
    go.set()
    assert not early.figure.energy_j.is_missing  # carried back to the time before


def test_an_edge_wakes_the_thread(started: Callable[..., CarbonMeter]) -> None:
    probe = Probe()
    meter = started(_probed([probe]), idle_interval_s=60.0, busy_interval_s=10.0)
    _until(lambda: bool(probe.moments_s))
    time.sleep(0.5)
    for edge in (lambda: meter.open_cell("a", 1), lambda: meter.open_label("b")):
        before = len(probe.moments_s)
        edge()
        # Left alone it would have come in a minute.
        _until(lambda before=before: len(probe.moments_s) > before)  # type: ignore[misc]


def test_waking_waits_for_nothing_while_a_device_is_asked(
    started: Callable[..., CarbonMeter],
) -> None:
    probe = Probe()
    probe.hold.clear()
    meter = started(_probed([probe]))
    begin_s = time.monotonic()
    for _ in range(1000):
        meter.close_cell(meter.open_cell("a", 1), "ok")
    assert time.monotonic() - begin_s < 20  # the device would answer after 30
    assert not probe.moments_s
    probe.hold.set()
    _until(lambda: bool(probe.moments_s))
    with meter.look() as account:
        assert len(account.session.cells) == 1000


def test_a_stop_while_sources_are_being_found_gives_them_back(
    started: Callable[..., CarbonMeter],
) -> None:
    go, probe = threading.Event(), Probe()

    def slow() -> Discovery:
        go.wait(30)
        return Discovery((probe,))

    meter = started(slow)
    meter.stop(0.05)
    go.set()
    _until(lambda: bool(probe.closed_by))
    assert not probe.moments_s
    with meter.look() as account:
        assert not account.sources
        assert not account.is_searching


def test_a_search_that_fails_is_named_and_the_thread_lives(
    started: Callable[..., CarbonMeter],
) -> None:
    def broken() -> Discovery:
        raise SystemExit("of the search's own")

    meter = started(broken)
    _until(lambda: bool(meter.look().__enter__().not_measured))
    with meter.measure("a") as block:
        pass
    assert block.figure.energy_j.is_missing
    assert meter.is_running
    with meter.look() as account:
        (missing,) = account.not_measured
    assert isinstance(missing, NotMeasured)
    assert "of the search's own" in missing.reason


def test_a_source_that_cannot_be_closed_keeps_no_other_open(
    started: Callable[..., CarbonMeter],
) -> None:
    class Stuck(Probe):
        def close(self) -> None:
            raise RuntimeError("no")

    stuck, probe = Stuck(), Probe()
    stuck.info = Board(Clock(), name="stuck").info
    meter = started(_probed([stuck, probe]))
    _until(lambda: bool(probe.moments_s))
    meter.stop()
    assert probe.closed_by == [THREAD_NAME]


def test_a_fault_of_a_round_is_told_once_and_the_next_one_comes(
    started: Callable[..., CarbonMeter],
) -> None:
    probe = Probe()
    meter = started(_probed([probe]), idle_interval_s=0.05)
    _until(lambda: bool(probe.moments_s))
    # What no account can enter: the fault is in what is noted, as one of the meter's own would be.
    for _ in range(2):
        meter._intake.note(None)  # type: ignore[arg-type]
        meter.sampler.wake()
        before = len(probe.moments_s)
        _until(lambda before=before: len(probe.moments_s) > before + 2)  # type: ignore[misc]
    (complaint,) = meter.complaints
    assert "fault of its own" in complaint
    assert meter.is_running


def test_hundreds_of_starts_and_stops_leave_nothing(started: Callable[..., CarbonMeter]) -> None:
    before = threading.active_count()
    probe = Probe()
    meter = started(_probed([probe]))
    for _ in range(100):
        meter.stop()
        meter.start()
    meter.stop()
    assert threading.active_count() == before
    assert not meter.complaints


def test_a_source_that_does_not_answer_is_told_and_the_others_go_on(
    started: Callable[..., CarbonMeter], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("jupyter_carbon.rounds", "jupyter_carbon.sampler"):
        monkeypatch.setattr(f"{module}.SILENT_S", 0.3)
    silent, probe = Probe(), Probe()
    silent.info = Board(Clock(), name="silent").info
    meter = started(_probed([probe, silent]), idle_interval_s=0.05)

    def state() -> str:
        with meter.look() as account:
            return account.sources[silent.info.id].state

    _until(lambda: bool(silent.moments_s))
    silent.hold.clear()
    _until(lambda: state() == "failed")
    with meter.look() as account:
        assert "has not answered" in account.sources[silent.info.id].message
    before = len(probe.moments_s)
    _until(lambda: len(probe.moments_s) > before + 5)
    assert meter.is_running

    answered = len(silent.moments_s)
    silent.hold.set()
    _until(lambda: len(silent.moments_s) > answered + 5)
    _until(lambda: state() == "ok")
    meter.stop()
    assert silent.closed_by == probe.closed_by == [THREAD_NAME]


def test_a_source_that_answers_after_the_stop_is_given_back(
    started: Callable[..., CarbonMeter], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("jupyter_carbon.rounds", "jupyter_carbon.sampler"):
        monkeypatch.setattr(f"{module}.SILENT_S", 0.3)
    silent, probe = Probe(), Probe()
    silent.info = Board(Clock(), name="silent").info
    meter = started(_probed([silent, probe]), idle_interval_s=0.05)
    silent.hold.clear()
    _until(lambda: meter.look().__enter__().sources[silent.info.id].state == "failed")
    meter.stop(0.1)
    _until(lambda: probe.closed_by == [THREAD_NAME])
    assert not silent.closed_by
    silent.hold.set()
    _until(lambda: silent.closed_by == [THREAD_NAME])


def test_an_answer_that_comes_late_by_the_interpreter_alone_leaves_nothing_behind(
    started: Callable[..., CarbonMeter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_carbon.sampler.SILENT_S", 0.1)
    probe = Probe()
    meter = started(_probed([probe]), idle_interval_s=0.05)
    probe.hold.clear()
    time.sleep(0.5)
    meter.sampler.tend()
    probe.hold.set()
    _until(lambda: len(probe.moments_s) > 5)
    meter.sampler.tend()
    assert sum(thread.name == THREAD_NAME for thread in threading.enumerate()) == 1

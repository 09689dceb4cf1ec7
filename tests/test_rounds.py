"""Which source is read when, on a clock of its own: rates, bounds, faults and their retries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceError
from tests.simulation import Board, Clock, Kernel


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _rate(kernel: Kernel, board: Board, span_s: float) -> float:
    """Readings a second."""
    before = board.reads
    kernel.wait(span_s)
    return (board.reads - before) / span_s


def _source(kernel: Kernel, board: Board) -> Any:
    with kernel.meter.look() as account:
        return account.sources[board.info.id]


def test_once_a_second_between_cells_and_ten_times_while_one_runs(clock: Clock) -> None:
    board = Board(clock, counter_step_s=None)
    kernel = Kernel(board, clock=clock)
    kernel.wait(5.0)
    assert _rate(kernel, board, 20.0) == pytest.approx(1.0, abs=0.1)
    window = kernel.meter.open_cell("a", 1)
    kernel.wake()
    kernel.wait(1.0)
    assert _rate(kernel, board, 20.0) == pytest.approx(10.0, rel=0.05)
    kernel.meter.close_cell(window, "ok")
    kernel.wake()
    kernel.wait(2.0)
    assert _rate(kernel, board, 20.0) == pytest.approx(1.0, abs=0.1)


def test_both_rates_can_be_set(clock: Clock) -> None:
    board = Board(clock, counter_step_s=None)
    kernel = Kernel(board, clock=clock, idle_interval_s=0.5, busy_interval_s=0.02)
    kernel.wait(5.0)
    assert _rate(kernel, board, 20.0) == pytest.approx(2.0, abs=0.1)
    kernel.meter.open_cell("a", 1)
    kernel.wake()
    kernel.wait(1.0)
    assert _rate(kernel, board, 20.0) == pytest.approx(50.0, rel=0.05)


def test_readings_come_densely_around_an_edge_until_the_counter_has_moved(clock: Clock) -> None:
    board = Board(clock, counter_step_s=0.1)
    kernel = Kernel(board, clock=clock)
    kernel.wait(10.0)
    before = board.reads
    window = kernel.meter.open_cell("a", 1)
    kernel.wake()
    kernel.wait(0.15)
    # One at the edge, and several around the counter's step: the fast interval would make two.
    assert board.reads - before >= 4
    kernel.wait(1.0)
    assert _rate(kernel, board, 5.0) < 15
    kernel.meter.close_cell(window, "ok")


def test_readings_do_not_beat_with_a_load_that_repeats(clock: Clock) -> None:
    board = Board(clock, counter_step_s=None)
    kernel = Kernel(board, clock=clock)
    moments: list[float] = []
    board.fails = lambda now_s: moments.append(now_s)
    kernel.meter.open_cell("a", 1)
    kernel.wake()
    kernel.wait(60.0)
    phases = sorted((moment_s % 0.1) / 0.1 for moment_s in moments[20:])
    # Nowhere in the period of a load of 10 Hz is there a stretch that is never looked at.
    gaps = [b - a for a, b in zip(phases, [*phases[1:], phases[0] + 1], strict=True)]
    assert max(gaps) < 0.15


def test_slow_devices_are_read_less_often(clock: Clock) -> None:
    boards = [Board(clock, name=f"n{n}", call_s=0.05, counter_step_s=None) for n in range(4)]
    kernel = Kernel(*boards, clock=clock)
    kernel.meter.open_cell("a", 1)
    kernel.wake()
    kernel.wait(5.0)
    # Four calls of 50 ms: a quarter of the time at most goes into them.
    assert sum(_rate(kernel, board, 10.0) * 0.05 for board in boards) < 0.4 * 4
    assert all(_rate(kernel, board, 10.0) > 0.5 for board in boards)


def test_edges_without_end_do_not_bring_readings_without_end(clock: Clock) -> None:
    board = Board(clock, counter_step_s=0.1)
    kernel = Kernel(board, clock=clock)
    kernel.wait(5.0)
    begin_s, before = clock.now_s, board.reads
    while clock.now_s - begin_s < 10.0:
        window = kernel.meter.open_label("tight loop")
        if kernel.meter.sampler._rounds.listens:
            kernel.wake()
        kernel.wait(0.0005)
        kernel.meter.close_label(window, "ok")
        if kernel.meter.sampler._rounds.listens:
            kernel.wake()
        kernel.wait(0.0005)
    assert (board.reads - before) / 10.0 < 250
    # Not being woken, it looks again soon all the same.
    window = kernel.meter.open_cell("a", 1)
    kernel.wait(0.3)
    assert window.start >= 0
    kernel.wait(5.0)
    assert kernel.meter.sampler._rounds.listens


def test_a_failing_source_is_asked_ever_less_often_and_at_once_when_it_is_back(
    clock: Clock,
) -> None:
    board = Board(clock, counter_step_s=None)
    other = Board(clock, name="other", counter_step_s=None)
    kernel = Kernel(board, other, clock=clock)
    kernel.wait(3.0)
    asked: list[float] = []

    def fail(now_s: float) -> SourceError:
        asked.append(now_s)
        return SourceError("failed", "It is off.", "Switch it on.")

    board.fails = fail
    kernel.wait(200.0)
    waits = [round(b - a) for a, b in pairwise(asked)]
    assert waits[:6] == [1, 2, 5, 10, 30, 60]
    assert set(waits[6:]) <= {60}
    assert (_source(kernel, board).state, _source(kernel, board).remedy) == (
        "failed",
        "Switch it on.",
    )
    # A cell's edges do not make it be asked more often, and the other one is read as ever.
    before = len(asked)
    kernel.cell(lambda: kernel.wait(1.0))
    assert len(asked) - before <= 1
    kernel.wait(2.0)
    assert _rate(kernel, other, 20.0) == pytest.approx(1.0, abs=0.1)

    board.fails = lambda _now_s: None
    kernel.wait(61.0)
    assert _source(kernel, board).state == "ok"
    assert _rate(kernel, board, 20.0) == pytest.approx(1.0, abs=0.1)


class Garbage(Board):
    """Answers what it is told to, or raises it."""

    answer: Any = None

    def read(self) -> Reading:
        reading = super().read()
        if self.answer is None:
            return reading
        if isinstance(self.answer, BaseException):
            raise self.answer
        answer: Reading = self.answer(reading) if callable(self.answer) else self.answer
        return answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("nonsense", "str instead of a reading"),
        (12.5, "float instead of a reading"),
        ((1.0, 2.0, 3.0, 4.0), "tuple instead of a reading"),
        (lambda r: r._replace(power_w=math.nan, counter_j=None), "neither an energy nor a power"),
        (lambda r: r._replace(power_w="60", counter_j=None), "neither an energy nor a power"),
        (lambda r: r._replace(power_w=None, counter_j=math.inf), "neither an energy nor a power"),
        (lambda r: r._replace(power_w=-5.0), "-5 W"),
        (lambda r: r._replace(power_w=1e12), "1e+12 W"),
        (lambda r: r._replace(moment_s=r.moment_s + 3600), "another moment"),
        (lambda r: r._replace(moment_s=None), "another moment"),
        (lambda r: r._replace(until_s=math.nan), "another moment"),
        (lambda r: r._replace(until_s=r.moment_s - 1), "another moment"),
        (ZeroDivisionError("of its own"), "ZeroDivisionError('of its own')"),
        (SystemExit(3), "SystemExit(3)"),
        (SourceError("odd", "It is odd.", 5), "It is odd."),  # type: ignore[arg-type]
    ],
)
def test_a_source_that_gives_garbage_is_named_and_retried(
    clock: Clock, answer: Any, told: str
) -> None:
    board = Garbage(clock, counter_step_s=None)
    kernel = Kernel(board, clock=clock)
    kernel.wait(3.0)
    board.answer = answer
    kernel._check_no_fault = lambda: None  # type: ignore[method-assign]
    cell = kernel.cell(lambda: kernel.wait(0.5))
    kernel.wait(0.5)
    source = _source(kernel, board)
    assert source.state == "failed"
    assert told in source.message
    board.answer = None
    kernel.wait(2.5)
    assert _source(kernel, board).state == "ok"
    # What it said between did not count: the readings on both sides are joined.
    assert kernel.meter.figure(cell).energy_j.value == pytest.approx(30.0, rel=0.05)
    assert kernel.session_error() == pytest.approx(0.0, abs=0.02)


class Buffered(Board):
    """Has no counter, but a driver that keeps samples."""

    samples: Sequence[Any] = ()

    def recent_power(self, since_s: float) -> Sequence[tuple[float, float]]:
        if isinstance(self.samples, Exception):
            raise self.samples
        return self.samples or [
            (since_s + 0.02 * n, self.power_w(since_s + 0.02 * n)) for n in range(1, 500)
        ]


def _starved(kernel: Kernel) -> float:
    """A cell of 3 s whose middle is a burst that no reading sees; its relative error."""

    def body() -> None:
        kernel.wait(1.0)
        begin_s = kernel.clock.now_s
        kernel.boards[0].load(300.0, at_s=begin_s + 0.2)
        kernel.boards[0].load(60.0, at_s=begin_s + 0.8)
        kernel.wait(1.0, starved=True)
        kernel.wait(1.0)

    kernel.cell(body)
    kernel.wait(1.0)
    return kernel.errors()[-1]


def test_a_gap_of_a_starved_thread_is_bridged_by_the_drivers_buffer(clock: Clock) -> None:
    board = Buffered(clock, counter_step_s=None)
    kernel = Kernel(board, clock=clock)
    kernel.wait(3.0)
    assert _starved(kernel) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("samples", [ValueError("no"), [None], [(1.0, math.nan)], "nonsense"])
def test_a_buffer_of_garbage_is_a_line_between_the_readings(clock: Clock, samples: Any) -> None:
    board = Buffered(clock, counter_step_s=None)
    board.samples = samples
    kernel = Kernel(board, clock=clock)
    kernel.wait(3.0)
    # The burst of 0.6 s was not seen by anybody: 144 of 324 J are missing.
    assert _starved(kernel) == pytest.approx(-144 / 324, abs=0.03)


def test_a_counter_bridges_a_gap_by_itself(clock: Clock) -> None:
    board = Board(clock, counter_step_s=0.02)
    kernel = Kernel(board, clock=clock)
    kernel.wait(3.0)
    assert _starved(kernel) == pytest.approx(0.0, abs=0.01)


def test_who_watches_is_asked_once_a_minute_and_newcomers_are_read(clock: Clock) -> None:
    asked: list[float] = []
    plugged: list[Board] = []

    def watch() -> Discovery:
        asked.append(clock.now_s)
        return Discovery(tuple(plugged))

    board, added = (Board(clock, name=name, counter_step_s=None) for name in ("first", "added"))
    kernel = Kernel(board, clock=clock, watches=(watch,))
    kernel.wait(100.0)
    assert not added.reads
    plugged.append(added)
    kernel.wait(200.0)
    assert [after - before for before, after in pairwise(asked)] == pytest.approx(
        [60.0] * (len(asked) - 1), abs=2.0
    )
    assert len(asked) in (4, 5)
    # Once a second, and densely at first, as every source.
    assert 175 <= added.reads <= 320
    with kernel.meter.look() as account:
        assert list(account.sources) == ["gpu:first", "gpu:added"]

"""The meter's methods, on a clock of their own."""

from __future__ import annotations

import math
from typing import Any

import pytest

from jupyter_carbon.carbon import CarbonError
from jupyter_carbon.figure import Figure
from jupyter_carbon.grid.place import UnknownPlace
from jupyter_carbon.meter import CarbonMeter
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


def test_setting_the_traits_is_the_same_as_the_methods(kernel: Kernel) -> None:
    meter = kernel.meter
    meter.region, meter.pue = "DE", 1.4
    rate = meter.rate
    assert (rate.intensity.place, rate.pue) == (meter.set_region("DE").place, 1.4)

    with pytest.raises(UnknownPlace):
        meter.region = "Atlantis"
    with pytest.raises(CarbonError):
        meter.pue = 0.2
    assert meter.rate == rate
    assert (meter.region, meter.pue) == ("DE", 1.4)

    meter.region = ""
    assert meter.rate.intensity.kind != rate.intensity.kind or meter.rate != rate
    assert "orld" in meter.rate.intensity.place


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


# Sources that fail


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


def test_who_watches_rounds_is_called_after_each_and_dropped_when_it_raises(
    kernel: Kernel,
) -> None:
    seen: list[float | None] = []

    def look() -> None:
        seen.append(kernel.meter.session_cost().energy_j.value)

    def broken() -> None:
        raise RuntimeError("mine")

    off = kernel.meter.on_round(look)
    kernel.meter.on_round(broken)
    kernel.wait(5.0)
    assert len(seen) >= 5
    assert seen == sorted(seen, key=lambda value: value or 0.0)
    assert sum("mine" in complaint for complaint in kernel.meter.complaints) == 1
    off()
    count = len(seen)
    kernel.wait(2.0)
    assert len(seen) == count

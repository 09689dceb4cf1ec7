"""When a counter is caught, and what does not catch one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.trust import CounterTrial, Verdict
from tests.simulation import Board, Clock

IDLE_W, LOAD_W = 60.0, 300.0
FAR_BACK_S = 500.0


def read(at_s: float, counter_j: float, power_w: float | None = LOAD_W) -> Reading:
    return Reading(at_s, counter_j, power_w, at_s)


def verdict_of(*readings: Reading) -> Verdict | None:
    trial = CounterTrial()
    for reading in readings:
        verdict = trial.add(reading)
        if verdict is not None:
            return verdict
    return None


def watch(
    board: Board, span_s: float, *, every_s: float = 0.1, loads: Callable[[], None] | None = None
) -> tuple[Verdict | None, float]:
    """Reads as the sampler would; the verdict, and how many seconds it took."""
    trial = CounterTrial(board.window_s)
    begin_s = board.clock.now_s
    if loads is not None:
        loads()
    while board.clock.now_s < begin_s + span_s:
        verdict = trial.add(board.read())
        if verdict is not None:
            return verdict, board.clock.now_s - begin_s
        wanted_s = trial.wants(board.clock.now_s)
        due_s = board.clock.now_s + every_s
        board.clock.now_s = due_s if wanted_s is None else min(due_s, wanted_s)
    return None, span_s


def test_a_counter_that_goes_back_is_caught_at_once() -> None:
    verdict = verdict_of(read(1.0, 100.0), read(1.1, 130.0), read(1.2, 129.0))
    assert verdict is not None
    assert "went back" in verdict.reason
    # What it said until then was right.
    assert verdict.since_s == 1.1


def test_a_counter_that_leaps_is_caught_at_once() -> None:
    verdict = verdict_of(read(1.0, 100.0), read(1.1, 130.0), read(1.2, 1e6))
    assert verdict is not None
    assert "leapt" in verdict.reason
    assert verdict.since_s == 1.1


def test_a_starved_thread_that_sees_much_at_once_sees_no_leap() -> None:
    assert verdict_of(read(1.0, 100.0), read(101.0, 100.0 + 100 * 700.0)) is None


def test_a_counter_that_stands_still_for_2_s_while_power_is_drawn_is_caught() -> None:
    moving = [read(0.1 * k, 30.0 * k) for k in range(11)]
    still = [read(1.0 + 0.1 * k, 300.0) for k in range(1, 40)]
    for count in range(1, 40):
        verdict = verdict_of(*moving, *still[:count])
        assert (verdict is not None) == (still[count - 1].moment_s >= 3.0)
    assert verdict is not None
    assert "stood still" in verdict.reason
    assert verdict.since_s == pytest.approx(1.0, abs=0.11)


def test_a_counter_may_stand_still_where_nothing_is_drawn() -> None:
    assert verdict_of(*[read(0.1 * k, 300.0, 0.0) for k in range(600)]) is None
    assert verdict_of(*[read(0.1 * k, 300.0, 0.01) for k in range(600)]) is None


def test_without_power_nothing_can_be_compared() -> None:
    assert verdict_of(*[read(0.1 * k, 300.0, None) for k in range(600)]) is None


@pytest.mark.parametrize("every_s", [0.1, 1.0])
@pytest.mark.parametrize("power_w", [IDLE_W, LOAD_W])
@pytest.mark.parametrize("window_s", [0.0, 1.0])
def test_a_counter_that_under_reads_a_steady_power_is_caught(
    window_s: float, power_w: float, every_s: float
) -> None:
    board = Board(
        Clock(), idle_w=power_w, under_from_s=FAR_BACK_S, power_step_s=0.1, window_s=window_s
    )
    verdict, _ = watch(board, 90.0, every_s=every_s)
    assert verdict is not None
    assert "15 %" in verdict.reason
    assert verdict.since_s is None


def test_a_counter_that_is_off_by_less_is_believed() -> None:
    board = Board(Clock(), under_from_s=FAR_BACK_S, under_factor=0.9, power_step_s=0.02)
    assert watch(board, 300.0)[0] is None


@pytest.mark.parametrize("counter_step_s", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("every_s", [0.1, 1.0])
def test_an_honest_counter_is_believed(counter_step_s: float, every_s: float) -> None:
    board = Board(Clock(), counter_step_s=counter_step_s, noise_w=0.5, power_step_s=0.02)

    def loads() -> None:
        for k in range(40):
            board.load(LOAD_W if k % 2 else IDLE_W, at_s=board.clock.now_s + 7.3 * k)

    assert watch(board, 300.0, every_s=every_s, loads=loads)[0] is None


@pytest.mark.parametrize("frequency_hz", [0.5, 1, 2, 5, 10, 20])
@pytest.mark.parametrize("every_s", [0.1, 1.0])
@pytest.mark.parametrize("window_s", [0.0, 1.0])
def test_a_load_that_beats_with_the_readings_convicts_no_honest_counter(
    window_s: float, every_s: float, frequency_hz: float
) -> None:
    board = Board(Clock(), power_step_s=0.02, window_s=window_s)

    def loads() -> None:
        half_s = 0.5 / frequency_hz
        for k in range(round(60.0 / half_s)):
            board.load(LOAD_W if k % 2 else IDLE_W, at_s=board.clock.now_s + k * half_s)

    assert watch(board, 60.0, every_s=every_s, loads=loads)[0] is None


def test_nobody_is_asked_for_dense_readings_without_a_suspicion() -> None:
    board = Board(Clock(), power_step_s=0.02)
    watch(board, 60.0)
    assert board.reads < 700

"""A counter's track: its first step, a thread that comes late, counters of every step."""

from __future__ import annotations

import pytest

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.counted import CounterTrack
from tests.reconstruct.drive import drawn_j, edge, follow
from tests.simulation import Board, Clock

IDLE_W, LOAD_W = 60.0, 300.0
PHASES_S = [0.003, 0.037, 0.061, 0.098]


def counted(*, step_s: float = 0.1, phase_s: float = 0.037, has_power: bool = True) -> Board:
    return Board(Clock(), counter_step_s=step_s, counter_phase_s=phase_s, has_power=has_power)


@pytest.mark.parametrize("has_power", [True, False])
@pytest.mark.parametrize("step_s", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("phase_s", PHASES_S)
def test_a_cell_is_exact_whatever_the_counters_step(
    step_s: float, phase_s: float, has_power: bool
) -> None:
    board = counted(step_s=step_s, phase_s=phase_s, has_power=has_power)
    track = CounterTrack(step_s=0.0 if step_s == 0 else None, has_power=has_power)
    follow(track, board, 1.3)
    begin_s = edge(track, board, LOAD_W, 1)
    follow(track, board, 0.3)
    end_s = edge(track, board, IDLE_W, -1)
    follow(track, board, 1.0)
    assert drawn_j(track, begin_s, end_s) == pytest.approx(LOAD_W * 0.3, rel=0.005)
    assert track.step_s == pytest.approx(step_s, rel=0.03)
    located = track.energy_at(end_s)
    assert located.final
    assert located.error_j <= max(step_s, 0.01) * (LOAD_W - IDLE_W)


@pytest.mark.parametrize("phase_s", PHASES_S)
def test_the_first_cell_right_after_the_first_reading_is_metered(phase_s: float) -> None:
    board = counted(phase_s=phase_s)
    track = CounterTrack(step_s=None, has_power=True)
    follow(track, board, 0.02)
    begin_s = edge(track, board, LOAD_W, 1)
    follow(track, board, 0.5)
    end_s = edge(track, board, IDLE_W, -1)
    follow(track, board, 2.0)
    assert drawn_j(track, begin_s, end_s) == pytest.approx(LOAD_W * 0.5, rel=0.02)


@pytest.mark.parametrize("phase_s", PHASES_S)
def test_a_thread_that_does_not_come_in_a_cell_makes_no_difference(phase_s: float) -> None:
    board = counted(phase_s=phase_s)
    track = CounterTrack(step_s=None, has_power=True)
    follow(track, board, 2.0)
    cells = []
    for _ in range(5):
        begin_s = edge(track, board, LOAD_W, 1)
        board.clock.now_s += 1.234
        cells.append((begin_s, edge(track, board, IDLE_W, -1)))
        follow(track, board, 1.0)
    for begin_s, end_s in cells:
        assert drawn_j(track, begin_s, end_s) == pytest.approx(LOAD_W * 1.234, rel=0.003)


def test_a_load_that_starts_before_its_cell_is_not_moved_into_it() -> None:
    board = counted()
    track = CounterTrack(step_s=None, has_power=True)
    follow(track, board, 2.0)
    board.load(LOAD_W)
    follow(track, board, 0.03)
    begin_s = edge(track, board, LOAD_W, 1)
    follow(track, board, 0.5)
    assert drawn_j(track, begin_s - 0.03, begin_s) == pytest.approx(LOAD_W * 0.03, rel=0.1)


def test_the_present_is_carried_on_from_the_newest_step() -> None:
    board = counted()
    track = CounterTrack(step_s=None, has_power=True)
    from_s = board.clock.now_s
    follow(track, board, 3.05)
    now = track.energy_at(board.clock.now_s)
    assert not now.final
    assert now.energy_j - track.energy_at(from_s).energy_j == pytest.approx(183.0, abs=1.0)


def test_what_is_forgotten_moves_nothing_after_it() -> None:
    board = counted()
    track = CounterTrack(step_s=None, has_power=True)
    follow(track, board, 20.0)
    begin_s = edge(track, board, LOAD_W, 1)
    follow(track, board, 0.5)
    end_s = edge(track, board, IDLE_W, -1)
    follow(track, board, 1.0)
    before_j = drawn_j(track, begin_s, end_s)
    track.forget(begin_s - 4.0)
    assert drawn_j(track, begin_s, end_s) == pytest.approx(before_j, abs=0.05)


def test_a_track_asks_for_few_readings_where_nothing_happens() -> None:
    board = counted()
    track = CounterTrack(step_s=None, has_power=True)
    follow(track, board, 5.0, every_s=1.0)
    reads = board.reads
    follow(track, board, 60.0, every_s=1.0)
    assert board.reads - reads < 120


def test_a_reading_without_a_counter_is_refused() -> None:
    with pytest.raises(ValueError, match="counter"):
        CounterTrack(step_s=None, has_power=True).add_reading(Reading(0.0, None, 60.0, 0.0))


@pytest.mark.parametrize("phase_s", PHASES_S)
def test_a_thread_that_is_starved_from_the_start_settles_and_learns_when_it_can(
    phase_s: float,
) -> None:
    board = counted(phase_s=phase_s)
    track = CounterTrack(step_s=None, has_power=True)
    track.add_reading(board.read())
    begin_s = edge(track, board, LOAD_W, 1)
    for _ in range(20):
        board.clock.now_s += 0.09
        track.add_reading(board.read())
    assert track.energy_at(begin_s).final
    assert track.step_s is None
    follow(track, board, 1.5)
    assert track.step_s == pytest.approx(0.1, rel=0.03)

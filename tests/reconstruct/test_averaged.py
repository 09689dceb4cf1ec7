"""A power that is a mean over its last second, undone."""

from __future__ import annotations

import pytest

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.averaged import AveragedTrack
from tests.reconstruct.drive import drawn_j, edge, follow
from tests.simulation import Board, Clock

IDLE_W, LOAD_W = 60.0, 300.0


def averaged(*, noise_w: float = 0.0, refresh_s: float = 0.1) -> tuple[AveragedTrack, Board]:
    board = Board(
        Clock(), counter_step_s=None, window_s=1.0, power_step_s=refresh_s, noise_w=noise_w
    )
    return AveragedTrack(window_s=1.0), board


@pytest.mark.parametrize(("noise_w", "refresh_s"), [(0.0, 0.1), (0.5, 0.1), (0.5, 0.0)])
def test_a_square_wave_whose_edges_are_known_is_undone(noise_w: float, refresh_s: float) -> None:
    track, board = averaged(noise_w=noise_w, refresh_s=refresh_s)
    follow(track, board, 3.0)
    halves = []
    for _ in range(6):
        begin_s = edge(track, board, LOAD_W, 1)
        follow(track, board, 1.5)
        end_s = edge(track, board, IDLE_W, -1)
        follow(track, board, 1.5)
        halves.append((begin_s, end_s, board.clock.now_s))
    follow(track, board, 2.0)
    for begin_s, end_s, next_s in halves:
        assert drawn_j(track, begin_s, end_s) == pytest.approx(LOAD_W * 1.5, rel=0.01)
        assert drawn_j(track, end_s, next_s) == pytest.approx(IDLE_W * 1.5, rel=0.05)


def test_a_mean_alone_bills_the_cells_to_those_after_them_but_the_track_does_not() -> None:
    track, board = averaged()
    follow(track, board, 3.0)
    begin_s = edge(track, board, LOAD_W, 1)
    follow(track, board, 0.5)
    read_w = board.read().power_w
    end_s = edge(track, board, IDLE_W, -1)
    follow(track, board, 3.0)
    assert read_w is not None
    assert read_w < 0.65 * LOAD_W
    assert drawn_j(track, begin_s, end_s) == pytest.approx(LOAD_W * 0.5, rel=0.03)
    assert drawn_j(track, begin_s - 1.0, end_s + 1.0) == pytest.approx(270.0, rel=0.01)


def test_errors_do_not_add_up_over_ten_minutes() -> None:
    track, board = averaged(noise_w=0.5)
    follow(track, board, 1.0)
    from_s = board.clock.now_s
    for _ in range(60):
        edge(track, board, LOAD_W, 1)
        follow(track, board, 2.0)
        edge(track, board, IDLE_W, -1)
        follow(track, board, 8.0, every_s=1.0)
        track.forget(board.clock.now_s - 8.0)
    to_s = board.clock.now_s
    follow(track, board, 3.0)
    truth_j = board.true_j(from_s, to_s)
    total_j = track.energy_at(to_s).energy_j - IDLE_W * 1.0
    assert total_j == pytest.approx(truth_j, rel=0.007)


def test_a_figure_is_final_one_window_later() -> None:
    track, board = averaged()
    follow(track, board, 3.0)
    at_s = edge(track, board, LOAD_W, 1)
    follow(track, board, 0.8)
    assert not track.energy_at(at_s).final
    follow(track, board, 1.0)
    final = track.energy_at(at_s)
    assert final.final
    assert final.error_j > 0.0


def test_energy_never_falls() -> None:
    track, board = averaged(noise_w=0.5)
    follow(track, board, 2.0)
    edge(track, board, 0.0, 1)
    follow(track, board, 3.0)
    edge(track, board, LOAD_W, -1)
    follow(track, board, 3.0)
    begin_s = board.clock.now_s - 7.0
    energies_j = [track.energy_at(begin_s + 0.01 * k).energy_j for k in range(700)]
    assert energies_j == sorted(energies_j)


def test_a_reading_without_power_is_refused() -> None:
    with pytest.raises(ValueError, match="power"):
        AveragedTrack(window_s=1.0).add_reading(Reading(0.0, 1.0, None, 0.0))

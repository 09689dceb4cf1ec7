"""Instantaneous power, integrated: a change lies on an edge that is near, else in the middle."""

from __future__ import annotations

import pytest

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.integrated import PowerTrack
from tests.reconstruct.drive import drawn_j, edge, follow
from tests.simulation import Board, Clock

IDLE_W, LOAD_W = 60.0, 300.0


def read(track: PowerTrack, at_s: float, power_w: float) -> None:
    track.add_reading(Reading(at_s, None, power_w, at_s))


def stepped(*edges: tuple[float, int], to_w: float = LOAD_W, from_w: float = IDLE_W) -> PowerTrack:
    """Read every 0.1 s for 4 s; the reading at 2 s is the first that shows another power."""
    track = PowerTrack()
    for k in range(41):
        for at_s, turn in edges:
            if 0.1 * (k - 1) < at_s <= 0.1 * k:
                track.add_edge(at_s, turn)
        read(track, 0.1 * k, from_w if k < 20 else to_w)
    return track


def test_before_any_reading_nothing_is_known() -> None:
    track = PowerTrack()
    assert not track.energy_at(1.0).final
    assert track.wants(1.0) == 1.0


def test_a_change_is_put_on_the_edge_near_it() -> None:
    track = stepped((1.93, 1))
    assert drawn_j(track, 0.0, 1.93) == pytest.approx(IDLE_W * 1.93)
    assert drawn_j(track, 1.93, 3.0) == pytest.approx(LOAD_W * 1.07)


def test_a_change_far_from_any_edge_lies_in_the_middle_of_where_it_may() -> None:
    track = stepped((1.0, 1))
    # It came after the reading at 1.9 s, less one refresh of the sensor, and by 2 s.
    assert drawn_j(track, 1.0, 3.0) == pytest.approx(IDLE_W * 0.9 + LOAD_W * 1.1)


def test_a_load_begins_at_the_first_edge_and_ends_at_the_last() -> None:
    rises = stepped((1.92, 0), (1.97, 0))
    falls = stepped((1.92, 0), (1.97, 0), from_w=LOAD_W, to_w=IDLE_W)
    assert drawn_j(rises, 1.0, 3.0) == pytest.approx(IDLE_W * 0.92 + LOAD_W * 1.08)
    assert drawn_j(falls, 1.0, 3.0) == pytest.approx(LOAD_W * 0.97 + IDLE_W * 1.03)


def test_noise_is_not_put_on_an_edge() -> None:
    with_edge, without = stepped((1.93, 1), to_w=61.0), stepped(to_w=61.0)
    assert drawn_j(with_edge, 1.0, 3.0) == drawn_j(without, 1.0, 3.0)


def test_power_is_carried_on_beyond_the_last_reading_but_not_for_good() -> None:
    track = stepped()
    beyond = track.energy_at(5.0)
    assert beyond.energy_j - track.energy_at(4.0).energy_j == pytest.approx(LOAD_W)
    assert not beyond.final
    assert beyond.error_j > track.energy_at(3.0).error_j
    assert track.energy_at(3.0).final


def test_what_is_forgotten_moves_nothing_after_it() -> None:
    track = stepped()
    before_j = drawn_j(track, 3.0, 4.0), track.energy_at(4.0).energy_j
    track.forget(2.5)
    assert (drawn_j(track, 3.0, 4.0), track.energy_at(4.0).energy_j) == before_j


def test_a_reading_without_power_is_refused() -> None:
    with pytest.raises(ValueError, match="power"):
        PowerTrack().add_reading(Reading(0.0, 1.0, None, 0.0))


@pytest.mark.parametrize("refresh_s", [0.0, 0.02, 0.1])
def test_the_sensors_refresh_is_learnt_and_cells_are_exact(refresh_s: float) -> None:
    board = Board(Clock(), counter_step_s=None, power_step_s=refresh_s, noise_w=0.5)
    track = PowerTrack()
    follow(track, board, 1.0)
    for _ in range(6):
        begin_s = edge(track, board, LOAD_W, 1)
        follow(track, board, 0.7)
        end_s = edge(track, board, IDLE_W, -1)
        follow(track, board, 0.6)
        true_j = board.true_j(begin_s, end_s)
        assert drawn_j(track, begin_s, end_s) == pytest.approx(true_j, rel=0.005)
    assert track.refresh_s == pytest.approx(refresh_s, abs=0.002)

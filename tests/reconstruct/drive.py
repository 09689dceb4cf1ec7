"""Reads a board for a track as the sampler would: now and then, and when the track asks."""

from __future__ import annotations

from jupyter_carbon.reconstruct.track import Track
from tests.simulation import Board


def follow(track: Track, board: Board, span_s: float, *, every_s: float = 0.1) -> None:
    """Lets the board's clock run on for a span, reading meanwhile."""
    clock = board.clock
    until_s = clock.now_s + span_s
    while True:
        wanted_s = track.wants(clock.now_s)
        due_s = track.suits(clock.now_s + every_s)
        if wanted_s is not None:
            due_s = min(due_s, wanted_s)
        due_s = max(due_s, clock.now_s + 0.0001)
        if due_s >= until_s:
            break
        clock.now_s = due_s
        track.add_reading(board.read())
    clock.now_s = until_s


def edge(track: Track, board: Board, power_w: float, turn: int) -> float:
    """A window begins or ends now, and so does a load; returns the moment."""
    board.load(power_w)
    track.add_edge(board.clock.now_s, turn)
    return board.clock.now_s


def drawn_j(track: Track, from_s: float, to_s: float) -> float:
    """What a track says was drawn between two moments."""
    return track.energy_at(to_s).energy_j - track.energy_at(from_s).energy_j

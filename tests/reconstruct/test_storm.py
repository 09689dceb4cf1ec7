"""Thousands of empty cells a second: each edge is looked at about once, readings stay few."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_carbon.reconstruct.averaged import AveragedTrack
from jupyter_carbon.reconstruct.counted import CounterTrack
from jupyter_carbon.reconstruct.integrated import PowerTrack
from jupyter_carbon.reconstruct.track import Located
from tests.simulation import Board, Clock, Kernel

CELLS = 2000
SPAN_S = 1.0


@pytest.mark.parametrize(
    ("track", "board"),
    [
        (CounterTrack, {}),
        (CounterTrack, {"counter_step_s": 0.02}),
        (CounterTrack, {"counter_step_s": 0.0}),
        (PowerTrack, {"counter_step_s": None, "power_step_s": 0.02, "noise_w": 0.5}),
        (AveragedTrack, {"counter_step_s": None, "power_step_s": 0.1, "window_s": 1.0}),
    ],
    ids=["100 ms", "20 ms", "continuous", "power", "mean"],
)
def test_a_storm_of_edges_costs_about_one_look_each(
    monkeypatch: pytest.MonkeyPatch, track: type[Any], board: dict[str, Any]
) -> None:
    looks = 0
    energy_at = track.energy_at

    def counted(self: Any, moment_s: float) -> Located:
        nonlocal looks
        looks += 1
        found: Located = energy_at(self, moment_s)
        return found

    monkeypatch.setattr(track, "energy_at", counted)
    clock = Clock()
    stormed = Board(clock, **board)
    kernel = Kernel(stormed, clock=clock)
    kernel.wait(3.0)
    reads_before = stormed.reads
    for _ in range(CELLS):
        kernel.cell(lambda: kernel.wait(0.0001))
        kernel.wait(SPAN_S / CELLS - 0.0001)
    reads = stormed.reads - reads_before
    kernel.wait(3.0)
    assert looks < 1.6 * 2 * CELLS
    assert reads < 400
    assert kernel.session_error() == pytest.approx(0.0, abs=0.003)
    with kernel.meter.look() as account:
        assert account.is_final(kernel.cells[-1][0].end)

"""What tells the power beside an edge where nobody came to read in time."""

from __future__ import annotations

import random

import pytest

from tests.loads import IDLE_W, JUMP_W, LOAD_W
from tests.simulation import Board, Clock, Kernel

STEP_S = 0.1


@pytest.mark.parametrize("seed", range(4))
def test_a_thread_that_comes_right_after_a_held_cell_knows_its_power(seed: int) -> None:
    """The only reading of the load is one whose sensor has not seen yet that it is over."""
    rng = random.Random(seed)
    clock = Clock(1000 + rng.random())
    board = Board(clock, counter_phase_s=STEP_S * rng.random(), power_step_s=0.02, seed=seed)
    kernel = Kernel(board, clock=clock)

    def held() -> None:
        board.load(LOAD_W)
        clock.now_s += 0.3
        board.load(IDLE_W)

    for _ in range(12):
        kernel.wait(rng.uniform(0.25, 0.75))
        kernel.cell(held)
    kernel.wait(2.0)

    for window, begin_s, end_s in kernel.cells:
        energy_j = kernel.meter.figure(window).energy_j
        assert energy_j.value is not None
        assert energy_j.low is not None
        assert energy_j.high is not None
        assert energy_j.value == pytest.approx(board.true_j(begin_s, end_s), rel=0.02)
        assert energy_j.high - energy_j.low <= 0.12 * energy_j.value + STEP_S * JUMP_W

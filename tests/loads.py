"""What cells do to boards in virtual time, and what they are metered with."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from jupyter_carbon.account import SourceAccount
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.windows import Window
from tests.simulation import Kernel

SEEDS = (1, 2, 3)
IDLE_W, LOAD_W = 60.0, 300.0
JUMP_W = LOAD_W - IDLE_W

FAST: dict[str, Any] = {"counter_step_s": 0.02}
NO_COUNTER: dict[str, Any] = {"counter_step_s": None, "noise_w": 0.5, "power_step_s": 0.02}
BESIDE_AVERAGE: dict[str, Any] = {"window_s": 1.0, "power_step_s": 0.1}
ONLY_AVERAGE: dict[str, Any] = {"counter_step_s": None, **BESIDE_AVERAGE}


@dataclass(frozen=True)
class Cells:
    """What the cells do; times in seconds."""

    count: int = 20
    length_s: float = 0.3
    gap_s: float = 0.5
    late_s: float = 0.0
    """The load begins so long after the cell."""
    outlives_s: float = 0.0
    ramp_s: float = 0.0
    holds_interpreter: bool = False
    half_period_s: float = math.inf
    """The load is a square wave: on and off for so long."""


@dataclass(frozen=True)
class Metered:
    value_j: float
    true_j: float
    edge_j: float
    width_j: float
    provenance: Provenance

    @property
    def error(self) -> float:
        return self.value_j / self.true_j - 1


def run_cells(kernel: Kernel, cells: Cells, rng: random.Random) -> None:
    for _ in range(cells.count):
        kernel.wait(cells.gap_s * (0.5 + rng.random()))
        kernel.cell(lambda: body(kernel, cells))
        if cells.outlives_s:
            kernel.wait(cells.outlives_s)
            load(kernel, IDLE_W)
    kernel.wait(3.0)


def body(kernel: Kernel, cells: Cells) -> None:
    kernel.wait(0.001 + cells.late_s)
    begin_s, rest_s = kernel.clock.now_s, cells.length_s - cells.late_s - 0.001
    load(kernel, LOAD_W, ramp_s=cells.ramp_s)
    at_s, is_on = begin_s + cells.half_period_s, False
    while at_s < begin_s + rest_s - 1e-9:
        load(kernel, LOAD_W if is_on else IDLE_W, at_s=at_s)
        at_s, is_on = at_s + cells.half_period_s, not is_on
    kernel.wait(rest_s, starved=cells.holds_interpreter)
    if not cells.outlives_s:
        load(kernel, IDLE_W, ramp_s=cells.ramp_s)
        kernel.wait(0.0003)


def load(kernel: Kernel, power_w: float, *, at_s: float | None = None, ramp_s: float = 0.0) -> None:
    for board in kernel.boards:
        board.load(power_w, at_s=at_s, ramp_s=ramp_s)


def metered(kernel: Kernel, cell: tuple[Window, float, float]) -> Metered:
    window, begin_s, end_s = cell
    with kernel.meter.look() as account:
        cost = account.cost([(window.start, window.end)])
    energy = cost.energy_j
    assert energy.value is not None
    assert energy.low is not None
    assert energy.high is not None
    true_j = sum(board.true_j(begin_s, end_s) for board in kernel.boards)
    return Metered(energy.value, true_j, cost.edge_j, energy.high - energy.low, energy.provenance)


def sources_of(kernel: Kernel) -> list[SourceAccount]:
    with kernel.meter.look() as account:
        return list(account.sources.values())

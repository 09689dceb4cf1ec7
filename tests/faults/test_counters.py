"""What cells cost whose counter is caught, or whose board is lost."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.sources.base import SourceError
from tests.loads import BESIDE_AVERAGE, FAST, SEEDS, Cells, body, metered, run_cells, sources_of
from tests.simulation import Board, Clock, Kernel

LOST = SourceError("lost", "The board fell off the bus.")


@dataclass
class ResettingBoard(Board):
    """Its counter loses 1 kJ at a moment."""

    resets_at_s: float = math.inf

    def _counter_j(self, now_s: float) -> float | None:
        counted_j = super()._counter_j(now_s)
        return counted_j if counted_j is None or now_s < self.resets_at_s else counted_j - 1000.0


@dataclass(frozen=True)
class Switch:
    """Two cells with a sound counter, then `spoil` is told when it goes wrong, then more cells."""

    name: str
    spoil: Callable[[ResettingBoard, float], None]
    reason: str
    after_s: float = 1.0
    board: dict[str, Any] = field(default_factory=lambda: {"power_step_s": 0.02})
    length_s: float = 1.0
    long_s: float | None = None
    """The first cell after the fault is so long; None: like the others."""
    session_limit: float = 0.002


def freeze(board: ResettingBoard, at_s: float) -> None:
    board.frozen_from_s = at_s


def under_read(board: ResettingBoard, at_s: float) -> None:
    board.under_from_s = at_s


def reset(board: ResettingBoard, at_s: float) -> None:
    board.resets_at_s = at_s


SWITCHES = [
    Switch("frozen in a cell", freeze, "stood still", after_s=0.9),
    Switch("under-reading", under_read, "15 %", after_s=0.1, long_s=14.0),
    Switch(
        "under-reading, beside a 1 s average",
        under_read,
        "15 %",
        after_s=0.1,
        board=BESIDE_AVERAGE,
        length_s=1.5,
        long_s=14.0,
        session_limit=0.007,
    ),
    Switch("goes back in a cell", reset, "went back"),
    Switch("goes back between cells", reset, "went back", after_s=0.05),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_power_takes_over_from_a_counter_that_is_caught(switch: Switch, seed: int) -> None:
    rng = random.Random(seed)
    clock = Clock(1000 + rng.random())
    board = ResettingBoard(clock, counter_phase_s=0.1 * rng.random(), seed=seed, **switch.board)
    kernel = Kernel(board, clock=clock)
    run_cells(kernel, Cells(2, switch.length_s), rng)
    switch.spoil(board, clock.now_s + switch.after_s)
    run_cells(kernel, Cells(1, switch.long_s or switch.length_s), rng)
    run_cells(kernel, Cells(7, switch.length_s), rng)
    (source,) = sources_of(kernel)
    assert source.curve.caught is not None
    assert switch.reason in source.curve.caught
    cells = [metered(kernel, cell) for cell in kernel.cells]
    assert {cell.provenance for cell in cells[3:]} == {Provenance.INTEGRATED}
    assert statistics.fmean(abs(cell.error) for cell in cells[3:]) <= 0.005
    # What the fault fell into is neither lost nor doubled.
    assert abs(cells[2].error) <= 0.02
    assert abs(kernel.session_error()) <= switch.session_limit


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("board_settings", [{"power_step_s": 0.02}, FAST, BESIDE_AVERAGE])
@pytest.mark.parametrize("frequency_hz", [5, 10, 20])
def test_a_load_that_beats_with_the_sampling_does_not_convict(
    frequency_hz: int, board_settings: dict[str, Any], seed: int
) -> None:
    rng = random.Random(seed)
    clock = Clock(1000 + rng.random())
    board = Board(clock, counter_phase_s=0.1 * rng.random(), seed=seed, **board_settings)
    kernel = Kernel(board, clock=clock)
    run_cells(kernel, Cells(1, 40.0, half_period_s=0.5 / frequency_hz), rng)
    (source,) = sources_of(kernel)
    assert source.curve.caught is None
    assert abs(metered(kernel, kernel.cells[0]).error) <= 0.005
    assert abs(kernel.session_error()) <= 0.002


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_board_keeps_what_it_drew_and_the_next_cell_has_what_remains(seed: int) -> None:
    rng = random.Random(seed)
    clock = Clock(1000 + rng.random())
    boards = [Board(clock, name=name, counter_phase_s=0.1 * rng.random()) for name in "ab"]
    lost, left = boards
    kernel = Kernel(*boards, clock=clock)
    run_cells(kernel, Cells(1, 1.0), rng)
    lost_at_s = clock.now_s + 10.0
    lost.fails = lambda now_s: LOST if now_s >= lost_at_s else None
    window = kernel.cell(lambda: body(kernel, Cells(length_s=11.5)))
    run_cells(kernel, Cells(2, 1.0), rng)

    drawn = kernel.meter.figure(window).by_source_j
    _, begin_s, end_s = kernel.cells[1]
    assert drawn["gpu:a"].value == pytest.approx(lost.true_j(begin_s, lost_at_s), rel=0.01)
    assert drawn["gpu:a"].provenance is Provenance.MIXED
    assert drawn["gpu:b"].value == pytest.approx(left.true_j(begin_s, end_s), rel=0.005)
    for window, begin_s, end_s in kernel.cells[2:]:
        figure = kernel.meter.figure(window)
        assert figure.by_source_j["gpu:a"].is_missing
        assert figure.energy_j.value == pytest.approx(left.true_j(begin_s, end_s), rel=0.005)
    (state,) = {source.state for source in sources_of(kernel) if source.info.id == "gpu:a"}
    assert state == "lost"

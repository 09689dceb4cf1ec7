"""True energy against metered energy, cell by cell, for every kind of load and sensor.

The meter is the real one; time, boards and the kernel are those of `simulation`,
so that the limits of the real kernel's measuring stick are held here in seconds.
"""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from tests.loads import (
    BESIDE_AVERAGE,
    FAST,
    JUMP_W,
    NO_COUNTER,
    ONLY_AVERAGE,
    SEEDS,
    Cells,
    Metered,
    metered,
    run_cells,
    sources_of,
)
from tests.simulation import Board, Clock, Kernel

SENSOR_WIDTH = 0.12
"""A range may be this wide, relative to its figure, besides a step of the counter x the jump."""
EDGES_HOLD = 0.95
JITTER = 0.1
"""Each refresh comes so much of the period early or late: a step may be 1.2 periods long."""


@dataclass(frozen=True)
class Scenario:
    name: str
    limit: float
    """Of the mean of the cells' absolute errors; of the session's in `session_limit`."""
    cells: Cells = field(default_factory=Cells)
    board: dict[str, Any] = field(default_factory=dict)
    boards: int = 1
    session_limit: float = 0.002
    step_s: float = 0.1
    """How often what the account follows is refreshed."""


@dataclass(frozen=True)
class Outcome:
    cells: list[Metered]
    session_error: float
    caught: list[str | None]

    @property
    def mean_error(self) -> float:
        return statistics.fmean(abs(cell.error) for cell in self.cells)


PLAIN = [
    Scenario("20 ms counter, 300 ms cells", 0.01, board=FAST, step_s=0.02),
    Scenario("100 ms counter, 300 ms cells", 0.01),
    Scenario("1 s cells", 0.005, Cells(10, 1.0)),
    Scenario("Run All", 0.015, Cells(30, gap_s=0.017)),
    Scenario("40 ms ramps", 0.01, Cells(ramp_s=0.04)),
    Scenario("loads that start late", 0.01, Cells(late_s=0.12)),
    Scenario("loads that outlive their cell", 0.01, Cells(outlives_s=0.15)),
    Scenario("cells that hold the interpreter", 0.01, Cells(holds_interpreter=True)),
    Scenario("two boards", 0.005, Cells(length_s=0.5), boards=2),
    Scenario(
        "four boards of 2.4 ms a call", 0.02, Cells(length_s=0.5), {"call_s": 0.0024}, boards=4
    ),
    Scenario("a counter beside a 1 s average", 0.01, board=BESIDE_AVERAGE),
    Scenario("a counter without power", 0.01, board={"has_power": False}),
    Scenario("no counter, 1 s cells", 0.003, Cells(10, 1.0), NO_COUNTER, step_s=0.02),
    Scenario(
        "no counter, 1 Hz square wave",
        0.005,
        Cells(6, 5.0, half_period_s=0.5),
        NO_COUNTER,
        session_limit=0.005,  # 60 changes that a sensor renewed every 20 ms places to 10 ms each
        step_s=0.02,
    ),
    Scenario("only a 1 s average", 0.01, Cells(10, 1.5, 1.5), ONLY_AVERAGE, session_limit=0.007),
    Scenario(
        "only a 1 s average with noise",
        0.01,
        Cells(10, 1.5, 1.5),
        {**ONLY_AVERAGE, "noise_w": 0.5},
        session_limit=0.007,
    ),
]
COUNTED = [scenario for scenario in PLAIN if scenario.board.get("counter_step_s", 0.1)]
JITTERING = [
    replace(
        scenario,
        name=f"{scenario.name}, jittering",
        limit=3 * scenario.limit,
        board={**scenario.board, "counter_jitter": JITTER},
        session_limit=3 * scenario.session_limit,
        step_s=scenario.step_s * (1 + 2 * JITTER),
    )
    for scenario in COUNTED
    if not scenario.cells.ramp_s
]
ALL = [*PLAIN, *JITTERING]
each_scenario = pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)


@cache
def outcome_of(place: int, seed: int) -> Outcome:
    scenario = ALL[place]
    rng = random.Random(seed)
    clock = Clock(1000 + rng.random())
    boards = [
        Board(clock, name=f"b{k}", counter_phase_s=0.1 * rng.random(), seed=seed, **scenario.board)
        for k in range(scenario.boards)
    ]
    kernel = Kernel(*boards, clock=clock)
    run_cells(kernel, scenario.cells, rng)
    cells = [metered(kernel, cell) for cell in kernel.cells]
    caught = [source.curve.caught for source in sources_of(kernel)]
    return Outcome(cells, kernel.session_error(), caught)


def outcomes_of(scenario: Scenario) -> list[Outcome]:
    place = ALL.index(scenario)
    return [outcome_of(place, seed) for seed in SEEDS]


@each_scenario
def test_each_cell_is_metered_within_the_limit(scenario: Scenario) -> None:
    errors = [outcome.mean_error for outcome in outcomes_of(scenario)]
    assert max(errors) <= scenario.limit


@each_scenario
def test_the_session_is_metered_within_the_limit(scenario: Scenario) -> None:
    errors = [abs(outcome.session_error) for outcome in outcomes_of(scenario)]
    assert max(errors) <= scenario.session_limit


@each_scenario
def test_the_edge_part_of_the_range_alone_holds_the_truth(scenario: Scenario) -> None:
    cells = [cell for outcome in outcomes_of(scenario) for cell in outcome.cells]
    held = [abs(cell.value_j - cell.true_j) <= cell.edge_j for cell in cells]
    assert sum(held) >= EDGES_HOLD * len(held)


@pytest.mark.parametrize(
    "scenario",
    [scenario for scenario in ALL if scenario.board.get("counter_step_s", 0.1)],
    ids=lambda scenario: scenario.name,
)
def test_ranges_are_no_wider_than_they_must_be(scenario: Scenario) -> None:
    allowed_j = scenario.step_s * JUMP_W * scenario.boards
    cells = [cell for outcome in outcomes_of(scenario) for cell in outcome.cells]
    assert all(cell.width_j <= SENSOR_WIDTH * cell.value_j + allowed_j for cell in cells)
    # No figure is worth more than its sensor, which is off by 5 % either way.
    assert all(cell.width_j >= 0.0999 * cell.value_j for cell in cells)


@each_scenario
def test_an_honest_counter_is_not_caught(scenario: Scenario) -> None:
    assert {reason for outcome in outcomes_of(scenario) for reason in outcome.caught} == {None}

"""Boards on a clock of their own that go wrong at a moment, and a course of cells around it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from jupyter_carbon.curve import Gap
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, FailureState, SourceError
from tests.loads import Cells, body, sources_of
from tests.simulation import Board, Clock, Kernel

LOAD_W = 300.0
SETTLE_S = 75.0
"""After a failure a source is asked again after a minute at most."""


@dataclass
class FaultyBoard(Board):
    """A board whose counter or driver goes wrong; all moments on the board's clock."""

    refused: list[tuple[float, float, FailureState]] = field(default_factory=list)
    """Spans in which it cannot be read, and how."""
    resets_at_s: list[float] = field(default_factory=list)
    """Moments at which the counter begins at 0 again."""
    backward_s: tuple[float, float] = (math.inf, math.inf)
    """A span in which the counter is 500 J too low."""
    senseless_s: tuple[float, float] = (math.inf, math.inf)
    """A span in which every figure is no number."""
    slow_s: tuple[float, float] = (math.inf, math.inf)
    """A span in which a call takes 5 s."""

    def read(self) -> Reading:
        now_s = self.clock.now_s
        for from_s, to_s, state in self.refused:
            if from_s <= now_s < to_s:
                raise SourceError(state, f"{self.name} is {state}.")
        is_slow = self.slow_s[0] <= now_s < self.slow_s[1]
        quick_s, self.call_s = self.call_s, 5.0 if is_slow else self.call_s
        try:
            reading = super().read()
        finally:
            self.call_s = quick_s
        if self.senseless_s[0] <= now_s < self.senseless_s[1]:
            return reading._replace(counter_j=math.nan, power_w=math.nan)
        return reading

    def _counter_j(self, now_s: float) -> float | None:
        counted_j = super()._counter_j(now_s)
        if counted_j is None:
            return None
        # A counter begins again with its next refresh.
        at_s = self._refresh(now_s)
        resets_s = [moment_s for moment_s in self.resets_at_s if moment_s <= at_s]
        if resets_s:
            counted_j -= self.energy_j(max(resets_s))
        return counted_j - 500.0 * (self.backward_s[0] <= now_s < self.backward_s[1])


@dataclass
class Course:
    """Cells before, across and after a fault of one of two boards.

    `kernel.cells` are, in this order, the cell before, the one in which it begins
    (or that follows at once), one more, and two when it is over.
    """

    rng: random.Random
    watches: tuple[Callable[[], Discovery], ...] = ()

    def __post_init__(self) -> None:
        rng = self.rng
        self.clock = Clock(1000 + rng.random())
        step_s = rng.choice((0.02, 0.1))
        self.faulty, self.sound = (
            FaultyBoard(
                self.clock,
                name=name,
                counter_step_s=step_s,
                counter_phase_s=0.1 * rng.random(),
                power_step_s=0.02,
            )
            for name in ("faulty", "sound")
        )
        self.kernel = Kernel(self.faulty, self.sound, clock=self.clock, watches=self.watches)

    def run(
        self, spoil: Callable[[FaultyBoard, float], None], *, settle_s: float = SETTLE_S
    ) -> None:
        """Runs the cells; `spoil` is told the moment from which it is to go wrong."""
        self.begin()
        self.at_s = self.clock.now_s + self.rng.uniform(0.05, 3.5)
        spoil(self.faulty, self.at_s)
        self.go_on(settle_s)

    def begin(self) -> None:
        self.kernel.wait(self.rng.uniform(1.0, 3.0))
        self.cell(1.0)
        self.kernel.wait(self.rng.uniform(0.3, 1.0))

    def go_on(self, settle_s: float) -> None:
        self.cell(2.0)
        self.kernel.wait(self.rng.uniform(0.3, 1.5))
        self.cell(1.0)
        self.kernel.wait(settle_s)
        self.cell(1.0)
        self.kernel.wait(self.rng.uniform(0.3, 1.0))
        self.cell(1.0)
        self.kernel.wait(3.0)

    def cell(self, length_s: float) -> None:
        self.kernel.cell(lambda: body(self.kernel, Cells(length_s=length_s)))

    # What came of it

    def error(self, place: int, board: Board) -> float:
        """A cell's relative error of one board."""
        window, begin_s, end_s = self.kernel.cells[place]
        value_j = self.kernel.meter.figure(window).by_source_j[board.info.id].value or 0.0
        return value_j / board.true_j(begin_s, end_s) - 1

    def gaps(self, board: Board) -> list[Gap]:
        (source,) = [each for each in sources_of(self.kernel) if each.info.id == board.info.id]
        return source.curve.gaps

    def beyond_gaps_j(self, board: Board) -> float:
        """What the session counted of a board, less what it drew outside of the gaps that are told.

        Positive: too much.
        """
        drawn_j = board.true_j(self.kernel.began_s, self.clock.now_s)
        for gap in self.gaps(board):
            assert gap.to_s is not None, "it has not come back"
            drawn_j -= board.true_j(gap.from_s, gap.to_s)
        counted_j = self.kernel.meter.session_cost().by_source_j[board.info.id].value or 0.0
        return counted_j - drawn_j

    def assert_adds_up(self) -> None:
        """Cells and what lies between them are the session, to a millijoule."""
        with self.kernel.meter.look() as account:
            inside = account.inside_cells(account.session).by_source_j
            cells = [account.cost(window.spans) for window, _, _ in self.kernel.cells]
            for source_id, estimate in inside.items():
                parts = [cell.by_source_j[source_id].value or 0.0 for cell in cells]
                assert abs(sum(parts) - (estimate.value or 0.0)) < 1e-3

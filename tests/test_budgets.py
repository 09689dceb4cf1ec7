"""A meter keeps budgets: what it tells and when, on a clock of its own."""

from __future__ import annotations

import os
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_carbon.budget import BudgetError, BudgetExceeded, parse_budget
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.sources.base import Discovery, SourceError
from tests.simulation import Board, Clock, Kernel


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kernel(clock: Clock) -> Kernel:
    """A kernel whose board draws 60 W, which has idled for a moment."""
    kernel = Kernel(Board(clock, counter_step_s=0.02), clock=clock)
    kernel.wait(1.0)
    return kernel


@pytest.fixture
def heard(kernel: Kernel) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    kernel.meter.on_notice(lambda level, text: heard.append((level, text)))
    return heard


def _levels(heard: list[tuple[str, str]]) -> list[str]:
    return [level for level, _ in heard]


def test_the_session_is_told_of_once_at_four_fifths_and_once_at_the_limit(
    kernel: Kernel, heard: list[tuple[str, str]]
) -> None:
    kernel.meter.set_budget("600J")
    kernel.wait(5.0)
    (use,) = kernel.meter.budgets
    assert use.scope == "session"
    assert use.cell_key is None
    assert use.measure == "energy"
    assert use.limit == "0.167 Wh"
    assert use.fraction == pytest.approx(60 * 6.3 / 600, rel=0.05)
    assert use.level == "within"
    assert not heard
    kernel.wait(2.5)
    assert _levels(heard) == ["warning"]
    assert "% of the session's budget of 0.167 Wh is used" in heard[0][1]
    kernel.wait(60.0)
    assert _levels(heard) == ["warning", "error"]
    assert "used up" in heard[1][1]
    assert kernel.meter.budget_notes == ["The session's budget of 0.167 Wh was used up."]
    (use,) = kernel.meter.budgets
    assert use.level == "over"
    assert use.fraction == pytest.approx(60 * 68.8 / 600, rel=0.05)


def test_another_limit_and_another_session_are_told_of_anew(
    kernel: Kernel, heard: list[tuple[str, str]]
) -> None:
    kernel.meter.set_budget("60J")
    kernel.wait(3.0)
    assert _levels(heard) == ["error"]  # it leapt over both
    kernel.meter.set_budget("1kWh")
    kernel.wait(3.0)
    assert _levels(heard) == ["error"]
    kernel.meter.set_budget("60J")
    kernel.wait(3.0)
    assert _levels(heard) == ["error", "error"]
    kernel.meter.reset()
    assert kernel.meter.budget_notes == []
    assert kernel.meter.budgets[0].fraction == pytest.approx(0.0, abs=0.01)
    kernel.wait(3.0)
    assert _levels(heard)[2:] == ["warning", "error"]
    kernel.meter.set_budget(None)
    assert kernel.meter.budgets == []
    kernel.wait(60.0)
    assert len(heard) == 4


def test_a_budget_of_co2e_counts_place_and_pue(
    kernel: Kernel, heard: list[tuple[str, str]]
) -> None:
    kernel.meter.set_region("360 g/kWh", everything=True)
    kernel.meter.set_pue(1.5, everything=True)
    kernel.meter.set_budget("0.9 g CO2e")  # of 6 kJ
    kernel.wait(50.0)
    (use,) = kernel.meter.budgets
    assert use.measure == "co2e"
    assert use.fraction == pytest.approx(60 * 51.3 / 6000, rel=0.02)
    kernel.meter.set_pue(3.0, everything=True)
    kernel.wait(2.0)
    assert _levels(heard) == ["error"]


def test_a_cell_has_a_budget_of_its_own_until_it_has_ended(
    kernel: Kernel, heard: list[tuple[str, str]]
) -> None:
    keys: list[Any] = []

    def body() -> None:
        kernel.meter.set_cell_budget(kernel.meter.open_cell("a", 1), parse_budget("1 kJ", "cell"))
        kernel.wait(14.0)
        keys.extend(kernel.meter.budgets)

    kernel.wait(60.0)
    body()
    assert _levels(heard) == ["warning"]
    (use,) = keys
    assert use.scope == "cell"
    with kernel.meter.look() as account:
        (running,) = account.running.cells
        assert use.cell_key == running.number
    assert use.fraction == pytest.approx(0.84, rel=0.02)
    # A reset divides the cell; its budget goes on, under the key of the part that runs.
    kernel.meter.reset()
    (use,) = kernel.meter.budgets
    with kernel.meter.look() as account:
        (running,) = account.running.cells
        assert use.cell_key == running.number
    assert use.fraction == pytest.approx(0.84, rel=0.02)
    kernel.wait(5.0)
    assert _levels(heard) == ["warning", "error"]
    assert "Cell [1]'s budget of 0.278 Wh is used up" in heard[1][1]


@pytest.mark.parametrize("span_s", [0.001, 0.05, 2.0])
def test_a_cell_that_ends_before_the_next_look_is_told_of_all_the_same(
    kernel: Kernel, heard: list[tuple[str, str]], span_s: float
) -> None:
    def body() -> None:
        window = kernel.meter.open_cell("short", 7)
        kernel.meter.set_cell_budget(window, parse_budget("1.5J", "cell"))
        kernel.boards[0].load(4000.0)
        kernel.wait(span_s, starved=True)
        kernel.boards[0].load(60.0)
        kernel.meter.close_cell(window, "ok")

    body()
    kernel.wait(3.0)
    assert _levels(heard) == ["error"]
    assert kernel.meter.budgets == []


def test_budgets_of_cells_are_let_go_of(kernel: Kernel, heard: list[tuple[str, str]]) -> None:
    for number in range(200):
        window = kernel.meter.open_cell(f"c{number}", number)
        kernel.meter.set_cell_budget(window, parse_budget("1 kWh", "cell"))
        kernel.wait(0.01)
        kernel.meter.close_cell(window, "ok")
    assert kernel.meter.budgets
    kernel.wait(3.0)
    assert kernel.meter.budgets == []
    assert not heard


def test_what_is_not_measured_is_not_watched_and_not_called_nothing(clock: Clock) -> None:
    gone = SourceError("lost", "The board fell off.")
    kernel = Kernel(Board(clock, fails=lambda _now_s: gone), clock=clock)
    heard: list[Any] = []
    kernel.meter.on_notice(lambda *said: heard.append(said))
    kernel.meter.set_budget("1J", stops=True)
    kernel.wait(60.0)
    (use,) = kernel.meter.budgets
    assert use.fraction is None
    assert use.used == "not measured"
    assert use.level == "within"
    assert not heard
    with kernel.meter.measure("block"):
        kernel.wait(5.0)


def test_a_limit_that_is_none_changes_nothing(kernel: Kernel) -> None:
    kernel.meter.set_budget("1kWh", stops=True)
    for text in ("-1kWh", "0Wh", "much", ""):
        with pytest.raises(BudgetError):
            kernel.meter.set_budget(text)
    (use,) = kernel.meter.budgets
    assert use.limit == "1 kWh"
    assert use.stops


def test_who_listens_and_fails_is_dropped(kernel: Kernel, heard: list[tuple[str, str]]) -> None:
    def fail(_level: str, _text: str) -> None:
        raise ValueError("mine")

    kernel.meter.on_notice(fail)
    off = kernel.meter.on_notice(lambda level, text: heard.append((level, text)))
    off()
    kernel.meter.set_budget("60J")
    kernel.wait(3.0)
    kernel.meter.set_budget("61J")
    kernel.wait(3.0)
    assert len(heard) == 2
    (complaint,) = kernel.meter.complaints
    assert "ValueError('mine')" in complaint


# Stopping where no cells run


def test_a_measured_block_ends_the_run_once_after_its_window_was_closed(kernel: Kernel) -> None:
    kernel.meter.set_budget("600J", stops=True)
    ended: list[int] = []
    block = kernel.meter.measure("step")

    def train() -> None:
        for step in range(100):
            with block:
                kernel.wait(1.0)
            ended.append(step)

    with pytest.raises(BudgetExceeded, match=r"budget of 0\.167 Wh is used up"):
        train()
    assert 8 <= len(ended) <= 10
    kernel.wait(1.0)
    assert block.energy_j.value == pytest.approx(60.0, rel=0.05)
    assert block.figure.status == "ok"
    # Who goes on has decided so.
    with block:
        kernel.wait(1.0)
    kernel.meter.set_budget("601J", stops=True)
    kernel.wait(1.0)
    with pytest.raises(BudgetExceeded), block:
        pass


def test_an_error_of_the_block_comes_first(kernel: Kernel) -> None:
    kernel.meter.set_budget("60J", stops=True)
    kernel.wait(2.0)
    with pytest.raises(ValueError, match="mine"), kernel.meter.measure("block"):
        raise ValueError("mine")

    @kernel.meter.measure("work")
    def work() -> int:
        return 1

    with pytest.raises(BudgetExceeded):
        work()
    assert work() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_is_not_stopped(kernel: Kernel) -> None:
    kernel.meter.set_budget("60J", stops=True)
    kernel.wait(2.0)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with kernel.meter.measure("in the child"):
                pass
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pytest.raises(BudgetExceeded), kernel.meter.measure("in the parent"):
        pass


def test_without_stop_nothing_is_raised(kernel: Kernel) -> None:
    kernel.meter.set_budget("60J")
    kernel.wait(2.0)
    with kernel.meter.measure("block"):
        kernel.wait(1.0)


# Settings


def test_a_budget_may_be_configured() -> None:
    meter = CarbonMeter(
        config=Config({"CarbonMeter": {"budget": "0.5kWh", "budget_stops": True}}),
        environ={},
        discover=Discovery,
    )
    (use,) = meter.budgets
    assert (use.limit, use.stops) == ("0.5 kWh", True)
    meter.budget = "200gCO2e"
    (use,) = meter.budgets
    assert use.limit == "200 g CO2e"
    with pytest.raises(BudgetError):
        meter.budget = "many"
    meter.budget = ""
    assert meter.budgets == []


def test_a_budget_that_cannot_be_is_told_and_there_is_none() -> None:
    meter = CarbonMeter(
        environ={"JUPYTER_CARBON_BUDGET": "5 bananas", "JUPYTER_CARBON_CO2E_UNIT": "lb"},
        discover=Discovery,
    )
    assert meter.budgets == []
    (complaint,) = meter.complaints
    assert "'5 bananas' is no budget" in complaint
    assert "there is none" in complaint
    meter.set_budget("1 lb CO2e")
    assert meter.budgets[0].limit == "1 lb CO2e"

"""The stick's runs, two at a time, and the table of what they gave at the end of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.accuracy import judge, stick
from tests.accuracy.figure import Figure
from tests.accuracy.scenarios import Scenario

_AT_ONCE = 2
"""Kernels that run at the same time: cells sleep, so each has a core when it needs one."""
_LINES = pytest.StashKey[list[str]]()


class Runs:
    """The outcomes of the scenarios that were selected; each runs once, and once again if over."""

    def __init__(self, scenarios: list[Scenario], folder: Path, lines: list[str]) -> None:
        self._folder = folder
        self._lines = lines
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._futures: dict[str, Future[stick.Outcome]] = {
            scenario.name: self._pool.submit(self._run, scenario, 0) for scenario in scenarios
        }
        self._settled: dict[str, stick.Outcome] = {}

    def figures(self, scenario: Scenario) -> list[Figure]:
        """A scenario's figures. A machine that is busy with others may spoil one run, not two."""
        outcome = self._futures[scenario.name].result()
        figures = judge.figures(outcome)
        self._note(scenario, figures, "")
        if not all(figure.is_ok for figure in figures):
            outcome = self._pool.submit(self._run, scenario, 1).result()
            figures = judge.figures(outcome)
            self._note(scenario, figures, " (run again)")
        self._settled[scenario.name] = outcome
        return figures

    def settled(self) -> list[stick.Outcome]:
        """What the tests so far have gone by."""
        return list(self._settled.values())

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _run(self, scenario: Scenario, seed: int) -> stick.Outcome:
        folder = self._folder / f"{scenario.name} {seed}".replace(" ", "-").replace(",", "")
        folder.mkdir()
        return stick.run(scenario, folder, cells=scenario.short, seed=seed)

    def _note(self, scenario: Scenario, figures: list[Figure], again: str) -> None:
        self._lines.append(f"{scenario.name}{again}: {'; '.join(map(str, figures))}")


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """Begins the runs of all selected scenarios."""
    callspecs = [getattr(item, "callspec", None) for item in request.session.items]
    chosen = [
        None if callspec is None else callspec.params.get("scenario") for callspec in callspecs
    ]
    scenarios = [scenario for scenario in chosen if isinstance(scenario, Scenario)]
    lines: list[str] = []
    request.config.stash[_LINES] = lines
    runs = Runs(scenarios, tmp_path_factory.mktemp("stick"), lines)
    yield runs
    runs.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("true energy against metered energy")
        for line in lines:
            terminalreporter.line(line)

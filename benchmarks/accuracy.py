"""The measuring stick in its long form: every scenario three times, the worst run told."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.accuracy import judge, stick
from tests.accuracy.figure import Figure
from tests.accuracy.scenarios import FAULTY, JITTERING, PLAIN, Scenario

RUNS = 3
_AT_ONCE = 2
"""Kernels that run at the same time: their cells sleep."""


def figures() -> list[Figure]:
    """The worst of three runs of each scenario, and how many ranges hold the truth."""
    groups = {"steady refreshes": (*PLAIN, *FAULTY), "jittering refreshes": JITTERING}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        runs = {
            scenario.name: [pool.submit(_run, scenario, seed) for seed in range(RUNS)]
            for scenarios in groups.values()
            for scenario in scenarios
        }
        found = []
        for group, scenarios in groups.items():
            outcomes = []
            for scenario in scenarios:
                of_this = [run.result() for run in runs[scenario.name]]
                outcomes += of_this
                found += _worst(scenario, of_this)
            found += _ranges(group, scenarios, outcomes)
    return found


def _run(scenario: Scenario, seed: int) -> stick.Outcome:
    with tempfile.TemporaryDirectory() as folder:
        outcome = stick.run(scenario, Path(folder), cells=scenario.full, seed=seed)
    told = "; ".join(str(figure) for figure in judge.figures(outcome))
    sys.stderr.write(f"  {scenario.name}, run {seed + 1}: {told}\n")
    return outcome


def _worst(scenario: Scenario, outcomes: Sequence[stick.Outcome]) -> list[Figure]:
    runs = [judge.figures(outcome) for outcome in outcomes]
    worst = [max(same, key=lambda figure: figure.measured) for same in zip(*runs, strict=True)]
    return [
        Figure(f"{scenario.name}: {figure.name}", figure.measured, figure.limit, figure.unit)
        for figure in worst
    ]


def _ranges(
    group: str, scenarios: Sequence[Scenario], outcomes: Sequence[stick.Outcome]
) -> list[Figure]:
    """Of all cells together; the worst scenario's share is told beside it."""
    found = []
    for judged_by, worse in ((judge.holds, min), (judge.narrow, max)):
        whole = judged_by(outcomes)
        by_name = {
            scenario.name: judged_by([o for o in outcomes if o.scenario is scenario]).measured
            for scenario in scenarios
        }
        name = worse(by_name, key=lambda key: by_name[key])
        found += [
            Figure(
                f"{group}: {whole.name}", whole.measured, whole.limit, whole.unit, whole.at_least
            ),
            Figure(f"{group}: {whole.name}, worst: {name}", by_name[name], None, whole.unit),
        ]
    return found

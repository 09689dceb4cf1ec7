"""The measuring stick in its long form: every scenario three times, the worst run told."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
    found = []
    for name in dict.fromkeys(figure.name for run in runs for figure in run):
        same = [figure for run in runs for figure in run if figure.name == name]
        # A figure that is not a number is the worst of all.
        worst = max(same, key=lambda figure: (math.isnan(figure.measured), figure.measured))
        found.append(replace(worst, name=f"{scenario.name}: {name}"))
    return found


def _ranges(
    group: str, scenarios: Sequence[Scenario], outcomes: Sequence[stick.Outcome]
) -> list[Figure]:
    """Of all cells together; the worst scenario's share is told beside it."""
    whole = judge.holds(outcomes)
    by_name = {
        scenario.name: judge.holds([o for o in outcomes if o.scenario is scenario]).measured
        for scenario in scenarios
    }
    worst = min(by_name, key=lambda name: by_name[name])
    name = f"{group}: {whole.name}"
    return [
        Figure(name, whole.measured, whole.limit, whole.unit, whole.at_least),
        Figure(f"{name}, worst: {worst}", by_name[worst], None, whole.unit),
    ]

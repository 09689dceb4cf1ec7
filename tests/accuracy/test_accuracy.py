"""The short form of the measuring stick; `python -m benchmarks --only accuracy` is the long one."""

from __future__ import annotations

import pytest

from tests.accuracy import judge
from tests.accuracy.conftest import Runs
from tests.accuracy.scenarios import FAULTY, JITTERING, PLAIN, Scenario

pytestmark = pytest.mark.accuracy

_SHORT = (
    *PLAIN,
    *FAULTY,
    *(
        scenario
        for scenario in JITTERING
        if scenario.name.startswith(("20 ms", "100 ms counter, 300", "no counter, 1 s"))
    ),
)


@pytest.mark.parametrize("scenario", _SHORT, ids=lambda scenario: scenario.name)
def test_cells_and_session_are_metered_within_their_limits(scenario: Scenario, runs: Runs) -> None:
    figures = runs.figures(scenario)

    assert all(figure.is_ok for figure in figures), "; ".join(map(str, figures))


def test_the_edge_part_of_ranges_holds_the_truth(runs: Runs) -> None:
    found = judge.holds(runs.settled())

    assert found.is_ok, str(found)

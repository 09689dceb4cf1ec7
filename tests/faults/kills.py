"""Writers that are killed, in processes that fork them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.injection import ImpossibleError, Injection, Timed, lost, none_lost
from tests.faults.killed import BEHIND_S
from tests.faults.writing import POWER_W

_TOGETHER = 2


def run(times: int, folder: Path) -> Iterable[Figure]:
    """Kills so many writers, some of whom share a ledger with another at work."""
    if not hasattr(os, "fork") or sys.platform == "darwin":
        raise ImpossibleError("needs a system that forks")
    environment = dict(os.environ)
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    ledger = folder / "ledger.sqlite3"
    child = children.begin(
        environment, "tests.faults.killed", str(ledger), str(times), "1", str(_TOGETHER)
    )
    found = children.answer(child, 60.0 + 10.0 * times)
    assert found["kills"] == times
    return [
        none_lost("ledgers that did not open whole", found["unopened"]),
        none_lost(f"of {found['cells']} cells, ended before what is written", found["lost_cells"]),
        none_lost("cells there twice, or wrong", found["twice"] + found["wrong_cells"]),
        Timed("energy, in all", found["behind_j"], POWER_W * BEHIND_S, "J"),
        lost("energy of what is there, off by", found["off_j"], 0.02 * POWER_W, "J"),
    ]


INJECTIONS = [Injection("ledger", "kill -9 of a writer at a random moment", run, 20, 200)]

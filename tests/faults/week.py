"""A simulated week of use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.injection import Injection, lost, none_lost

_ROOT = Path(__file__).parents[2]
MEMORY_MB = 64.0
FILE_MB = 1.0


def run(hours: float, cells: int, sources: int, _: int, folder: Path) -> Iterable[Figure]:
    """A kernel that is used for so many hours a day; the machine sleeps at night."""
    ledger = folder / "ledger.sqlite3"
    child = children.begin(
        dict(os.environ, PYTHONPATH=str(_ROOT)),
        "tests.faults.used",
        *(str(ledger), str(hours), str(cells), str(sources)),
    )
    found = children.answer(child, 1800.0)
    assert found["complaints"] == []
    assert found["days"] >= 7
    return [
        lost("memory that it takes", found["rss_mb"], MEMORY_MB, "MB"),
        lost("the ledger, a day", found["file_mb"], FILE_MB, "MB"),
        lost("the session's energy, off by", found["session_percent"], 0.1, "%"),
        lost("the ledger's session, off by", found["ledger_percent"], 0.1, "%"),
        lost("its cells and what lies between, off by", found["sum_percent"], 0.1, "%"),
        lost("its days, off by", found["days_percent"], 0.1, "%"),
        none_lost(f"of {found['cells']} cells", found["missing"]),
        none_lost("durations below 0", found["negative"]),
    ]


INJECTIONS = [
    Injection("week", "a week of 20 minutes a day", partial(run, 0.33, 12, 2), 1, 0, True),
    Injection(
        "week", "a week of 8 hours and 300 cells a day", partial(run, 8.0, 300, 4), 0, 1, True
    ),
]

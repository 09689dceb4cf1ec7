"""What a ledger's file holds, as whoever opens it with SQLite finds it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Row = dict[str, Any]


class Kept:
    """One session and its rows."""

    def __init__(self, session: Row, rows: dict[str, list[Row]]) -> None:
        self.session = session
        self.sources = rows["source"]
        self.rates = rows["rate"]
        self.cells = rows["cell"]
        self.labels = rows["label"]
        self.slices = rows["slice"]
        self.traces = rows["trace"]

    @property
    def numbers(self) -> list[int | None]:
        """The execution counts of its cells."""
        return [cell["execution_count"] for cell in self.cells]

    def assert_adds_up(self, rel: float = 1e-3) -> None:
        """Cells and between, sources, and slices are the session, in joules and grams."""
        for unit, energy in (("j", "energy_j"), ("g", "co2e_g")):
            whole = pytest.approx(self.session[energy] or 0.0, rel=rel, abs=1e-6)
            between = self.session[f"between_{unit}"] or 0.0
            assert _sum(self.cells, energy) + between == whole
            assert _sum(self.slices, energy) == whole
            assert (self.session[f"inside_{unit}"] or 0.0) + between == whole
        assert _sum(self.sources, "energy_j") == pytest.approx(
            self.session["energy_j"] or 0.0, rel=rel
        )


def kept_in(path: Path) -> list[Kept]:
    """The sessions in a ledger, oldest first; none where it is not there or empty."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            return []
        connection.execute("BEGIN")
        sessions = connection.execute("SELECT * FROM session ORDER BY started, key").fetchall()
        return [
            Kept(
                dict(session),
                {
                    table: [
                        dict(row)
                        for row in connection.execute(
                            f"SELECT * FROM {table} WHERE session = ?", (session["key"],)
                        )
                    ]
                    for table in ("source", "rate", "cell", "label", "slice", "trace")
                },
            )
            for session in sessions
        ]


def wait_for(
    path: Path,
    is_there: Callable[[list[Kept]], bool],
    timeout_s: float = 20.0,
    meanwhile: Callable[[], object] = lambda: time.sleep(0.02),
) -> list[Kept]:
    """The sessions, as soon as they are as they should become."""
    deadline_s = time.monotonic() + timeout_s
    while not is_there(kept := kept_in(path)):
        assert time.monotonic() < deadline_s, [each.session for each in kept]
        meanwhile()
    return kept


def _sum(rows: list[Row], column: str) -> float:
    return sum(row[column] or 0.0 for row in rows)

"""A ledger of a million cells: how soon it answers, and how large it is.

Two thousand sessions of five hundred cells over 250 days, from 40 notebooks with
12 to 90 different cells each, every tenth with a label; four sources, slices of a quarter
of an hour. A fifth of the sessions share their machine's time with another one.
The rows are made by SQL: written as a kernel writes them they would take an hour.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.child import answer
from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.opening import open_for_reading, open_for_writing
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.span import Span
from tests.accuracy.figure import Figure

SESSIONS, CELLS = 2_000, 500
ANSWER_MS = 200.0
_SOURCES = 4
_FIRST_S = 1.75e9
_EVERY_S = 10_800.0
"""Eight sessions a day; four of five end before the next begins."""
_TIMES = 5

_COUNT = """
    WITH RECURSIVE counted (n) AS (
        SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < :count
    )
"""
_FIGURE = "{0}, 0.95 * ({0}), 1.05 * ({0})"
_ORIGIN = "CASE n % 2 WHEN 0 THEN 'counter' ELSE 'modelled' END"
_MADE = (
    f"""
    {_COUNT}
    INSERT INTO session
    SELECT
        n + 1, printf('%032x', n), printf('%032x', n), printf('host-%d', n % 2), 'boot', 1, 1.0,
        'kernel', '0.1.0', printf('work/notebook %d.ipynb', n % 40),
        CASE n % 5 WHEN 0 THEN NULL ELSE printf('paper %d', n % 5) END,
        :first_s + n * :every_s, :first_s + n * :every_s + length_s,
        :first_s + n * :every_s + length_s, 'ended', length_s, :cells,
        {_FIGURE.format("300.0 * length_s")}, 'mixed',
        {_FIGURE.format("200.0 * length_s")}, 'mixed',
        {_FIGURE.format("100.0 * length_s")}, 'mixed',
        {_FIGURE.format("0.03 * length_s")}, 'mixed',
        {_FIGURE.format("0.02 * length_s")}, 'mixed',
        {_FIGURE.format("0.01 * length_s")}, 'mixed',
        '[]', '[]'
    FROM (
        SELECT n, CASE WHEN n % 10 < 1 THEN 2.4 * :every_s ELSE 0.8 * :every_s END AS length_s
        FROM counted
    )
    """,
    f"""
    {_COUNT.replace(":count", ":sources")}
    INSERT INTO source
    SELECT
        key, n, printf('source:%d', n), 'A source', 'other', host, 'ok',
        {_ORIGIN}, '', {_FIGURE.format("energy_j / :sources")}, {_ORIGIN}
    FROM session, counted
    """,
    f"""
    {_COUNT.replace(":count", "200")}
    INSERT INTO slice
    SELECT
        session.key, source.number, since, until,
        {_FIGURE.format("source.energy_j * (until - since) / duration_s")}, source.energy_j_from,
        {_FIGURE.format("0.0001 * source.energy_j * (until - since) / duration_s")}
    FROM (
        SELECT
            *, started + 900.0 * n AS since, min(ended, started + 900.0 * (n + 1)) AS until
        FROM session JOIN counted ON n * 900.0 < duration_s
    ) AS session JOIN source ON source.session = session.key
    """,
    f"""
    {_COUNT.replace(":count", ":cells")}
    INSERT INTO cell
    SELECT
        key, n, printf('%08x', n % (12 + 2 * ((key - 1) % 40))), n, NULL, 'ok',
        started + n * duration_s / :cells, started + (n + 0.6) * duration_s / :cells,
        0.6 * duration_s / :cells, 0,
        {_FIGURE.format("((key * 7919 + n * 104729) % 100003) / 100.0")}, 'mixed',
        {_FIGURE.format("((key * 7919 + n * 104729) % 100003) / 1e6")},
        '[[0,1.23456789,1.1,1.3,"counter"],[1,0.23456789,0.1,0.3,"modelled"]]',
        CAST(printf('%08x', (key - 1) % 40 * 1000 + n % (12 + 2 * ((key - 1) % 40))) AS BLOB), NULL
    FROM session, counted
    """,
    """
    INSERT INTO label
    SELECT
        session, number, printf('label %d', number / 10 % 15), execution_count, status, started,
        ended, duration_s, 0, energy_j, energy_j_low, energy_j_high, energy_j_from,
        co2e_g, co2e_g_low, co2e_g_high, sources
    FROM cell WHERE number % 10 = 0
    """,
    "INSERT INTO ledger VALUES ('salt', '00')",
    "ANALYZE",
)


def figures() -> list[Figure]:
    """What the ledger costs."""
    return answers()


def answers() -> list[Figure]:
    """Makes the ledger and asks it, in a process of its own."""
    found = answer("benchmarks.ledger")
    cells = f"history, {SESSIONS * CELLS:,.0f} cells"
    return [
        *(
            Figure(f"{cells}: {question}", ms, ANSWER_MS, "ms")
            for question, ms in found["answers_ms"].items()
        ),
        Figure(f"{cells}: the ledger's size", found["size_mb"], None, "MB"),
    ]


def make(path: Path, sessions: int = SESSIONS) -> None:
    """Writes the ledger."""
    connection = open_for_writing(Place(path))
    for haste in ("synchronous = OFF", "journal_mode = MEMORY", "cache_size = -200000"):
        connection.execute(f"PRAGMA {haste}")
    asked = {
        "count": sessions,
        "sources": _SOURCES,
        "cells": CELLS,
        "first_s": _FIRST_S,
        "every_s": _EVERY_S,
    }
    for statement in _MADE:
        connection.execute(statement, asked)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def ask(path: Path) -> dict[str, float]:
    """How long each answer takes, in milliseconds, the opening of the ledger included."""
    month = Span(_FIRST_S + 100 * 86_400.0, _FIRST_S + 130.5 * 86_400.0)
    questions: dict[str, Callable[[History], object]] = {
        "total": lambda history: history.total(),
        "by day": lambda history: history.by_day(),
        "by notebook": lambda history: history.by_notebook(),
        "by project": lambda history: history.by_project(),
        "by host": lambda history: history.by_host(),
        "by label": lambda history: history.by_label(),
        "top cells": lambda history: history.top_cells(10),
        "a month: by day": lambda history: history.by_day(month),
        "a month: by label": lambda history: history.by_label(month),
        "a month: top cells": lambda history: history.top_cells(10, month),
    }
    return {
        name: statistics.median(_ms(path, question) for _ in range(_TIMES))
        for name, question in questions.items()
    }


def main() -> None:
    """Prints what was found as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, metavar="PATH", help="leave the ledger there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3" if options.keep is None else options.keep
        if not path.exists():
            begin_s = time.monotonic()
            make(path)
            sys.stderr.write(f"  ledger: made in {time.monotonic() - begin_s:.0f} s\n")
        found = {"answers_ms": ask(path), "size_mb": path.stat().st_size / 1e6}
    sys.stdout.write(json.dumps(found) + "\n")


def _ms(path: Path, question: Callable[[History], object]) -> float:
    begin_s = time.perf_counter()
    connection: sqlite3.Connection = open_for_reading(Place(path))
    question(History(connection))
    connection.close()
    return 1e3 * (time.perf_counter() - begin_s)


if __name__ == "__main__":
    main()

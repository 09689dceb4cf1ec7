"""The tables and the rows fit, and what triggers keep is what it would be if added up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_carbon.ledger import statements
from jupyter_carbon.ledger.records import LabelRow, Row, SessionRow
from jupyter_carbon.ledger.schema import MIGRATIONS
from tests.ledger.made import label, session, storing, whole

OWN_COLUMNS = {"session": {"key"}}
"""Columns that no row has, beside the session that all others belong to."""


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    for step in MIGRATIONS:
        for statement in step:
            connection.execute(statement)
    yield connection
    connection.close()


@pytest.mark.parametrize("kind", statements.TABLES, ids=statements.TABLES.values())
def test_each_column_has_its_field_and_each_field_its_columns(
    kind: type[Row], tables: sqlite3.Connection
) -> None:
    table = statements.TABLES[kind]
    columns = {row[1] for row in tables.execute(f"PRAGMA table_info({table})")}
    fields = [name for field in kind._fields for name in statements.columns_of(table, field)]
    assert len(fields) == len(set(fields))
    assert columns - set(fields) == OWN_COLUMNS.get(table, {"session"})
    assert set(fields) <= columns


@pytest.mark.parametrize("kind", statements.TABLES, ids=statements.TABLES.values())
def test_the_statements_are_those_that_sqlite_takes(
    kind: type[Row], tables: sqlite3.Connection
) -> None:
    plan = tables.execute(f"EXPLAIN {statements.UPSERTS[kind]}", [None] * _parameters(kind))
    assert plan.fetchall()


def _parameters(kind: type[Row]) -> int:
    return statements.UPSERTS[kind].count("?")


@pytest.mark.parametrize(
    "row",
    [
        each
        for batch in [whole()]
        for each in (
            batch.session,
            *batch.sources,
            *batch.rates,
            *batch.cells,
            *batch.labels,
            *batch.slices,
            *batch.traces,
        )
    ],
    ids=lambda row: type(row).__name__,
)
def test_what_is_written_is_read(row: Row, tables: sqlite3.Connection) -> None:
    kind = type(row)
    tables.execute(statements.UPSERTS[SessionRow], statements.values_of(session()))
    values = statements.values_of(row)
    if kind is not SessionRow:
        tables.execute(statements.UPSERTS[kind], [1, *values])
    table = statements.TABLES[kind]
    names = [name for field in kind._fields for name in statements.columns_of(table, field)]
    (read,) = tables.execute(f"SELECT {', '.join(names)} FROM {table}")
    assert list(read) == values


def test_a_session_takes_all_that_is_its_own_with_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with storing(path) as store:
        store.write(whole("a"))
        store.write(whole("b"))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("DELETE FROM session WHERE id = 'a'")
    tables = [*statements.TABLES.values(), "label_total"]
    counts = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
    }
    assert counts == dict.fromkeys(tables, 1)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


_FIGURES = st.one_of(st.none(), st.integers(0, 1000))
_RUNS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["train", "test"]), _FIGURES), max_size=30
)


@settings(deadline=None, max_examples=60)
@given(_RUNS)
def test_the_totals_of_labels_are_those_of_their_runs(runs: list[Any]) -> None:
    """Each run is written again and again, measured or not, as it grows."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for step in MIGRATIONS:
        for statement in step:
            connection.execute(statement)
    connection.execute(statements.UPSERTS[SessionRow], statements.values_of(session()))
    for number, name, energy_j in runs:
        row = label(number, f"{name} {number % 2}", energy_j)
        connection.execute(statements.UPSERTS[LabelRow], [1, *statements.values_of(row)])
    columns = ", ".join(
        f"{name} AS {name}"
        for name in ("runs", "duration_s", "energy_j", "energy_j_low", "energy_j_high")
    )
    kept = connection.execute(
        f"SELECT label, energy_j_from, {columns} FROM label_total ORDER BY label, energy_j_from"
    ).fetchall()
    added = connection.execute(
        "SELECT label, energy_j_from, count(*), sum(duration_s), ifnull(sum(energy_j), 0),"
        " ifnull(sum(energy_j_low), 0), ifnull(sum(energy_j_high), 0) FROM label"
        " GROUP BY label, energy_j_from ORDER BY label, energy_j_from"
    ).fetchall()
    connection.close()
    assert len(kept) == len(added)
    for mine, theirs in zip(kept, added, strict=True):
        assert mine[:3] == theirs[:3]
        assert mine[3:] == pytest.approx(theirs[3:], abs=1e-6)

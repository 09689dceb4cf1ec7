"""Rows made for the ledger's tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.ledger.life import this_life
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import (
    Batch,
    CellRow,
    LabelRow,
    RateRow,
    SessionRow,
    SliceRow,
    SourceRow,
    TraceRow,
)
from jupyter_carbon.ledger.store import Store

NOW_S = 1.7e9
MISSING = Estimate.missing()


class Mount(NamedTuple):
    """A line of the system's list of what is mounted."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


def counted(value: float, spread: float = 0.05) -> Estimate:
    """A counter's figure, known to 5 %."""
    return Estimate(value, (1 - spread) * value, (1 + spread) * value, Provenance.COUNTER)


def session(session_id: str = "s" * 32, energy_j: float = 100.0, **changes: Any) -> SessionRow:
    """A session of this process that has run for a minute."""
    row = SessionRow(
        session_id,
        session_id,
        *this_life(),
        kernel="kernel",
        package="0.1.0",
        notebook="runs/train.ipynb",
        project=None,
        started=NOW_S,
        beat=NOW_S + 60.0,
        ended=None,
        ending=None,
        duration_s=60.0,
        cells=1,
        energy_j=counted(energy_j),
        inside_j=counted(energy_j / 2),
        between_j=counted(energy_j / 2),
        co2e_g=counted(energy_j / 1e4),
        inside_g=counted(energy_j / 2e4),
        between_g=MISSING,
        gaps="[]",
        notes="[]",
    )
    return row._replace(**changes)


def source(number: int = 0, energy_j: float = 100.0, **changes: Any) -> SourceRow:
    """A board."""
    row = SourceRow(
        number, f"gpu:{number}", "Board", "gpu", "here", "ok", "counter", "", counted(energy_j)
    )
    return row._replace(**changes)


def rate(number: int = 0, g_per_kwh: float = 300.0, **changes: Any) -> RateRow:
    """Germany."""
    row = RateRow(
        number, NOW_S, "Germany", g_per_kwh, "consumption", "year", 2024, "a table", False, 1.0
    )
    return row._replace(**changes)


def cell(number: int = 0, energy_j: float | None = 10.0, **changes: Any) -> CellRow:
    """A cell that ended well after 3 s."""
    figure = MISSING if energy_j is None else counted(energy_j)
    row = CellRow(
        number=number,
        id=f"cell {number}",
        execution_count=number + 1,
        label=None,
        status="ok",
        started=NOW_S + number,
        ended=NOW_S + number + 3.0,
        duration_s=3.0,
        overlapped=False,
        energy_j=figure,
        co2e_g=figure.scaled(1e-4),
        sources="[]",
        code_hash=b"\1" * 8,
    )
    return row._replace(**changes)


def running(number: int = 0, energy_j: float = 10.0, **changes: Any) -> CellRow:
    """A cell that runs."""
    return cell(number, energy_j, status="running", ended=None)._replace(**changes)


def label(number: int = 0, name: str = "train", energy_j: float | None = 5.0) -> LabelRow:
    """A block that ended well after 2 s."""
    figure = MISSING if energy_j is None else counted(energy_j)
    mass = figure.scaled(1e-4)
    return LabelRow(number, name, 1, "ok", NOW_S, NOW_S + 2.0, 2.0, False, figure, mass, "[]")


def part(source_number: int = 0, quarter: int = 0, energy_j: float = 100.0) -> SliceRow:
    """A quarter of an hour of a source."""
    since = NOW_S + 900.0 * quarter
    return SliceRow(source_number, since, since + 900.0, counted(energy_j), counted(energy_j / 1e4))


def whole(session_id: str = "s" * 32) -> Batch:
    """A session with one row of each kind."""
    return Batch(
        session(session_id),
        [source()],
        [rate()],
        [cell()],
        [label()],
        [part()],
        [TraceRow(0, NOW_S, 0.1, b"\0\0\x80?")],
    )


@contextmanager
def storing(path: Path, **settings: Any) -> Iterator[Store]:
    """A store, closed at the end."""
    store = Store(Place(path), **settings)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads, closed at the end."""
    connection = open_for_reading(Place(path))
    try:
        yield connection
    finally:
        connection.close()


def ask(path: Path, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a ledger answers to a statement."""
    with reading(path) as connection:
        return connection.execute(question, values).fetchall()


def write(path: Path, *batches: Batch, **settings: Any) -> None:
    """Writes batches, one after the other."""
    with storing(path, **settings) as store:
        for batch in batches:
            store.write(batch)

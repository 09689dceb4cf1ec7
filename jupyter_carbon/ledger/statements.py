"""The SQL that writes the ledger, made from the names of the rows' fields.

Nothing is run here. An estimate takes columns of its own, see `schema`.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.ledger.records import (
    WITHOUT_ORIGIN,
    CellRow,
    LabelRow,
    RateRow,
    Row,
    SessionRow,
    SliceRow,
    SourceRow,
    TraceRow,
)

Value = str | int | float | bytes | None
"""What SQLite keeps."""

TABLES: dict[type[Row], str] = {
    SessionRow: "session",
    SourceRow: "source",
    RateRow: "rate",
    CellRow: "cell",
    LabelRow: "label",
    SliceRow: "slice",
    TraceRow: "trace",
}
"""From a kind of row to its table."""

_KEYS: dict[str, tuple[str, ...]] = {
    "session": ("id",),
    "slice": ("session", "source", "since"),
    "trace": ("session", "source"),
}
_NUMBERED = ("session", "number")
_KEPT = {"session": ("host", "started")}
"""What never changes in a row, so that its indexes are left alone."""
_ESTIMATES = frozenset({"energy_j", "inside_j", "between_j", "co2e_g", "inside_g", "between_g"})


def columns_of(table: str, field: str) -> tuple[str, ...]:
    """The columns that a field of a row takes."""
    if field not in _ESTIMATES:
        return (field,)
    columns = (field, f"{field}_low", f"{field}_high")
    return columns if (table, field) in WITHOUT_ORIGIN else (*columns, f"{field}_from")


def values_of(row: Row) -> list[Value]:
    """A row's values, in the order of its columns."""
    table = TABLES[type(row)]
    values: list[Value] = []
    for field, value in zip(row._fields, row, strict=True):
        if isinstance(value, Estimate):
            values += (value.value, value.low, value.high)
            if (table, field) not in WITHOUT_ORIGIN:
                values.append(value.provenance.value)
        else:
            values.append(value)
    return values


def upsert(kind: type[Row]) -> str:
    """Writes a row, or the newer figures of one that is there; what is the same is left alone.

    The parameters are the session's key, except for a session, and `values_of`. A row
    is changed in place, never deleted and inserted, since triggers and references
    hang on it.
    """
    table = TABLES[kind]
    key = _KEYS.get(table, _NUMBERED)
    columns = [column for field in kind._fields for column in columns_of(table, field)]
    if kind is not SessionRow:
        columns.insert(0, "session")
    changing = [name for name in columns if name not in key and name not in _KEPT.get(table, ())]
    return (
        f"INSERT INTO {table} ({_list(columns)}) VALUES ({_list('?' * len(columns))})"
        f" ON CONFLICT ({_list(key)}) DO UPDATE"
        f" SET {_list([f'{name} = excluded.{name}' for name in changing])}"
        f" WHERE ({_list([f'{table}.{name}' for name in changing])})"
        f" IS NOT ({_list([f'excluded.{name}' for name in changing])})"
    )


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts)


UPSERTS: dict[type[Row], str] = {kind: upsert(kind) for kind in TABLES}
"""`upsert` of each kind."""

SESSION_KEY = "SELECT key FROM session WHERE id = ?"

SALT = "SELECT value FROM ledger WHERE name = 'salt'"
ADD_SALT = "INSERT INTO ledger (name, value) VALUES ('salt', ?) ON CONFLICT DO NOTHING"

OPEN_SESSIONS = """
    SELECT key, boot, pid, pid_started, beat FROM session WHERE ended IS NULL AND host = ?
"""
CLOSE_SESSION = """
    UPDATE session SET ended = beat, ending = 'lost' WHERE key = ? AND ended IS NULL AND beat = ?
"""
"""Closes a session that was not heard of again meanwhile."""
CLOSE_CELLS = """
    UPDATE cell SET status = 'interrupted', ended = started + duration_s
    WHERE session = ? AND ended IS NULL
"""
CLOSE_LABELS = """
    UPDATE label SET status = 'interrupted', ended = started + duration_s
    WHERE session = ? AND ended IS NULL
"""

PRUNE_TRACES = """
    DELETE FROM trace WHERE session IN (SELECT key FROM session WHERE ended < ?)
"""

"""Takes the sessions of another ledger over, each once: of two copies the one heard of later."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from jupyter_carbon.ledger import queries
from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError, explain
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.transaction import transaction

_ATTACH = "ATTACH ? AS other"


class Merged(NamedTuple):
    """How many sessions were new, how many replaced an older copy, how many were there already."""

    new: int
    newer: int
    known: int


def merge(connection: sqlite3.Connection, path: Path) -> Merged:
    """Takes over the sessions of the ledger at a path, all of them or, if that fails, none.

    A session has the same id wherever it was copied to, so that it counts once. The
    other ledger is only read, and what it holds is looked through first, since it may
    come from anywhere.

    Args:
        connection: to the ledger that takes them, open for writing.
        path: of the other one.

    Raises:
        LedgerError: if it cannot be read, or is none; the message names it.
    """
    own = connection.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    with suppress(OSError):
        if own and own[0] and path.samefile(own[0]):
            raise LedgerError(f"{path} is this ledger itself, so there is nothing to merge.")
    try:
        open_for_reading(Place(path)).close()
    except NoLedgerError as error:
        why = "holds no session yet" if path.exists() else "is not there"
        raise NoLedgerError(f"{path} {why}, so nothing of it was merged.") from error
    try:
        _attach(connection, Place(path))
    except sqlite3.Error as error:
        raise explain(error, path) from error
    try:
        _check(connection, path)
        with transaction(connection):
            return _take_over(connection)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    finally:
        connection.execute("DETACH other")


def _attach(connection: sqlite3.Connection, place: Place) -> None:
    """Has the connection read another ledger, too; in a folder that cannot be written, as it is.

    SQLite keeps files beside one that it reads, unless it is told that nobody writes it.
    """
    try:
        connection.execute(_ATTACH, (place.uri(mode="ro"),))
        connection.execute(queries.COUNT_OTHER)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        with suppress(sqlite3.OperationalError):
            connection.execute("DETACH other")
        connection.execute(_ATTACH, (place.uri(mode="ro", immutable="1"),))


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Sees that the other ledger holds what a meter writes, and nothing that runs by itself."""
    for table in ("session", *queries.CHILDREN):
        wanted = connection.execute(queries.TABLE_INFO, (table, "main")).fetchall()
        found = connection.execute(queries.TABLE_INFO, (table, "other")).fetchall()
        kinds = connection.execute(queries.OTHER_KIND, (table,)).fetchall()
        is_sound = wanted == found and kinds == [("table",)]
        if is_sound:
            query = queries.unsound([(name, kind) for name, kind in wanted], table)
            is_sound = connection.execute(query).fetchone() is None
        if not is_sound:
            raise LedgerError(
                f"{path} holds what no meter writes (table {table}), so nothing of it was merged."
            )


def _take_over(connection: sqlite3.Connection) -> Merged:
    (known,) = connection.execute(queries.COUNT_OTHER).fetchone()
    connection.execute(queries.CHOOSE)
    try:
        (chosen,) = connection.execute(queries.COUNT_CHOSEN).fetchone()
        newer = connection.execute(queries.DROP_OLDER).rowcount
        for table in ("session", *queries.CHILDREN):
            names = [name for name, _ in connection.execute(queries.TABLE_INFO, (table, "main"))]
            connection.execute(queries.take_over(names, table))
    finally:
        connection.execute(queries.END_CHOICE)
    return Merged(chosen - newer, newer, known - chosen)

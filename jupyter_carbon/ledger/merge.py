"""Takes the sessions of another ledger over, each once: of two copies the one heard of later."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from jupyter_carbon.ledger import queries
from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError, explain
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import open_for_reading
from jupyter_carbon.ledger.transaction import transaction


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
    with _readable(path) as place:
        try:
            connection.execute("ATTACH ? AS other", (place.uri(mode="ro"),))
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


@contextmanager
def _readable(path: Path) -> Iterator[Place]:
    """The place of a ledger of this version; of one in a folder that is not to be written, a copy.

    SQLite keeps files beside one that it reads.
    """
    try:
        open_for_reading(Place(path)).close()
    except NoLedgerError as error:
        why = "holds no session yet" if path.exists() else "is not there"
        raise NoLedgerError(f"{path} {why}, so nothing of it was merged.") from error
    except LedgerError:
        if os.access(path.parent, os.W_OK) or not os.access(path, os.R_OK):
            raise
    else:
        yield Place(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ledger.sqlite3"
        for suffix in ("", *COMPANIONS):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + suffix), f"{copy}{suffix}")
        open_for_reading(Place(copy)).close()
        yield Place(copy)


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

"""Opens a ledger's file, to write or to read, as it may be opened."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

from jupyter_carbon.ledger.access import close_to_others, prepare
from jupyter_carbon.ledger.errors import NoLedgerError, explain
from jupyter_carbon.ledger.migrate import check, migrate
from jupyter_carbon.ledger.place import Place, is_remote
from jupyter_carbon.ledger.schema import VERSION

PATIENCE_S = 1.0
"""So long somebody else's lock is waited for."""
_PAGE_BYTES = 2048
"""Half of SQLite's own: a few short rows are written each second, and each takes a page's time."""
_WAL_PAGES = 512
"""The write-ahead log is taken over into the file when it has so many pages: 1 MiB."""


def open_for_writing(
    place: Place, *, wait_s: float = PATIENCE_S, check_same_thread: bool = True
) -> sqlite3.Connection:
    """A connection that writes; the ledger is made, or brought to this version, if need be.

    Args:
        place: where it lies.
        wait_s: how long each statement waits for somebody else's lock.
        check_same_thread: False lets any thread use it, one at a time.

    Raises:
        LedgerError: if it cannot be opened.
    """
    path = real_path(place)
    try:
        if path is not None:
            prepare(path)
        connection = _connect(place, wait_s, check_same_thread, mode="rw")
    except (OSError, sqlite3.Error) as error:
        raise explain(error, path or Path()) from error
    try:
        check(connection, path)
        if path is not None:
            close_to_others(path)
        with_log = path is None or not (place.is_alone or is_remote(path))
        _configure(connection, with_log=with_log)
        migrate(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, (sqlite3.Error, OSError)):
            raise explain(error, path or Path()) from error
        raise
    return connection


def open_for_reading(place: Place) -> sqlite3.Connection:
    """A connection that only reads.

    A ledger that is of an older version, or whose last writer died in a transaction, is
    opened for writing first, which puts that right.

    Raises:
        NoLedgerError: if there is none.
        LedgerError: if it cannot be read.
    """
    path = real_path(place)
    try:
        if path is not None and not path.exists():
            raise NoLedgerError(f"There is no ledger at {path} yet.")
    except OSError as error:
        raise explain(error, path or Path()) from error
    connection = _open_as_it_is(place, path)
    if connection is None:
        open_for_writing(place).close()
        connection = _open_as_it_is(place, path)
    if connection is None:
        raise NoLedgerError(f"The ledger {place} is empty yet.")
    return connection


def _open_as_it_is(place: Place, path: Path | None) -> sqlite3.Connection | None:
    """A connection that reads a ledger; None if it has to be opened for writing before."""
    options = {"mode": "ro"}
    while True:
        try:
            connection = _connect(place, PATIENCE_S, True, **options)
        except sqlite3.Error as error:
            raise explain(error, path or Path()) from error
        try:
            connection.execute("PRAGMA query_only = ON")
            version = check(connection, path)
        except BaseException as error:
            connection.close()
            if not isinstance(error, sqlite3.Error):
                raise
            if error.sqlite_errorcode in _UNFINISHED:
                return None
            if not _is_sealed(error, path) or "immutable" in options:
                raise explain(error, path or Path()) from error
            options["immutable"] = "1"
            continue
        if version == VERSION:
            return connection
        connection.close()
        if not version:
            raise NoLedgerError(f"The ledger {place} is empty yet.")
        return None


_SEALED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_UNFINISHED = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)


def _is_sealed(error: sqlite3.Error, path: Path | None) -> bool:
    """True if a ledger could not be opened since nothing can be made beside it, nor changed."""
    if path is None or error.sqlite_errorcode & 0xFF not in _SEALED:
        return False
    log = path.with_name(path.name + "-wal")
    return not log.exists() or not log.stat().st_size


def _connect(
    place: Place, wait_s: float, check_same_thread: bool, **options: str
) -> sqlite3.Connection:
    path = real_path(place)
    real = place if path is None else replace(place, path=path)
    return sqlite3.connect(
        real.uri(**options),
        uri=True,
        timeout=wait_s,
        isolation_level=None,
        check_same_thread=check_same_thread,
    )


def _configure(connection: sqlite3.Connection, *, with_log: bool) -> None:
    """How the ledger is written: so that others can at the same time, and what is gone is gone.

    A write-ahead log lets readers and a writer be at it together, and costs no wait
    for the disk; on file systems that cannot have one there is a rollback journal,
    which is only safe if the disk is waited for.
    """
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    wanted = "WAL" if with_log else "DELETE"
    (journal,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if journal == 'wal' else 'FULL'}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_PAGE_BYTES * _WAL_PAGES}")


def real_path(place: Place) -> Path | None:
    """The file itself, where a link leads to it; SQLite's other files lie beside that."""
    return None if place.path is None else Path(os.path.realpath(place.path))

"""A transaction: all of it is written, or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Writes what the block executes at its end, and nothing of it if the block raises.

    The right to write is taken at once, so that nobody has to give way later.

    Args:
        connection: without transactions of Python's own (`isolation_level` None).

    Raises:
        sqlite3.Error: where SQLite fails; nothing is written then.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some failures SQLite has taken it all back by itself.
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise

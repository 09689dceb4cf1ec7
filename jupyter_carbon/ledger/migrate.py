"""Brings a ledger's tables to the version that this package reads and writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from jupyter_carbon.ledger.errors import LedgerError
from jupyter_carbon.ledger.schema import MIGRATIONS
from jupyter_carbon.ledger.transaction import transaction

APPLICATION_ID = 0x4A436172
"""What tells a ledger from other programs' databases, in the file's header: "JCar"."""


def migrate(
    connection: sqlite3.Connection,
    path: Path | None,
    migrations: Sequence[Sequence[str]] = MIGRATIONS,
) -> None:
    """Takes the steps that the ledger lacks, each with its number in one transaction.

    Several programs may come at once: who waited finds the step taken.

    Args:
        connection: open for writing.
        path: named in errors; None in memory.
        migrations: the steps.

    Raises:
        LedgerError: if the file is of a newer version or another program's; it is left as it is.
        sqlite3.Error: where SQLite fails; no step is then half taken.
    """
    while check(connection, path, len(migrations)) < len(migrations):
        with transaction(connection):
            version = check(connection, path, len(migrations))
            if version == len(migrations):
                return
            for statement in migrations[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")


def check(connection: sqlite3.Connection, path: Path | None, newest: int = len(MIGRATIONS)) -> int:
    """The version of a ledger's tables, 0 if it has none yet.

    Raises:
        LedgerError: if the file is of a newer version or another program's.
        sqlite3.Error: where SQLite fails.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application or version or tables:
            raise LedgerError(
                f"{path} is another program's database, so it is left alone. Another place for"
                " the ledger helps, named by the setting `ledger`."
            )
    if version > newest:
        raise LedgerError(
            f"The ledger {path} was written by a newer jupyter_carbon (its tables are of version"
            f" {version}, this one knows {newest}), so it is left alone. Updating jupyter_carbon"
            " helps."
        )
    return version

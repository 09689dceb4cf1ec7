"""The ledger as commands write it, beside whatever kernels do so."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_carbon.cli.output import CommandError
from jupyter_carbon.ledger.beside import take_in
from jupyter_carbon.ledger.errors import LedgerError, explain
from jupyter_carbon.ledger.opening import open_for_writing
from jupyter_carbon.ledger.place import Place

_PATIENCE_S = 10.0


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes, as long as the block lasts.

    Raises:
        CommandError: if it cannot be opened, or fails.
    """
    try:
        connection = open_for_writing(Place(path), wait_s=_PATIENCE_S)
    except LedgerError as error:
        raise CommandError(str(error)) from error
    try:
        # What other sessions wrote beside it, where they could not share it, belongs to it.
        take_in(connection, path, None, time.time())
        yield connection
    except sqlite3.Error as error:
        raise CommandError(str(explain(error, path))) from error
    finally:
        connection.close()

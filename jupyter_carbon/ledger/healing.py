"""Sets a damaged ledger aside, so that another one can be begun and nothing is thrown away."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.errors import LedgerError

_HEADER = b"SQLite format 3\0"
_DATABASES = (".sqlite3", ".sqlite", ".db", ".db3")


def set_aside(path: Path, now_s: float) -> Path:
    """Renames a damaged ledger, and the files that belong to it; returns what it is called now.

    Raises:
        LedgerError: if it may never have been a ledger, but some other file of the user's.
        OSError: where the system refuses.
    """
    if path.suffix.lower() not in _DATABASES and not _begins_as_database(path):
        raise LedgerError(
            f"{path} is no database, so it is left alone. Another place for the ledger helps,"
            " named by the setting `ledger`."
        )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    kept = next(name for number in count(1) if not (name := _name(path, stamp, number)).exists())
    # A log that is left beside a new file would be taken for the new file's.
    for suffix in (*COMPANIONS, ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


def _begins_as_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def _name(path: Path, stamp: str, number: int) -> Path:
    extra = "" if number == 1 else f"-{number}"
    return path.with_name(f"{path.stem}-broken-{stamp}{extra}{path.suffix}")

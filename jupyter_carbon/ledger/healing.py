"""Sets a damaged ledger aside, so that another one can be begun and nothing is thrown away."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from jupyter_carbon.ledger.access import COMPANIONS

_HEADER = b"SQLite format 3\0"
_DATABASES = (".sqlite3", ".sqlite", ".db")


def set_aside(path: Path, now_s: float) -> Path:
    """Renames a damaged ledger, and the files that belong to it; returns what it is called now.

    Raises:
        OSError: where the system refuses.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    kept = next(name for number in count(1) if not (name := _name(path, stamp, number)).exists())
    # A log that is left beside a new file would be taken for the new file's.
    for suffix in (*COMPANIONS, ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


def _name(path: Path, stamp: str, number: int) -> Path:
    extra = "" if number == 1 else f"-{number}"
    return path.with_name(f"{path.stem}-broken-{stamp}{extra}{path.suffix}")

"""Ledgers of single sessions, where a file system has no locks that many could share one by.

There each session writes a file of its own beside the ledger, which nobody else
writes. Who opens the ledger later takes over those whose processes are gone.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from jupyter_carbon.ledger import statements
from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError
from jupyter_carbon.ledger.life import Life, is_over, this_life
from jupyter_carbon.ledger.merge import merge
from jupyter_carbon.ledger.migrate import migrate
from jupyter_carbon.ledger.opening import open_for_reading, real_path
from jupyter_carbon.ledger.place import Place

_ID = 12
"""So many digits of a session's id name its file."""


def can_share(folder: Path) -> bool:
    """False if files there cannot be locked, or not mapped into the memory of several processes."""
    if os.name == "nt":
        return True
    import fcntl

    try:
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed below
    except OSError:
        return True  # whatever is the matter there, it is not the locks
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(mmap.PAGESIZE)
            mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
        except OSError as error:
            return error.errno in (errno.ENOSPC, errno.EFBIG)
    return True


def place_of_own(path: Path, session_id: str) -> Place:
    """Where a session writes that cannot write the ledger."""
    name = f"{path.stem}.{session_id[:_ID]}{path.suffix}"
    return Place(path.with_name(name), is_alone=True)


def files_beside(path: Path) -> list[Path]:
    """The files that sessions wrote beside a ledger."""
    shape = re.compile(rf"{re.escape(path.stem)}\.[0-9a-f]{{{_ID}}}{re.escape(path.suffix)}")
    try:
        return sorted(each for each in path.parent.iterdir() if shape.fullmatch(each.name))
    except OSError:
        return []


def take_in(connection: sqlite3.Connection, path: Path, own: Path | None, now_s: float) -> None:
    """Takes over the sessions that others wrote beside a ledger and have ended, and their files.

    One that cannot be read is left where it is.

    Args:
        connection: to the ledger, or to a session's own file, open for writing.
        path: of the ledger.
        own: the session's own file, if that is what is open.
        now_s: seconds since the epoch.
    """
    for each in files_beside(path):
        if each == own:
            continue
        with suppress(LedgerError, OSError):
            with _copied(each) as copy:
                if _is_written(copy, now_s):
                    continue
                merge(connection, copy)
            for suffix in ("", *COMPANIONS):
                each.with_name(each.name + suffix).unlink(missing_ok=True)


def open_all_for_reading(place: Place) -> sqlite3.Connection:
    """A connection that reads a ledger with all that sessions wrote beside it.

    Raises:
        NoLedgerError: if there is none, nor anything beside it.
        LedgerError: if the ledger cannot be read.
    """
    path = real_path(place)
    beside = [] if path is None else files_beside(path)
    if path is None or not beside:
        return open_for_reading(place)
    whole = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with (
            suppress(NoLedgerError),
            _lockable(path) as lockable,
            closing(open_for_reading(Place(lockable))) as ledger,
        ):
            ledger.backup(whole)
        migrate(whole, path)
        for each in beside:
            with suppress(LedgerError, OSError), _copied(each) as copy:
                merge(whole, copy)
    except BaseException:
        whole.close()
        raise
    return whole


@contextmanager
def _lockable(path: Path) -> Iterator[Path]:
    if can_share(path.parent):
        yield path
    else:
        with _copied(path) as copy:
            yield copy


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """A copy of a ledger where files can be locked, as far as this machine has such a place."""
    with tempfile.TemporaryDirectory(prefix="jupyter_carbon-") as folder:
        copy = Path(folder) / path.name
        for suffix in (*COMPANIONS, ""):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + suffix), f"{copy}{suffix}")
        yield copy


def _is_written(path: Path, now_s: float) -> bool:
    """True if a session in a file has not ended, nor its process."""
    here = this_life()
    with closing(open_for_reading(Place(path))) as connection:
        rows = connection.execute(statements.OPEN_SESSIONS, (here.host,)).fetchall()
    return not all(is_over(Life(here.host, *life), beat_s, now_s) for _, *life, beat_s in rows)

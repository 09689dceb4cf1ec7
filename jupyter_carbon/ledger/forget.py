"""Deletes sessions so that nothing of them is left in the ledger's files."""

from __future__ import annotations

import glob
import re
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from jupyter_carbon.ledger import queries
from jupyter_carbon.ledger.history import Entry
from jupyter_carbon.ledger.transaction import transaction

_PATIENCE_S = 5.0
_PAUSE_S = 0.1


class Choice(NamedTuple):
    """Sessions to be deleted, and those that would be if they did not run."""

    doomed: list[Entry]
    running: list[Entry]


def of_notebook(entries: Iterable[Entry], notebook: str) -> Choice:
    """The sessions of a notebook, by its path exactly as it is recorded."""
    return _choice(entry for entry in entries if entry.session.notebook == notebook)


def before(entries: Iterable[Entry], moment_s: float) -> Choice:
    """The sessions that were over before a moment; one that it cuts stays whole."""
    return _choice(entry for entry in entries if _last_s(entry) < moment_s)


def notebooks_meant(entries: Iterable[Entry], name: str) -> list[str]:
    """The recorded notebooks that a name means: the one of that path, else those it ends."""
    known = {each.session.notebook for each in entries if each.session.notebook is not None}
    if name in known:
        return [name]
    wanted = _steps(name)
    return sorted(path for path in known if wanted and _steps(path)[-len(wanted) :] == wanted)


def forget(connection: sqlite3.Connection, ids: Iterable[str]) -> bool:
    """Deletes sessions with all that belongs to them.

    What is deleted is overwritten, the file is written anew without it, and the
    write-ahead log is emptied.

    Args:
        connection: open for writing, with `secure_delete` on.
        ids: of the sessions.

    Returns:
        False if others were at the ledger, so that its log could not be emptied yet;
        it goes when the last of them closes it.

    Raises:
        sqlite3.Error: if nothing was deleted.
    """
    with transaction(connection):
        connection.executemany(queries.DELETE_SESSION, [(each,) for each in ids])
    _empty_log(connection, patience_s=0.0)
    with suppress(sqlite3.Error):
        # It gives the room back; what was there is overwritten in any case.
        connection.execute("VACUUM")
    return _empty_log(connection, _PATIENCE_S)


def set_aside_beside(path: Path) -> list[Path]:
    """The damaged ledgers that were kept beside this one: they may hold what is forgotten here."""
    return sorted(path.parent.glob(f"{glob.escape(path.stem)}-broken-*"))


def _empty_log(connection: sqlite3.Connection, patience_s: float) -> bool:
    until_s = time.monotonic() + patience_s
    while True:
        with suppress(sqlite3.OperationalError):
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
        if time.monotonic() >= until_s:
            return False
        time.sleep(_PAUSE_S)


def _choice(entries: Iterable[Entry]) -> Choice:
    choice = Choice([], [])
    for entry in entries:
        (choice.running if entry.state == "running" else choice.doomed).append(entry)
    return choice


def _last_s(entry: Entry) -> float:
    session = entry.session
    return max(session.started, session.beat if session.ended is None else session.ended)


def _steps(path: str) -> list[str]:
    return [step for step in re.split(r"[/\\]", path) if step not in ("", ".")]

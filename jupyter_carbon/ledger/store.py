"""Writes sessions in a ledger."""

from __future__ import annotations

import random
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path

from jupyter_carbon.ledger import statements
from jupyter_carbon.ledger.beside import can_share, place_of_own, take_in
from jupyter_carbon.ledger.errors import (
    DamagedError,
    LockedError,
    MovedError,
    explain,
)
from jupyter_carbon.ledger.gate import GATE
from jupyter_carbon.ledger.healing import set_aside
from jupyter_carbon.ledger.life import Life, is_over, this_life
from jupyter_carbon.ledger.opening import PATIENCE_S, open_for_writing, real_path
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch, CellRow, Row, SessionRow
from jupyter_carbon.ledger.transaction import transaction

TRACE_DAYS = 90.0
_DAY_S = 86_400.0
_TURN_S = 0.02
"""So long somebody else's lock is waited for within SQLite, since forks wait meanwhile."""
_PAUSE_S = (0.001, 0.02)
_SYNCHRONOUS_S = 10.0
"""After so long at the latest the disk is waited for, though nothing has ended."""
_BEGINNINGS = 2
"""What takes the place of a ledger that was moved may be damaged too; but then it is enough."""
_HASH_BYTES = 8

Identity = tuple[int, int]
"""What tells a file from another that has taken its name."""


class Store:
    """A ledger that sessions are written in, by one thread.

    Opening it closes the sessions of this host whose processes are gone, and drops
    old traces. A file that is damaged is set aside and another one begun.

    Args:
        place: where it lies.
        trace_days: traces of sessions that ended so long ago are dropped.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        place: Place,
        *,
        trace_days: float = TRACE_DAYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self.edition = 0
        """How often a ledger was opened here; what was written before may be in another one."""
        self.notices: list[str] = []
        """Sentences on what was done to the file, once each."""
        self._trace_days = trace_days
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._ledger: Path | None = None
        self._salt = b""
        self._is_synchronous = False
        self._synchronous_due_s = 0.0
        self._follows_journal = False

    def write(self, batch: Batch) -> None:
        """Writes a batch in one transaction; opens the ledger if it is not, or no longer, open.

        Raises:
            LedgerError: if nothing was written.
        """
        action = partial(self._write, batch=batch)
        try:
            self._act(action)
        except LockedError:
            if not self._part(batch.session.id):
                raise
            self._act(action)

    def open(self) -> None:
        """Opens the ledger if it is not, or no longer, open.

        Raises:
            LedgerError: if it cannot be opened.
        """
        self._act(lambda connection: None)

    def close(self) -> None:
        """Closes the ledger; the next write opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with GATE.inside():
                GATE.remove(connection)
                with suppress(sqlite3.Error):
                    connection.close()

    def _act(self, action: Callable[[sqlite3.Connection], None]) -> None:
        """Runs an action on the open ledger: patiently, and anew if the file had to be replaced."""
        until_s = time.monotonic() + PATIENCE_S
        path = real_path(self.place)
        begun = 0
        while True:
            met = None if path is None else _identity(path)
            try:
                with GATE.inside():
                    action(self._ready())
                return
            except LockedError:
                if time.monotonic() >= until_s:
                    raise
                time.sleep(random.uniform(*_PAUSE_S))
            except (DamagedError, MovedError) as error:
                self.close()
                begun += 1
                if begun > _BEGINNINGS:
                    raise
                # Another kernel may have begun another one since.
                if isinstance(error, DamagedError) and path is not None and met == _identity(path):
                    self._set_aside(path)

    def _part(self, session_id: str) -> bool:
        """Has a session write beside the ledger from now on, if many cannot share a file there."""
        path = real_path(self.place)
        if path is None or self.place.is_alone or can_share(path.parent):
            return False
        self.close()
        self.place = place_of_own(path, session_id)
        self._ledger = path
        self.notices.append(
            f"The file system of the ledger {path} does not lock files, so this session is kept in"
            f" a file of its own, {self.place}. The history counts it all the same."
        )
        return True

    def _ready(self) -> sqlite3.Connection:
        path = real_path(self.place)
        if self._connection is not None and path is not None and _identity(path) != self._identity:
            raise MovedError(f"The ledger {path} was moved or removed.")
        if self._connection is None:
            connection = open_for_writing(self.place, wait_s=_TURN_S, check_same_thread=False)
            try:
                self._begin(connection)
                self._identity = None if path is None else _identity(path)
            except BaseException as error:
                connection.close()
                if isinstance(error, sqlite3.Error):
                    raise explain(error, path or Path()) from error
                raise
            self._connection = connection
            GATE.add(connection)
            self.edition += 1
        return self._connection

    def _begin(self, connection: sqlite3.Connection) -> None:
        """What opening a ledger does beside opening it."""
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        self._follows_journal = journal != "wal"
        self._is_synchronous = self._follows_journal
        path = real_path(self.place)
        if path is not None:
            own = path if self.place.is_alone else None
            take_in(connection, self._ledger or path, own, self._clock())
        with transaction(connection):
            connection.execute(statements.ADD_SALT, (secrets.token_hex(32),))
            (salt,) = connection.execute(statements.SALT).fetchone()
            close_lost(connection, this_life(), self._clock())
            before_s = self._clock() - self._trace_days * _DAY_S
            connection.execute(statements.PRUNE_TRACES, (before_s,))
        self._salt = bytes.fromhex(salt)

    def _write(self, connection: sqlite3.Connection, batch: Batch) -> None:
        try:
            self._set_synchronous(connection, batch)
            with transaction(connection):
                self._put(connection, batch)
            if self._is_synchronous:
                self._synchronous_due_s = time.monotonic() + _SYNCHRONOUS_S
        except sqlite3.Error as error:
            raise explain(error, real_path(self.place) or Path()) from error

    def _put(self, connection: sqlite3.Connection, batch: Batch) -> None:
        session = batch.session
        connection.execute(statements.UPSERTS[SessionRow], statements.values_of(session))
        (key,) = connection.execute(statements.SESSION_KEY, (session.id,)).fetchone()
        cells = [cell._replace(code_hash=self._mark(cell)) for cell in batch.cells]
        groups: tuple[Iterable[Row], ...] = (
            batch.sources,
            batch.rates,
            cells,
            batch.labels,
            batch.slices,
            batch.traces,
        )
        for rows in groups:
            for row in rows:
                connection.execute(statements.UPSERTS[type(row)], [key, *statements.values_of(row)])

    def _mark(self, cell: CellRow) -> bytes | None:
        """A cell's mark of its code, which says nothing to who has not the ledger."""
        if cell.code_hash is None:
            return None
        return blake2b(cell.code_hash, digest_size=_HASH_BYTES, key=self._salt).digest()

    def _set_synchronous(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """Has the disk waited for when something has ended, and now and then anyway.

        What a power cut takes is then a few seconds of what was running, which would
        have been written again a second later.
        """
        if self._follows_journal:
            return
        ended = (
            batch.session.ended is not None
            or any(cell.ended is not None for cell in batch.cells)
            or any(label.ended is not None for label in batch.labels)
        )
        is_due = ended or time.monotonic() >= self._synchronous_due_s
        if is_due != self._is_synchronous:
            connection.execute(f"PRAGMA synchronous = {'FULL' if is_due else 'NORMAL'}")
            self._is_synchronous = is_due

    def _set_aside(self, path: Path) -> None:
        try:
            kept = set_aside(path, self._clock())
        except OSError as error:
            raise explain(error, path) from error
        self.notices.append(
            f"The ledger {path} was damaged and could not be read, so the meter has begun another"
            f" one. The damaged one was kept as {kept}."
        )


def close_lost(connection: sqlite3.Connection, here: Life, now_s: float) -> int:
    """Closes this host's sessions whose processes are gone, as of when they were last heard of.

    Returns:
        How many there were.
    """
    lost = 0
    rows = connection.execute(statements.OPEN_SESSIONS, (here.host,)).fetchall()
    for key, boot, pid, pid_started, beat_s in rows:
        if is_over(Life(here.host, boot, pid, pid_started), beat_s, now_s):
            lost += connection.execute(statements.CLOSE_SESSION, (key, beat_s)).rowcount
            connection.execute(statements.CLOSE_CELLS, (key,))
            connection.execute(statements.CLOSE_LABELS, (key,))
    return lost


def _identity(path: Path) -> Identity | None:
    """None if there is no file.

    Raises:
        LedgerError: where the system does not tell.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain(error, path) from error
    return state.st_dev, state.st_ino

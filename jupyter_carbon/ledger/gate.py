"""Keeps forks out of SQLite, and children from closing what is their parent's.

A child that is forked while a thread is inside SQLite would find SQLite's own
locks held for ever, and its user's databases would hang. So a fork waits until
whoever is in has come out, for a moment at most. In the child a connection must
not be used and not even be closed (https://www.sqlite.org/howtocorrupt.html,
2.6), so it is kept as long as the child lives.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_FORK_WAIT_S = 0.05


class Gate:
    """Passed by whoever goes into SQLite; a fork waits before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forker: int | None = None
        self._stays = 0
        self._given_up = -1
        self._connections: set[sqlite3.Connection] = set()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """While a thread of the ledger's has SQLite do something."""
        with self._lock:
            self._stays += 1
            yield

    def add(self, connection: sqlite3.Connection) -> None:
        """A connection was opened."""
        self._connections.add(connection)

    def remove(self, connection: sqlite3.Connection) -> None:
        """A connection is going to be closed."""
        self._connections.discard(connection)

    def before_fork(self) -> None:
        """Waits a moment for who is inside; if that was not enough, not again for the same stay."""
        wait_s = 0.0 if self._given_up == self._stays else _FORK_WAIT_S
        if self._lock.acquire(timeout=wait_s):
            self._forker = threading.get_ident()
        else:
            self._given_up = self._stays

    def after_fork(self) -> None:
        """In the parent."""
        if self._forker == threading.get_ident():
            self._forker = None
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Keeps the connections from being closed, even when the interpreter ends."""
        self._lock = threading.Lock()
        self._forker = None
        for connection in self._connections:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self._connections = set()


GATE = Gate()
"""The one of this process, as SQLite is one in it."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=GATE.before_fork,
        after_in_parent=GATE.after_fork,
        after_in_child=GATE.after_fork_in_child,
    )

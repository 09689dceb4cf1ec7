"""What can go wrong with the ledger's file, in sentences for the user."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

_PRIMARY = 0xFF
"""SQLite's extended codes hold the primary one in their lowest byte."""
_LOCKING = frozenset(
    {
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
        sqlite3.SQLITE_IOERR_LOCK,
        sqlite3.SQLITE_IOERR_RDLOCK,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_UNLOCK,
    }
)
"""What a file system says that has no locks, or no memory to share."""


class LedgerError(Exception):
    """The ledger cannot be read or written now; the message says why and what helps."""


class NoLedgerError(LedgerError):
    """There is no ledger yet at the place where one was to be read."""


class DamagedError(LedgerError):
    """The file is no database any more, or a broken one."""


class LockedError(LedgerError):
    """Somebody else keeps the file locked, or the file system has no locks."""


class MovedError(LedgerError):
    """The file was removed, moved or replaced while it was open."""


def explain(error: sqlite3.Error | OSError, path: Path) -> LedgerError:
    """The error that says in a sentence what the system or SQLite said in a code."""
    if isinstance(error, OSError):
        return LedgerError(f"The ledger {path} cannot be used: {_system(error)}")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & _PRIMARY
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DamagedError(f"The ledger {path} is damaged ({error}).")
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return MovedError(f"The ledger {path} was moved or removed.")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        kind: type[LedgerError] = LockedError
    else:
        kind = LockedError if code in _LOCKING else LedgerError
    return kind(f"The ledger {path} cannot be used: {_REASONS.get(primary, f'{error}.')}")


_REASONS = {
    sqlite3.SQLITE_BUSY: "another program keeps it locked. Closing that program helps.",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked. Closing that program helps.",
    sqlite3.SQLITE_PROTOCOL: "the file system does not lock files rightly. Another place helps,"
    " named by the setting `ledger`.",
    sqlite3.SQLITE_FULL: "the disk is full. Room on it helps.",
    sqlite3.SQLITE_READONLY: "it must not be written. Permission to write it helps, or another"
    " place, named by the setting `ledger`.",
    sqlite3.SQLITE_PERM: "the system refuses access to it. Permission to write it helps, or"
    " another place, named by the setting `ledger`.",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Permission to write in its folder helps, or"
    " another place, named by the setting `ledger`.",
    sqlite3.SQLITE_IOERR: "the disk does not take or give its data: a quota or a limit of the"
    " file's size is reached, or the disk fails. Another place helps, named by the setting"
    " `ledger`.",
}


def _system(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "the disk is full. Room on it helps."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "too many files are open. Closing some helps."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            "its folder must not be written. Permission to write there helps, or another place,"
            " named by the setting `ledger`."
        )
    return f"{error.strerror or error}. Another place may help, named by the setting `ledger`."

"""What users are told of a code: what happened, to which file, and what helps."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from jupyter_carbon.ledger.errors import (
    DamagedError,
    LedgerError,
    LockedError,
    MovedError,
    explain,
)

PATH = Path("somewhere") / "ledger.sqlite3"


def _of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, LedgerError, "disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, LedgerError, "quota"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, LedgerError, "must not be written"),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, LedgerError, "cannot be opened"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, LockedError, "another program keeps it locked"),
        (sqlite3.SQLITE_IOERR_LOCK, LockedError, "the disk does not take"),
        (sqlite3.SQLITE_PROTOCOL, LockedError, "does not lock files"),
        (sqlite3.SQLITE_CORRUPT_INDEX, DamagedError, "damaged"),
        (sqlite3.SQLITE_NOTADB, DamagedError, "damaged"),
        (sqlite3.SQLITE_READONLY_DBMOVED, MovedError, "moved"),
        (sqlite3.SQLITE_CONSTRAINT, LedgerError, "what SQLite says"),
    ],
)
def test_a_code_of_sqlites_has_its_sentence(code: int, kind: type[LedgerError], words: str) -> None:
    error = explain(_of_sqlite(code), PATH)
    assert type(error) is kind
    assert words in str(error)
    assert str(PATH) in str(error)
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "must not be written"),
        (errno.EROFS, "must not be written"),
        (errno.EMFILE, "too many files are open"),
        (errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)),
    ],
)
def test_what_the_system_refuses_has_its_sentence(number: int, words: str) -> None:
    error = explain(OSError(number, os.strerror(number)), PATH)
    assert type(error) is LedgerError
    assert words in str(error)
    assert "help" in str(error)


def test_an_error_without_a_code_is_told_as_it_is() -> None:
    assert "no such thing" in str(explain(sqlite3.InterfaceError("no such thing"), PATH))

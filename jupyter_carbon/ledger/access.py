"""Who may use the ledger's file: its user, and nobody else."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from jupyter_carbon.ledger.errors import LedgerError

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite adds to the file's name for the files that it keeps beside it."""


def prepare(path: Path) -> None:
    """Sees that the file is there and nobody else's, before SQLite sees it.

    The folder, if it has to be made, is for its user only, and so is the file. SQLite
    gives the files beside it the same permissions.

    Raises:
        LedgerError: if it belongs to somebody else, or is no file.
        OSError: where the system refuses.
    """
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.parent.mkdir(_FOLDER_MODE)
    with suppress(FileExistsError):
        # Only ever a new file is opened here: closing one that SQLite has open in this process
        # would let go of SQLite's locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE_MODE))
    for each in (path, *beside(path)):
        with suppress(FileNotFoundError):
            _check(each)


def close_to_others(path: Path) -> None:
    """Takes from everybody else what they may do with the ledger's files."""
    for each in (path, *beside(path)):
        # File systems of other systems have no permissions to change.
        with suppress(FileNotFoundError, PermissionError):
            if stat.S_IMODE(each.stat().st_mode) & ~_FILE_MODE:
                each.chmod(_FILE_MODE)


def beside(path: Path) -> list[Path]:
    """Where the files are that belong to a ledger, whether or not they are there."""
    return [path.with_name(path.name + suffix) for suffix in COMPANIONS]


def _check(path: Path) -> None:
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        raise LedgerError(
            f"{path} is a folder, so it cannot be the ledger. With a slash at its end the setting"
            " `ledger` means a file in it."
        )
    if not stat.S_ISREG(state.st_mode):
        raise LedgerError(
            f"{path} is no file, so it cannot be the ledger. Another place helps, named by the"
            " setting `ledger`."
        )
    if not hasattr(os, "geteuid"):
        return
    if state.st_uid not in (os.geteuid(), _owner_of_new(path.parent, state.st_uid)):
        raise LedgerError(
            f"The ledger {path} belongs to another user, so it is left alone. Another place helps,"
            " named by the setting `ledger`."
        )


def _owner_of_new(folder: Path, asked: int) -> int | None:
    """Whom the file system names as owner of what this user makes: it may be somebody else."""
    if asked == os.geteuid():
        return asked
    with suppress(OSError), tempfile.NamedTemporaryFile(dir=folder, prefix=".ledger-") as file:
        return os.fstat(file.fileno()).st_uid
    return None

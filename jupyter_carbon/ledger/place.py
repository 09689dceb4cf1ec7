"""Where the ledger lies: one file for each user and host, unless the user names another."""

from __future__ import annotations

import errno
import os
import platform
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

OFF = "off"
MEMORY = ":memory:"
_FOLDER = "jupyter_carbon"
_REMOTE = re.compile(
    r"nfs|cifs|smb|9p|fuse\.|lustre|gpfs|beegfs|ceph|afs|virtiofs|vboxsf|vmhgfs|prl_fs|davfs"
    r"|pvfs|orangefs|panfs|wekafs|ncp|coda"
)
"""How the types of file systems begin whose files lie on another machine, or outside of this."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger lies.

    Args:
        path: the file; None for one in memory, which ends with the process.
        name: tells ledgers in memory apart.
        is_alone: nobody else writes the file, so that it needs no locks.
    """

    path: Path | None
    name: str = ""
    is_alone: bool = False

    @classmethod
    def in_memory(cls) -> Place:
        """A place of its own in this process's memory."""
        return cls(None, f"jupyter_carbon-{uuid.uuid4().hex}")

    def uri(self, **options: str) -> str:
        """The place as SQLite's `file:` address, with options of the query."""
        if self.path is None:
            options = {"mode": "memory", "cache": "shared"}
            path = self.name
        else:
            path = "//" + _quoted(self.path.absolute())
            if self.is_alone:
                options["nolock"] = "1"
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"file:{path}?{query}"

    def __str__(self) -> str:
        return MEMORY if self.path is None else str(self.path)


def find_place(setting: str) -> Place | None:
    """The place that a setting names; None for "off".

    Args:
        setting: empty for the default place, "off", ":memory:", a file, or a folder
            with a slash at its end. No disk is asked: one that hangs would hang who asks.

    Raises:
        OSError, RuntimeError: where there is no home folder to find it in.
    """
    text = setting.strip()
    if text.lower() == OFF:
        return None
    if text == MEMORY:
        return Place.in_memory()
    if not text:
        return Place(default_path())
    path = Path(text).expanduser().absolute()
    if text.endswith(("/", os.sep)):
        path = path / file_name()
    return Place(path)


def default_path() -> Path:
    """The ledger of this user and host."""
    import platformdirs  # only who keeps a ledger pays for it

    return Path(platformdirs.user_data_path(_FOLDER, appauthor=False)) / file_name()


def file_name() -> str:
    """What the ledger of this host is called; a domain does not make another host of it."""
    host = re.sub(r"[^A-Za-z0-9_-]", "_", platform.node().partition(".")[0])
    return f"ledger-{host[:64] or 'host'}.sqlite3"


def is_remote(path: Path) -> bool:
    """True if the file is on another machine, where write-ahead logs and some locks fail.

    A write-ahead log needs memory that all who write share, so it is for this
    machine's own disks (https://www.sqlite.org/wal.html).

    Raises:
        OSError: where no more files can be opened, so that it cannot be told now.
    """
    import psutil  # slow, and only who opens a ledger asks

    real = os.path.normcase(os.path.realpath(path))
    if real.startswith("\\\\"):
        return True
    try:
        mounted = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error) as error:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return False
    holding = [
        part
        for part in mounted
        if real.startswith(os.path.normcase(part.mountpoint).rstrip(os.sep) + os.sep)
    ]
    if not holding:
        return False
    # Of two on one mount point the later one is seen.
    nearest = max(enumerate(holding), key=lambda each: (len(each[1].mountpoint), each[0]))[1]
    return _REMOTE.match(nearest.fstype.lower()) is not None or "remote" in nearest.opts.split(",")


def _quoted(path: Path) -> str:
    """A path as part of an address, with every byte that is not plain as %XX."""
    text = path.as_posix()
    rooted = os.fsencode(text if text.startswith("/") else f"/{text}")
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in rooted)


_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-~:")

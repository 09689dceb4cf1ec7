"""Whether the process that a session ran in is still there."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

_STALE_S = 10.0
"""A session that lives is heard of each second."""
_PROC = Path("/proc")
_DEAD = ("Z", "X")
"""States of a process that has ended, though its parent has not asked how."""


class Life(NamedTuple):
    """A process: `boot` is the start of the system, and the container, that `pid` counts in.

    `pid_started` is when it started, on some clock of the system's, 0 where that is not
    known; `boot` is empty where the system does not name its start.
    """

    host: str
    boot: str
    pid: int
    pid_started: float


def this_life() -> Life:
    """This process."""
    pid = os.getpid()
    return Life(platform.node(), _boot(), pid, _started(pid) or 0.0)


def is_over(life: Life, beat_s: float, now_s: float) -> bool:
    """True if the process is known to be gone.

    Of processes of another start of the system, or of another container, only
    their silence is known. One that was only suspended, or cut off from its disk,
    writes itself open again.

    Args:
        life: a process of this host.
        beat_s: when it was last heard of, in seconds since the epoch.
        now_s: now.
    """
    if life.boot != _boot() or not life.pid_started:
        return abs(now_s - beat_s) > _STALE_S
    return _started(life.pid) != life.pid_started


def _boot() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> float | None:
    """When a process started; None if there is none."""
    with suppress(OSError, ValueError, IndexError):
        # Of Linux's own clock, since psutil's moves with the wall clock. The name, in
        # brackets, may hold anything.
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if fields[0] in _DEAD else float(fields[19])
    with suppress(psutil.Error, OSError, ValueError):
        process = psutil.Process(pid)
        is_dead = process.status() == psutil.STATUS_ZOMBIE
        return None if is_dead else float(process.create_time())
    return None

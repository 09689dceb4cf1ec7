"""Counts what could make the user's thread wait while the hooks run: locks, files, sockets, sleeps.

In a kernel, before the extension is loaded:

    from tests.faults.untouched import counts, watch; watch()

Locks that are made from then on are traced; they are counted, not timed.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

_inside = threading.local()
_counted: Counter[str] = Counter()
_hooks = 0
_AUDITED = ("open", "os.", "sqlite3.", "socket.", "subprocess.", "time.sleep", "shutil.")


class TracedLock:
    """A lock of threading's that knows who takes it."""

    def __init__(self, make: Callable[[], Any], kind: str) -> None:
        self._lock = make()
        self._kind = kind

    def acquire(self, *arguments: Any, **options: Any) -> bool:
        _count(self._kind)
        return bool(self._lock.acquire(*arguments, **options))

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lock, name)


def watch() -> None:
    """Traces from now on."""
    lock, rlock = threading.Lock, threading.RLock
    threading.Lock = lambda: TracedLock(lock, "Lock")  # type: ignore[assignment,misc]
    threading.RLock = lambda: TracedLock(rlock, "RLock")  # type: ignore[assignment,misc]
    sys.addaudithook(_audit)

    from jupyter_carbon.kernel.hooks import CellHooks

    for name in ("before_cell", "after_cell"):
        setattr(CellHooks, name, _watched(getattr(CellHooks, name)))


def counts() -> dict[str, Any]:
    """What was counted in how many calls of the hooks, and that a lock would have been."""
    from jupyter_carbon import get_meter

    found = dict(_counted)
    _counted.clear()
    _inside.hooks = True
    with get_meter().look():
        pass
    _inside.hooks = False
    return {"hooks": _hooks, "counted": found, "would_count": _counted.total()}


def _watched(hook: Callable[..., Any]) -> Callable[..., Any]:
    def watched(self: Any, info: Any) -> None:
        global _hooks
        _hooks += 1
        _inside.hooks = True
        try:
            hook(self, info)
        finally:
            _inside.hooks = False

    return watched


def _audit(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_AUDITED):
        _count(event)


def _count(what: str) -> None:
    if getattr(_inside, "hooks", False):
        _counted[what] += 1

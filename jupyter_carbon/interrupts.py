"""Keeping an interrupt until what must not be left half done is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def kept_until_done() -> Iterator[None]:
    """Keeps a Ctrl+C that comes within the block until its end, and hands it on then.

    Interrupts reach the main thread only; on others the block just runs.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    kept: list[tuple[int, FrameType | None]] = []
    try:
        # A KeyboardInterrupt is raised wherever the interpreter happens to be.
        signal.signal(signal.SIGINT, lambda *interrupt: kept.append(interrupt))
    except ValueError:  # A sub-interpreter has no signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if kept:
            handler(*kept[-1])

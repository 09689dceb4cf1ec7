"""Keeping an interrupt until what must not be left half done is whole."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any

try:
    # The same functions; those of `signal` take ten times as long to make enums of numbers.
    from _signal import SIGINT, getsignal  # type: ignore[import-not-found, unused-ignore]
    from _signal import signal as set_handler
except ImportError:
    from signal import SIGINT, getsignal
    from signal import signal as set_handler


def kept_until_done() -> AbstractContextManager[None]:
    """Keeps a Ctrl+C that comes within the block until its end, and hands it on then.

    Interrupts reach the main thread only; on others the block just runs.
    """
    return _Kept()


class _Kept:
    __slots__ = ("_handler", "_interrupt")

    def __init__(self) -> None:
        self._handler: Any = None
        self._interrupt: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> None:
        handler = getsignal(SIGINT)
        if not callable(handler) or threading.get_ident() != threading.main_thread().ident:
            return
        try:
            # A KeyboardInterrupt is raised wherever the interpreter happens to be.
            set_handler(SIGINT, self._keep)
        except ValueError:  # A sub-interpreter has no signals.
            return
        self._handler = handler

    def __exit__(self, *_: object) -> None:
        handler = self._handler
        if handler is not None:
            set_handler(SIGINT, handler)
            if self._interrupt is not None:
                handler(*self._interrupt)

    def _keep(self, number: int, frame: FrameType | None) -> None:
        self._interrupt = number, frame

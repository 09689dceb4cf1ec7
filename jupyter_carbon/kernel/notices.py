"""What the user is to be told, where no panel tells it: printed by the running cell, once."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_carbon.kernel.open_cell import OpenCell
from jupyter_carbon.meter import CarbonMeter

_KEPT = 100


class NoticePrinter:
    """Prints a meter's notices on the stderr of the running cell.

    In a kernel that is done at once, from the meter's thread. In a terminal, and
    where no cell runs, it is done when the next cell has ended.

    Args:
        shell: the InteractiveShell.
        meter: whose notices they are.
        cells: the cells that run, outermost first.
        is_told: True where a front end shows notices itself.
    """

    def __init__(
        self,
        shell: Any,
        meter: CarbonMeter,
        cells: Sequence[OpenCell],
        is_told: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kernel = getattr(shell, "kernel", None)
        self._meter = meter
        self._cells = cells
        self._is_told = is_told
        self._waiting: deque[str] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        """Held while notices are sent, so that a cell does not end in the middle of it."""
        self._off: Callable[[], None] = self._waiting.clear

    def register(self) -> None:
        """Begins to print."""
        self._off = self._meter.on_notice(self._take)

    def unregister(self) -> None:
        """Prints no more."""
        self._off()
        self._waiting.clear()

    def flush(self) -> None:
        """Prints what waits; the cell's own thread calls it when the cell's code has ended."""
        if not self._waiting and not self._lock.locked():
            return
        with self._lock:
            while self._waiting:
                sys.stderr.write(f"jupyter_carbon: {self._waiting.popleft()}\n")

    def _take(self, _level: str, text: str) -> None:
        """On the meter's thread."""
        if self._is_told():
            return
        self._waiting.append(text)
        if self._kernel is None:
            return
        with self._lock:
            cells = list(self._cells)
            while cells and self._waiting:
                self._send(self._waiting.popleft(), cells[-1].parent)

    def _send(self, text: str, parent: Any) -> None:
        """Prints in the output of a cell: `sys.stderr` of this thread would name another."""
        kernel: Any = self._kernel
        content = {"name": "stderr", "text": f"jupyter_carbon: {text}\n"}
        topic = getattr(sys.stderr, "topic", b"stream.stderr")
        kernel.session.send(kernel.iopub_socket, "stream", content, parent=parent, ident=topic)

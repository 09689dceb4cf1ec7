"""What the stick runs inside the kernel: the truth's own hooks, and cells that command loads.

times = begin(path)   # in the first cell: listens, then loads the extension
burst(0.3)            # in a cell: 300 W for its length, 60 W after it
"""

from __future__ import annotations

import ctypes
import json
import time
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

from tests.standin.nvml import Standin

IDLE_W = 60.0
LOAD_W = 300.0
APART_W = 40.0
"""By so much each further board draws more, so that none can stand for another."""

_gpu: Standin | None = None


class CellTimes:
    """The moments at which cells begin and end, by hooks that come right before the meter's.

    Both are registered before the extension's, so nothing but a few lines of
    Python lies between them and its own. A hook after the meter's would not do:
    the meter wakes its thread, which may take the interpreter for milliseconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cells: list[tuple[str, float, float]] = []
        self._begun: dict[int, float] = {}

    def before(self, info: Any) -> None:
        self._begun[id(info)] = time.monotonic()

    def after(self, result: Any) -> None:
        end_s = time.monotonic()
        begin_s = self._begun.pop(id(result.info), None)
        if begin_s is not None:
            self.cells.append((result.info.raw_cell, begin_s, end_s))

    def write(self) -> None:
        """Writes what was noted, and what turns the wall clock's time into the monotonic's."""
        times = {"cells": self.cells, "wall_minus_monotonic_s": time.time() - time.monotonic()}
        self.path.write_text(json.dumps(times))


def begin(path: str) -> CellTimes:
    """Registers the truth's hooks, then loads the extension, as a user does."""
    shell: Any = get_ipython()
    times = CellTimes(Path(path))
    shell.events.register("pre_run_cell", times.before)
    shell.events.register("post_run_cell", times.after)
    shell.run_line_magic("load_ext", "jupyter_carbon")
    return times


def standin() -> Standin:
    """The boards of this kernel."""
    global _gpu
    if _gpu is None:
        _gpu = Standin.attach()
    return _gpu


def burst(
    span_s: float,
    *,
    ramp_s: float = 0.0,
    late_s: float = 0.0,
    outlive_s: float = 0.0,
    hold: bool = False,
) -> None:
    """Loads all boards, and takes `span_s`; they idle after it.

    Args:
        ramp_s: power rises and falls over this long.
        late_s: the load begins so long after the cell.
        outlive_s: the load ends so long after the cell.
        hold: the interpreter is held for the whole time, as by a long C call.
    """
    gpu = standin()
    boards = range(len(gpu.devices))
    begin_s = time.monotonic()
    end_s = begin_s + span_s
    at_s = begin_s + late_s if late_s else None
    for board in boards:
        gpu.load(board, LOAD_W + APART_W * board, at=at_s, ramp_s=ramp_s)
    _rest(end_s, hold=hold)
    at_s = time.monotonic() + outlive_s if outlive_s else None
    for board in boards:
        gpu.load(board, IDLE_W, at=at_s, ramp_s=ramp_s)


def square_wave(span_s: float, period_s: float) -> None:
    """A square wave on the first board, for as long as the cell takes."""
    gpu = standin()
    end_s = time.monotonic() + span_s
    gpu.wave(0, high_w=LOAD_W, low_w=IDLE_W, period_s=period_s)
    _rest(end_s)
    gpu.load(0, IDLE_W)


def lose_first(after_s: float, span_s: float) -> None:
    """All boards work for the cell's length; the first one falls off the bus within it."""
    gpu = standin()
    gpu.lose(0, at=time.monotonic() + after_s)
    burst(span_s)


def _rest(until_s: float, *, hold: bool = False) -> None:
    span_s = max(0.0, until_s - time.monotonic())
    if hold:
        # PyDLL keeps the interpreter, unlike CDLL.
        ctypes.PyDLL(None).usleep(int(span_s * 1e6))
    else:
        time.sleep(span_s)

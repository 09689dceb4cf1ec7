"""What the meter's thread costs while it reads: its CPU time, and the calls it makes."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.child import answer, boards
from tests.accuracy.figure import Figure
from tests.standin.nvml import Call, Standin

BETWEEN_PERCENT = 0.15
DURING_ONE_PERCENT = 0.7
EIGHT_PERCENT = 3.0
CALLS_PER_S = 250.0
"""Readings 4 ms apart are the densest there are: no device is asked more often."""
_BETWEEN_S = 20.0
_DURING_S = 15.0
_RUN_ALL_S = 5.0


def figures() -> list[Figure]:
    """CPU time and calls with one fast board and with eight slow ones; other sources included."""
    found = []
    for name, count, call_s in (("1 fast GPU", 1, 0.0), ("8 GPUs of 2 ms a call", 8, 0.002)):
        with boards(count, call_s) as gpu:
            costs = answer("benchmarks.background", environment=gpu.environment())
        limits = {
            "between cells": BETWEEN_PERCENT if count == 1 else EIGHT_PERCENT,
            "in a cell": DURING_ONE_PERCENT if count == 1 else EIGHT_PERCENT,
            "in a cell of pure Python": None,
            "Run All of empty cells": None,
        }
        for when, limit in limits.items():
            cpu_percent, calls_per_s = costs[when]
            unit = "% of a core"
            found.append(Figure(f"thread, {name}, {when}: CPU", cpu_percent, limit, unit))
            calls = f"thread, {name}, {when}: calls a device"
            found.append(Figure(calls, calls_per_s, CALLS_PER_S, "a second"))
    return found


def main() -> None:
    """Prints, for each situation, CPU percent of the thread and calls a second a device."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "jupyter_carbon")
    time.sleep(4.0)
    thread = next(t for t in threading.enumerate() if t.name == "jupyter_carbon")
    gpu = Standin.attach()

    def cell(code: str) -> Callable[[], Any]:
        return lambda: shell.run_cell(code)

    def run_all() -> None:
        until_s = time.monotonic() + _RUN_ALL_S
        while time.monotonic() < until_s:
            shell.run_cell("pass")
            time.sleep(0.01)

    situations: dict[str, Callable[[], Any]] = {
        "between cells": lambda: time.sleep(_BETWEEN_S),
        "in a cell": cell(f"import time; time.sleep({_DURING_S})"),
        "in a cell of pure Python": cell(
            f"until_s = time.monotonic() + {_RUN_ALL_S}\nwhile time.monotonic() < until_s: pass"
        ),
        "Run All of empty cells": run_all,
    }
    costs = {}
    for name, situation in situations.items():
        time.sleep(2.0)
        costs[name] = _cost(thread, gpu, situation)
    sys.stdout.write(json.dumps(costs) + "\n")


def _cost(
    thread: threading.Thread, gpu: Standin, situation: Callable[[], Any]
) -> tuple[float, float]:
    assert thread.ident is not None
    clock = time.pthread_getcpuclockid(thread.ident)
    begin_s, cpu_s, calls = time.monotonic(), time.clock_gettime(clock), _calls(gpu)
    situation()
    span_s = time.monotonic() - begin_s
    cpu_percent = 100 * (time.clock_gettime(clock) - cpu_s) / span_s
    return cpu_percent, (_calls(gpu) - calls) / span_s / len(gpu.devices)


def _calls(gpu: Standin) -> int:
    """All that the boards have answered so far."""
    return sum(
        gpu.calls(board, call)
        for board in range(len(gpu.devices))
        for call in (Call.ENERGY, Call.POWER, Call.FIELDS, Call.SAMPLES)
    )


if __name__ == "__main__":
    main()

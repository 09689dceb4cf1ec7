"""What the meter adds to a cell that does nothing: metered against unmetered, in one process.

Cells with the meter's hooks and cells without them take turns at random, or
blocks of them do (Run All). A cell that comes alone after a rest finds cold
caches, whatever it does: its added cost is told beside that of the cell itself.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.child import answer, boards
from tests.accuracy.figure import Figure

MEDIAN_MS = 0.03
P95_MS = 0.2
_BLOCKS = 30
_BLOCK = 40
_ALONE = 60
_QUIET_S = 0.25
"""Between blocks: by then the meter has looked at the last edge."""


def figures() -> list[Figure]:
    """The added cost with one fast board, and with eight slow ones."""
    found = []
    for boards_, count, call_s in (("1 fast GPU", 1, 0.0), ("8 GPUs of 2 ms a call", 8, 0.002)):
        with boards(count, call_s) as gpu:
            costs = answer("benchmarks.empty_cell", environment=gpu.environment())
        for how in ("interleaved", "Run All"):
            median_ms, p95_ms, _ = costs[how]
            name = f"empty cell, {boards_}, {how}"
            found.append(Figure(f"{name}: median", median_ms, MEDIAN_MS, "ms"))
            found.append(Figure(f"{name}: p95", p95_ms, P95_MS, "ms"))
        median_ms, _, bare_ms = costs["alone"]
        name = f"empty cell, {boards_}, alone after {_QUIET_S:g} s"
        found.append(Figure(f"{name}: median", median_ms, None, f"ms, of {bare_ms:.2f} unmetered"))
    return found


def main() -> None:
    """Prints the added median and 95th percentile in milliseconds, as JSON."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    bare = _parts(shell)
    shell.run_line_magic("load_ext", "jupyter_carbon")
    metered = _parts(shell)
    time.sleep(2.0)
    in_turn = [[0, 1] * _BLOCK for _ in range(_BLOCKS // 2)]
    for block in in_turn:
        random.shuffle(block)
    costs = {
        "interleaved": _added(shell, (bare, metered), in_turn),
        "Run All": _added(shell, (bare, metered), [[n % 2] * _BLOCK for n in range(2 * _BLOCKS)]),
        "alone": _added(shell, (bare, metered), [[n % 2] for n in range(2 * _ALONE)]),
    }
    _install(shell, metered)
    sys.stdout.write(json.dumps(costs) + "\n")


_Parts = dict[str, list[Callable[..., Any]]]


def _parts(shell: Any) -> _Parts:
    """What runs around a cell."""
    return {
        **{event: list(hooks) for event, hooks in shell.events.callbacks.items()},
        "cleanup": list(shell.input_transformers_cleanup),
    }


def _install(shell: Any, parts: _Parts) -> None:
    for event, hooks in shell.events.callbacks.items():
        hooks[:] = parts[event]
    shell.input_transformers_cleanup[:] = parts["cleanup"]


def _added(
    shell: Any, parts: tuple[_Parts, _Parts], blocks: list[list[int]]
) -> tuple[float, float, float]:
    """Runs blocks of cells, 0 for an unmetered one and 1 for a metered one, with rests between.

    Returns the added median and 95th percentile, and the unmetered median, in milliseconds.
    """
    times_ms: tuple[list[float], list[float]] = ([], [])
    for block in blocks:
        time.sleep(_QUIET_S)
        if len(block) > 1:
            # The first cell after a rest finds cold caches: it is not one of the row.
            _install(shell, parts[0])
            shell.run_cell("pass", store_history=True)
        for kind in block:
            _install(shell, parts[kind])
            begin_s = time.perf_counter()
            shell.run_cell("pass", store_history=True)
            times_ms[kind].append(1e3 * (time.perf_counter() - begin_s))
    bare, metered = (sorted(times) for times in times_ms)
    p95 = int(0.95 * len(bare))
    median_ms = statistics.median(bare)
    return statistics.median(metered) - median_ms, metered[p95] - bare[p95], median_ms


if __name__ == "__main__":
    main()

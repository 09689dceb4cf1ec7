"""What the meter adds to a cell that does nothing: metered against unmetered, in one process.

Blocks of cells with the meter's hooks take turns with blocks without them. A
block of many is Run All; a block of one is a cell run by hand.
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
_BLOCK = 25
_SINGLES = 80
_QUIET_S = 0.25
"""Between blocks: by then the meter has looked at the last edge."""


def figures() -> list[Figure]:
    """The added cost with one fast board, and with eight slow ones."""
    found = []
    for name, count, call_s in (("1 fast GPU", 1, 0.0), ("8 GPUs of 2 ms a call", 8, 0.002)):
        with boards(count, call_s) as gpu:
            costs = answer("benchmarks.empty_cell", environment=gpu.environment())
        for how in ("Run All", "by hand"):
            median_ms, p95_ms = costs[how]
            found.append(Figure(f"empty cell, {name}, {how}: median", median_ms, MEDIAN_MS, "ms"))
            found.append(Figure(f"empty cell, {name}, {how}: p95", p95_ms, P95_MS, "ms"))
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
    costs = {
        "Run All": _added(shell, bare, metered, _BLOCKS, _BLOCK),
        "by hand": _added(shell, bare, metered, _SINGLES, 1),
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
    shell: Any, bare: _Parts, metered: _Parts, blocks: int, block: int
) -> tuple[float, float]:
    rng = random.Random(blocks)
    times_ms: tuple[list[float], list[float]] = ([], [])
    for _ in range(blocks):
        for kind in rng.sample((0, 1), 2):
            _install(shell, (bare, metered)[kind])
            time.sleep(_QUIET_S)
            for _ in range(block):
                begin_s = time.perf_counter()
                shell.run_cell("pass", store_history=True)
                times_ms[kind].append(1e3 * (time.perf_counter() - begin_s))
    (without, with_it) = (sorted(times) for times in times_ms)
    p95 = int(0.95 * len(without))
    return statistics.median(with_it) - statistics.median(without), with_it[p95] - without[p95]


if __name__ == "__main__":
    main()

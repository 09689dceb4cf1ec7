"""Another process's view of one board: counter and power, read as densely as they come.

    python -m tests.gpu.reader UUID FILE     # until its standard input is closed

Kept are the changes only: of the counter with the readings before and after
it, which is when it was refreshed, and of the two powers; and how long calls took.
"""

from __future__ import annotations

import json
import select
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynvml

_PAUSE_S = 0.001


def main(uuid: str, path: Path) -> None:
    """Reads until the standard input ends, then writes what was seen."""
    pynvml.nvmlInit()
    board = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    kinds: dict[str, Callable[[], int]] = {
        "counter_mj": lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(board),
        "usage_mw": lambda: pynvml.nvmlDeviceGetPowerUsage(board),
        "instant_mw": lambda: _instant_mw(board),
    }
    changes: dict[str, list[tuple[float, float, int]]] = {name: [] for name in kinds}
    spans_s: dict[str, list[float]] = {name: [] for name in kinds}
    last_s = dict.fromkeys(kinds, time.monotonic())
    errors: dict[str, str] = {}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], _PAUSE_S)[0]:
        for name, ask in list(kinds.items()):
            begin_s = time.monotonic()
            try:
                value = ask()
            except pynvml.NVMLError as error:
                errors[name] = str(error)
                del kinds[name]
                continue
            end_s = time.monotonic()
            spans_s[name].append(end_s - begin_s)
            if not changes[name] or value != changes[name][-1][2]:
                # Refreshed after the reading before, and before the end of this one.
                changes[name].append((last_s[name], end_s, value))
            last_s[name] = begin_s
    calls_ms = {name: _spread_ms(spans) for name, spans in spans_s.items() if spans}
    found: dict[str, Any] = {"changes": changes, "calls_ms": calls_ms, "errors": errors}
    found |= {"name": pynvml.nvmlDeviceGetName(board)}
    found |= {"driver": pynvml.nvmlSystemGetDriverVersion()}
    path.write_text(json.dumps(found))
    pynvml.nvmlShutdown()


def _instant_mw(board: Any) -> int:
    """Field 186, whatever it is called in this version of pynvml."""
    (value,) = pynvml.nvmlDeviceGetFieldValues(board, [pynvml.NVML_FI_DEV_POWER_INSTANT])
    if value.nvmlReturn:
        raise pynvml.NVMLError(value.nvmlReturn)
    return int(value.value.uiVal)


def _spread_ms(spans_s: list[float]) -> dict[str, float]:
    """The calls' length in milliseconds."""
    ordered = sorted(spans_s)
    return {
        "median": 1e3 * statistics.median(ordered),
        "p95": 1e3 * ordered[int(0.95 * (len(ordered) - 1))],
        "count": len(ordered),
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

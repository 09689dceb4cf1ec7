"""In a process of its own, on a small disk of its own: it fills up while cells are recorded.

    python -m tests.faults.filled FOLDER

FOLDER is the small disk. It prints as JSON what the meter said and what the ledger holds.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import time
from pathlib import Path

from tests.faults.writing import POWER_W, kept_meter

_PATIENCE_S = 60.0
"""After failures it is tried again after 30 s at most."""


def fill(path: Path) -> None:
    """Takes all the room that there is."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 16, 1 << 10, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)


def main() -> None:
    folder = Path(sys.argv[1])
    ledger, filler = folder / "ledger.sqlite3", folder / "filler"
    meter, recorder = kept_meter(ledger, "filled")
    longest_s, number = 0.0, 0

    def run(count: int) -> None:
        nonlocal longest_s, number
        for _ in range(count):
            begin_s = time.monotonic()
            window = meter.open_cell(f"cell-{number}", number)
            number += 1
            edge_s = time.monotonic() - begin_s
            time.sleep(0.01)
            end_s = time.monotonic()
            meter.close_cell(window, "ok")
            longest_s = max(longest_s, edge_s, time.monotonic() - end_s)

    run(50)
    time.sleep(1.5)
    fill(filler)
    until_s = time.monotonic() + 20.0
    while not meter.complaints and time.monotonic() < until_s:
        run(20)
    said = list(meter.complaints)
    run(300)
    full_s = time.monotonic()
    filler.unlink()
    while meter.complaints and time.monotonic() < full_s + _PATIENCE_S:
        time.sleep(0.1)
    back_s = time.monotonic() - full_s
    run(20)
    time.sleep(1.5)
    meter.stop()
    recorder.stop(5.0)
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        (check,) = connection.execute("PRAGMA integrity_check").fetchone()
        numbers = [row[0] for row in connection.execute("SELECT execution_count FROM cell")]
        ((energy_j, duration_s),) = connection.execute("SELECT energy_j, duration_s FROM session")
    answer = {
        "said": said,
        "left": meter.complaints,
        "back_s": back_s,
        "check": check,
        "cells": number,
        "missing": len(set(range(number)) - set(numbers)),
        "twice": len(numbers) - len(set(numbers)),
        "off_j": abs(energy_j - POWER_W * duration_s),
        "longest_s": longest_s,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

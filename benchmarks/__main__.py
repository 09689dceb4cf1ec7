"""`python -m benchmarks`: every figure beside its limit, in some twenty-seven minutes.

What is sensitive to a busy machine comes first; the simulated week then runs
beside the measuring stick, whose kernels sleep most of the time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    accuracy,
    background,
    browser,
    child,
    empty_cell,
    ledger,
    loading,
    report,
    week,
)
from tests.accuracy.figure import Figure

_SUBJECTS: dict[str, Callable[[], list[Figure]]] = {
    "loading": loading.figures,
    "empty_cell": empty_cell.figures,
    "background": background.figures,
    "ledger": ledger.figures,
    "browser": browser.figures,
    "accuracy": accuracy.figures,
    "week": week.figures,
}


def main() -> int:
    """Measures, prints the table, and returns 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=_SUBJECTS, help="one subject")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--markdown", type=Path, metavar="PAGE", help="and into the page between its result marks"
    )
    options = parser.parse_args()
    found = measure(options.only or list(_SUBJECTS))
    sys.stdout.write(report.table(found) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(found), indent=1) + "\n")
    if options.markdown is not None:
        report.put_into(options.markdown, found)
    over = [figure for figures in found.values() for figure in figures if not figure.is_ok]
    sys.stdout.write(f"{len(over)} of {sum(map(len, found.values()))} figures miss their limit.\n")
    return 1 if over else 0


def measure(names: list[str]) -> dict[str, list[Figure]]:
    """The figures of some subjects."""
    found: dict[str, list[Figure]] = {}
    beside: subprocess.Popen[str] | None = None
    begin_s = time.monotonic()
    try:
        for name in [name for name in _SUBJECTS if name in names]:
            sys.stderr.write(f"{name} (after {time.monotonic() - begin_s:.0f} s)\n")
            if name == "accuracy" and "week" in names:
                beside = child.start("benchmarks.week")
            if name == "week" and beside is not None:
                found[name] = week.judged(child.wait(beside))
            else:
                found[name] = _SUBJECTS[name]()
    finally:
        if beside is not None and beside.poll() is None:
            beside.kill()
            beside.wait()
    sys.stderr.write(f"done after {time.monotonic() - begin_s:.0f} s\n")
    return found


if __name__ == "__main__":
    sys.exit(main())

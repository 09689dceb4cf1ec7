"""`python -m tests.faults`: the whole of the hostile conditions, in some twenty-five minutes."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.faults import report
from tests.faults.injection import ImpossibleError, Injection
from tests.faults.report import Suffered
from tests.faults.table import TABLE


def main() -> int:
    """Injects, prints the table, and returns 1 if more was lost than may be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="what has the word in its name")
    parser.add_argument(
        "--markdown", type=Path, metavar="PAGE", help="write into the page between its result marks"
    )
    options = parser.parse_args()
    chosen = [each for each in TABLE if each.soak and options.only in f"{each.subject} {each.name}"]
    begin_s = time.monotonic()
    found = []
    for injection in chosen:
        sys.stderr.write(
            f"{time.monotonic() - begin_s:5.0f} s  {injection.subject}: {injection.name}\n"
        )
        found.append(suffer(injection))
    sys.stdout.write(report.table(found) + "\n")
    if options.markdown is not None:
        report.put_into(options.markdown, found)
    over = sum(not each.is_ok for each in found)
    sys.stdout.write(
        f"{over} of {len(found)} injections lost more than they may,"
        f" in {(time.monotonic() - begin_s) / 60:.0f} minutes.\n"
    )
    return 1 if over else 0


def suffer(injection: Injection) -> Suffered:
    """Injects as often as the whole form says."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            return Suffered(injection, list(injection.run(injection.soak, Path(folder))))
        except ImpossibleError as reason:
            return Suffered(injection, skipped=str(reason))
        except Exception as error:  # noqa: BLE001  # the others are injected all the same
            traceback.print_exc()
            return Suffered(injection, failed=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())

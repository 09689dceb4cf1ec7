"""`python -m tests.faults`: the whole of the hostile conditions, in some twenty-five minutes."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults import report
from tests.faults.injection import ImpossibleError, Injection, suffer
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
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        isolate(Path(home))
        # Beside what waits for its processes most of the time.
        with ThreadPoolExecutor(2) as lanes:
            futures = [
                lanes.submit(suffer_all, [each for each in chosen if each.is_virtual is is_virtual])
                for is_virtual in (True, False)
            ]
            suffered = {id(each.injection): each for lane in futures for each in lane.result()}
    found = [suffered[id(injection)] for injection in chosen]
    sys.stdout.write(report.table(found) + "\n")
    if options.markdown is not None:
        report.put_into(options.markdown, found)
    over = sum(not each.is_ok for each in found)
    sys.stdout.write(
        f"{over} of {len(found)} injections lost more than they may,"
        f" in {(time.monotonic() - begin_s) / 60:.0f} minutes.\n"
    )
    return 1 if over else 0


def isolate(home: Path) -> None:
    """Away with the user's settings, kernels and ledger."""
    for name in [name for name in os.environ if name.startswith("JUPYTER_")]:
        del os.environ[name]
    os.environ["IPYTHONDIR"] = str(home / "ipython")
    for kind in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        os.environ[f"JUPYTER_{kind}"] = str(home / kind.lower())
    os.environ["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")
    os.environ["JUPYTER_CARBON_LEDGER"] = "off"


def suffer_all(injections: Sequence[Injection]) -> list[Suffered]:
    """One after the other."""
    found = []
    for injection in injections:
        begin_s = time.monotonic()
        found.append(outcome(injection))
        sys.stderr.write(
            f"{'ok ' if found[-1].is_ok else 'NO '} {time.monotonic() - begin_s:5.0f} s "
            f" {injection.subject}: {injection.name}\n"
        )
        for figure in found[-1].figures:
            sys.stderr.write(f"             {figure}\n")
    return found


def outcome(injection: Injection) -> Suffered:
    """Injects as often as the whole form says."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            return Suffered(injection, suffer(injection, injection.soak, Path(folder)))
        except ImpossibleError as reason:
            return Suffered(injection, skipped=str(reason))
        except Exception as error:  # noqa: BLE001  # the others are injected all the same
            traceback.print_exc()
            return Suffered(injection, failed=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())

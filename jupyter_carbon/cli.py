"""`jupyter carbon …` on the command line."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Sequence

from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.doctor import doctor_text

_LOOK_S = 1.5
_PATIENCE_S = 15.0
_INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="jupyter carbon", description="The energy and carbon meter for notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "doctor",
        help="say how this machine's energy is measured, what is missing, and what would help",
    )
    parser.parse_args(arguments)
    try:
        _doctor()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read has read enough; nothing is to be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _doctor() -> None:
    """Looks at the machine for a moment and prints what is known of it."""
    meter = CarbonMeter()
    meter.start()
    try:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not _has_looked(meter) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        text = doctor_text(meter)
    finally:
        meter.stop()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _has_looked(meter: CarbonMeter) -> bool:
    """True once every source that was found has been read for a while, or has failed."""
    with meter.look() as account:
        if account.is_searching:
            return False
        if account.duration_s(account.session.start, account.session.end) < _LOOK_S:
            return False
        return all(source.state != "starting" for source in account.sources.values())


if __name__ == "__main__":
    sys.exit(main())

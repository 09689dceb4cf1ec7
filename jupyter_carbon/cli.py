"""`jupyter carbon …` on the command line."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.doctor import doctor_text

_LOOK_S = 1.5


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
    return _doctor()


def _doctor() -> int:
    meter = CarbonMeter()
    meter.start()
    deadline_s = time.monotonic() + 10 * _LOOK_S
    while not _has_looked(meter) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    sys.stdout.write(doctor_text(meter) + "\n")
    meter.stop()
    return 0


def _has_looked(meter: CarbonMeter) -> bool:
    """True once every source that was found has been read for a while, or has failed."""
    with meter.look() as account:
        if not account.sources and not account.not_measured:
            return False
        if account.duration_s(account.session.start, account.session.end) < _LOOK_S:
            return False
        return all(source.state != "starting" for source in account.sources.values())

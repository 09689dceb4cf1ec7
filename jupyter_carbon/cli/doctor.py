"""`jupyter carbon doctor`: how this machine's energy is measured, and what would help."""

from __future__ import annotations

import argparse
import time

from jupyter_carbon.cli.output import say
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.doctor import doctor_text

_LOOK_S = 1.5
_PATIENCE_S = 15.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(_options: argparse.Namespace) -> None:
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
    say(text)


def _has_looked(meter: CarbonMeter) -> bool:
    """True once every source that was found has been read for a while, or has failed."""
    with meter.look() as account:
        if account.is_searching:
            return False
        if account.duration_s(account.session.start, account.session.end) < _LOOK_S:
            return False
        return all(source.state != "starting" for source in account.sources.values())

"""A process that meters a steady source and keeps it in a ledger, cell after cell, till it dies.

The truth needs no measuring: a source of 100 W draws 100 J a second. What has
ended is told through a pipe, with its moments, before the next cell begins.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reading import Reading
from jupyter_carbon.recorder import Recorder
from jupyter_carbon.sources.base import Discovery, SourceInfo

POWER_W = 100.0


class Steady:
    """A source of 100 W with a continuous counter."""

    def __init__(self, name: str = "steady") -> None:
        self.info = SourceInfo(
            id=f"other:{name}",
            name=name,
            kind="other",
            host="here",
            provenance=Provenance.COUNTER,
            low_factor=0.99,
            high_factor=1.01,
            counter_step_s=0.0,
        )

    def read(self) -> Reading:
        begin_s = time.monotonic()
        end_s = time.monotonic()
        taken_s = (begin_s + end_s) / 2
        return Reading(begin_s, POWER_W * taken_s, POWER_W, end_s)

    def close(self) -> None:
        pass


def kept_meter(ledger: Path, kernel: str, **settings: object) -> tuple[CarbonMeter, Recorder]:
    """A meter that runs, and keeps its account."""
    meter = CarbonMeter(
        discover=lambda: Discovery((Steady(),)), environ={}, ledger=str(ledger), **settings
    )
    recorder = Recorder(meter, kernel=kernel)
    meter.start()
    recorder.start()
    return meter, recorder


def write_on(ledger: Path, pipe: int, seed: int) -> None:
    """Runs cells of some milliseconds, with labels, for ever."""
    rng = random.Random(seed)
    meter, _ = kept_meter(ledger, f"writer-{seed}")
    with meter.look() as account:
        began_s = account.moment_s(account.session.start)
        tell(pipe, session=account.session.id, began_s=began_s, pid=os.getpid())
    number = 0
    while True:
        number += 1
        name = f"{seed}-{number}"
        begin_s = time.monotonic()
        window = meter.open_cell(name, number)
        opened_s = time.monotonic()
        if number % 5 == 0:
            with meter.measure("fifth"):
                time.sleep(rng.uniform(0.002, 0.03))
        time.sleep(rng.uniform(0.002, 0.03))
        closing_s = time.monotonic()
        meter.close_cell(window, "ok")
        end_s = time.monotonic()
        tell(pipe, id=name, end_s=end_s, least_s=closing_s - opened_s, most_s=end_s - begin_s)
        if number % 20 == 0:
            time.sleep(rng.uniform(0.1, 0.4))


def tell(pipe: int, **what: object) -> None:
    os.write(pipe, json.dumps(what).encode() + b"\n")

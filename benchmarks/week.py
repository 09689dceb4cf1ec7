"""A week of a kernel's life on a clock of its own: memory, answers, and truth at its end.

Sixteen sources, half of them boards whose counter refreshes every 100 ms, half
as good as continuous; 100,000 cells of 0.6 s, one every 6 s, a tenth of the
week. The meter, its account and its rounds are the real ones at their default
rates; only the clock and the sources are not.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.child import answer
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceInfo
from tests.accuracy.figure import Figure

CELLS = 100_000
TRACED_CELLS = 3_000
PERIOD_S = 6.048
CELL_S = 0.1 * PERIOD_S
MEMORY_MB = 64.0
ANSWER_MS = 1.0
TRUE_PERCENT = 0.1
_SOURCES = 16
_LEAD_S = 0.0005
"""Between a cell's edge and that of its load."""
_CALL_S = 20e-6
_STEP_S = 0.1


class Clock:
    """Seconds that pass when they are told to."""

    now_s = 10 * PERIOD_S

    def __call__(self) -> float:
        """The moment."""
        return self.now_s


class Source:
    """A board that works for a tenth of each period; its energy is known in closed form."""

    def __init__(self, clock: Clock, place: int) -> None:
        self._clock = clock
        self._step_s = _STEP_S if place % 2 else 0.0
        self._phase_s = 0.0137 * place
        self._idle_w, self._work_w = 40.0 + 3 * place, 200.0 + 17 * place
        self.info = SourceInfo(
            id=f"gpu:{place}",
            name=f"Board {place}",
            kind="gpu",
            host="week",
            provenance=Provenance.COUNTER,
            low_factor=0.95,
            high_factor=1.05,
            counter_step_s=None if self._step_s else 0.0,
        )

    def energy_j(self, moment_s: float) -> float:
        """The energy since the clock's zero."""
        periods, rest_s = divmod(moment_s, PERIOD_S)
        worked_s = CELL_S * periods + min(CELL_S, rest_s)
        return self._idle_w * moment_s + (self._work_w - self._idle_w) * worked_s

    def read(self) -> Reading:
        """The counter as of its last refresh, and the power now."""
        begin_s = self._clock.now_s
        self._clock.now_s += _CALL_S
        taken_s = refreshed_s = begin_s + _CALL_S / 2
        if self._step_s:
            steps = math.floor((taken_s - self._phase_s) / self._step_s)
            refreshed_s = self._phase_s + steps * self._step_s
        power_w = self._work_w if taken_s % PERIOD_S < CELL_S else self._idle_w
        counter_j = round(self.energy_j(refreshed_s), 3)
        return Reading(begin_s, counter_j, power_w, self._clock.now_s)

    def close(self) -> None:
        """Nothing to give back."""


class Week:
    """A meter over sixteen sources, and cells that come one a period."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sources = [Source(self.clock, place) for place in range(_SOURCES)]
        self.meter = CarbonMeter(
            discover=lambda: Discovery(tuple(self.sources)),
            clock=self.clock,
            wall_clock=lambda: self.clock.now_s + 1.7e9,
            asleep=lambda: 0.0,
            environ={},
        )
        self.began_s = self.clock.now_s
        self.meter.sampler.open()
        self._due_s = self.clock.now_s
        self._first = 1 + int(self.clock.now_s // PERIOD_S)

    def span(self, number: int) -> tuple[float, float]:
        """The moments of a cell's edges."""
        begin_s = (self._first + number) * PERIOD_S
        return begin_s - _LEAD_S, begin_s + CELL_S + _LEAD_S

    def run(self, first: int, last: int) -> None:
        """Runs cells of these numbers."""
        meter = self.meter
        for number in range(first, last):
            begin_s, end_s = self.span(number)
            self._wait(begin_s)
            window = meter.open_cell(f"4f2a{number:06d}", number)
            self._due_s = self.clock.now_s + 1e-4
            self._wait(end_s)
            meter.close_cell(window, "ok")
            self._due_s = self.clock.now_s + 1e-4

    def true_j(self, from_s: float, to_s: float) -> float:
        """What all sources drew between two moments."""
        return sum(source.energy_j(to_s) - source.energy_j(from_s) for source in self.sources)

    def settle(self) -> None:
        """Lets a few idle seconds pass."""
        self._wait(self.clock.now_s + 3.0)

    def _wait(self, until_s: float) -> None:
        clock, step = self.clock, self.meter.sampler.step
        while self._due_s < until_s:
            clock.now_s = max(clock.now_s, self._due_s)
            self._due_s = step()
        clock.now_s = max(clock.now_s, until_s)


def judged(found: dict[str, float]) -> list[Figure]:
    """The figures of a week that has run, and of the traced part of one."""
    days = found["cells"] * PERIOD_S / 86_400
    week = f"week of {found['cells']:,.0f} cells" if found["cells"] == CELLS else f"{days:.1f} days"
    traced = answer("benchmarks.week", "--cells", str(TRACED_CELLS), "--trace")
    return [
        Figure(f"{week}: memory by RSS", found["rss_mb"], MEMORY_MB, "MB"),
        Figure(f"{week}: memory by tracemalloc, from part", traced["traced_mb"], MEMORY_MB, "MB"),
        Figure(f"{week}: session total in", found["session_ms"], ANSWER_MS, "ms"),
        Figure(f"{week}: a cell's energy in", found["cell_ms"], ANSWER_MS, "ms"),
        Figure(f"{week}: session off by", found["session_percent"], TRUE_PERCENT),
        Figure(f"{week}: cells off by, mean", found["cells_percent"], TRUE_PERCENT),
        Figure(f"{week}: cells off by, worst", found["worst_percent"], None),
        Figure(f"{week}: readings a source", found["reads"] / 1e6, None, "million"),
        Figure(f"{week}: CPU time a reading", found["reading_us"], None, "us"),
    ]


def figures() -> list[Figure]:
    """Runs the week and waits for it."""
    return judged(answer("benchmarks.week"))


def main() -> None:
    """Runs the week, or `--cells` of it, and prints what was found as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=CELLS)
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    found = _traced(options.cells) if options.trace else _run(options.cells)
    sys.stdout.write(json.dumps(found) + "\n")


def _run(cells: int) -> dict[str, float]:
    week = Week()
    warm = min(100, cells // 10)
    week.run(0, warm)
    before, cpu_s = _rss(), time.process_time()
    tenth = max(1, cells // 10)
    for first in range(warm, cells, tenth):
        week.run(first, min(cells, first + tenth))
        sys.stderr.write(f"  week: {min(cells, first + tenth):,} of {cells:,} cells\n")
    reading_us = 1e6 * (time.process_time() - cpu_s) / week.meter.sampler.calls
    grown = _rss() - before
    week.settle()
    return {
        "cells": cells,
        "rss_mb": grown / 1e6,
        "reads": week.meter.sampler.calls / _SOURCES,
        "reading_us": reading_us,
        **_truth(week, cells),
    }


def _truth(week: Week, cells: int) -> dict[str, float]:
    meter = week.meter
    true_j = week.true_j(week.began_s, week.clock.now_s)
    session_j = meter.session_cost().energy_j.value or 0.0
    session_ms = _median_ms(meter.session_cost)
    with meter.look() as account:
        closed = account.session.cells
        places = range(0, len(closed), max(1, cells // 2000))
        windows = {place: closed.get(place, "cell") for place in places}
    errors = [
        abs((meter.figure(window).energy_j.value or 0.0) / week.true_j(*week.span(place)) - 1)
        for place, window in windows.items()
    ]
    return {
        "session_ms": session_ms,
        "cell_ms": statistics.median(
            _median_ms(partial(meter.figure, window), 5) for window in windows.values()
        ),
        "session_percent": 100 * abs(session_j / true_j - 1),
        "cells_percent": 100 * statistics.fmean(errors),
        "worst_percent": 100 * max(errors),
    }


def _traced(cells: int) -> dict[str, float]:
    """Memory of a whole week by what a part of it takes: a constant, and so much a cell."""
    week = Week()
    tracemalloc.start()
    week.run(0, cells // 3)
    first, _ = tracemalloc.get_traced_memory()
    week.run(cells // 3, cells)
    last, _ = tracemalloc.get_traced_memory()
    a_cell = (last - first) / (cells - cells // 3)
    return {"traced_mb": (last + a_cell * (CELLS - cells)) / 1e6}


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def _median_ms(ask: Callable[[], object], times: int = 50) -> float:
    spans_ms = []
    for _ in range(times):
        begin_s = time.perf_counter()
        ask()
        spans_ms.append(1e3 * (time.perf_counter() - begin_s))
    return statistics.median(spans_ms)


if __name__ == "__main__":
    main()

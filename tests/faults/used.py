"""In a process of its own: a week of use on a clock of its own, written in a real ledger.

    python -m tests.faults.used LEDGER HOURS CELLS SOURCES

A laptop's week: a kernel lives for seven days, of which it is used for HOURS with
CELLS cells each; then the machine sleeps until the next one. It prints as JSON
what that took, and how far off what was counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.recorder import Recorder
from tests.simulation import Board, Clock, Kernel

DAYS = 7
DAY_S = 86_400.0
IDLE_W, LOAD_W = 40.0, 250.0


class Week:
    """A kernel, its boards, and the recorder."""

    def __init__(self, ledger: Path, sources: int) -> None:
        self.clock = Clock(1000.0)
        self.rng = random.Random(3)
        self.boards = [
            Board(
                self.clock,
                name=f"board-{place}",
                idle_w=IDLE_W,
                counter_step_s=0.1 if place % 2 else 0.0,
                counter_phase_s=0.013 * place,
                hint_s=None if place % 2 else 0.0,
            )
            for place in range(sources)
        ]
        self.kernel = Kernel(*self.boards, clock=self.clock, ledger=str(ledger))
        self.recorder = Recorder(
            self.kernel.meter, kernel="week", clock=self.clock, wall_clock=self.kernel.wall_s
        )
        self.recorder.start()

    def day(self, hours: float, cells: int) -> None:
        """Cells of some seconds or minutes, one of ten with a label."""
        end_s = self.clock.now_s + 3600.0 * hours
        pause_s = 3600.0 * hours / cells
        for number in range(cells):
            self.kernel.wait(self.rng.uniform(0.2, 0.6) * pause_s)
            span_s = min(self.rng.lognormvariate(1.0, 1.0), 0.4 * pause_s)
            if number % 10:
                self.kernel.cell(lambda span_s=span_s: self._work(span_s))  # type: ignore[misc]
                continue
            label = self.kernel.meter.open_label(f"step {number // 100}")
            self.kernel.cell(lambda span_s=span_s: self._work(span_s))  # type: ignore[misc]
            self.kernel.meter.close_label(label, "ok")
        self.kernel.wait(max(0.0, end_s - self.clock.now_s))

    def night(self, hours: float) -> None:
        """The machine sleeps; its monotonic clock stands still."""
        span_s = DAY_S - 3600.0 * hours
        self.kernel.slept_s += span_s
        self.kernel.wall_shift_s += span_s
        self.kernel.wait(2.0)

    def _work(self, span_s: float) -> None:
        for board in self.boards:
            board.load(LOAD_W)
        self.kernel.wait(span_s)
        for board in self.boards:
            board.load(IDLE_W)

    def session_percent(self) -> float:
        """How far off the session is, the gaps left out."""
        true_j = 0.0
        with self.kernel.meter.look() as account:
            curves = {key: source.curve for key, source in account.sources.items()}
        for board in self.boards:
            true_j += board.true_j(self.kernel.began_s, self.clock.now_s)
            for gap in curves[board.info.id].gaps:
                true_j -= board.true_j(gap.from_s, gap.to_s or self.clock.now_s)
        counted_j = self.kernel.meter.session_cost().energy_j.value or 0.0
        return 100 * abs(counted_j / true_j - 1)


def in_ledger(ledger: Path, week: Week) -> dict[str, Any]:
    """What the ledger holds of it."""
    cost = week.kernel.meter.session_cost()
    with contextlib.closing(open_for_reading(Place(ledger))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        history = History(connection, week.kernel.wall_s())
        (entry,) = history.sessions()
        days = history.by_day()
        total = history.total()
        cells = list(history.cells(entry.key))
        negative = [cell for cell in cells if cell.duration_s < 0]
        negative += connection.execute("SELECT 1 FROM slice WHERE until < since").fetchall()
        connection.rollback()
    by_day_j = sum(day.sum.energy_j.value or 0.0 for day in days)
    total_j = total.energy_j.value or 0.0
    inside_j = sum(cell.energy_j.value or 0.0 for cell in cells)
    between_j = entry.session.between_j.value or 0.0
    counted_j = cost.energy_j.value or 0.0
    return {
        "ledger_percent": 100 * abs((entry.session.energy_j.value or 0.0) / counted_j - 1),
        "sum_percent": 100 * abs((inside_j + between_j) / counted_j - 1),
        "days_percent": 100 * max(abs(by_day_j / counted_j - 1), abs(total_j / counted_j - 1)),
        "days": len(days),
        "missing": len(week.kernel.cells) - len(cells),
        "negative": len(negative),
    }


def main() -> None:
    ledger, hours = Path(sys.argv[1]), float(sys.argv[2])
    cells, sources = int(sys.argv[3]), int(sys.argv[4])
    week = Week(ledger, sources)
    week.kernel.wait(60.0)
    before = rss()
    begin_s = time.monotonic()
    for _ in range(DAYS):
        week.day(hours, cells)
        week.night(hours)
    grown = rss() - before
    spent_s = time.monotonic() - begin_s
    week.kernel.wait(5.0)
    percent = week.session_percent()
    week.recorder.stop(30.0)
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    answer = {
        "rss_mb": grown / 1e6,
        "file_mb": ledger.stat().st_size / 1e6 / DAYS,
        "session_percent": percent,
        "cells": len(week.kernel.cells),
        "spent_s": spent_s,
        "complaints": week.kernel.meter.complaints,
        **in_ledger(ledger, week),
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main()

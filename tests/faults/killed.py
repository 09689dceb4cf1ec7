"""In a process of its own: writers that are killed at random moments, and what their ledger holds.

    python -m tests.faults.killed LEDGER TIMES SEED [TOGETHER]

Each writer is forked from here, so that it is at work at once, and dies by
SIGKILL; the ledger is the same for all. It prints as JSON what was lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import Store
from tests.faults.writing import POWER_W, write_on

BEHIND_S = 1.0
"""So far behind a ledger may be."""


@dataclass
class Writer:
    """A writer's process, and what it said."""

    pid: int
    pipe: int
    killed_s: float = 0.0
    said: bytes = b""
    lines: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, ledger: Path, seed: int) -> Writer:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reading)
                write_on(ledger, writing, seed)
            except BaseException as error:  # noqa: BLE001  # said, and the child ends
                sys.stderr.write(f"{error!r}\n")
            finally:
                os._exit(1)
        os.close(writing)
        writer = cls(pid, reading)
        writer._hear_first()
        return writer

    def _hear_first(self) -> None:
        while b"\n" not in self.said:
            part = os.read(self.pipe, 1 << 16)
            if not part:
                raise RuntimeError("the writer did not begin")
            self.said += part

    def kill(self) -> None:
        """Kills it, and hears the rest of what it said."""
        self.killed_s = time.monotonic()
        os.kill(self.pid, signal.SIGKILL)
        while part := os.read(self.pipe, 1 << 16):
            self.said += part
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, "it had died before"
        # What it had not finished saying had not ended.
        complete = self.said[: self.said.rfind(b"\n") + 1]
        self.lines = [json.loads(line) for line in complete.splitlines()]


class Judge:
    """The worst of what ledgers lost."""

    def __init__(self) -> None:
        self.kills = 0
        self.cells = 0
        self.lost_cells = 0
        self.wrong_cells = 0
        self.twice = 0
        self.behind_j = 0.0
        self.off_j = 0.0
        self.unopened = 0

    def judge(self, ledger: Path, writer: Writer) -> None:
        """Compares what a killed writer said with what lies in the ledger now."""
        self.kills += 1
        try:
            Store(Place(ledger)).open()
            connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
        except Exception as error:  # noqa: BLE001  # counted
            sys.stderr.write(f"it does not open: {error!r}\n")
            self.unopened += 1
            return
        with contextlib.closing(connection):
            check = connection.execute("PRAGMA integrity_check").fetchone()
            foreign = connection.execute("PRAGMA foreign_key_check").fetchall()
            self.unopened += check != ("ok",) or bool(foreign)
            self._compare(connection, writer)

    def _compare(self, connection: sqlite3.Connection, writer: Writer) -> None:
        first, *told = writer.lines
        row = connection.execute(
            "SELECT key, duration_s, energy_j, inside_j, between_j, ended, beat, ending"
            " FROM session WHERE id = ?",
            (first["session"],),
        ).fetchone()
        lived_s = writer.killed_s - first["began_s"]
        if row is None:
            # It may have been killed within its first second.
            self.behind_j = max(self.behind_j, POWER_W * lived_s)
            return
        key, duration_s, energy_j, inside_j, between_j, ended, beat, ending = row
        assert ended == beat, "nobody has closed it"
        assert ending == "lost"
        self.behind_j = max(self.behind_j, POWER_W * (lived_s - duration_s))
        self.off_j = max(
            self.off_j,
            abs(energy_j - POWER_W * duration_s),
            abs(energy_j - (inside_j + between_j)),
        )
        rows = connection.execute(
            "SELECT id, status, duration_s, energy_j, ended FROM cell WHERE session = ?", (key,)
        ).fetchall()
        counts = Counter(cell_id for cell_id, *_ in rows)
        self.twice += sum(count > 1 for count in counts.values())
        by_id = {cell_id: rest for cell_id, *rest in rows}
        known = {cell["id"]: cell for cell in told}
        self.cells += len(known)
        written_s = first["began_s"] + duration_s
        # One that ended while the last line was being written may be there, too; no other.
        self.wrong_cells += len([cell_id for cell_id in by_id if cell_id not in known][1:])
        sum_j = 0.0
        for cell_id, (status, span_s, cell_j, cell_ended) in by_id.items():
            sum_j += cell_j or 0.0
            if cell_id in known and status == "ok":
                cell = known[cell_id]
                is_off = not cell["least_s"] - 1e-6 <= span_s <= cell["most_s"] + 1e-6
                is_off |= abs((cell_j or 0.0) - POWER_W * span_s) > 0.05 * POWER_W * span_s + 0.02
                is_off |= cell_ended is None
                if is_off:
                    sys.stderr.write(f"{cell}: {span_s} s, {cell_j} J, ended {cell_ended}\n")
                self.wrong_cells += is_off
        self.off_j = max(self.off_j, abs(sum_j - inside_j))
        for cell_id, cell in known.items():
            if cell["end_s"] < written_s:
                self.lost_cells += cell_id not in by_id or by_id[cell_id][0] != "ok"


def main() -> None:
    ledger, times, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    together = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    rng = random.Random(seed)
    judge = Judge()
    for turn in range(0, times, together):
        count = min(together, times - turn)
        writers = [Writer.begin(ledger, 1000 * seed + place) for place in range(turn, turn + count)]
        for writer in writers:
            time.sleep(rng.uniform(0.05, 2.0))
            writer.kill()
        for writer in writers:
            judge.judge(ledger, writer)
    sys.stdout.write(json.dumps(vars(judge)) + "\n")


if __name__ == "__main__":
    main()

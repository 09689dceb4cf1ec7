"""Real kernels that write in one ledger at once, and real kernels that are killed while they do."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import Store
from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.injection import Injection, Timed, lost, none_lost
from tests.faults.killed import BEHIND_S
from tests.kernel.real_kernel import RealKernel, real_kernel

CELLS = 60
BOARD_W = 60.0


@contextlib.contextmanager
def kernels(count: int, folder: Path) -> Iterator[list[RealKernel]]:
    """Kernels of one user, whose ledger lies in a folder."""
    environment = children.boards(folder).environment()
    environment["JUPYTER_CARBON_LEDGER"] = str(folder / "ledger.sqlite3")
    with contextlib.ExitStack() as stack:
        found = []
        for number in range(count):
            place = folder / f"kernel-{number}"
            place.mkdir()
            found.append(stack.enter_context(real_kernel(environment, place)))
        yield found


def rows(ledger: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()


def run_crowd(count: int, times: int, folder: Path) -> Iterable[Figure]:
    """Kernels run cells at once; each cell is there once, and nobody's thread takes a lock."""
    amiss, cells, locks, hooks, errors = 0, 0, 0, 0, 0
    for turn in range(times):
        place = folder / str(turn)
        place.mkdir()
        documents = []
        with kernels(count, place) as all_kernels:
            for kernel in all_kernels:
                kernel.ok("from tests.faults.untouched import counts, watch; watch()")
                kernel.ok("%load_ext jupyter_carbon")
            started = [
                [kernel.start(f"import time; time.sleep({0.002 * (n % 20)})") for n in range(CELLS)]
                for kernel in all_kernels
            ]
            for kernel, runs in zip(all_kernels, started, strict=True):
                for ran in runs:
                    assert kernel.finish(ran).status == "ok"
                found = kernel.ask("counts()")
                assert found["would_count"] > 0
                locks += sum(found["counted"].values())
                hooks += found["hooks"]
                assert not found["counted"], found["counted"]
                meter = "__import__('jupyter_carbon').get_meter()"
                errors += len(kernel.ask(f"{meter}.complaints"))
                documents.append(kernel.export(place / "all.json"))
            time.sleep(2 * BEHIND_S)
            ledger = place / "ledger.sqlite3"
            for document in documents:
                there = [
                    row[0]
                    for row in rows(
                        ledger,
                        "SELECT execution_count FROM cell JOIN session"
                        " ON session.key = cell.session WHERE session.id = ?",
                        document["session"]["id"],
                    )
                ]
                wanted = [cell["execution_count"] for cell in document["cells"]]
                cells += len(wanted)
                amiss += len(wanted) - len(set(wanted) & set(there))
                amiss += len(there) - len(set(there))
                amiss += len(set(there) - set(wanted))
        assert rows(ledger, "PRAGMA integrity_check") == [("ok",)]
    return [
        none_lost(f"of {cells} cells of {count} kernels at once", amiss),
        none_lost(f"locks and waits of the user's thread in {hooks} hooks", locks),
        none_lost("complaints", errors),
    ]


def run_killed(by_itself: bool, times: int, folder: Path) -> Iterable[Figure]:
    """Kernels with running cells die at random moments, by SIGKILL or by the cell's own doing."""
    rng = random.Random(7)
    missing, cells, twice = 0, 0, 0
    behind_j, excess_j = 0.0, 0.0
    for turn in range(times):
        place = folder / str(turn)
        place.mkdir()
        with kernels(1, place) as (kernel,):
            kernel.ok("%load_ext jupyter_carbon")
            session = "meter.look().__enter__().session.id"
            kernel.ok("import time; from jupyter_carbon import get_meter; meter = get_meter()")
            session_id = kernel.ask(session)
            done: list[tuple[int, float]] = []
            until_s = time.monotonic() + rng.uniform(1.5, 4.0)
            while time.monotonic() < until_s:
                ran = kernel.ok("time.sleep(0.05)")
                done.append((ran.number, time.time()))
            left_s = rng.uniform(0.0, 2.0)
            provisioner = kernel.manager.provisioner
            if by_itself:
                kernel.start(f"import os; time.sleep({left_s}); os._exit(3)")
            else:
                kernel.start("while True: time.sleep(0.01)")
                time.sleep(left_s)
                killed_s = time.time()
                os.kill(provisioner.pid, signal.SIGKILL)
            provisioner.process.wait(30.0)
            if by_itself:
                killed_s = time.time()
        ledger = place / "ledger.sqlite3"
        Store(Place(ledger)).open()
        assert rows(ledger, "PRAGMA integrity_check") == [("ok",)]
        ((key, started, ended, beat, ending),) = rows(
            ledger,
            "SELECT key, started, ended, beat, ending FROM session WHERE id = ?",
            session_id,
        )
        assert (ended, ending) == (beat, "lost")
        ((board_j,),) = rows(
            ledger, "SELECT energy_j FROM source WHERE session = ? AND id LIKE 'gpu:%'", key
        )
        true_j = BOARD_W * (killed_s - started)
        behind_j = max(behind_j, true_j - board_j)
        excess_j = max(excess_j, board_j - true_j)
        there = [
            row[0] for row in rows(ledger, "SELECT execution_count FROM cell WHERE session=?", key)
        ]
        twice += len(there) - len(set(there))
        cells += len(done)
        missing += sum(number not in there for number, ended_s in done if ended_s < beat)
    return [
        none_lost(f"of {cells} cells, ended before what is written", missing),
        none_lost("cells there twice", twice),
        Timed("the board's energy, in all", behind_j, BOARD_W * BEHIND_S, "J"),
        lost("the board's energy, too much", excess_j, 0.01 * BOARD_W, "J"),
    ]


INJECTIONS = [
    Injection("ledger", "2 kernels write at once", partial(run_crowd, 2), 1, 0),
    Injection("ledger", "8 kernels write at once", partial(run_crowd, 8), 0, 3),
    Injection(
        "ledger", "kill -9 of a real kernel with a running cell", partial(run_killed, False), 1, 20
    ),
    Injection("ledger", "os._exit in a cell", partial(run_killed, True), 1, 5),
]

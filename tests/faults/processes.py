"""What a cell can do to its own process, in a real kernel, and cells that go on after it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.injection import ImpossibleError, Injection, lost, none_lost
from tests.kernel.real_kernel import Ran, RealKernel, real_kernel
from tests.kernel.sums import assert_adds_up

BOARD_W = 60.0
_HASTE_S = 0.03
"""A cell as short as this is not judged by its energy."""

WORKER = '''
"""What a pool does."""
import os
import time

from jupyter_carbon import measure

@measure("in a worker")
def work(n):
    time.sleep(0.02)
    return n * n

def job(n):
    return work(n)

def dies(n):
    if n % 4 == 0:
        os._exit(3)
    return n
'''


@dataclass(frozen=True)
class Deed:
    """A cell that does something to its process.

    `check` is an expression that is true in the kernel afterwards. `fails`: the
    cell's error, "" where it has none. `told`: what the meter may complain of.
    """

    code: str
    check: str = "True"
    fails: str = ""
    told: str = ""


_POOL = (
    "import multiprocessing, worker\n"
    "with multiprocessing.get_context({method!r}).Pool(8) as pool:\n"
    "    results = pool.map(worker.job, range(32))\n"
    "    pool.close(); pool.join()"
)
_SQUARES = "results == [n * n for n in range(32)]"

DEEDS = {
    "fork, and children that leave by os._exit": Deed(
        "import os\n"
        "codes = []\n"
        "for n in range(20):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os._exit(n)\n"
        "    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        "codes == list(range(20))",
    ),
    "a pool of 8, forked": Deed(_POOL.format(method="fork"), _SQUARES),
    "a pool of 8, spawned": Deed(_POOL.format(method="spawn"), _SQUARES),
    "an executor of 8 whose workers die": Deed(
        "from concurrent.futures import ProcessPoolExecutor\n"
        "import multiprocessing, worker\n"
        "with ProcessPoolExecutor(8, multiprocessing.get_context('fork')) as pool:\n"
        "    list(pool.map(worker.dies, range(16)))",
        fails="BrokenProcessPool",
    ),
    "50 threads that measure": Deed(
        "import threading, time\n"
        "from jupyter_carbon import measure\n"
        "def measured(n):\n"
        "    with measure(f'thread {n}'):\n"
        "        time.sleep(0.2)\n"
        "threads = [threading.Thread(target=measured, args=(n,)) for n in range(50)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "time.sleep(0.3)",
    ),
    "recursion without end": Deed("def deep():\n    deep()\ndeep()", fails="RecursionError"),
    "hooks at the recursion limit": Deed(
        "import sys\n"
        "def nested(left):\n"
        "    if left:\n"
        "        return nested(left - 1)\n"
        "    get_ipython().run_cell('inner = 1')\n"
        "limit = sys.getrecursionlimit()\n"
        "for left in range(limit - 400, limit, 2):\n"
        "    try:\n"
        "        nested(left)\n"
        "    except RecursionError:\n"
        "        pass",
        "inner == 1",
        told="RecursionError",
    ),
    "MemoryError": Deed("x = bytearray(1 << 60)", fails="MemoryError"),
    "memory used up for a second": Deed(
        "import resource, time\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "before = resource.getrlimit(resource.RLIMIT_AS)\n"
        "held = []\n"
        "try:\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (size + (64 << 20), before[1]))\n"
        "    for step in (1 << 24, 1 << 20, 1 << 14):\n"
        "        try:\n"
        "            while True:\n"
        "                held.append(bytearray(step))\n"
        "        except MemoryError:\n"
        "            pass\n"
        "    time.sleep(1.0)\n"
        "finally:\n"
        "    was_full = len(held) > 3\n"
        "    del held\n"
        "    resource.setrlimit(resource.RLIMIT_AS, before)",
        "was_full",
    ),
    "every file that may be open": Deed(
        "import os, resource, time\n"
        "before = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))\n"
        "files = []\n"
        "try:\n"
        "    while True:\n"
        "        files.append(os.open(os.devnull, os.O_RDONLY))\n"
        "except OSError as error:\n"
        "    number = error.errno\n"
        "time.sleep(1.0)\n"
        "[os.close(file) for file in files]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, before)",
        "number == 24",
    ),
}


class Figures:
    """What kernels say of their cells after the deeds."""

    def __init__(self) -> None:
        self.cells = 0
        self.amiss = 0
        self.apart = 0.0

    def add(self, document: dict[str, Any], ran: Iterable[Ran]) -> None:
        """Cells that are there once, with the status that they had and the energy of the board."""
        assert_adds_up(document)
        for each in ran:
            self.cells += 1
            found = [cell for cell in document["cells"] if cell["execution_count"] == each.number]
            status = "ok" if each.status == "ok" else "error"
            is_nested = "get_ipython" in each.code
            if len(found) != 1 or found[0]["status"] != status:
                self.amiss += 1
                continue
            if found[0]["overlapped"] and not is_nested:
                self.amiss += 1
                continue
            (cell,) = found
            board = [value for key, value in cell["sources"].items() if key.startswith("gpu:")]
            true_j = BOARD_W * cell["duration_s"]
            value_j = sum(value["value"] or 0.0 for value in board)
            if cell["duration_s"] > _HASTE_S and not is_nested:
                self.apart = max(self.apart, abs(value_j / true_j - 1))

    def list(self) -> list[Figure]:
        return [
            none_lost(f"of {self.cells} cells", self.amiss),
            lost("a cell's energy, off by", 100 * self.apart, 10.0, "%"),
        ]


def run(deeds: Sequence[Deed], times: int, folder: Path) -> Iterable[Figure]:
    """Does each in one kernel, and a cell after it, so many times."""
    if not hasattr(os, "fork") or sys.platform == "darwin":
        raise ImpossibleError("needs a system that forks, and /proc")
    (folder / "worker.py").write_text(WORKER)
    environment = children.boards(folder).environment()
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{environment['PYTHONPATH']}"
    figures = Figures()
    with real_kernel(environment, folder) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("import time; time.sleep(0.3)")
        ran = []
        for deed in [*deeds] * times:
            done = kernel.run(deed.code, timeout_s=120.0)
            assert deed.fails in done.traceback, done.traceback
            assert (done.status == "ok") == (not deed.fails), done.traceback
            assert "jupyter_carbon" not in done.err, done.err
            assert kernel.ask(deed.check)
            ran += [done, kernel.ok("time.sleep(0.2)")]
        time.sleep(1.0)
        figures.add(kernel.export(folder / "all.json"), ran)
        assert kernel.threads().count("jupyter_carbon") == 1
        complaints = kernel.ask("__import__('jupyter_carbon').get_meter().complaints")
        told = [deed.told for deed in deeds if deed.told]
        assert all(any(word in each for word in told) for each in complaints), complaints
    assert "Traceback" not in (folder / "kernel.log").read_text()
    return figures.list()


def run_output(size_mb: int, _: int, folder: Path) -> Iterable[Figure]:
    """A cell prints so much, a megabyte at a time, and the front end reads all of it."""
    environment = children.boards(folder).environment()
    figures = Figures()
    with real_kernel(environment, folder) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        ran = kernel.start(
            f"import sys\nfor _ in range({size_mb}):\n    print('x' * 999_999)\n"
            "    sys.stdout.flush()"
        )
        heard = _drain(kernel, ran)
        kernel.finish(ran)
        after = kernel.ok("import time; time.sleep(0.2)")
        time.sleep(1.0)
        figures.add(kernel.export(folder / "all.json"), [ran, after])
    return [*figures.list(), none_lost("characters of the output", size_mb * 1_000_000 - heard)]


def _drain(kernel: RealKernel, ran: Ran) -> int:
    """Hears a cell to its end and keeps nothing of its output; returns how long that was."""
    heard = 0
    while True:
        message = kernel.client.get_iopub_msg(timeout=60.0)
        if message["msg_type"] == "stream":
            heard += len(message["content"]["text"])
            continue
        kernel.heard.append(message)
        if (
            message["msg_type"] == "status"
            and message["parent_header"].get("msg_id") == ran.id
            and message["content"]["execution_state"] == "idle"
        ):
            return heard


INJECTIONS = [
    Injection(
        "process",
        "each of these",
        partial(run, [deed for deed in DEEDS.values() if "spawn" not in deed.code]),
        1,
        0,
    ),
    *(Injection("process", name, partial(run, [deed]), 0, 10) for name, deed in DEEDS.items()),
    Injection("process", "50 MB of output", partial(run_output, 50), 1, 0),
    Injection("process", "1 GB of output", partial(run_output, 1000), 0, 1),
]

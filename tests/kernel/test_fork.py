"""Only the kernel meters: what it forks and spawns reads nothing, prints nothing, and ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.kernel.sums import assert_adds_up
from tests.standin.nvml import Standin

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin", reason="needs a system that forks"
)

WORKER = '''
"""What a worker does, and what it finds of the meter."""
import threading
import time

from jupyter_carbon import get_meter, measure

def threads():
    return sum(thread.name == "jupyter_carbon" for thread in threading.enumerate())

@measure("in a worker")
def work(n):
    time.sleep(0.02)
    return n * n

def job(n):
    result = work(n)
    with measure("block") as block:
        time.sleep(0.01)
    figure = block.figure
    return result, threads(), get_meter().is_running, figure.energy_j.value, figure.is_final
'''


@pytest.fixture(scope="module")
def bare_kernel(gpu: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKernel]:
    """A kernel that finds the worker's module."""
    folder = tmp_path_factory.mktemp("fork")
    (folder / "worker.py").write_text(WORKER)
    environment = gpu.environment()
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{environment['PYTHONPATH']}"
    with real_kernel(environment, folder) as kernel:
        yield kernel


def _board_j(cell: dict[str, Any]) -> float:
    (value,) = [e["value"] for key, e in cell["sources"].items() if key.startswith("gpu:")]
    return float(value)


def _cell(kernel: RealKernel, number: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    document = kernel.export(folder / "all.json")
    assert_adds_up(document)
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == number]
    return document, cell


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_meter_nothing_and_the_kernel_everything(
    kernel: RealKernel, tmp_path: Path, method: str
) -> None:
    ran = kernel.ok(
        "import multiprocessing, worker, time\n"
        f"with multiprocessing.get_context('{method}').Pool(2) as pool:\n"
        "    results = pool.map(worker.job, range(6))\n"
        "    pool.close(); pool.join()\n"
        "results"
    )
    assert not ran.out
    assert not ran.err
    # The result, no thread, not running, no figure, which is final.
    assert kernel.ask("results") == [[n * n, 0, False, None, True] for n in range(6)]

    document, cell = _cell(kernel, ran.number, tmp_path)
    assert _board_j(cell) == pytest.approx(60 * cell["duration_s"], rel=0.1)
    assert document["labels"] == []
    assert [each["id"] for each in document["cells"]] == list(
        dict.fromkeys(each["id"] for each in document["cells"])
    )
    assert kernel.threads().count("jupyter_carbon") == 1


def test_a_child_that_goes_on_like_the_kernel_leaves_no_trace(
    kernel: RealKernel, tmp_path: Path
) -> None:
    ran = kernel.ok(
        "%%carbon\n"
        "import os, time, threading\n"
        "from jupyter_carbon import get_meter\n"
        "reader, writer = os.pipe()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        shell = get_ipython()\n"
        "        from IPython.core.displaypub import CapturingDisplayPublisher\n"
        "        shell.displayhook.pub_socket = None\n"
        "        shell.display_pub = CapturingDisplayPublisher()\n"
        "        meter = get_meter()\n"
        "        shell.run_cell('%%carbon\\nnested = 1')\n"
        "        meter.pause(); meter.resume(); meter.start()\n"
        "        names = [thread.name for thread in threading.enumerate()]\n"
        "        figure = meter.measure('x').__enter__()\n"
        "        figure.__exit__(None, None, None)\n"
        "        answer = [names.count('jupyter_carbon'), figure.energy_j.value]\n"
        "        answer += [meter.is_running, meter.complaints, shell.display_pub.outputs]\n"
        "        meter.stop()\n"
        "    except BaseException as error:\n"
        "        answer = repr(error)\n"
        "    os.write(writer, repr(answer).encode())\n"
        "    os._exit(0)\n"
        "time.sleep(0.3)\n"
        "status = os.waitpid(child, 0)[1]\n"
        "answer = os.read(reader, 4096).decode()\n"
        "[status, answer]"
    )
    assert kernel.ask("[status, answer]") == [0, "[0, None, False, [], []]"]
    assert len(ran.shown) == 1
    document, cell = _cell(kernel, ran.number, tmp_path)
    assert _board_j(cell) == pytest.approx(60 * cell["duration_s"], rel=0.1)
    assert not document["session"]["gaps"]
    assert document["labels"] == []


def test_a_fork_while_the_meter_holds_its_lock_does_not_hang_the_child(
    kernel: RealKernel, tmp_path: Path
) -> None:
    kernel.ok(
        "import os, threading, warnings\n"
        "from jupyter_carbon import get_meter\n"
        "held, release = threading.Event(), threading.Event()\n"
        "def hold():\n"
        "    with get_meter().look():\n"
        "        held.set(); release.wait(60)\n"
        "threading.Thread(target=hold, daemon=True).start()\n"
        "assert held.wait(10)"
    )
    ran = kernel.ok(
        "child = os.fork()\n"
        "if child == 0:\n"
        "    get_meter().session_cost()\n"
        "    os._exit(7)\n"
        "status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "release.set()\n"
        "status"
    )
    assert ran.value == "7"
    _cell(kernel, ran.number, tmp_path)


def test_many_forks_during_readings_leave_the_figures_right(
    kernel: RealKernel, gpu: Standin, tmp_path: Path
) -> None:
    ran = kernel.ok(
        "import os\n"
        "codes = []\n"
        "for _ in range(60):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os._exit(0)\n"
        "    codes.append(os.waitpid(child, 0)[1])\n"
        "set(codes)"
    )
    assert ran.value == "{0}"
    _, cell = _cell(kernel, ran.number, tmp_path)
    assert _board_j(cell) == pytest.approx(60 * cell["duration_s"], rel=0.15)


FALLS_THROUGH = r"""
import os, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("%load_ext jupyter_carbon")
time.sleep(0.5)
shell.run_cell(
    "%%carbon --label forks\n"
    "import os, sys; sys.stdout.flush()\n"
    "child = os.fork()\n"
    "if child: os.waitpid(child, 0)\n"
)
shell.run_cell("%%carbon --label after\nprint('in', 'child' if child == 0 else 'parent')")
if shell.user_ns["child"] == 0:
    sys.stdout.flush()
    os._exit(0)
"""


def test_a_child_that_comes_to_the_end_of_its_cell_shows_no_line(gpu: Standin) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FALLS_THROUGH],
        env=gpu.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.count("in child") == run.stdout.count("in parent") == 1
    assert run.stdout.count("forks · ") == run.stdout.count("after · ") == 1

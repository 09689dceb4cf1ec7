"""What a real kernel leaves in the ledger, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.recording.kept import Kept, kept_in, wait_for
from tests.standin.nvml import Standin

Start = Callable[..., RealKernel]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "ledger.sqlite3"


@pytest.fixture
def start(gpu: Standin, ledger: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts kernels that write into one ledger."""
    kernels: list[RealKernel] = []

    def new(**environment: str) -> RealKernel:
        folder = tmp_path / f"kernel-{len(kernels)}"
        folder.mkdir()
        settings = {"JUPYTER_CARBON_LEDGER": str(ledger), **environment}
        kernels.append(RealKernel(gpu.environment() | settings, folder))
        kernels[-1].ok("%load_ext jupyter_carbon")
        return kernels[-1]

    yield new
    for kernel in kernels:
        kernel.stop()


def kill(kernel: RealKernel) -> None:
    """kill -9."""
    os.kill(kernel.ask("__import__('os').getpid()"), signal.SIGKILL)
    deadline_s = time.monotonic() + 20
    while kernel.manager.is_alive():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def ended(path: Path, *, sessions: int = 1) -> list[Kept]:
    """The sessions, when all of them have ended."""
    return wait_for(
        path,
        lambda kept: len(kept) == sessions and all(each.session["ended"] for each in kept),
    )


def session_j(kernel: RealKernel) -> float:
    kernel.ask("None")
    return float(
        kernel.ask(
            "__import__('jupyter_carbon').get_meter().session_cost().energy_j.value",
        )
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_a_killed_kernel_loses_at_most_the_last_second(start: Start, ledger: Path) -> None:
    kernel = start(JPY_SESSION_NAME="runs/train.ipynb")
    ran = [kernel.ok(f"__import__('time').sleep({span_s})") for span_s in (0.1, 0.5, 0.02)]
    kernel.ok("1/1")
    time.sleep(1.5)
    before_j = session_j(kernel)
    asked_s = time.time()
    kill(kernel)
    (kept,) = kept_in(ledger)
    kept.assert_adds_up()
    # The first one is the cell that loaded the meter.
    numbers = [1, *(each.number for each in ran), ran[-1].number + 1]
    assert kept.numbers == numbers
    assert {cell["status"] for cell in kept.cells} == {"ok"}
    # A whole kernel's boards and parts: what is lost is within a second and a bit of their power.
    power_w = before_j / kept.session["duration_s"]
    assert kept.session["energy_j"] >= before_j - 1.5 * power_w
    assert kept.session["beat"] > asked_s - 1.5
    assert kept.session["notebook"] == "runs/train.ipynb"
    assert kept.session["ended"] is None
    assert kept.session["kernel"] in kernel.manager.connection_file

    other = start()
    kept = wait_for(ledger, lambda all_: len(all_) == 2 and all_[0].session["ended"] is not None)[0]
    assert kept.session["ending"] == "lost"
    assert kept.session["ended"] == kept.session["beat"]
    other.stop()


def test_a_kernel_that_is_shut_down_closes_its_session(start: Start, ledger: Path) -> None:
    kernel = start()
    kernel.ok("__import__('time').sleep(0.3)")
    kernel.client.shutdown()
    deadline_s = time.monotonic() + 20
    while kernel.manager.is_alive():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    (kept,) = ended(ledger)
    kept.assert_adds_up()
    assert kept.session["ending"] == "ended"
    assert kept.numbers == [1, 2]
    assert "Traceback" not in kernel.log.read_text()


def test_reset_and_unload_end_a_session_and_load_begins_one(start: Start, ledger: Path) -> None:
    kernel = start()
    kernel.ok("%carbon project-name 'First paper'")
    kernel.ok("%carbon reset")
    kernel.ok("with __import__('jupyter_carbon').measure('train'): __import__('time').sleep(0.2)")
    kernel.ok("%carbon project-name off")
    kernel.ok("%unload_ext jupyter_carbon")
    assert not [name for name in kernel.threads() if name.startswith("jupyter_carbon")]
    first, second = ended(ledger, sessions=2)
    assert first.session["project"] == "First paper"
    assert second.session["project"] is None
    assert [label["label"] for label in second.labels] == ["train"]
    assert [cell["execution_count"] for cell in first.cells] == [1, 2, 3]
    assert [cell["execution_count"] for cell in second.cells] == [3, 4, 5, 6]
    for kept in (first, second):
        kept.assert_adds_up()
    kernel.ok("%reload_ext jupyter_carbon")
    wait_for(ledger, lambda kept: len(kept) == 3)


def test_pause_and_another_place_are_in_the_ledger(start: Start, ledger: Path) -> None:
    kernel = start(JUPYTER_CARBON_REGION="FR")
    kernel.ok("__import__('time').sleep(0.5)")
    kernel.ok("%carbon pause")
    kernel.ok("__import__('time').sleep(0.5)")
    kernel.ok("%carbon resume")
    kernel.ok("%carbon region DE")
    kernel.ok("__import__('time').sleep(0.5)")
    wait_for(ledger, lambda kept: bool(kept) and len(kept[0].rates) == 2)
    kernel.ok("%carbon region 1kg --all")
    kernel.ok("%unload_ext jupyter_carbon")
    (kept,) = ended(ledger)
    kept.assert_adds_up()
    assert {rate["intensity_g_per_kwh"] for rate in kept.rates} == {1000.0}
    assert kept.session["co2e_g"] == pytest.approx(kept.session["energy_j"] / 3600.0)
    assert "paused" in kept.session["gaps"]


def test_two_kernels_at_once_have_each_their_own_cells(start: Start, ledger: Path) -> None:
    kernels = [start(), start()]
    for _ in range(5):
        for kernel in kernels:
            kernel.ok("__import__('time').sleep(0.05)")
    for kernel in kernels:
        kernel.ok("%unload_ext jupyter_carbon")
    for kept in ended(ledger, sessions=2):
        kept.assert_adds_up()
        assert kept.numbers == [1, 2, 3, 4, 5, 6, 7]


CHILDREN = """
import multiprocessing, os, time
from jupyter_carbon import get_meter, measure

def job(number):
    with measure("in a worker"):
        time.sleep(0.02)
    return number

with multiprocessing.get_context("fork").Pool(4) as pool:
    pool.map(job, range(8))
child = os.fork()
if child == 0:
    with measure("in a child"):
        pass
    get_meter().reset()
    os._exit(5)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
"""


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
def test_children_write_nothing_and_the_kernel_goes_on(start: Start, ledger: Path) -> None:
    kernel = start()
    wait_for(ledger, lambda kept: len(kept) == 1)
    ran = kernel.ok(CHILDREN)
    wait_for(ledger, lambda kept: kept[0].numbers == [1, ran.number])
    kernel.ok("%unload_ext jupyter_carbon")
    (kept,) = ended(ledger)
    kept.assert_adds_up()
    assert kept.labels == []
    assert kept.numbers == [1, ran.number, ran.number + 1]


def test_a_kernel_that_exits_at_once_is_lost_and_its_account_is_not(
    start: Start, ledger: Path
) -> None:
    kernel = start()
    kernel.ok("__import__('time').sleep(0.3)")
    wait_for(ledger, lambda kept: bool(kept) and kept[0].numbers == [1, 2])
    kernel.start("import os, time; time.sleep(1.5); os._exit(3)")
    deadline_s = time.monotonic() + 20
    while kernel.manager.is_alive():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    (kept,) = kept_in(ledger)
    kept.assert_adds_up()
    assert kept.numbers == [1, 2, 3]
    assert kept.cells[-1]["status"] == "running"
    assert kept.cells[-1]["energy_j"] > 0


SCRIPT = """
import time
from jupyter_carbon import measure
with measure("block"):
    time.sleep(0.6)
print("done")
"""


def test_a_script_is_kept_when_it_ends(gpu: Standin, ledger: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=gpu.environment() | {"JUPYTER_CARBON_LEDGER": str(ledger)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (run.stdout, run.stderr) == ("done\n", "")
    (kept,) = ended(ledger)
    kept.assert_adds_up()
    assert kept.session["kernel"] == "script"
    assert [label["label"] for label in kept.labels] == ["block"]
    assert kept.labels[0]["energy_j"] == pytest.approx(kept.session["energy_j"], rel=0.5)


FORKING_SCRIPT = """
import os, sys, time
from jupyter_carbon import get_meter, measure
with measure("before"):
    time.sleep(0.6)
child = os.fork()
with measure("in both"):
    time.sleep(0.2)
if child == 0:
    get_meter().stop()
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
time.sleep(0.5)
"""


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
def test_a_child_that_ends_as_programs_do_leaves_the_ledger_alone(
    gpu: Standin, ledger: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-Wignore::DeprecationWarning", "-c", FORKING_SCRIPT],
        env=gpu.environment() | {"JUPYTER_CARBON_LEDGER": str(ledger)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (run.stdout, run.stderr) == ("7\n", "")
    (kept,) = ended(ledger)
    kept.assert_adds_up()
    assert [label["label"] for label in kept.labels] == ["before", "in both"]
    assert kept.session["duration_s"] > 1.2


def test_without_a_setting_it_lies_in_the_users_data_folder(gpu: Standin, tmp_path: Path) -> None:
    environment = gpu.environment() | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "x")}
    del environment["JUPYTER_CARBON_LEDGER"]
    subprocess.run([sys.executable, "-c", SCRIPT], env=environment, timeout=60, check=True)
    (path,) = tmp_path.rglob("ledger-*.sqlite3")
    assert len(ended(path)) == 1
    if sys.platform == "linux":
        assert path.parent == tmp_path / "x" / "jupyter_carbon"
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_off_where_it_is_wanted_off(gpu: Standin, tmp_path: Path) -> None:
    environment = {**gpu.environment(), "JUPYTER_CARBON_LEDGER": "OFF", "HOME": str(tmp_path)}
    with real_kernel(environment, tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("__import__('time').sleep(1.2)")
        assert "jupyter_carbon_ledger" not in kernel.threads()
    assert not list(tmp_path.rglob("*.sqlite3-wal"))
    assert not list(tmp_path.rglob("ledger-*"))


def test_who_loads_the_meter_does_not_wait_for_a_database() -> None:
    code = (
        "import sys, jupyter_carbon.kernel.extension, jupyter_carbon.default\n"
        "print(*{name.partition('.')[0] for name in sys.modules},"
        " *(name for name in sys.modules if name.startswith('jupyter_carbon.ledger.')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    needless = {"sqlite3", "platformdirs", "psutil", "jupyter_carbon.ledger.store"}
    assert not needless & set(run.stdout.split())

"""Every cell is metered from `%load_ext` on, however it ends, and the hooks keep nobody waiting."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.conftest import Package
from tests.kernel.real_kernel import Ran, RealKernel, real_kernel
from tests.kernel.sums import assert_adds_up
from tests.standin.nvml import Standin


def _cells(kernel: RealKernel, folder: Path) -> list[dict[str, Any]]:
    """All cells but the one that exports."""
    document = kernel.export(folder / "summary.json")
    assert_adds_up(document)
    *cells, exporting = document["cells"]
    assert exporting["status"] == "running"
    return cells


def _by_number(cells: list[dict[str, Any]], ran: Ran) -> dict[str, Any]:
    (cell,) = [cell for cell in cells if cell["execution_count"] == ran.number]
    return cell


def test_cells_that_end_well_or_badly_are_metered_with_their_number(
    kernel: RealKernel, tmp_path: Path
) -> None:
    codes = {
        "1 + 1": "ok",
        "import time; time.sleep(0.1)": "ok",
        "1 / 0": "error",
        "raise SystemError": "error",
        "def broken(:": "error",
        "  indented = 1\n wrong": "error",
        "'a string without end": "error",
        "import asyncio; await asyncio.sleep(0.1)": "ok",
        "await asyncio.sleep(0.05); 1 / 0": "error",
        "await nothing_of_that_name": "error",
        "%%bash\nexit 3": "error",
        "%no_such_magic": "error",
        "raise KeyboardInterrupt": "interrupted",
    }
    ran = {code: kernel.run(code) for code in codes}
    cells = _cells(kernel, tmp_path)

    assert {code: _by_number(cells, ran[code])["status"] for code in codes} == codes
    assert len(cells) == len(codes) + 1  # and the cell that loaded the extension
    assert _by_number(cells, ran["import time; time.sleep(0.1)"])["duration_s"] >= 0.1
    assert _by_number(cells, ran["import asyncio; await asyncio.sleep(0.1)"])["duration_s"] >= 0.1


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "while True: pass",
        "import asyncio\nwhile True: await asyncio.sleep(0.01)",
    ],
)
def test_a_cell_that_is_interrupted_is_metered_until_then(
    kernel: RealKernel, tmp_path: Path, code: str
) -> None:
    ran = kernel.start(code)
    kernel.wait_busy(ran)
    kernel.manager.interrupt_kernel()
    kernel.finish(ran)
    assert ran.status == "error"
    kernel.ok("after = 1")

    cells = _cells(kernel, tmp_path)
    cell = _by_number(cells, ran)
    assert cell["status"] == "interrupted"
    assert 0.2 < cell["duration_s"] < 60
    assert cell["ended"] is not None
    assert cells[-1]["status"] == "ok"
    assert not cells[-1]["overlapped"]


def test_nested_cells_add_up_and_have_no_number_without_history(
    kernel: RealKernel, tmp_path: Path
) -> None:
    outer = kernel.ok(
        "import time\n"
        "time.sleep(0.1)\n"
        "get_ipython().run_cell('time.sleep(0.2)')\n"
        "get_ipython().run_cell('1 / 0')\n"
        "get_ipython().run_cell('get_ipython().run_cell(\"time.sleep(0.1)\")')\n"
        "get_ipython().run_cell('')\n"
        "get_ipython().run_cell('time.sleep(0.1)', silent=True)\n"
        "time.sleep(0.1)"
    )
    cells = _cells(kernel, tmp_path)
    whole = _by_number(cells, outer)
    nested = [cell for cell in cells if cell["execution_count"] is None]

    assert [cell["status"] for cell in nested] == ["ok", "error", "ok", "ok"]
    assert all(cell["overlapped"] for cell in [whole, *nested])
    assert whole["duration_s"] >= 0.6
    # Its own energy leaves out what the nested cells drew, or they would not add up.
    inner_j = sum(cell["energy_j"]["value"] for cell in nested)
    assert whole["nested_j"]["value"] == pytest.approx(inner_j, rel=1e-3)
    assert whole["energy_j"]["value"] > 0


def test_a_nested_cell_with_history_has_its_own_number(kernel: RealKernel, tmp_path: Path) -> None:
    outer = kernel.ok("print(get_ipython().run_cell('pass', store_history=True).execution_count)")
    after = kernel.ok("pass")
    cells = _cells(kernel, tmp_path)
    numbers = [cell["execution_count"] for cell in cells[-3:]]
    # Versions of IPython differ on whether it is that of the cell around it.
    assert int(outer.out.splitlines()[0]) in numbers[:2]
    assert numbers[2] == after.number
    assert None not in numbers


def test_cells_run_from_a_task_while_their_cell_awaits(kernel: RealKernel, tmp_path: Path) -> None:
    outer = kernel.ok(
        "import asyncio\n"
        "async def later():\n"
        "    await asyncio.sleep(0.05)\n"
        "    get_ipython().run_cell('nested = 1')\n"
        "await asyncio.gather(later(), asyncio.sleep(0.3))"
    )
    cells = _cells(kernel, tmp_path)
    assert _by_number(cells, outer)["status"] == "ok"
    assert _by_number(cells, outer)["duration_s"] >= 0.3
    assert [cell["status"] for cell in cells if cell["execution_count"] is None] == ["ok"]


def test_empty_and_silent_requests_are_no_cells(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.run("")
    kernel.run("  \n\n ")
    kernel.run("hidden = 1", silent=True)
    kernel.run("1 / 0", silent=True)
    ran = kernel.ok("hidden")
    cells = _cells(kernel, tmp_path)
    assert [cell["execution_count"] for cell in cells[1:]] == [ran.number]


def test_a_request_without_history_is_a_cell_without_a_number(
    kernel: RealKernel, tmp_path: Path
) -> None:
    kernel.run("unseen = 1", store_history=False)
    seen = kernel.ok("seen = 1")
    cells = _cells(kernel, tmp_path)
    assert [cell["execution_count"] for cell in cells[1:]] == [None, seen.number]


def test_a_running_cell_has_its_own_number(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok("pass")
    path = tmp_path / "now.json"
    ran = kernel.ok(f"%carbon export {path}")
    document = kernel.export(tmp_path / "later.json")
    cells = document["cells"]
    assert cells[-2]["execution_count"] == ran.number
    assert cells[-1]["execution_count"] == ran.number + 1
    assert cells[-1]["status"] == "running"
    assert cells[-1]["ended"] is None


def test_the_cell_that_loads_the_extension_counts_from_there_on(
    bare_kernel: RealKernel, tmp_path: Path
) -> None:
    ran = bare_kernel.ok(
        "import time; time.sleep(1)\n%load_ext jupyter_carbon\ntime.sleep(0.1)\n%carbon cells"
    )
    assert f"[{ran.number}]" in ran.said
    nested = bare_kernel.ok("get_ipython().run_cell('%reload_ext jupyter_carbon')")
    cells = _cells(bare_kernel, tmp_path)
    # The second meter was loaded by a cell in a cell: both count, and the inner has no number.
    assert [cell["execution_count"] for cell in cells] == [None, nested.number]
    assert all(cell["status"] == "ok" for cell in cells)
    bare_kernel.ok("%unload_ext jupyter_carbon")


def test_a_cell_that_loads_silently_is_none(bare_kernel: RealKernel, tmp_path: Path) -> None:
    bare_kernel.run("%load_ext jupyter_carbon", silent=True)
    ran = bare_kernel.ok("pass")
    cells = _cells(bare_kernel, tmp_path)
    assert [cell["execution_count"] for cell in cells] == [ran.number]
    bare_kernel.ok("%unload_ext jupyter_carbon")


def test_loaded_by_configuration_there_is_no_cell_before_the_first(
    gpu: Standin, tmp_path: Path
) -> None:
    arguments = ["--InteractiveShellApp.extensions=jupyter_carbon"]
    with real_kernel(gpu.environment(), tmp_path, arguments) as kernel:
        now = kernel.export(tmp_path / "first.json")
        assert [cell["execution_count"] for cell in now["cells"]] == [1]
        assert [cell["status"] for cell in now["cells"]] == ["running"]
        kernel.ok("pass")
        cells = _cells(kernel, tmp_path)
        assert [cell["execution_count"] for cell in cells] == [1, 2]


def test_cells_of_two_subshells_overlap_and_add_up(kernel: RealKernel, tmp_path: Path) -> None:
    shell_id = kernel.make_subshell()
    if shell_id is None:
        pytest.skip("this ipykernel has no subshells")
    first = kernel.start("%%carbon --label main\nimport time; time.sleep(1)\n'main'")
    kernel.wait_busy(first)
    second = kernel.start_in_subshell(
        shell_id, "%%carbon --label sub\nimport time; time.sleep(0.2)\n'sub'"
    )
    assert kernel.listen(lambda: bool(first.shown and second.shown))
    assert (first.value, second.value) == ("'main'", "'sub'")
    assert first.shown[0].startswith("main · ")
    assert second.shown[0].startswith("sub · ")
    cells = {cell["label"]: cell for cell in _cells(kernel, tmp_path)}
    assert cells["main"]["overlapped"]
    assert cells["sub"]["overlapped"]
    assert cells["sub"]["duration_s"] < cells["main"]["duration_s"]


def test_a_cell_whose_end_is_never_told_ends_with_the_next(
    kernel: RealKernel, tmp_path: Path
) -> None:
    lost = "await get_ipython().run_cell_async('lost = 1', transformed_cell='lost = 1')"
    kernel.ok(f"{lost}\nNone")
    kernel.ok("pass")
    kernel.ok("pass")
    last = kernel.ok("pass")
    cells = _cells(kernel, tmp_path)
    assert [cell["status"] for cell in cells if cell["execution_count"] is None] == ["ok"]
    assert not _by_number(cells, last)["overlapped"]


def test_the_hooks_take_no_lock(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok(
        "import threading\n"
        "from jupyter_carbon import get_meter\n"
        "held, release = threading.Event(), threading.Event()\n"
        "def hold():\n"
        "    with get_meter().look():\n"
        "        held.set()\n"
        "        release.wait(60)\n"
        "threading.Thread(target=hold, daemon=True).start()\n"
        "assert held.wait(10)"
    )
    ran = [
        kernel.run(code)
        for code in ("first = 1", "1 / 0", "import asyncio; await asyncio.sleep(0)")
    ]
    # All of that happened while another thread held the meter's lock.
    assert kernel.ask("[held.is_set(), release.is_set()]") == [True, False]
    kernel.ok("release.set()")
    cells = _cells(kernel, tmp_path)
    assert [_by_number(cells, each)["status"] for each in ran] == ["ok", "error", "ok"]


SLOW = """
import time
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceInfo

class Slow:
    info = SourceInfo("other:slow", "Slow", "other", "here", Provenance.COUNTER, 0.9, 1.1)

    def read(self):
        time.sleep(300)

    def close(self):
        pass

def discover(found):
    return Discovery((Slow(),))
"""


def test_a_source_whose_call_takes_minutes_delays_no_cell_and_no_shutdown(
    gpu: Standin, tmp_path: Path, source_package: Package
) -> None:
    environment = gpu.environment()
    environment["PYTHONPATH"] += f":{source_package('slow', SLOW)}"
    with real_kernel(environment, tmp_path) as kernel:
        begin_s = time.monotonic()
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("import time; time.sleep(0.5)")
        for _ in range(20):
            kernel.ok("pass")
        assert "Slow" in kernel.ok("%carbon status").said
        kernel.ok("%reload_ext jupyter_carbon")
        kernel.ok("pass")
        kernel.client.shutdown()
        while kernel.manager.is_alive():
            assert time.monotonic() < begin_s + 60
            time.sleep(0.02)
        assert time.monotonic() < begin_s + 60


def test_a_fault_of_the_meter_is_told_and_leaves_the_cell_alone(kernel: RealKernel) -> None:
    kernel.ok("from jupyter_carbon import get_meter; get_meter().begin = None")
    ran = kernel.run("'as ever'")
    assert (ran.status, ran.value, ran.out, ran.err) == ("ok", "'as ever'", "", "")
    ran = kernel.run("1 / 0")
    assert ran.traceback.count("ZeroDivisionError") == 2
    notes = kernel.ask("get_meter().complaints")
    assert len(notes) == 1
    assert "Your code is not affected" in notes[0]

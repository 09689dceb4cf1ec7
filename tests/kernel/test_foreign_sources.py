"""Sources from other packages, in a real kernel: those that fail spoil nothing and are named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.conftest import Package
from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.kernel.sums import assert_adds_up
from tests.standin.nvml import Standin

HEAD = """
import time
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceError, SourceInfo

def info(name):
    return SourceInfo(f"other:{name}", name, "other", "here", Provenance.COUNTER, 0.9, 1.1,
                      counter_step_s=0.0)

def discover(found):
    return Discovery((Made(),))
"""
GOOD = """
class Made:
    info = info("Steady")

    def read(self):
        now = time.monotonic()
        return Reading(now, 10.0 * now, 10.0, now)

    def close(self):
        pass
"""
GARBAGE = """
class Made:
    info = info("Garbage")

    def read(self):
        return {"power": "a lot"}

    def close(self):
        raise RuntimeError("cannot be closed either")
"""
MOODY = """
class Made:
    info = info("Moody")
    reads = 0

    def read(self):
        Made.reads += 1
        if Made.reads in (3, 4):
            raise SourceError("failed", "Moody does not answer.", "Wait for it.")
        now = time.monotonic()
        return Reading(now, 10.0 * now, 10.0, now)

    def close(self):
        pass
"""


@pytest.fixture
def kernel(gpu: Standin, tmp_path: Path, source_package: Package, request: Any) -> Any:
    """A kernel in which the named packages are installed."""
    folders = [source_package(name, code) for name, code in request.param.items()]
    environment = gpu.environment()
    environment["PYTHONPATH"] = os.pathsep.join([*map(str, folders), environment["PYTHONPATH"]])
    with real_kernel(environment, tmp_path) as kernel:
        yield kernel
        assert "Traceback" not in kernel.log.read_text()


FAILING = {
    "noimport": "raise ImportError('libfoo.so is missing')",
    "nodiscover": "def discover(found): raise OSError('no such bus')",
    "nosource": "def discover(found): print; return None",
    "garbage": HEAD + GARBAGE,
    "steady": HEAD + GOOD,
}


@pytest.mark.parametrize("kernel", [FAILING], indirect=True, ids=["failing"])
def test_those_that_fail_are_named_and_the_others_measured(
    kernel: RealKernel, tmp_path: Path
) -> None:
    ran = kernel.ok("%load_ext jupyter_carbon")
    assert (ran.out, ran.err) == ("", "")
    ran = kernel.ok("import time; time.sleep(0.5)")
    assert (ran.out, ran.err) == ("", "")
    document = kernel.export(tmp_path / "all.json")
    assert_adds_up(document)
    notes = "\n".join(document["notes"])
    for word in ("libfoo.so is missing", "no such bus", "NoneType", "dict instead of a reading"):
        assert word in notes
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == ran.number]
    steady_j = cell["sources"]["other:Steady"]["value"]
    assert steady_j == pytest.approx(10 * cell["duration_s"], rel=0.1)
    assert cell["sources"]["other:Garbage"]["value"] is None
    states = {source["id"]: source["state"] for source in document["sources"]}
    assert states["other:Steady"] == "ok"
    assert states["other:Garbage"] == "failed"
    doctor = " ".join(kernel.ok("%carbon doctor").said.split())
    assert "libfoo.so is missing" in doctor
    assert "noimport:discover" in doctor
    ran = kernel.ok("%unload_ext jupyter_carbon")
    assert (ran.out, ran.err) == ("", "")


@pytest.mark.parametrize("kernel", [{"moody": HEAD + MOODY}], indirect=True, ids=["moody"])
def test_one_that_comes_back_is_measured_again(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok("%load_ext jupyter_carbon")
    kernel.ok("import time, moody; time.sleep(0.3)")
    kernel.ok("while moody.Made.reads < 6: time.sleep(0.05)")
    last = kernel.ok("time.sleep(0.5)")
    document = kernel.export(tmp_path / "all.json")
    assert_adds_up(document)
    (source,) = [each for each in document["sources"] if each["id"] == "other:Moody"]
    assert source["state"] == "ok"
    assert not any("does not answer" in note for note in document["notes"])
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == last.number]
    moody_j = cell["sources"]["other:Moody"]["value"]
    assert moody_j == pytest.approx(10 * cell["duration_s"], rel=0.1)


@pytest.mark.parametrize("kernel", [{}], indirect=True, ids=["nvml"])
def test_a_board_that_is_lost_for_a_while(kernel: RealKernel, gpu: Standin, tmp_path: Path) -> None:
    kernel.ok("%load_ext jupyter_carbon")
    kernel.ok("import time; time.sleep(0.5)")
    gpu.lose(0, for_s=1.0)
    ran = kernel.ok("time.sleep(0.7)")
    assert (ran.out, ran.err) == ("", "")
    document = kernel.export(tmp_path / "lost.json")
    assert_adds_up(document)
    (board,) = [source for source in document["sources"] if source["kind"] == "gpu"]
    assert board["state"] == "lost"
    assert any("GPU 0" in note for note in document["notes"])
    kernel.ok("time.sleep(2.5)")
    after = kernel.ok("time.sleep(0.5)")
    document = kernel.export(tmp_path / "back.json")
    assert_adds_up(document)
    (board,) = [source for source in document["sources"] if source["kind"] == "gpu"]
    assert board["state"] == "ok"
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == after.number]
    board_j = cell["sources"][board["id"]]["value"]
    assert board_j == pytest.approx(60 * cell["duration_s"], rel=0.1)

"""A cell's end waits for the GPU work of frameworks that are in use, and imports none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from jupyter_carbon.kernel.synchronize import wait_for_gpus
from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.standin.nvml import Standin

TORCH = '''
"""Answers as torch does, for what the meter asks of it."""
calls = []

class cuda:
    ready = False
    fault = None

    def init():
        cuda.ready = True

    def is_initialized():
        return cuda.ready

    def device_count():
        return 3

    def current_device():
        assert cuda.ready, "this would initialise CUDA"
        return 0

    def memory_reserved(device):
        return 1024 if device == 2 else 0

    def synchronize(device=None):
        calls.append(device)
        if cuda.fault is not None:
            raise cuda.fault
'''


@pytest.fixture(scope="module")
def torch_kernel(gpu: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKernel]:
    """A kernel in which a torch can be imported."""
    folder = tmp_path_factory.mktemp("torch")
    (folder / "torch.py").write_text(TORCH)
    environment = gpu.environment()
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{environment['PYTHONPATH']}"
    with real_kernel(environment, folder) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        yield kernel


def _calls(kernel: RealKernel, code: str) -> Any:
    """The synchronisations of one cell's end."""
    kernel.run("import torch; torch.calls.clear()", silent=True)
    kernel.run(code)
    return kernel.ask("torch.calls")


def test_each_device_in_use_is_waited_for_once_a_cell(torch_kernel: RealKernel) -> None:
    assert torch_kernel.ask("'torch' in __import__('sys').modules") is False
    assert _calls(torch_kernel, "x = 1") == []  # imported, but CUDA is not initialised
    torch_kernel.ok("torch.cuda.init()")
    assert _calls(torch_kernel, "x = 1") == [0, 2]
    assert _calls(torch_kernel, "1 / 0") == [0, 2]
    assert _calls(torch_kernel, "import asyncio; await asyncio.sleep(0)") == [0, 2]
    assert _calls(torch_kernel, "%%carbon\nx = 1") == [0, 2]
    assert _calls(torch_kernel, "%%carbon --no-sync\nx = 1") == []
    assert _calls(torch_kernel, "get_ipython().run_cell('x = 1')") == [0, 2] * 2
    measured = "from jupyter_carbon import measure\nwith measure('a'):\n    pass"
    assert _calls(torch_kernel, measured) == [0, 2] * 2
    magic = "get_ipython().run_cell_magic('carbon', '--no-sync', '')"
    assert _calls(torch_kernel, magic) == [0, 2]


def test_a_fault_of_the_framework_is_not_the_meters(torch_kernel: RealKernel) -> None:
    torch_kernel.ok("import torch; torch.cuda.init()")
    torch_kernel.run("torch.cuda.fault = RuntimeError('device-side assert')", silent=True)
    ran = torch_kernel.run("'as ever'")
    assert (ran.status, ran.value, ran.out, ran.err) == ("ok", "'as ever'", "", "")
    torch_kernel.run("torch.cuda.fault = KeyboardInterrupt()", silent=True)
    ran = torch_kernel.run("'as ever'")
    assert (ran.status, ran.value, ran.out, ran.err) == ("ok", "'as ever'", "", "")
    torch_kernel.run("torch.cuda.fault = None", silent=True)
    said = torch_kernel.ok("%carbon cells").said
    assert said.count("interrupted") == 1


def test_it_can_be_switched_off(gpu: Standin, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(TORCH)
    environment = gpu.environment() | {"JUPYTER_CARBON_SYNCHRONIZE": "off"}
    with real_kernel(environment, tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("import torch; torch.cuda.init()")
        assert _calls(kernel, "x = 1") == []
        measured = "from jupyter_carbon import measure\nwith measure('a'):\n    pass"
        assert _calls(kernel, measured) == []


def _cupy(context: int, waits: list[str]) -> Any:
    module: Any = ModuleType("cupy")
    module.cuda = SimpleNamespace(
        driver=SimpleNamespace(ctxGetCurrent=lambda: context),
        runtime=SimpleNamespace(deviceSynchronize=lambda: waits.append("cupy")),
    )
    return module


def test_cupy_is_waited_for_where_it_has_a_context() -> None:
    waits: list[str] = []
    wait_for_gpus({"cupy": _cupy(0, waits)})
    assert waits == []
    wait_for_gpus({"cupy": _cupy(4711, waits)})
    assert waits == ["cupy"]


def _jax(waits: list[str]) -> Any:
    def array(platform: str) -> Any:
        return SimpleNamespace(
            devices=lambda: [SimpleNamespace(platform=platform)],
            block_until_ready=lambda: waits.append(platform),
        )

    module: Any = ModuleType("jax")
    module.live_arrays = lambda: [array("cpu"), array("gpu"), array("gpu")]
    return module


def test_jax_is_waited_for_where_it_has_a_backend() -> None:
    waits: list[str] = []
    bridge: Any = ModuleType("jax._src.xla_bridge")
    bridge._backends = {}
    modules = {"jax": _jax(waits), "jax._src.xla_bridge": bridge}
    wait_for_gpus({"jax": modules["jax"]})
    wait_for_gpus(modules)
    assert waits == []  # asking for arrays would have initialised it
    bridge._backends = {"cuda": object()}
    wait_for_gpus(modules)
    assert waits == ["gpu", "gpu"]


def test_half_imported_and_strange_modules_do_no_harm() -> None:
    for module in (ModuleType("torch"), None, SimpleNamespace(cuda=None)):
        wait_for_gpus({"torch": module, "cupy": module, "jax": module})  # type: ignore[dict-item]


def test_nothing_is_imported() -> None:
    before = set(sys.modules)
    wait_for_gpus()
    assert set(sys.modules) == before

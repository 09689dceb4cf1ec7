"""Boards for a module's tests, a kernel over them, and sources that misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.standin.nvml import Standin


@pytest.fixture(scope="module")
def gpu(tmp_path_factory: pytest.TempPathFactory) -> Standin:
    """A board whose counter is quick to be final."""
    standin = Standin.create(tmp_path_factory.mktemp("nvml") / "state")
    standin.devices[0].counter.period_s = 0.02
    return standin


@pytest.fixture(scope="module")
def bare_kernel(gpu: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKernel]:
    """A kernel without the extension, shared by a module's tests."""
    with real_kernel(gpu.environment(), tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(bare_kernel: RealKernel) -> Iterator[RealKernel]:
    """The module's kernel with a new meter in it, so that no test sees another's cells."""
    ran = bare_kernel.ok("%load_ext jupyter_carbon")
    assert not ran.err
    assert bare_kernel.ask("__import__('tests.kernel.found').kernel.found.are_found()")
    yield bare_kernel
    bare_kernel.ok("%unload_ext jupyter_carbon")
    assert "jupyter_carbon" not in bare_kernel.threads()


Package = Callable[[str, str], Path]


@pytest.fixture
def source_package(tmp_path: Path) -> Package:
    """Makes an installed package that brings a source: (its name, its module's code) to a folder.

    The folder is to be put on the path; the entry point is the module's `discover`.
    """

    def make(name: str, code: str) -> Path:
        folder = tmp_path / f"site-{name}"
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[jupyter_carbon.sources]\n{name} = {name}:discover\n"
        )
        return folder

    return make

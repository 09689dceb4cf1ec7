"""A server for the whole package, a browser, and a tab for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Where there is no browser, or no JupyterLab, nothing here can be collected as it stands.
pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, BrowserContext, ViewportSize

from scripts.bundle import EXTENSION
from scripts.chromium import MISSING, find
from tests.browser import chromium
from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

VIEWPORT = ViewportSize(width=1400, height=900)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is below this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    if find() is None:
        if chromium.is_required():
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    assert (EXTENSION / "package.json").exists(), (
        "The JupyterLab extension is not built: `make test` does that first."
    )
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="package")
def gpu(tmp_path_factory: pytest.TempPathFactory) -> Standin:
    """Two boards that idle at 60 W each."""
    return Standin.create(tmp_path_factory.mktemp("nvml") / "state", devices=2)


@pytest.fixture(autouse=True)
def _boards_idle(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins and ends with boards at rest, if it has any."""
    yield
    if "gpu" in request.fixturenames:
        gpu: Standin = request.getfixturevalue("gpu")
        for device in range(2):
            gpu.mend(device)
            gpu.load(device, 60.0)


@pytest.fixture(scope="package")
def server(
    chrome: Browser, gpu: Standin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabServer]:
    """JupyterLab and Notebook over two boards, and kernels of several kinds.

    Made after the browser, so that without one nothing is started.
    """
    folder = tmp_path_factory.mktemp("lab")
    bare = Standin.create(tmp_path_factory.mktemp("bare") / "state", devices=0)
    options = (
        # A killed kernel is noticed soon, and given up soon if it does not start again.
        "--KernelRestarter.time_to_dead=0.5",
        "--KernelRestarter.restart_limit=1",
    )
    started = LabServer(folder, gpu.environment(), options)
    started.kernel("no-gpu", JUPYTER_CARBON_STANDIN_NVML=str(bare.path))
    started.kernel("soon-at-rest", JUPYTER_CARBON_REST_AFTER_S="1")
    started.kernel("another-language", language="julia")
    started.start()
    yield started
    started.stop()


Tab = Callable[[], Lab]


@pytest.fixture
def context(chrome: Browser, server: LabServer) -> Iterator[BrowserContext]:
    """A browser that knows nothing of what other tests did; its kernels end with it."""
    made = chrome.new_context(viewport=VIEWPORT)
    yield made
    made.close()
    server.shut_kernels()


@pytest.fixture
def tab(context: BrowserContext, server: LabServer) -> Iterator[Tab]:
    """Opens tabs; at the end none of them may have seen a fault of the extension."""
    opened: list[Lab] = []

    def open_() -> Lab:
        opened.append(Lab(context, server))
        return opened[-1]

    yield open_
    for each in opened:
        each.check()


@pytest.fixture
def lab(tab: Tab) -> Lab:
    return tab()

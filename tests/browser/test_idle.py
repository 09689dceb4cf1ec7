"""A server of its own, which ends kernels that are idle, and then is ended itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

IDLE_S = 10


@pytest.fixture
def own_server(chrome: Browser, gpu: Standin, tmp_path: Path) -> Iterator[LabServer]:
    options = (
        f"--MappingKernelManager.cull_idle_timeout={IDLE_S}",
        "--MappingKernelManager.cull_interval=1",
        "--MappingKernelManager.cull_connected=True",
    )
    environment = {**gpu.environment(), "JUPYTER_CARBON_REST_AFTER_S": "2"}
    started = LabServer(tmp_path, environment, options)
    started.start()
    yield started
    started.stop()


def test_an_idle_kernel_is_culled_and_a_server_comes_back(
    chrome: Browser, own_server: LabServer
) -> None:
    context = chrome.new_context()
    lab = Lab(context, own_server)
    lab.open(own_server.notebook("idle.ipynb", ["cell = 1"]))
    lab.load()
    lab.run(0)
    expect(lab.row("cell = 1")).to_be_visible()
    title = lab.panel.locator(".jp-carbon-statetitle")
    lab.standing("Resting while the kernel is idle")
    assert own_server.kernels() != []
    # The panel stays open all the while, and its page connected.
    expect(title).not_to_have_text("Resting while the kernel is idle", timeout=3000 * IDLE_S)
    own_server.wait_for(lambda: own_server.kernels() == [])

    own_server.stop()
    own_server.start()
    lab.reload()
    lab.load()
    lab.run(0)
    expect(lab.row("cell = 1")).to_be_visible()
    own_server.stop()
    expect(title).to_be_visible(timeout=30_000)
    own_server.start()
    lab.check()
    context.close()

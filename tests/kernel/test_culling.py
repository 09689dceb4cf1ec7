"""A server that ends idle kernels ends those whose panel is open, too."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from tests.kernel.real_kernel import WAIT_S
from tests.standin.nvml import Standin

CULL_S = 3
KEPT_S = 3 * CULL_S
"""By then an idle kernel is long culled."""


async def open_panel(
    manager: AsyncMappingKernelManager, environment: dict[str, str], folder: Path
) -> tuple[str, int, bool]:
    """Starts a kernel with a panel that watches, and waits for its end; says what was heard."""
    kernel_id = await manager.start_kernel(env=environment, cwd=str(folder))
    client = manager.get_kernel(kernel_id).client()
    client.start_channels()
    await client.wait_for_ready(timeout=WAIT_S)
    await client._async_execute_interactive("%load_ext jupyter_carbon", timeout=WAIT_S)
    content = {"comm_id": "panel", "target_name": "jupyter_carbon", "data": {"v": 1}}
    client.shell_channel.send(client.session.msg("comm_open", content))
    begin_s, states, rested = time.monotonic(), 0, False
    patience_s = WAIT_S if environment["JUPYTER_CARBON_REST_AFTER_S"] == "1" else KEPT_S
    while kernel_id in manager and time.monotonic() - begin_s < patience_s:
        try:
            message = await client._async_get_iopub_msg(timeout=0.2)
        except Exception:  # noqa: BLE001  # nothing came
            continue
        data = message["content"].get("data", {})
        if message["msg_type"] == "comm_msg" and "state" in data:
            states, rested = states + 1, data["state"]["resting"]
    client.stop_channels()
    return kernel_id, states, rested


@pytest.mark.parametrize(("rest_after", "is_culled"), [("1", True), ("1000", False)])
def test_an_idle_kernel_with_an_open_panel_is_culled_since_the_panel_is_told_nothing(
    gpu: Standin, tmp_path: Path, rest_after: str, is_culled: bool
) -> None:
    async def run() -> tuple[bool, int, bool]:
        manager = AsyncMappingKernelManager(
            cull_idle_timeout=CULL_S, cull_interval=1, cull_connected=True
        )
        try:
            environment = {**gpu.environment(), "JUPYTER_CARBON_REST_AFTER_S": rest_after}
            kernel_id, states, rested = await open_panel(manager, environment, tmp_path)
            return kernel_id not in manager, states, rested
        finally:
            await manager.shutdown_all(now=True)

    culled, states, rested = asyncio.run(run())
    assert states >= 2
    # Where it is told on and on, the kernel is kept: that is what the rest is for.
    assert culled is rested is is_culled

"""Waiting for a GPU at a cell's end: work that was queued belongs to the cell that queued it.

Only frameworks that the user has imported and that have begun to use CUDA are
asked; none is ever imported for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

Modules = Mapping[str, ModuleType]


def wait_for_gpus(modules: Modules = sys.modules) -> None:
    """Waits until the work queued on GPUs is done; never raises an Exception.

    An error of the GPU itself is the user's to see at the next call that uses it.
    """
    for name, wait in _WAITS.items():
        module = modules.get(name)
        if module is None:
            continue
        try:
            wait(module, modules)
        except Exception:  # noqa: BLE001  # a half-imported or broken framework is not ours
            continue


def _wait_for_torch(torch: Any, _modules: Modules) -> None:
    if not torch.cuda.is_initialized():
        return
    for device in range(torch.cuda.device_count()):
        # Synchronising a device that is not in use would create a context on it.
        if device == torch.cuda.current_device() or torch.cuda.memory_reserved(device):
            torch.cuda.synchronize(device)


def _wait_for_cupy(cupy: Any, _modules: Modules) -> None:
    if cupy.cuda.driver.ctxGetCurrent():
        cupy.cuda.runtime.deviceSynchronize()


def _wait_for_jax(jax: Any, modules: Modules) -> None:
    bridge = modules.get("jax._src.xla_bridge")
    if bridge is None or not getattr(bridge, "_backends", None):
        return
    for array in jax.live_arrays():
        if any(device.platform != "cpu" for device in array.devices()):
            array.block_until_ready()


_WAITS: dict[str, Callable[[Any, Modules], None]] = {
    "torch": _wait_for_torch,
    "cupy": _wait_for_cupy,
    "jax": _wait_for_jax,
}
FRAMEWORKS = frozenset(_WAITS)
"""Where none of these has been imported there is nothing to wait for."""

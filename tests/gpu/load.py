"""What keeps the GPU busy in the kernel: torch, else cupy, else the bare driver.

    prepare()                  # in a first cell: chooses, warms up; returns its name
    work(0.3)                  # in a cell: busy for 0.3 s, and waits for it
    work(0.3, wait=False)      # queues as much, and returns

Over the stand-in the "GPU" does nothing and its power is commanded.
"""

from __future__ import annotations

import os
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

from tests.standin.nvml import VARIABLE, Standin

CHUNK_S = 0.01


class Load(Protocol):
    """Work in chunks of about CHUNK_S."""

    name: str
    is_waited_for: bool
    """True if the meter knows how to wait for it at a cell's end."""

    def queue(self) -> None:
        """One more chunk; returns before it is done."""

    def finish(self) -> None:
        """Waits until all of it is done."""


class _Arrays:
    """Products of matrices, by torch or by cupy."""

    is_waited_for = True

    def __init__(self, name: str, matrix: Any, finish: Any) -> None:
        self.name = name
        self.finish = finish
        self._matrix = matrix
        self._count = 1
        for _ in range(4):  # the first product is slow, and clocks rise
            begin_s = time.monotonic()
            self.queue()
            self.finish()
            took_s = max(1e-6, time.monotonic() - begin_s)
            self._count = max(1, round(self._count * CHUNK_S / took_s))

    def queue(self) -> None:
        for _ in range(self._count):
            self._matrix @ self._matrix  # its power is wanted, not its result

    finish: Any


class _Driver:
    """A kernel of its own, which no framework knows."""

    name, is_waited_for = "driver", False

    def __init__(self) -> None:
        from tests.gpu.ptx import Spin

        spin = Spin(CHUNK_S)
        self.queue, self.finish = spin.queue, spin.finish

    queue: Any
    finish: Any


class _Commanded:
    """The stand-in's first board, and a module called torch that can be waited for."""

    name, is_waited_for = "stand-in", True

    def __init__(self) -> None:
        self._gpu = Standin.attach()
        self._busy_until_s = 0.0
        torch = ModuleType("torch")
        cuda = SimpleNamespace(
            is_initialized=lambda: True,
            device_count=lambda: 1,
            current_device=lambda: 0,
            memory_reserved=lambda _device: 0,
            synchronize=lambda _device=None: self.finish(),
        )
        torch.cuda = cuda  # type: ignore[attr-defined]
        sys.modules["torch"] = torch

    def queue(self) -> None:
        now_s = self._gpu.load(0, 300.0)
        self._busy_until_s = max(now_s, self._busy_until_s) + CHUNK_S
        self._gpu.load(0, 60.0, at=self._busy_until_s)

    def finish(self) -> None:
        time.sleep(max(0.0, self._busy_until_s - time.monotonic()))


_load: Load | None = None


def prepare() -> str:
    """Chooses the load and warms it up; returns its name."""
    global _load
    _load = _choose()
    return _load.name


def work(span_s: float, *, wait: bool = True) -> None:
    """Keeps the GPU busy for some seconds, waiting for it or not.

    Work that the meter cannot wait for outlives its cell by half.
    """
    assert _load is not None
    if not wait:
        for _ in range(round(span_s / CHUNK_S)):
            _load.queue()
        if not _load.is_waited_for:
            time.sleep(span_s / 2)
        return
    end_s = time.monotonic() + span_s
    while time.monotonic() < end_s:
        _load.queue()
        _load.finish()


def settle() -> None:
    """Waits until the GPU has done all of it."""
    assert _load is not None
    _load.finish()


def _choose() -> Load:
    if os.environ.get(VARIABLE):
        return _Commanded()
    for arrays in (_torch, _cupy):
        try:
            return arrays()
        except Exception:  # noqa: BLE001  # not installed, or not for this GPU: try the next one
            continue
    return _Driver()


def _torch() -> Load:
    import torch  # type: ignore[import-not-found]  # may not be installed

    matrix = torch.randn(4096, 4096, device="cuda", dtype=torch.float16) / 64
    return _Arrays("torch", matrix, torch.cuda.synchronize)


def _cupy() -> Load:
    import cupy  # type: ignore[import-not-found]  # may not be installed

    matrix = cupy.random.rand(4096, 4096, dtype=cupy.float32)
    return _Arrays("cupy", matrix, cupy.cuda.Device().synchronize)

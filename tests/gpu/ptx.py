"""A load for an NVIDIA GPU that needs nothing but its driver: multiply-adds, by ctypes."""

from __future__ import annotations

import ctypes
import time
from typing import Any

_SPIN = b"""
.version 6.0
.target sm_50
.address_size 64
.visible .entry spin(.param .u64 where, .param .u32 rounds)
{
    .reg .pred %again;
    .reg .b32 %count, %rounds, %thread;
    .reg .b64 %where;
    .reg .f32 %a, %b, %c, %d, %by, %plus;
    ld.param.u64 %where, [where];
    ld.param.u32 %rounds, [rounds];
    mov.u32 %thread, %tid.x;
    cvt.rn.f32.u32 %a, %thread;
    mov.f32 %b, %a;
    mov.f32 %c, %a;
    mov.f32 %d, %a;
    mov.f32 %by, 0f3F7FF972;
    mov.f32 %plus, 0f38D1B717;
    mov.u32 %count, 0;
AGAIN:
    fma.rn.f32 %a, %a, %by, %plus;
    fma.rn.f32 %b, %b, %by, %plus;
    fma.rn.f32 %c, %c, %by, %plus;
    fma.rn.f32 %d, %d, %by, %plus;
    add.u32 %count, %count, 1;
    setp.lt.u32 %again, %count, %rounds;
    @%again bra AGAIN;
    add.f32 %a, %a, %b;
    add.f32 %c, %c, %d;
    add.f32 %a, %a, %c;
    st.global.f32 [%where], %a;
    ret;
}
\0"""
"""Each thread's sums stay small and are stored, so that nothing is left out as useless."""
_BLOCKS, _THREADS = 2048, 256


class Spin:
    """Keeps the first CUDA device busy for so long at a time.

    Raises:
        RuntimeError: if the driver refuses.
        OSError: if there is no driver.
    """

    def __init__(self, chunk_s: float) -> None:
        self._cuda = ctypes.CDLL("libcuda.so.1")
        self._ask("cuInit", 0)
        device, context, module = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
        self._function, self._where = ctypes.c_void_p(), ctypes.c_uint64()
        self._ask("cuDeviceGet", ctypes.byref(device), 0)
        self._ask("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._ask("cuCtxSetCurrent", context)
        self._ask("cuModuleLoadData", ctypes.byref(module), _SPIN)
        self._ask("cuModuleGetFunction", ctypes.byref(self._function), module, b"spin")
        self._ask("cuMemAlloc_v2", ctypes.byref(self._where), ctypes.c_size_t(4))
        self._rounds = ctypes.c_uint32(10_000)
        for _ in range(4):  # the first launch is slow, and clocks rise
            begin_s = time.monotonic()
            self.queue()
            self.finish()
            took_s = max(1e-6, time.monotonic() - begin_s)
            self._rounds = ctypes.c_uint32(max(1, int(self._rounds.value * chunk_s / took_s)))

    def queue(self) -> None:
        """One more chunk of work; returns before it is done."""
        arguments = (ctypes.c_void_p * 2)(
            ctypes.addressof(self._where), ctypes.addressof(self._rounds)
        )
        grid, block = (_BLOCKS, 1, 1), (_THREADS, 1, 1)
        self._ask("cuLaunchKernel", self._function, *grid, *block, 0, None, arguments, None)

    def finish(self) -> None:
        """Waits until all of it is done."""
        self._ask("cuCtxSynchronize")

    def _ask(self, name: str, *arguments: Any) -> None:
        code = getattr(self._cuda, name)(*arguments)
        if code:
            raise RuntimeError(f"{name} returned {code}")

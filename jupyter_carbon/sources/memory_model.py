"""Memory power assumed from what is installed, where no counter of it is readable.

    P = GiB x 0.3725 W

0.3725 W a GB is the figure of Green Algorithms (Lannelongue et al. 2021, after
Karyakin and Salem 2017); CodeCarbon's 3 W for 8 GB is 0.375. Power hardly depends
on what a program does with its memory, since refresh goes on all the time, so it is
taken as constant.

Range. Power goes by module rather than by GB: 2 to 5 W for a module of 4 to 64 GiB.
Small old modules reach 0.6 W/GB (1.7 times the figure); servers with large ones
spend 0.08 to 0.15 W/GB (0.2 times), and idle ones less still. The factor is
therefore 0.2 to 1.7.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import psutil

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceInfo

WATTS_PER_GIB = 0.3725
"""Green Algorithms' figure; see the module."""
RANGE = (0.2, 1.7)
"""Truth / figure; see the module."""


class MemoryModelSource:
    """The assumed energy of this machine's memory: constant power over the monotonic clock."""

    def __init__(self, total_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins to count for so much installed memory."""
        gib = total_bytes / 2**30
        self._power_w = gib * WATTS_PER_GIB
        self._clock = clock
        self._start_s = clock()
        low, high = RANGE
        self._info = SourceInfo(
            id="memory:model",
            name=f"Memory · {gib:.0f} GiB",
            kind="memory",
            host=platform.node(),
            provenance=Provenance.ASSUMED,
            low_factor=low,
            high_factor=high,
            counter_step_s=0.0,
            note=f"Assumed: {gib:.1f} GiB of memory x {WATTS_PER_GIB} W (Green Algorithms), since "
            f"no energy counter of it is readable; truth may be {low} to {high} times the figure, "
            "low with large server modules, high with small old ones.",
            details={"GiB": f"{gib:.1f}", "W": f"{self._power_w:.2f}"},
        )

    @property
    def info(self) -> SourceInfo:
        """What is known of it; constant."""
        return self._info

    def read(self) -> Reading:
        """The energy since the source began, and the constant power; never fails."""
        moment_s = self._clock()
        energy_j = self._power_w * (moment_s - self._start_s)
        return Reading(moment_s, energy_j, self._power_w, moment_s)

    def close(self) -> None:
        """Holds nothing."""


def discover(found: Discovery) -> Discovery:
    """The model of this machine's memory, unless something measures it already."""
    measured = any(
        source.info.kind == "memory" or "memory" in source.info.details.get("covers", "")
        for source in found.sources
    )
    if measured:
        return Discovery()
    return Discovery((MemoryModelSource(psutil.virtual_memory().total),))

"""The meter that `measure` uses: the kernel's where one is loaded, else one for this process."""

from __future__ import annotations

import atexit
import threading

from jupyter_carbon.kernel.extension import loaded_meter
from jupyter_carbon.kernel.synchronize import wait_for_gpus
from jupyter_carbon.meter import CarbonMeter, Measurement

_own: CarbonMeter | None = None
_guard = threading.Lock()


def get_meter() -> CarbonMeter:
    """The meter of this kernel, or of this process; it is started if none runs yet."""
    global _own
    loaded = loaded_meter()
    if loaded is not None:
        return loaded
    with _guard:
        if _own is None:
            _own = CarbonMeter()
            _own.before_end = wait_for_gpus if _own.synchronize else None
            _own.start()
            atexit.register(_own.sampler.stop, 0.5)
        return _own


def measure(label: str) -> Measurement:
    """Meters a block or, as a decorator, each call of a function, under a label.

    with measure("train") as training:
        ...
    print(training.energy_j, training.co2e_g)

    The figures are Estimates: value, low, high in joules and grams, and how
    they were got. Outside of a kernel the first use starts a meter; sources
    take a moment to be found, and a block shorter than that is carried back to
    its beginning at the first power that is read.
    """
    return get_meter().measure(label)

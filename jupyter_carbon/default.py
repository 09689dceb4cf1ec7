"""The meter that `measure` uses: the kernel's where one is loaded, else one for this process."""

from __future__ import annotations

import os
import sys
import threading
import warnings

from jupyter_carbon.kernel.extension import loaded_meter
from jupyter_carbon.kernel.synchronize import wait_for_gpus
from jupyter_carbon.measurement import Measurement
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.recorder import Recorder

_own: CarbonMeter | None = None
_recorder: Recorder | None = None
_guard = threading.Lock()


def get_meter() -> CarbonMeter:
    """The meter of this kernel, or of this process; it is started if none runs yet.

    Of the processes that `multiprocessing` makes only the first one meters: in
    the others the meter is there, reads nothing, and its figures are missing.
    """
    global _own, _recorder
    loaded = loaded_meter()
    with _guard:
        if loaded is not None:
            if _own is not None and _own.is_running and not _own.is_busy:
                # It was started before the extension was: one thread is enough.
                _own.stop()
                if _recorder is not None:
                    _recorder.stop()
            return loaded
        if _own is None:
            _own = CarbonMeter()
            if _own.synchronize:
                _own.before_end = wait_for_gpus
            for complaint in _own.complaints:
                warnings.warn(f"jupyter_carbon: {complaint}", stacklevel=3)
        if not _own.is_running and not _is_worker():
            _own.start()
            _recorder = _recorder or Recorder(_own, kernel="script")
            _recorder.start()
        return _own


def measure(label: str) -> Measurement:
    """Meters a block or, as a decorator, each call of a function, under a label.

    with measure("train") as training:
        ...
    print(training.energy_j, training.co2e_g)

    The figures are Estimates: value, low, high in joules and grams, and how
    they were got. Outside of a kernel the first block starts a meter; sources
    take a moment to be found, and a block shorter than that is carried back to
    its beginning at the first power that is read.
    """
    return Measurement(get_meter, label)


def _is_worker() -> bool:
    """True in a process that multiprocessing made, however it did."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _after_fork() -> None:
    global _guard
    _guard = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

"""Which board the stick is laid against."""

from __future__ import annotations

import json
import subprocess
import sys

_ASK = """
import json, pynvml
try:
    pynvml.nvmlInit()
    if pynvml.nvmlDeviceGetCount() == 0:
        raise RuntimeError("NVML knows no GPU")
    board = pynvml.nvmlDeviceGetHandleByIndex(0)
    pynvml.nvmlDeviceGetTotalEnergyConsumption(board)
    print(json.dumps([pynvml.nvmlDeviceGetUUID(board), ""]))
except Exception as error:
    print(json.dumps([None, f"No NVIDIA GPU with an energy counter here: {error}"]))
"""


def first_board() -> tuple[str | None, str]:
    """The UUID of the first board that has a counter, or None and why there is none.

    Asked in a process of its own: this one may have the stand-in loaded.
    """
    done = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True)
    uuid, reason = json.loads(done.stdout)
    return uuid, reason

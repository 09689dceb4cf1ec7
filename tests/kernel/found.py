"""Run in a kernel: waits until the meter has found its sources."""

from __future__ import annotations

import time

from jupyter_carbon import get_meter

_PATIENCE_S = 30.0


def are_found() -> bool:
    """True once they are, False if they are not for a long time."""
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        with get_meter().look() as account:
            if not account.is_searching:
                return True
        time.sleep(0.01)
    return False

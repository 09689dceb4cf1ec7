"""All that is injected."""

from __future__ import annotations

from tests.faults import (
    clocks,
    crowd,
    devices,
    driver,
    hooks,
    kills,
    processes,
    resources,
    week,
)
from tests.faults.injection import Injection

TABLE: list[Injection] = [
    *devices.INJECTIONS,
    *driver.INJECTIONS,
    *clocks.INJECTIONS,
    *hooks.INJECTIONS,
    *processes.INJECTIONS,
    *resources.INJECTIONS,
    *kills.INJECTIONS,
    *crowd.INJECTIONS,
    *week.INJECTIONS,
]

"""Memory's assumed power."""

from __future__ import annotations

import psutil
import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.sources import memory_model
from jupyter_carbon.sources.base import Discovery
from jupyter_carbon.sources.memory_model import MemoryModelSource


def test_energy_is_constant_power_over_time():
    now_s = [500.0]
    source = MemoryModelSource(64 * 2**30, clock=lambda: now_s[0])
    assert source.read().counter_j == 0
    now_s[0] += 100
    reading = source.read()
    assert reading.power_w == pytest.approx(64 * 0.3725)
    assert reading.counter_j == pytest.approx(64 * 0.3725 * 100)
    assert reading.moment_s == reading.until_s == 600
    source.close()
    source.close()


def test_it_says_that_it_is_assumed_and_how_wide():
    info = MemoryModelSource(64 * 2**30).info
    assert (info.id, info.kind, info.provenance) == ("memory:model", "memory", Provenance.ASSUMED)
    assert (info.low_factor, info.high_factor, info.counter_step_s) == (0.2, 1.7, 0.0)
    assert "64.0 GiB" in info.note
    # A server's 1 TiB in sixteen modules of 5 W, and a desktop's 8 GiB in two of 2 W, are inside.
    for gib, true_w in ((1024, 80), (8, 4)):
        figure_w = gib * memory_model.WATTS_PER_GIB
        assert info.low_factor <= true_w / figure_w <= info.high_factor


def test_this_machine_has_all_its_memory_unless_it_is_measured():
    (source,) = memory_model.discover(Discovery()).sources
    gib = psutil.virtual_memory().total / 2**30
    assert source.read().power_w == pytest.approx(gib * memory_model.WATTS_PER_GIB)
    assert memory_model.discover(Discovery((source,))) == Discovery()

"""A processor's counters in a real kernel: cells have what the powercap tree says they drew."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_carbon.sources.rapl import ROOT_VARIABLE
from tests.kernel.real_kernel import real_kernel
from tests.kernel.sums import assert_adds_up
from tests.standin.nvml import Standin
from tests.standin.powercap import PowercapTree, server


def test_cells_have_the_energy_of_package_and_memory(gpu: Standin, tmp_path: Path) -> None:
    with PowercapTree(tmp_path / "sys", server(2, package_w=100.0, dram_w=10.0)) as tree:
        environment = gpu.environment() | {ROOT_VARIABLE: str(tree.root)}
        with real_kernel(environment, tmp_path) as kernel:
            kernel.ok("%load_ext jupyter_carbon")
            first = kernel.ok("import time; time.sleep(0.5)")
            # More than steady power while the second cell runs.
            more = kernel.start("time.sleep(1)")
            kernel.wait_busy(more)
            for zone in ("intel-rapl:0", "intel-rapl:1"):
                tree.advance(zone, 20.0)
            kernel.finish(more)
            document = kernel.export(tmp_path / "all.json")
    assert_adds_up(document)
    cells = {cell["execution_count"]: cell for cell in document["cells"]}
    kinds = {source["id"]: source["kind"] for source in document["sources"]}
    for number, more_j in ((first.number, 0.0), (more.number, 40.0)):
        span_s = cells[number]["duration_s"]
        for kind, true_j in (("cpu", 200.0 * span_s + more_j), ("memory", 20.0 * span_s)):
            values = [
                estimate["value"]
                for key, estimate in cells[number]["sources"].items()
                if kinds[key] == kind
            ]
            assert sum(values) == pytest.approx(true_j, rel=0.05)
    assert all(
        source["provenance"] == "counter" and source["state"] == "ok"
        for source in document["sources"]
    )

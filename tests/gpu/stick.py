"""The measuring stick on a real board: the meter in a kernel against another process.

    python -m tests.gpu [--json docs/gpu/h100.json]

The truth is the board's own counter, read densely by a process that does
nothing else: it tells whether the meter divides it rightly among cells, not
whether the sensor itself is right. Within a step of the counter the
instantaneous power divides it, which is as exact as that power is fresh: a
short cell's truth is known less well than the sum of many, since their phases
differ.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from tests.accuracy.stick import execute, kernel_in
from tests.gpu.sensors import Counter, summary

ROOT = Path(__file__).parents[2]
CELLS = {0.05: 20, 0.3: 12, 1.0: 6, 5.0: 3, 30.0: 1}
"""Cells of so many seconds, and how many of each."""
_QUIET_S = 0.7
SENSOR = 0.05


def run(
    uuid: str, cells: Mapping[float, int] = CELLS, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Runs the cells and returns what is written as JSON.

    Args:
        uuid: the board's.
        cells: how many cells of each length in seconds.
        environment: of the kernel and the reader.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reader = _start_reader(uuid, folder / "seen.json", environment)
        try:
            kind, wall_s = asyncio.run(_run_cells(uuid, cells, folder, environment))
        finally:
            _, errors = reader.communicate("")
        if reader.returncode:
            raise RuntimeError(f"The reader ended: {errors}")
        seen = json.loads((folder / "seen.json").read_text())
        export = json.loads((folder / "export.json").read_text())
    return _compare(uuid, kind, wall_s, seen, export)


def _start_reader(uuid: str, path: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    reader = subprocess.Popen(
        [sys.executable, "-m", "tests.gpu.reader", uuid, str(path)],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    if reader.stdout.readline() != "ready\n":
        _, errors = reader.communicate("")
        raise RuntimeError(f"The reader did not start: {errors}")
    return reader


async def _run_cells(
    uuid: str, cells: Mapping[float, int], folder: Path, environment: Mapping[str, str]
) -> tuple[str, float]:
    """Runs them; returns the load's name, and the wall clock's distance from the monotonic."""
    found = folder / "found.json"
    # CUDA's first device and the board that is read must be the same.
    chosen = {**environment, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": uuid}
    chosen["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), chosen.get("PYTHONPATH"))))
    async with kernel_in(chosen, folder) as client:
        await execute(client, "import json, time\nfrom tests.gpu.load import *\nname = prepare()")
        await execute(client, "%load_ext jupyter_carbon")
        await asyncio.sleep(2.0)
        for span_s, count in cells.items():
            for wait in (True, False):
                for _ in range(count):
                    await _cell(client, span_s, wait)
        await execute(client, f"%carbon export {folder / 'export.json'}")
        await execute(
            client,
            "with open(" + repr(str(found)) + ", 'w') as file:\n"
            "    json.dump([name, time.time() - time.monotonic()], file)",
        )
    await asyncio.sleep(0.5)
    name, wall_s = json.loads(found.read_text())
    return name, wall_s


async def _cell(client: AsyncKernelClient, span_s: float, wait: bool) -> None:
    """One cell under a label that says what it is, and quiet after it."""
    label = f"{span_s:g} s {'waited for' if wait else 'queued'}"
    code = f"%%carbon --quiet --label '{label}'\nwork({span_s!r}, wait={wait})"
    await execute(client, code, timeout_s=4 * span_s + 60)
    await execute(client, "settle()", timeout_s=4 * span_s + 60)
    await asyncio.sleep(_QUIET_S)


def _compare(
    uuid: str, load: str, wall_s: float, seen: dict[str, Any], export: dict[str, Any]
) -> dict[str, Any]:
    counter = Counter(seen["changes"]["counter_mj"], seen["changes"]["instant_mw"])
    key = f"gpu:{uuid}"
    groups: dict[str, list[dict[str, float]]] = defaultdict(list)
    longest = (0.0, 0.0)
    for cell in export["cells"]:
        if cell["label"] is None:
            continue
        begin_s = datetime.fromisoformat(cell["started"]).timestamp() - wall_s
        end_s = begin_s + cell["duration_s"]
        estimate = cell["sources"][key]
        groups[cell["label"]].append(
            {
                "duration_s": cell["duration_s"],
                "true_j": counter.energy_j(begin_s, end_s),
                "value_j": estimate["value"],
                "edge_j": estimate["high"] - (1 + SENSOR) * estimate["value"],
            }
        )
        longest = max(longest, (begin_s, end_s), key=lambda span: span[1] - span[0])
    return {
        "device": seen["name"],
        "driver": seen["driver"],
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "load": load,
        "sensors": summary(seen, *longest),
        "cells": [_group(label, cells) for label, cells in groups.items()],
        "notes": export["notes"],
    }


def _group(label: str, cells: list[dict[str, float]]) -> dict[str, Any]:
    true_j, value_j = sum(c["true_j"] for c in cells), sum(c["value_j"] for c in cells)
    off = [abs(c["value_j"] / c["true_j"] - 1) for c in cells if c["true_j"] > 0]
    held = [abs(c["value_j"] - c["true_j"]) <= c["edge_j"] for c in cells]
    return {
        "cell": label,
        "count": len(cells),
        "duration_s": statistics.fmean(c["duration_s"] for c in cells),
        "true_j": true_j,
        "metered_j": value_j,
        "sum_off_percent": 100 * (value_j / true_j - 1) if true_j > 0 else None,
        "cells_off_percent": 100 * statistics.fmean(off) if off else None,
        "edges_hold_percent": 100 * sum(held) / len(held),
    }


def table(found: dict[str, Any]) -> str:
    """What was found, for people."""
    sensors = found["sensors"]
    lines = [
        f"{found['device']}, driver {found['driver']}, {found['date']}, load by {found['load']}",
        f"counter every {_ms(sensors['counter_step_s']['median'])}"
        f" ({_ms(sensors['counter_step_s']['p5'])} to {_ms(sensors['counter_step_s']['p95'])})",
    ]
    lines += [
        f"{kind} power every {_ms(sensors[f'{kind}_refresh_s'])},"
        f" as if over {_ms(sensors[f'{kind}_window_s'])}"
        for kind in ("instant", "usage")
    ]
    lines += [
        f"{call}: {spread['median']:.3f} ms a call, p95 {spread['p95']:.3f} ms"
        for call, spread in sensors["calls_ms"].items()
    ]
    lines += [f"{name}: {error}" for name, error in sensors["errors"].items()]
    lines.append(
        f"{'cell':22}{'count':>6}{'true J':>12}{'sum off':>10}{'cells off':>11}{'held':>8}"
    )
    lines += [
        f"{row['cell']:22}{row['count']:>6}{row['true_j']:>12.1f}"
        f"{_percent(row['sum_off_percent'], True):>10}{_percent(row['cells_off_percent']):>11}"
        f"{_percent(row['edges_hold_percent']):>8}"
        for row in found["cells"]
    ]
    return "\n".join([*lines, *found["notes"]])


def _ms(span_s: float | None) -> str:
    return "unknown" if span_s is None else f"{1e3 * span_s:.1f} ms"


def _percent(value: float | None, signed: bool = False) -> str:
    return "-" if value is None else f"{value:{'+' if signed else ''}.2f} %"

"""The measuring stick: true energy against metered energy, cell by cell, in a real kernel.

A kernel is started over the NVML stand-in, loads the extension as a user does
and runs a scenario's cells. What is metered comes from `%carbon export` alone;
what is true comes from the stand-in's trace, between the moments that hooks of
the stick's own noted in the kernel.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

from tests.accuracy.scenarios import Scenario, Step
from tests.standin.nvml import VARIABLE, Code, Standin

SENSOR = 0.05
"""What a board's sensor is taken to be off by: the factors in its range."""
_WAIT_S = 60.0
_SAME_S = 0.05
"""Cells whose beginnings are no further apart are the same: none is so short and so close."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Board:
    """One board in one cell: joules, None where it was not measured."""

    true_j: float
    value_j: float | None
    low_j: float
    high_j: float
    provenance: str

    @property
    def edge_j(self) -> float:
        """Half the range, without the sensor's part."""
        return self.high_j - (1 + SENSOR) * (self.value_j or 0.0)


@dataclass(frozen=True)
class Cell:
    """A cell's boards, and when it ran on the monotonic clock."""

    begin_s: float
    end_s: float
    boards: tuple[Board, ...]
    jump_w: float
    """The jump of power within a step of one of its edges, the larger one, over all boards."""

    @property
    def true_j(self) -> float:
        return sum(board.true_j for board in self.boards)

    @property
    def value_j(self) -> float:
        return sum(board.value_j or 0.0 for board in self.boards)

    @property
    def error(self) -> float:
        """Relative: metered over true, less 1."""
        return self.value_j / self.true_j - 1

    @property
    def edge_j(self) -> float:
        return sum(board.edge_j for board in self.boards)

    @property
    def low_j(self) -> float:
        return sum(board.low_j for board in self.boards)

    @property
    def high_j(self) -> float:
        return sum(board.high_j for board in self.boards)


@dataclass(frozen=True)
class Outcome:
    """What a run of a scenario gave."""

    scenario: Scenario
    cells: tuple[Cell, ...]
    session_true_j: float
    session_value_j: float
    notes: tuple[str, ...]

    @property
    def session_error(self) -> float:
        """Relative: metered over true, less 1."""
        return self.session_value_j / self.session_true_j - 1


def run(scenario: Scenario, folder: Path, *, cells: int, seed: int) -> Outcome:
    """Runs a scenario in a kernel of its own.

    Args:
        scenario: what to run.
        folder: for the stand-in's state and the export.
        cells: how many cells.
        seed: of the phases of the sensors and the gaps between cells.
    """
    rng = random.Random(f"{scenario.name}/{seed}")
    gpu = Standin.create(folder / "state", devices=scenario.devices)
    for device in gpu.devices:
        device.counter.phase_s = rng.random()
        device.power.phase_s = rng.random()
    scenario.prepare(gpu)
    export, times = folder / "export.json", folder / "times.json"
    steps = scenario.script(cells)
    asyncio.run(_run(gpu, scenario, steps, rng, export, times))
    codes = {step.code for step in steps}
    return _compare(
        scenario, codes, gpu, json.loads(export.read_text()), json.loads(times.read_text())
    )


async def _run(
    gpu: Standin,
    scenario: Scenario,
    steps: Sequence[Step],
    rng: random.Random,
    export: Path,
    times: Path,
) -> None:
    async with kernel(gpu, export.parent) as client:
        await execute(client, "from tests.accuracy.in_kernel import *")
        await execute(client, f"times = begin({str(times)!r})")
        await asyncio.sleep(0.5)
        if scenario.queued:
            for message in [client.execute(step.code) for step in steps]:
                await _reply(client, message)
        else:
            for step in steps:
                await asyncio.sleep(rng.uniform(*scenario.gap_s))
                if step.act is not None:
                    step.act(gpu)
                await execute(client, step.code)
        await asyncio.sleep(rng.uniform(*scenario.gap_s))
        await execute(client, f"%carbon export {export}")
        await execute(client, "times.write()")


@asynccontextmanager
async def kernel(gpu: Standin, folder: Path) -> AsyncIterator[AsyncKernelClient]:
    """A kernel in which pynvml finds the stand-in, and a client of it; it ends with the block."""
    async with kernel_in(gpu.environment(), folder) as client:
        yield client


@asynccontextmanager
async def kernel_in(
    environment: Mapping[str, str], folder: Path
) -> AsyncIterator[AsyncKernelClient]:
    """A kernel with an environment less the meter's settings, and a client of it."""
    chosen = {
        name: value
        for name, value in environment.items()
        if not name.startswith("JUPYTER_CARBON_") or name == VARIABLE
    }
    chosen["IPYTHONDIR"] = str(folder / "ipython")
    manager = AsyncKernelManager(kernel_name="python3")
    with (folder / "kernel.log").open("wb") as log:
        await manager.start_kernel(env=chosen, stdout=log, stderr=subprocess.STDOUT)
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=_WAIT_S)
        yield client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def execute(client: AsyncKernelClient, code: str, timeout_s: float = _WAIT_S) -> None:
    """Runs a cell and waits for its end.

    Raises:
        RuntimeError: with the cell's own error, if it failed.
    """
    await _reply(client, client.execute(code), timeout_s)


async def _reply(client: AsyncKernelClient, message: str, timeout_s: float = _WAIT_S) -> None:
    while True:
        reply = await client.get_shell_msg(timeout=timeout_s)
        if reply["parent_header"].get("msg_id") == message:
            break
    if reply["content"]["status"] != "ok":
        text = "\n".join(reply["content"].get("traceback", ["the cell failed"]))
        raise RuntimeError(_COLOURS.sub("", text))


def _compare(
    scenario: Scenario,
    codes: set[str],
    gpu: Standin,
    export: dict[str, Any],
    times: dict[str, Any],
) -> Outcome:
    by_id = {source["id"]: source for source in export["sources"] if source["kind"] == "gpu"}
    if len(by_id) != len(gpu.devices):
        raise RuntimeError(f"{len(by_id)} of {len(gpu.devices)} boards are in the export")
    wall_s = times["wall_minus_monotonic_s"]
    metered = {_started_s(cell) - wall_s: cell["sources"] for cell in export["cells"]}
    cells = []
    for code, begin_s, end_s in times["cells"]:
        if code in codes:
            started_s = min(metered, key=lambda moment_s: abs(moment_s - begin_s))
            if abs(started_s - begin_s) > _SAME_S:
                raise RuntimeError(f"the cell at {begin_s} is not in the export")
            estimates = [metered[started_s][key] for key in by_id]
            cells.append(_cell(scenario, gpu, estimates, begin_s, end_s))
    session = export["session"]
    begin_s = _started_s(session) - wall_s
    end_s = begin_s + session["duration_s"]
    true_j = sum(_true_j(gpu, place, begin_s, end_s) for place in range(len(gpu.devices)))
    value_j = sum(source["energy_j"]["value"] or 0.0 for source in by_id.values())
    return Outcome(scenario, tuple(cells), true_j, value_j, tuple(export["notes"]))


def _started_s(window: dict[str, Any]) -> float:
    return datetime.fromisoformat(window["started"]).timestamp()


def _cell(
    scenario: Scenario,
    gpu: Standin,
    estimates: list[dict[str, Any]],
    begin_s: float,
    end_s: float,
) -> Cell:
    boards = tuple(
        Board(
            _true_j(gpu, place, begin_s, end_s),
            estimate["value"],
            estimate["low"] or 0.0,
            estimate["high"] or 0.0,
            estimate["provenance"],
        )
        for place, estimate in enumerate(estimates)
    )
    jump_w = sum(
        max(_jump_w(gpu, place, edge_s, scenario.step_s) for edge_s in (begin_s, end_s))
        for place in range(len(boards))
    )
    return Cell(begin_s, end_s, boards, jump_w)


def _jump_w(gpu: Standin, place: int, edge_s: float, step_s: float) -> float:
    """How far apart a board's powers are within a step of a cell's edge."""
    count = 50
    powers_w = [
        gpu.true_power_w(place, edge_s + step_s * part / count) for part in range(-count, count + 1)
    ]
    return max(powers_w) - min(powers_w)


def _true_j(gpu: Standin, place: int, begin_s: float, end_s: float) -> float:
    """What a board drew between two moments while it was there."""
    board = gpu.devices[place]
    lost_s = min(
        (
            fault.from_s
            for fault in board.faults[: board.fault_count]
            if fault.code == Code.GPU_IS_LOST
        ),
        default=math.inf,
    )
    begin_s, end_s = min(begin_s, lost_s), min(end_s, lost_s)
    return gpu.true_energy_j(place, begin_s, end_s)

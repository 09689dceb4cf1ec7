"""In a process of its own: a meter over the real pynvml and boards that go wrong under it.

    python -m tests.faults.driven each|reload|slow|added

The boards are those of the NVML stand-in that the environment names. It prints
as JSON what each board's cells, session and gaps were.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from jupyter_carbon import rounds
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.sources import nvml
from jupyter_carbon.sources.base import Discovery
from tests.standin.nvml import Call, Code, Standin

IDLE_W, LOAD_W = 60.0, 300.0
FAULT_S = 3.5
BACK_S = 10.0
"""A source that failed is asked again after 1, 2 and 5 s."""

EACH = (
    "lost for 2 s",
    "counter at 0 again",
    "counter stands still",
    "counter goes backward",
    "no number for 3.5 s",
    "no permission for 3.5 s",
    "sound",
)


def spoil_each(gpu: Standin) -> None:
    gpu.lose(0, for_s=2.0)
    gpu.reset_counter(1)
    gpu.freeze_counter(2)
    gpu.glitch_counter(3, by_j=50.0, for_s=1.0)
    gpu.fail(4, Call.FIELDS, Code.GARBAGE, for_s=FAULT_S)
    gpu.fail(5, Call.ANY, Code.NO_PERMISSION, for_s=FAULT_S)


def spoil_reload(gpu: Standin) -> None:
    gpu.unload_driver(for_s=3.0)
    for board in range(len(gpu.devices)):
        gpu.reset_counter(board)


def spoil_slow(gpu: Standin) -> None:
    gpu.devices[0].latency_s[Call.FIELDS] = 5.0


def spoil_added(gpu: Standin) -> None:
    gpu.add_board(idle_w=IDLE_W)


SPOIL: dict[str, Callable[[Standin], None]] = {
    "each": spoil_each,
    "reload": spoil_reload,
    "slow": spoil_slow,
    "added": spoil_added,
}


class Run:
    """Cells before, while and after, and what was drawn in them."""

    def __init__(self, gpu: Standin) -> None:
        self.gpu = gpu
        self.began_s = time.monotonic()
        self.meter = CarbonMeter(discover=lambda: nvml.discover(Discovery()), environ={})
        self.meter.start()
        self.cells: list[tuple[Any, float, float]] = []
        self.longest_edge_s = 0.0

    def cell(self, span_s: float) -> None:
        edge_s = time.monotonic()
        window = self.meter.open_cell(f"cell-{len(self.cells)}", len(self.cells))
        begin_s = time.monotonic()
        self._load(LOAD_W)
        time.sleep(span_s)
        self._load(IDLE_W)
        end_s = time.monotonic()
        self.meter.close_cell(window, "ok")
        self.longest_edge_s = max(self.longest_edge_s, begin_s - edge_s, time.monotonic() - end_s)
        self.cells.append((window, begin_s, end_s))

    def _load(self, power_w: float) -> None:
        for board in range(len(self.gpu.devices)):
            self.gpu.load(board, power_w)

    def boards(self) -> list[dict[str, Any]]:
        """By board: each cell's relative error (None: missing), the session's excess, the gaps."""
        now_s = time.monotonic()
        found = []
        with self.meter.look() as account:
            for place, device in enumerate(self.gpu.devices):
                source_id = f"gpu:{device.uuid.decode()}"
                source = account.sources[source_id]
                errors: list[float | None] = []
                for window, begin_s, end_s in self.cells:
                    energy = account.energy(window.start, window.end)[source_id]
                    true_j = self.gpu.true_energy_j(place, begin_s, end_s)
                    errors.append(None if energy.value is None else energy.value / true_j - 1)
                first_s = source.curve.first_s or now_s
                is_late = first_s - self.began_s > BACK_S
                from_s = first_s if is_late else self.began_s
                true_j = self.gpu.true_energy_j(place, from_s, now_s)
                for gap in source.curve.gaps:
                    true_j -= self.gpu.true_energy_j(place, gap.from_s, gap.to_s or now_s)
                session = account.energy(account.session.start, -1)[source_id]
                found.append(
                    {
                        "errors": errors,
                        "excess_j": (session.value or 0.0) - true_j,
                        "gaps": [gap.reason for gap in source.curve.gaps],
                        "caught": source.curve.caught,
                        "state": source.state,
                        "late": is_late,
                    }
                )
        return found


def main() -> None:
    kind = sys.argv[1]
    gpu = Standin.attach()
    rounds._LOOK_S = 3.0
    run = Run(gpu)
    time.sleep(2.0)
    run.cell(1.5)
    time.sleep(0.7)
    if kind == "added":
        # What is found sooner counts as there from the beginning.
        time.sleep(BACK_S)
    SPOIL[kind](gpu)
    run.cell(2.0)
    time.sleep(0.5)
    run.cell(1.0)
    time.sleep(BACK_S)
    if kind == "slow":
        gpu.devices[0].latency_s[Call.FIELDS] = 0.0
        time.sleep(BACK_S / 2)
    run.cell(1.5)
    time.sleep(2.0)
    answer = {
        "boards": run.boards(),
        "longest_edge_s": run.longest_edge_s,
        "complaints": run.meter.complaints,
    }
    run.meter.stop()
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

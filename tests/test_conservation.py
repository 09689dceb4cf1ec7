"""Cells and what lies between them are the session, whatever happens in whatever order."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_carbon.sources.base import SourceError
from jupyter_carbon.summary.document import build_document
from jupyter_carbon.windows import Window
from tests.simulation import Board, Clock, Kernel

LOST = SourceError("lost", "The board fell off the bus.")
FAILED = SourceError("failed", "The board did not answer.")

STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.003, 0.05, 0.2, 0.7, 3.0])),
    st.tuples(st.just("starve"), st.sampled_from([0.01, 0.3, 1.2])),
    st.tuples(st.just("load"), st.sampled_from([20.0, 60.0, 180.0, 300.0])),
    st.tuples(st.just("open"), st.sampled_from(["cell", "label"])),
    st.tuples(st.just("close"), st.integers(0, 5)),
    st.tuples(st.just("region"), st.sampled_from(["DE", "FR", "world", "PL"])),
    st.tuples(st.just("everything"), st.sampled_from(["SE", "US"])),
    st.tuples(st.just("pue"), st.sampled_from([1.0, 1.58])),
    st.tuples(st.just("pause"), st.none()),
    st.tuples(st.just("resume"), st.none()),
    st.tuples(st.just("reset"), st.none()),
    st.tuples(st.just("fail"), st.sampled_from([LOST, FAILED])),
    st.tuples(st.just("mend"), st.none()),
    st.tuples(st.just("sleep"), st.none()),
)


class Machine:
    """Does what a step says, and keeps the sessions that have ended."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.first = Board(self.clock, name="first")
        self.second = Board(self.clock, name="second", counter_step_s=None, noise_w=0.5)
        self.kernel = Kernel(self.first, self.second, clock=self.clock)
        self.open: list[Window] = []
        self.sessions: list[Any] = []
        self.count = 0

    def do(self, name: str, argument: Any) -> None:
        meter, kernel = self.kernel.meter, self.kernel
        if name == "wait":
            kernel.wait(argument)
        elif name == "starve":
            kernel.wait(argument, starved=True)
        elif name == "load":
            self.first.load(argument)
            self.second.load(argument / 2)
        elif name == "open":
            self.count += 1
            if argument == "cell":
                self.open.append(meter.open_cell(f"c{self.count}", self.count))
            else:
                self.open.append(meter.open_label(f"label {self.count}"))
            kernel.wake()
        elif name == "close" and self.open:
            window = self.open.pop(argument % len(self.open))
            close = meter.close_cell if window.kind == "cell" else meter.close_label
            close(window, "ok")
            kernel.wake()
        elif name in ("region", "everything"):
            meter.set_region(argument, everything=name == "everything")
        elif name == "pue":
            meter.set_pue(argument)
        elif name == "pause":
            meter.pause()
        elif name == "resume":
            meter.resume()
            kernel.wake()
        elif name == "reset":
            self.sessions.append(meter.reset())
        elif name == "fail":
            self.first.fails = lambda _now_s: argument
        elif name == "mend":
            self.first.fails = lambda _now_s: None
        elif name == "sleep":
            kernel.slept_s += 7200.0

    def check(self) -> None:
        for session in [*self.sessions, None]:
            check_sums(build_document(self.kernel.meter, session))


def value(estimate: Any) -> float:
    if estimate["value"] is None:
        return 0.0
    assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert estimate["low"] >= 0
    return float(estimate["value"])


def close_to(parts: float, whole: float) -> bool:
    return math.isclose(parts, whole, rel_tol=1e-6, abs_tol=1e-6)


def check_sums(document: Any) -> None:
    session, cells = document["session"], document["cells"]
    in_cells_j = sum(value(cell["energy_j"]) for cell in cells)
    assert close_to(in_cells_j + value(session["between_cells_j"]), value(session["energy_j"]))
    in_cells_g = sum(value(cell["co2e_g"]) for cell in cells)
    assert close_to(in_cells_g + value(session["between_cells_co2e_g"]), value(session["co2e_g"]))
    for source in document["sources"]:
        mine_j = sum(value(cell["sources"][source["id"]]) for cell in cells)
        assert close_to(mine_j + value(source["between_cells_j"]), value(source["energy_j"]))
    per_source_j = sum(value(source["energy_j"]) for source in document["sources"])
    assert close_to(per_source_j, value(session["energy_j"]))


@given(st.lists(STEPS, min_size=1, max_size=25))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cells_and_between_are_the_session_at_any_moment(
    steps: list[tuple[str, Any]],
) -> None:
    machine = Machine()
    for name, argument in steps:
        machine.do(name, argument)
        machine.check()
    machine.kernel.wait(5.0)
    machine.check()

"""An account whose sources draw a power that is known exactly."""

from __future__ import annotations

import math

from jupyter_carbon.account import NOW, Account, SourceAccount
from jupyter_carbon.carbon import Intensity, Rate
from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import FailureState, SourceInfo
from jupyter_carbon.windows import Window, WindowKind, WindowStatus

BEGIN_S, WALL_S = 1000.0, 1.7e9
POWER_W = 100.0
READ_EVERY_S = 0.1
STEP_S, STEP_PHASE_S = 0.1, 0.037


def rate(g_per_kwh: float, pue: float = 1.0) -> Rate:
    return Rate(Intensity(g_per_kwh, "Here", "XX", "stated", "stated", None, "stated"), pue)


def info(name: str, *, step_s: float | None = 0.0) -> SourceInfo:
    return SourceInfo(
        id=name,
        name=name,
        kind="gpu",
        host="test",
        provenance=Provenance.COUNTER,
        low_factor=0.95,
        high_factor=1.05,
        counter_step_s=step_s,
    )


class Ledger:
    """An account whose sources draw 100 W each, read every 0.1 s from a continuous counter."""

    def __init__(self, *names: str, step_s: float | None = 0.0) -> None:
        self.now_s = BEGIN_S
        self.account = Account(BEGIN_S, WALL_S, rate(100.0))
        self.silent: set[str] = set()
        self.counted_from_j: dict[str, float] = {}
        self.step_s = step_s
        for name in names or ("gpu",):
            self.add(name)

    def add(self, name: str) -> None:
        self.account.add_source(info(name, step_s=self.step_s))
        self.counted_from_j[name] = 0.0

    @property
    def wall_s(self) -> float:
        return WALL_S + self.now_s - BEGIN_S

    def counter_j(self, name: str) -> float:
        """Drawn since the account began, but for what was taken off."""
        counted_s = self.now_s - BEGIN_S
        if self.step_s is None:
            steps = math.floor((counted_s - STEP_PHASE_S) / STEP_S)
            counted_s = steps * STEP_S + STEP_PHASE_S
        return 500.0 + POWER_W * counted_s - self.counted_from_j[name]

    def read(self) -> None:
        for name in self.account.sources:
            if name not in self.silent:
                counter_j = self.counter_j(name)
                self.account.take(name, Reading(self.now_s, counter_j, POWER_W, self.now_s))

    def run(self, span_s: float) -> None:
        for _ in range(round(span_s / READ_EVERY_S)):
            self.now_s += READ_EVERY_S
            self.read()

    def follow(self, span_s: float) -> None:
        """The same, and whenever a curve asks for one more reading."""
        until_s = self.now_s + span_s
        while self.now_s < until_s:
            due_s = self.now_s + READ_EVERY_S
            for source in self.account.sources.values():
                due_s = min(due_s, source.curve.wants(self.now_s) or due_s)
            self.now_s = min(until_s, max(due_s, self.now_s + 0.0001))
            self.read()

    def open(self, name: str = "cell", kind: WindowKind = "cell", code: str = "") -> Window:
        window = Window(kind, name, code=code)
        self.account.open(window, self.now_s, self.wall_s)
        return window

    def close(self, window: Window, status: WindowStatus = "ok") -> Window | None:
        return self.account.close(window, self.now_s, self.wall_s, status)

    def fail(self, name: str, state: FailureState = "failed") -> None:
        self.account.fail(name, self.now_s, state, "It did not answer.", "")

    def energy_j(self, window: Window) -> float:
        return value(self.account.cost([(window.start, window.end)]).energy_j)

    def session_j(self) -> float:
        return value(self.account.cost([(self.account.session.start, NOW)]).energy_j)

    def source(self, name: str = "gpu") -> SourceAccount:
        return self.account.sources[name]


def value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value

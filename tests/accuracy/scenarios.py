"""What the stick is laid against: sensors, loads, and how far off a figure may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.standin.nvml import Call, Standin

STEP_S = 0.1
"""Most boards' counter refreshes this often; it is the stand-in's default too."""
JITTER = 0.1


@dataclass(frozen=True)
class Step:
    """A cell of a scenario; `act` is done to the boards right before it runs."""

    code: str
    act: Callable[[Standin], None] | None = None
    judged: bool = True


def _as_it_is(_gpu: Standin) -> None:
    pass


@dataclass(frozen=True)
class Scenario:
    """Cells over boards of a kind.

    Limits are in percent: of the mean of the cells' absolute errors, and of the
    session's. `step_s` is how often what the account follows refreshes.
    """

    name: str
    code: str
    limit_percent: float
    session_limit_percent: float = 0.2
    prepare: Callable[[Standin], None] = _as_it_is
    devices: int = 1
    step_s: float = STEP_S
    short: int = 10
    full: int = 20
    counted: bool = True
    """A counter is followed, so that the width of ranges has a limit that is known."""
    queued: bool = False
    gap_s: tuple[float, float] = (0.25, 0.75)
    steps: Callable[[int], list[Step]] | None = None
    integrated: bool = False
    """Only cells of which the power was integrated are judged: those after a switch."""
    loses: bool = False
    """The first board is lost within the second of the judged cells."""

    def script(self, cells: int) -> list[Step]:
        """The cells to run, one after the other."""
        return [Step(self.code)] * cells if self.steps is None else self.steps(cells)


def _counter_step(step_s: float) -> Callable[[Standin], None]:
    def prepare(gpu: Standin) -> None:
        for device in gpu.devices:
            device.counter.period_s = step_s

    return prepare


def _no_counter(gpu: Standin) -> None:
    for device in gpu.devices:
        device.counter.supported = 0
        device.power.noise_w = 0.5


def _only_averages(gpu: Standin) -> None:
    for device in gpu.devices:
        device.counter.supported = 0
        device.power.instant_supported = 0
        device.power.period_s = STEP_S


def _slow_calls(gpu: Standin) -> None:
    for device in gpu.devices:
        device.latency_s[Call.ANY] = 0.0024


def _freezes(cells: int) -> list[Step]:
    """Two cells with a counter that works, then it stands still."""
    sound = [Step("burst(1.0)")] * 2
    rest = [Step("burst(1.0)")] * (cells - 1)
    return [*sound, Step("burst(1.0)", act=lambda gpu: gpu.freeze_counter(0)), *rest]


def _under_reads(cells: int) -> list[Step]:
    """A counter that under-reads is caught by what it says at rest and at work, in some 25 s."""
    first = Step("burst(1.0)", act=lambda gpu: gpu.under_read(0, 0.57))
    return [Step("burst(1.0)"), first, *[Step("burst(1.0)")] * (14 + cells)]


def _is_lost(cells: int) -> list[Step]:
    return [Step("burst(1.0)"), Step("lose_first(10.0, 11.5)"), *[Step("burst(1.0)")] * cells]


def _jittering(scenario: Scenario) -> Scenario:
    def prepare(gpu: Standin) -> None:
        scenario.prepare(gpu)
        for device in gpu.devices:
            device.counter.jitter = device.power.jitter = JITTER

    return replace(
        scenario,
        name=f"{scenario.name}, jittering refreshes",
        limit_percent=3 * scenario.limit_percent,
        session_limit_percent=3 * scenario.session_limit_percent,
        prepare=prepare,
        step_s=scenario.step_s * (1 + 2 * JITTER),
    )


_BURSTS = "burst(0.3)"
PLAIN = (
    Scenario("20 ms counter, 300 ms cells", _BURSTS, 1.0, prepare=_counter_step(0.02), step_s=0.02),
    Scenario("100 ms counter, 300 ms cells", _BURSTS, 1.0),
    Scenario("100 ms counter, 1 s cells", "burst(1.0)", 0.5, short=6, full=12),
    Scenario("Run All", _BURSTS, 1.5, short=20, full=40, queued=True),
    Scenario("40 ms ramps", "burst(0.3, ramp_s=0.04)", 1.0),
    Scenario("loads that start late", "burst(0.3, late_s=0.11)", 1.0),
    Scenario("loads that outlive their cell", "burst(0.3, outlive_s=0.15)", 1.0),
    Scenario("cells that hold the interpreter", "burst(0.3, hold=True)", 1.0),
    Scenario(
        "no counter, 1 s cells",
        "burst(1.0)",
        0.3,
        prepare=_no_counter,
        counted=False,
        step_s=0.02,
        short=6,
        full=12,
    ),
    Scenario(
        "no counter, 1 Hz square wave",
        "square_wave(5.0, 1.0)",
        0.5,
        session_limit_percent=0.5,
        prepare=_no_counter,
        counted=False,
        step_s=0.02,
        short=2,
        full=5,
    ),
    Scenario(
        "only a 1 s average, 1.5 s cells",
        "burst(1.5)",
        1.0,
        session_limit_percent=0.7,
        prepare=_only_averages,
        counted=False,
        short=6,
        full=10,
        gap_s=(1.0, 2.0),
    ),
    Scenario("two boards", "burst(0.5)", 0.5, devices=2, short=8),
    Scenario("four boards of 2.4 ms a call", "burst(0.5)", 2.0, prepare=_slow_calls, devices=4),
)
FAULTY = (
    Scenario(
        "a counter that freezes",
        "burst(1.0)",
        0.5,
        session_limit_percent=0.5,
        step_s=0.02,
        steps=_freezes,
        integrated=True,
        counted=False,
        short=4,
        full=10,
    ),
    Scenario(
        "a counter that under-reads",
        "burst(1.0)",
        0.5,
        session_limit_percent=0.5,
        step_s=0.02,
        steps=_under_reads,
        integrated=True,
        counted=False,
        short=3,
        full=8,
    ),
    Scenario(
        "a board that is lost",
        "burst(1.0)",
        0.5,
        session_limit_percent=1.0,
        steps=_is_lost,
        devices=2,
        loses=True,
        short=2,
        full=3,
    ),
)
JITTERING = tuple(_jittering(scenario) for scenario in PLAIN)
ALL = (*PLAIN, *FAULTY, *JITTERING)

"""A board, a kernel and the meter's thread on a clock of their own: hours in a second.

The board is a pure copy of the NVML stand-in's physics, with its true energy
known exactly; the meter, its account and its sampler are the real ones, whose
rounds are run when they are due instead of on a thread.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceError, SourceInfo
from jupyter_carbon.windows import Window


class Clock:
    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Board:
    """A source whose power follows commands."""

    clock: Clock
    name: str = "board"
    idle_w: float = 60.0
    counter_step_s: float | None = 0.1
    """None: no counter; 0: continuous."""
    counter_phase_s: float = 0.037
    counter_jitter: float = 0.0
    power_step_s: float = 0.0
    noise_w: float = 0.0
    window_s: float = 0.0
    has_power: bool = True
    call_s: float = 0.00005
    hint_s: float | None = None
    frozen_from_s: float = math.inf
    under_from_s: float = math.inf
    under_factor: float = 0.57
    fails: Callable[[float], SourceError | None] = lambda _now_s: None
    seed: int = 0
    reads: int = 0
    _at_s: list[float] = field(default_factory=list)
    _from_w: list[float] = field(default_factory=list)
    _to_w: list[float] = field(default_factory=list)
    _ramp_s: list[float] = field(default_factory=list)
    _energy_j: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._append(self.clock.now_s - 100.0, self.idle_w, self.idle_w, 0.0)

    @property
    def info(self) -> SourceInfo:
        return SourceInfo(
            id=f"gpu:{self.name}",
            name=self.name,
            kind="gpu",
            host="test",
            provenance=Provenance.COUNTER,
            low_factor=0.95,
            high_factor=1.05,
            power_window_s=self.window_s,
            counter_step_s=self.hint_s,
        )

    def load(self, power_w: float, *, at_s: float | None = None, ramp_s: float = 0.0) -> None:
        at_s = self.clock.now_s if at_s is None else at_s
        self._append(at_s, self.power_w(at_s), power_w, ramp_s)

    def _append(self, at_s: float, from_w: float, to_w: float, ramp_s: float) -> None:
        self._energy_j.append(self.energy_j(at_s) if self._at_s else 0.0)
        self._at_s.append(at_s)
        self._from_w.append(from_w)
        self._to_w.append(to_w)
        self._ramp_s.append(ramp_s)

    def power_w(self, at_s: float) -> float:
        k = max(0, bisect_right(self._at_s, at_s) - 1)
        since_s = at_s - self._at_s[k]
        if since_s >= self._ramp_s[k]:
            return self._to_w[k]
        share = max(0.0, since_s) / self._ramp_s[k]
        return self._from_w[k] + share * (self._to_w[k] - self._from_w[k])

    def energy_j(self, at_s: float) -> float:
        """True energy since the beginning of the trace."""
        k = max(0, bisect_right(self._at_s, at_s) - 1)
        since_s = at_s - self._at_s[k]
        ramp_s = min(since_s, self._ramp_s[k])
        mean_w = self._from_w[k]
        if self._ramp_s[k] > 0:
            mean_w += (self._to_w[k] - self._from_w[k]) * ramp_s / self._ramp_s[k] / 2
        return self._energy_j[k] + mean_w * ramp_s + self._to_w[k] * (since_s - ramp_s)

    def true_j(self, from_s: float, to_s: float) -> float:
        return self.energy_j(to_s) - self.energy_j(from_s)

    def _refresh(self, at_s: float) -> float:
        assert self.counter_step_s is not None
        if self.counter_step_s == 0:
            return at_s
        k = math.floor((at_s - self.counter_phase_s) / self.counter_step_s) + 1
        while self._tick(k) > at_s:
            k -= 1
        return self._tick(k)

    def _tick(self, k: int) -> float:
        assert self.counter_step_s is not None
        shift = random.Random(f"{self.seed}/{k}").uniform(-1, 1) * self.counter_jitter
        return self.counter_phase_s + (k + shift) * self.counter_step_s

    def _counter_j(self, now_s: float) -> float | None:
        if self.counter_step_s is None:
            return None
        at_s = self._refresh(min(now_s, self.frozen_from_s))
        energy_j = self.energy_j(at_s)
        if at_s > self.under_from_s:
            since_j = self.energy_j(self.under_from_s)
            energy_j = since_j + self.under_factor * (energy_j - since_j)
        return round(energy_j, 3)

    def _power_reading_w(self, now_s: float) -> float | None:
        if not self.has_power:
            return None
        k = 0
        at_s = now_s
        if self.power_step_s > 0:
            k = math.floor((now_s - 0.0113) / self.power_step_s)
            at_s = 0.0113 + k * self.power_step_s
        if self.window_s > 0:
            value_w = self.true_j(at_s - self.window_s, at_s) / self.window_s
        else:
            value_w = self.power_w(at_s)
        if self.noise_w:
            key = k if self.power_step_s else now_s
            value_w += random.Random(f"n{self.seed}/{key}").uniform(-1, 1) * self.noise_w
        return round(value_w, 3)

    def read(self) -> Reading:
        self.reads += 1
        begin_s = self.clock.now_s
        error = self.fails(begin_s)
        if error is not None:
            raise error
        self.clock.now_s += self.call_s
        taken_s = begin_s + self.call_s / 2
        return Reading(
            begin_s, self._counter_j(taken_s), self._power_reading_w(taken_s), self.clock.now_s
        )

    def close(self) -> None:
        pass


class Kernel:
    """Runs a script of moments against a meter whose rounds come when they are due."""

    def __init__(
        self,
        *boards: Board,
        clock: Clock,
        watches: tuple[Callable[[], Discovery], ...] = (),
        **settings: object,
    ) -> None:
        self.clock = clock
        self.boards = boards
        self.slept_s = 0.0
        self.wall_shift_s = 1.7e9
        self.meter = CarbonMeter(
            discover=lambda: Discovery(tuple(boards), watches=watches),
            clock=clock,
            wall_clock=self.wall_s,
            asleep=lambda: self.slept_s,
            environ={},
            **settings,
        )
        self.began_s = clock.now_s
        self.cells: list[tuple[Window, float, float]] = []
        clock.now_s += 0.002
        self.meter.sampler.open()
        self._due_s = clock.now_s
        self._starved_until_s = -math.inf
        self.wait(0.3)

    def wall_s(self) -> float:
        """The wall clock."""
        return self.clock.now_s + self.wall_shift_s

    def wait(self, span_s: float, *, starved: bool = False) -> None:
        """Lets time pass; `starved`: the thread does not get the interpreter meanwhile."""
        until_s = self.clock.now_s + span_s
        if starved:
            self.clock.now_s = until_s
            self._due_s = until_s
            return
        while self._due_s < until_s:
            self.clock.now_s = max(self.clock.now_s, self._due_s)
            self._due_s = self.meter.sampler.step()
            self._check_no_fault()
        self.clock.now_s = max(self.clock.now_s, until_s)

    def _check_no_fault(self) -> None:
        """An exception in the meter's own arithmetic shows as a source that cannot be read."""
        with self.meter.look() as account:
            for source in account.sources.values():
                assert "could not be read" not in source.message, source.message

    def wake(self) -> None:
        """The thread wakes a moment after the hook."""
        self._due_s = min(self._due_s, self.clock.now_s + 0.0001)

    def cell(self, body: Callable[[], None]) -> Window:
        window = self.meter.open_cell(f"cell-{len(self.cells)}", len(self.cells))
        begin_s = self.clock.now_s
        self.wake()
        body()
        end_s = self.clock.now_s
        self.meter.close_cell(window, "ok")
        self.wake()
        self.cells.append((window, begin_s, end_s))
        return window

    def errors(self) -> list[float]:
        """Each cell's relative error in all."""
        found = []
        for window, begin_s, end_s in self.cells:
            true_j = sum(board.true_j(begin_s, end_s) for board in self.boards)
            value_j = self.meter.figure(window).energy_j.value or 0.0
            found.append(value_j / true_j - 1)
        return found

    def session_error(self) -> float:
        true_j = sum(board.true_j(self.began_s, self.clock.now_s) for board in self.boards)
        cost = self.meter.session_cost()
        return (cost.energy_j.value or 0.0) / true_j - 1

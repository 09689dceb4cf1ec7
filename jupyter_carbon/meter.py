"""The meter: opens and closes windows, holds what is in force, answers, notifies.

The user's thread only notes down what happened and when; the sampler's thread
enters it in the account. Who asks for figures waits for the lock, never who
runs a cell.
"""

from __future__ import annotations

import functools
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from jupyter_carbon.account import Account, Cost, Session
from jupyter_carbon.carbon import CarbonError, Intensity, Rate, check_pue
from jupyter_carbon.estimate import Estimate
from jupyter_carbon.grid.place import Lookup, UnknownPlace
from jupyter_carbon.grid.tables import CountryTable, world_average
from jupyter_carbon.reading import Reading
from jupyter_carbon.sampler import Sampler
from jupyter_carbon.settings import MeterSettings
from jupyter_carbon.sources.base import Discovery, SourceError
from jupyter_carbon.sources.discovery import discover_all
from jupyter_carbon.windows import Window, WindowKind, WindowStatus

P = ParamSpec("P")
R = TypeVar("R")

_POLL_S = 0.01
_ALL: weakref.WeakSet[CarbonMeter] = weakref.WeakSet()


@dataclass(frozen=True, slots=True)
class Figure:
    """What a finished cell or label cost.

    `energy_j` is the machine's, in joules, with nested cells; `co2e_g` includes
    PUE; `is_final` is False while the next readings may still move it.
    """

    kind: WindowKind
    id: str
    label: str | None
    execution_count: int | None
    status: WindowStatus
    duration_s: float
    energy_j: Estimate
    co2e_g: Estimate
    by_source_j: dict[str, Estimate]
    is_final: bool


Observer = Callable[[Figure], object]


class CarbonMeter(MeterSettings):
    """Meters this machine from `start` to `stop`.

    Cells come from whoever calls `open_cell` and `close_cell` (the IPython
    extension does); `measure` meters a block or a function under a label.

    Args:
        discover: finds the sources; by default all that are installed.
        lookup: knows the intensity of places.
        clock: monotonic seconds.
        wall_clock: seconds since the epoch.
        asleep: seconds of suspend so far; None: asks the system.
    """

    def __init__(
        self,
        *,
        discover: Callable[[], Discovery] = discover_all,
        lookup: Lookup | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        asleep: Callable[[], float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.lookup: Lookup = CountryTable() if lookup is None else lookup
        self.notebook: str | None = None
        """The notebook's path, where something knows it."""
        self.before_end: Callable[[], None] | None = None
        """Called before a labelled block ends: waits for asynchronous work."""
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.RLock()
        self._noted: deque[Callable[[], bool]] = deque()
        self._unreported: deque[Window] = deque(maxlen=10_000)
        self._observers: list[Observer] = []
        self._forked = False
        rate = Rate(self._configured_intensity(), self.pue)
        self._account = Account(clock(), wall_clock(), rate)
        extra = {} if asleep is None else {"asleep": asleep}
        self.sampler = Sampler(
            discover,
            _Intake(self),
            clock=clock,
            idle_s=self.idle_interval_s,
            busy_s=self.busy_interval_s,
            **extra,
        )
        _ALL.add(self)

    def start(self) -> None:
        """Begins to read; returns at once, the sources are found on the meter's own thread."""
        if not self.sampler.start():
            self.complaints.append(
                "The system gives the meter no thread, so nothing is measured. Ending other"
                " programs and reloading the extension may help."
            )

    def stop(self) -> None:
        """Ends reading; what was measured can still be asked for."""
        self.sampler.stop()

    @property
    def is_running(self) -> bool:
        """True while the meter reads, in this process."""
        return self.sampler.is_running and not self._forked

    # Windows: these return at once and never raise into the user's code.

    def open_cell(
        self, cell_id: str, execution_count: int | None, label: str | None = None
    ) -> Window:
        """A cell begins now."""
        return self._open(Window("cell", cell_id, label, execution_count))

    def close_cell(self, window: Window, status: WindowStatus) -> None:
        """A cell ends now."""
        self._close(window, status)

    def open_label(
        self, label: str, cell_id: str = "", execution_count: int | None = None
    ) -> Window:
        """A labelled span begins now."""
        return self._open(Window("label", cell_id or label, label, execution_count))

    def close_label(self, window: Window, status: WindowStatus) -> None:
        """A labelled span ends now."""
        self._close(window, status)

    def measure(self, label: str) -> Measurement:
        """Meters a block (`with meter.measure("train"):`) or, as a decorator, each call."""
        return Measurement(self, label)

    # What is in force

    def set_region(self, place: str, *, everything: bool = False) -> Intensity:
        """Another place's intensity applies from now on, or to the whole session.

        Raises:
            UnknownPlace: if the place is not known; nothing has changed then.
        """
        intensity = self.lookup.find(place)
        self._change_rate(intensity=intensity, everything=everything)
        return intensity

    def set_pue(self, pue: float, *, everything: bool = False) -> None:
        """Another PUE applies from now on, or to the whole session.

        Raises:
            CarbonError: if it is not between 1 and 10; nothing has changed then.
        """
        self._change_rate(pue=check_pue(pue), everything=everything)

    def pause(self) -> None:
        """Counts nothing until `resume`; the time between is a gap that exports name."""
        moment_s, wall_s = self._clock(), self._wall_clock()
        with self.look() as account:
            account.pause(moment_s, wall_s)

    def resume(self) -> None:
        """Counts again after `pause`."""
        with self.look() as account:
            account.resume(self._clock(), self._wall_clock())
        self.sampler.wake()

    def reset(self) -> Session:
        """Begins a new session with nothing counted; returns the one that ended."""
        with self.look() as account:
            return account.reset(self._clock(), self._wall_clock())

    @property
    def rate(self) -> Rate:
        """The intensity and the PUE in force."""
        with self.look() as account:
            return account.rate

    # Answers

    @contextmanager
    def look(self) -> Iterator[Account]:
        """The account as of now, for reading, while nothing is entered in it."""
        with self._lock:
            self._enter_noted()
            if not self.sampler.is_stopped:
                self._account.advance(self._clock())
            yield self._account

    def figure(self, window: Window) -> Figure:
        """What a window cost, or has cost so far."""
        with self.look() as account:
            return self._figure(account, window)

    def session_cost(self) -> Cost:
        """What the session has cost so far."""
        with self.look() as account:
            return account.cost([(account.session.start, account.session.end)])

    def wait_final(self, window: Window | None = None, timeout_s: float = 5.0) -> bool:
        """Waits until a window's figure, or that of all that ended, will not move any more."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            with self.look() as account:
                if window is not None:
                    edges = [window.end]
                else:
                    cells = account.session.cells
                    edges = [cells.get(len(cells) - 1, "cell").end] if len(cells) else []
                if all(account.is_final(edge) for edge in edges):
                    return True
            if time.monotonic() >= deadline_s or not self.is_running:
                return False
            time.sleep(_POLL_S)

    def on(self, observer: Observer) -> Callable[[], None]:
        """Has a function called with the final `Figure` of each cell and label that ends.

        It is called on the meter's thread and should return soon; one that
        raises is dropped and named in `complaints`.

        Returns:
            A function that ends the subscription.
        """
        self._observers.append(observer)

        def off() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return off

    def _configured_intensity(self) -> Intensity:
        if not self.region:
            return world_average(assumed=True)
        try:
            return self.lookup.find(self.region)
        except UnknownPlace as error:
            self.complaints.append(
                f"{error} The configured region is not used: CO2e is counted at the world average."
            )
            return world_average(assumed=True)

    def _change_rate(
        self,
        *,
        intensity: Intensity | None = None,
        pue: float | None = None,
        everything: bool,
    ) -> None:
        with self.look() as account:
            rate = account.rate
            changed = Rate(
                rate.intensity if intensity is None else intensity,
                rate.pue if pue is None else pue,
            )
            account.change_rate(changed, self._clock(), self._wall_clock(), everything=everything)

    def _open(self, window: Window) -> Window:
        if not self._forked:
            moment_s, wall_s = self._clock(), self._wall_clock()
            self._noted.append(lambda: self._begin(window, moment_s, wall_s))
            self.sampler.wake()
        return window

    def _close(self, window: Window, status: WindowStatus) -> None:
        if not self._forked:
            moment_s, wall_s = self._clock(), self._wall_clock()
            self._noted.append(lambda: self._end(window, moment_s, wall_s, status))
            self.sampler.wake()

    def _begin(self, window: Window, moment_s: float, wall_s: float) -> bool:
        self._account.open(window, moment_s, wall_s)
        return True

    def _end(self, window: Window, moment_s: float, wall_s: float, status: WindowStatus) -> bool:
        ended = self._account.close(window, moment_s, wall_s, status)
        if ended is not None and self._observers:
            self._unreported.append(ended)
        return True

    def _enter_noted(self) -> bool:
        """Enters in the account what the user's thread noted down; the lock is held."""
        entered = False
        while self._noted:
            entered = self._noted.popleft()() or entered
        return entered

    def _figure(self, account: Account, window: Window) -> Figure:
        cost = account.cost([(window.start, window.end)])
        return Figure(
            window.kind,
            window.id,
            window.label,
            window.execution_count,
            window.status,
            account.duration_s(window.start, window.end),
            cost.energy_j,
            cost.co2e_g,
            cost.by_source_j,
            account.is_final(window.end),
        )

    def _finished(self) -> list[Figure]:
        """Figures that have become final; the lock is held."""
        figures = []
        while self._unreported and self._account.is_final(self._unreported[0].end):
            figures.append(self._figure(self._account, self._unreported.popleft()))
        return figures

    def _report(self, figures: Sequence[Figure]) -> None:
        for figure in figures:
            for observer in list(self._observers):
                try:
                    observer(figure)
                except Exception as error:  # noqa: BLE001  # an observer's fault stays its own
                    self._observers.remove(observer)
                    self.complaints.append(
                        f"A function that listens to the meter raised {error!r} and is no longer"
                        " called; the meter goes on."
                    )

    def _forget_parent(self) -> None:
        self._forked = True
        self._lock = threading.RLock()


class _Intake:
    """The sampler's side of a meter: enters readings in the account, under the lock."""

    def __init__(self, meter: CarbonMeter) -> None:
        self._meter = weakref.proxy(meter)

    @property
    def is_busy(self) -> bool:
        return any(True for _ in self._meter._account.running)

    @property
    def is_paused(self) -> bool:
        return bool(self._meter._account.paused)

    def catch_up(self) -> bool:
        with self._meter._lock:
            return bool(self._meter._enter_noted())

    def found(self, discovery: Discovery) -> None:
        with self._meter._lock:
            account = self._meter._account
            account.not_measured[:] = discovery.not_measured
            for source in discovery.sources:
                account.add_source(source.info)

    def take(self, source_id: str, reading: Reading, kept: Sequence[tuple[float, float]]) -> None:
        meter = self._meter
        with meter._lock:
            meter._enter_noted()
            if kept:
                meter._account.sources[source_id].curve.fill(
                    Reading(moment_s, None, power_w, moment_s) for moment_s, power_w in kept
                )
            meter._account.take(source_id, reading)
            figures = meter._finished()
        if figures:
            meter._report(figures)

    def fail(self, source_id: str, moment_s: float, error: SourceError) -> None:
        meter = self._meter
        with meter._lock:
            meter._enter_noted()
            meter._account.fail(source_id, moment_s, error.state, str(error), error.remedy)
            figures = meter._finished()
        if figures:
            meter._report(figures)

    def slept(self, moment_s: float) -> None:
        with self._meter._lock:
            self._meter._account.interrupt("the machine slept")

    def next_read(self, source_id: str, now_s: float, due_s: float) -> float:
        with self._meter._lock:
            curve = self._meter._account.sources[source_id].curve
            wanted_s: float | None = curve.wants(now_s)
            suits_s: float = curve.suits(due_s)
            return suits_s if wanted_s is None else min(suits_s, wanted_s)


class Measurement:
    """A labelled block or function; after it, `figure` says what it cost.

    `energy_j`, `co2e_g` and `duration_s` are those of the last run. They wait,
    for a few steps of the counter at most, until the figure is final.
    """

    def __init__(self, meter: CarbonMeter, label: str) -> None:
        self._meter = meter
        self._label = label
        self._open: list[Window] = []
        self._last: Window | None = None

    def __enter__(self) -> Measurement:
        self._open.append(self._meter.open_label(self._label))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        window = self._open.pop()
        if self._meter.before_end is not None:
            self._meter.before_end()
        status: WindowStatus = "ok"
        if kind is not None:
            status = "interrupted" if issubclass(kind, KeyboardInterrupt) else "error"
        self._meter.close_label(window, status)
        self._last = window

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, with each of its calls metered under the label."""

        @functools.wraps(function)
        def metered(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._meter.measure(self._label):
                return function(*args, **kwargs)

        return metered

    @property
    def figure(self) -> Figure:
        """What the block cost.

        Raises:
            RuntimeError: if it has not ended yet.
        """
        if self._last is None:
            raise RuntimeError("The measured block has not ended yet; ask after it.")
        self._meter.wait_final(self._last)
        return self._meter.figure(self._last)

    @property
    def energy_j(self) -> Estimate:
        """The machine's energy in joules."""
        return self.figure.energy_j

    @property
    def co2e_g(self) -> Estimate:
        """Grams of CO2e, PUE included."""
        return self.figure.co2e_g

    @property
    def duration_s(self) -> float:
        """Seconds from begin to end."""
        return self.figure.duration_s


def _after_fork() -> None:
    for meter in list(_ALL):
        meter._forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = ["CarbonError", "CarbonMeter", "Figure", "Measurement", "UnknownPlace"]

"""`measure("label")`: a block or a function whose energy is asked for by name."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.figure import Figure
from jupyter_carbon.windows import Window, WindowStatus

P = ParamSpec("P")
R = TypeVar("R")


class MeasuringMeter(Protocol):
    """What a measurement asks of the meter."""

    def open_label(self, label: str) -> Window:
        """A labelled span begins now."""

    def close_label(self, window: Window, status: WindowStatus) -> None:
        """A labelled span ends now."""

    def finish_work(self) -> None:
        """Waits for work that was queued and belongs to the span that ends."""

    @property
    def find_stop(self) -> Callable[[], BaseException | None]:
        """Finds what is to be raised when a span has ended, so that the run stops there."""

    def wait_final(self, window: Window) -> bool:
        """Waits until a window's figure will not move any more."""

    def figure(self, window: Window) -> Figure:
        """What a window cost."""


class _Run(NamedTuple):
    """One run of a measured block: who runs it, and its window with the meter that has it."""

    runner: object
    meter: MeasuringMeter
    window: Window


class Measurement:
    """A labelled block or function; after it, `figure` says what it cost.

    It may be entered again, in itself and from several threads or tasks at
    once: each run is a window of its own, on the meter that is then in use.
    `figure`, `energy_j`, `co2e_g` and `duration_s` are those of the run that ended
    last. They wait, for a few steps of the counter at most, until the figure is
    final.

    Where a budget that stops the run is used up, the end of a block that raised
    nothing raises `BudgetExceeded`.
    """

    def __init__(self, meter: Callable[[], MeasuringMeter], label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(
                'measure takes a label and then the function: write @measure("train"),'
                ' or with measure("train"):'
            )
        self._find_meter = meter
        self._label = label
        self._open: list[_Run] = []
        self._last: _Run | None = None

    def __enter__(self) -> Measurement:
        meter = self._find_meter()
        self._open.append(_Run(_runner(), meter, meter.open_label(self._label)))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        run = self._leave()
        status = how_it_ended(kind)
        try:
            run.meter.finish_work()
        except BaseException:
            status = "interrupted"
            raise
        finally:
            run.meter.close_label(run.window, status)
            self._last = run
        if kind is None:
            self._stop_if_due(run.meter)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, with each of its calls metered under the label.

        A coroutine function is metered until it has ended, whatever else runs
        meanwhile.

        Raises:
            TypeError: for a generator function, whose calls end before they begin to work.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"measure cannot meter the generator {function.__qualname__}: what is drawn"
                " between its values may be its caller's. Write `with measure(...):` inside of"
                " it, or around the loop that uses it."
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast(Callable[P, R], awaited)

        @functools.wraps(function)
        def metered(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return metered

    @property
    def figure(self) -> Figure:
        """What the block cost, the last time it ran.

        Raises:
            RuntimeError: if it has not ended yet.
        """
        if self._last is None:
            raise RuntimeError("The measured block has not ended yet; ask after it.")
        self._last.meter.wait_final(self._last.window)
        return self._last.meter.figure(self._last.window)

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

    def _stop_if_due(self, meter: MeasuringMeter) -> None:
        """Ends the run here if a budget says so: after the block, whose window is closed.

        Raises:
            BudgetExceeded: once, see `CarbonMeter.set_budget`.
        """
        error = meter.find_stop()
        if error is not None:
            raise error

    def _leave(self) -> _Run:
        """The run that this thread or task began last, else the last one of all."""
        runner = _runner()
        for run in reversed(list(self._open)):
            if run.runner == runner:
                break
        else:
            # A block that is left in another task than it was entered in.
            run = self._open[-1]
        self._open.remove(run)
        return run


def how_it_ended(error: type[BaseException] | None) -> WindowStatus:
    """The status of a span that was left by an exception, or by none."""
    if error is None:
        return "ok"
    asyncio = sys.modules.get("asyncio")
    if issubclass(error, KeyboardInterrupt):
        return "interrupted"
    if asyncio is not None and issubclass(error, asyncio.CancelledError):
        return "interrupted"
    return "error"


def _runner() -> object:
    """What runs now: the thread, and the task where there is one."""
    asyncio = sys.modules.get("asyncio")
    task = None
    if asyncio is not None:
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
    return threading.get_ident(), None if task is None else id(task)

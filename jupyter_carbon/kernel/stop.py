"""Stopping a cell whose budget is used up, in its own code and nowhere else.

The meter's thread decides that a cell is to be stopped, but does not raise: an
exception that one thread sends to another arrives some time later, when the
cell may have ended. It has the cell's thread look for itself instead.

- The main thread runs "pending calls" between two of its instructions. Such a
  call sees the frames that it interrupts: only if they are the marked cell's
  own code does it raise, right there. Between cells, and in the midst of the
  meter's, IPython's or the kernel's work, it does nothing, and is tried again
  after the next round.
- A cell that awaits has left its thread to the event loop, which is asked to
  have what it awaits fail.
- The end of a measured block asks by itself, in any thread that runs a cell.

No way interrupts a call into C. In a thread that is not the main one, such as a
subshell's, only the last is left.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any

from jupyter_carbon.budget import BudgetExceeded
from jupyter_carbon.budgets import Due
from jupyter_carbon.kernel.open_cell import OpenCell, codes_of
from jupyter_carbon.meter import CarbonMeter

_NOT_TO_BE_TORN = frozenset({"jupyter_carbon", "ipykernel", "zmq"})
"""Packages whose functions, called by a cell, must be left to end."""
_NOT_TO_BE_TORN_MODULES = frozenset(
    {
        "IPython.core.displayhook",
        "IPython.core.displaypub",
        "IPython.core.formatters",
        "_frozen_importlib",
        "importlib._bootstrap",
    }
)
"""What shows a cell's value, and takes any error in it for the value's; imports, which if torn
leave halves of modules behind."""
_WRAPPERS = frozenset({"metered", "awaited"})
"""Functions of `measurement` that do nothing while the user's function runs in them."""
_COMMAND = re.compile(r"\s*%carbon\b.*\s*")
"""A cell that is one command of the meter, by which a budget can be changed, is not stopped."""
_DEEPEST = 100

_queued: set[_Look] = set()
"""What the interpreter has yet to call; it holds no reference of its own."""


class Stopper:
    """Stops the cells of one shell.

    Args:
        shell: the InteractiveShell.
        meter: knows which budgets are used up.
        cells: the cells that run, outermost first.
    """

    def __init__(self, shell: Any, meter: CarbonMeter, cells: Sequence[OpenCell]) -> None:
        self._shell = shell
        self._meter = meter
        self._cells = cells
        self._run_code = codes_of(shell, "run_code")
        self._run_cell = codes_of(shell, "run_cell_async")
        self._look = _Look(self)
        self._asked_before = meter.find_stop
        self._off = _nothing

    def register(self) -> None:
        """Begins to stop cells."""
        self._meter.find_stop = self.take
        self._off = self._meter.on_round(self._round)

    def unregister(self) -> None:
        """Stops no more."""
        self._off()
        self._meter.find_stop = self._asked_before
        self._look.stopper = None

    def take(self) -> BudgetExceeded | None:
        """What a measured block that ends in the cell's own thread, and task, is to raise."""
        cell = self._innermost(threading.get_ident())
        if cell is None:
            return None
        task, now = cell.task(), _task_now()
        if task is not None and now is not None and now is not task:
            return None
        if cell.due is None:
            self._mark(cell, self._meter.due_stops())
        return self._serve(cell)

    def at(self, frame: FrameType | None) -> BudgetExceeded | None:
        """What is to be raised in a frame: something only in a marked cell's own code."""
        if self._meter.is_forked:
            return None
        info = self._info_at(frame)
        if info is None:
            return None
        for cell in list(self._cells):
            if cell.info() is info:
                return self._serve(cell)
        return None

    def _round(self) -> None:
        """On the meter's thread: a round of readings is over."""
        due = self._meter.due_stops()
        cells = list(self._cells)
        for cell in cells:
            if due and cell.due is None:
                self._mark(cell, due)
        for thread in {cell.thread for cell in cells if cell.due and not cell.is_stopped}:
            inner = self._innermost(thread)
            if inner is not None and inner.due and not inner.is_stopped:
                self._call(inner)

    def _mark(self, cell: OpenCell, due: Sequence[Due]) -> None:
        """Notes for which budget a cell is to be stopped: its own, one around it, the session's."""
        if _COMMAND.fullmatch(cell.source):
            return
        around = [other.window for other in list(self._cells) if other.thread == cell.thread]
        if cell.window in around:
            around = around[: around.index(cell.window) + 1]
        for each in due:
            if each.window is None or each.window in around:
                cell.due = each
                return

    def _serve(self, cell: OpenCell) -> BudgetExceeded | None:
        """The cell's exception, the one time that it is raised."""
        due = cell.due
        if due is None or cell.is_stopped:
            return None
        if due.watched.is_withdrawn:
            cell.due = None
            return None
        cell.is_stopped = True
        due.served()
        return due.error

    def _innermost(self, thread: int) -> OpenCell | None:
        """The cell that a thread runs, of those in one another the inner one."""
        for cell in reversed(list(self._cells)):
            if cell.thread == thread:
                return cell
        return None

    def _call(self, cell: OpenCell) -> None:
        """Has the cell's thread look whether it can be stopped now."""
        if cell.thread == threading.main_thread().ident:
            self._look.queue()
        task = cell.task()
        if task is None or task.done() or cell.is_called:
            return
        cell.is_called = True
        try:
            task.get_loop().call_soon_threadsafe(self._throw, cell)
        except RuntimeError:
            return  # The loop is closed: nothing awaits in it.

    def _throw(self, cell: OpenCell) -> None:
        """In the event loop: what the cell awaits fails. A cell that runs is not stopped here."""
        cell.is_called = False
        task = cell.task()
        if self._meter.is_forked or cell not in list(self._cells) or task is None or task.done():
            return
        awaited = _awaited_by(task)
        if awaited is None:
            return
        error = self._serve(cell)
        if error is not None:
            awaited.set_exception(error)

    def _info_at(self, frame: FrameType | None) -> Any:
        """Whose code the frame runs: IPython's ExecutionInfo; None where it is no cell's own."""
        inner: FrameType | None = None
        while frame is not None and frame.f_code not in self._run_code:
            if _must_end(frame, is_innermost=inner is None):
                return None
            inner, frame = frame, frame.f_back
        if inner is None or inner.f_globals is not self._shell.user_global_ns:
            return None
        while frame is not None and frame.f_code not in self._run_cell:
            frame = frame.f_back
        return None if frame is None else getattr(frame.f_locals.get("result"), "info", None)


class _Look:
    """A look at what the main thread does, made in the main thread itself.

    The interpreter can be given a C function to call there; this one asks for
    the truth of an object, and so calls its `__bool__`, whose exception is raised
    in the code that was interrupted.
    """

    def __init__(self, stopper: Stopper) -> None:
        self.stopper: Stopper | None = stopper

    def queue(self) -> None:
        """Has the main thread look soon; one that has not happened yet is enough."""
        if self in _queued:
            return
        try:
            import ctypes

            api = ctypes.pythonapi
            prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
            add = prototype(("Py_AddPendingCall", api))
            is_true = ctypes.cast(api.PyObject_IsTrue, ctypes.c_void_p)
        except (ImportError, AttributeError):
            return  # Another Python has no such thing: measured blocks stop the run.
        _queued.add(self)
        if add(is_true, id(self)) != 0:
            _queued.discard(self)  # Too much is queued; the next round tries again.

    def stop_the_cell(self) -> bool:
        """Raises what is to be raised in the code that it interrupts; always False."""
        stopper = self.stopper
        error: BudgetExceeded | None = None
        try:
            if stopper is not None:
                error = stopper.at(sys._getframe(1))
        except Exception:  # noqa: BLE001  # not the fault of whom it interrupts
            error = None
        _queued.discard(self)
        if error is not None:
            # A budget is used up: the code above, which has been interrupted, ends with this.
            raise error
        return False

    __bool__ = stop_the_cell


def _must_end(frame: FrameType, *, is_innermost: bool) -> bool:
    """True for a function that a cell has called and that must not be torn."""
    name = str(frame.f_globals.get("__name__", ""))
    if frame.f_code.co_name == "__del__":
        return True  # What is raised in it is lost.
    if name in _NOT_TO_BE_TORN_MODULES:
        return True
    if name.partition(".")[0] not in _NOT_TO_BE_TORN:
        return False
    is_wrapper = name == "jupyter_carbon.measurement" and frame.f_code.co_name in _WRAPPERS
    return is_innermost or not is_wrapper


def _task_now() -> Any:
    asyncio = sys.modules.get("asyncio")
    try:
        return None if asyncio is None else asyncio.current_task()
    except RuntimeError:
        return None


def _awaited_by(task: Any) -> Any:
    """The plain future that a task waits for, itself or by the tasks that it awaits, else None.

    None where it waits for nothing that can be had to fail: then it runs, or is
    about to.
    """
    awaited = getattr(task, "_fut_waiter", None)
    for _ in range(_DEEPEST):
        if awaited is None or awaited.done():
            return None
        children = getattr(awaited, "_children", None)
        if children:
            awaited = next((child for child in children if not child.done()), None)
        elif hasattr(awaited, "get_coro"):
            awaited = getattr(awaited, "_fut_waiter", None)
        else:
            return awaited
    return None


def _nothing() -> None:
    return None

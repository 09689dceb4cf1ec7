"""A cell that runs, and how the shell's frames tell which one that is."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any

from jupyter_carbon.windows import Window

if TYPE_CHECKING:
    from jupyter_carbon.budget import Budget
    from jupyter_carbon.budgets import Due
    from jupyter_carbon.kernel.live import LiveCell
    from jupyter_carbon.kernel.options import CellOptions


class OpenCell:
    """A cell that runs, and what tells its end from that of another."""

    __slots__ = (
        "budget",
        "due",
        "info",
        "is_called",
        "is_stopped",
        "label",
        "live",
        "options",
        "parent",
        "source",
        "task",
        "thread",
        "window",
    )

    def __init__(
        self,
        shell: Any,
        info: Any,
        window: Window,
        label: Window | None,
        options: CellOptions | None,
    ) -> None:
        # IPython lets go of it when the cell is over, even where it does not say so.
        self.info = weakref.ref(info)
        self.source = info.raw_cell
        self.thread = threading.get_ident()
        self.task = _current_task()
        """The task that runs it, where one does: a cell that awaits has its own."""
        self.parent = getattr(shell.display_pub, "parent_header", None)
        """The request that it is the answer to; what it prints names it."""
        self.window = window
        self.label = label
        self.options = options
        self.live: LiveCell | None = None
        self.budget: Budget | None = None
        self.due: Due | None = None
        """The budget for which it is to be stopped."""
        self.is_stopped = False
        """True when it has been, which is done once."""
        self.is_called = False
        """True while its event loop has yet to hear that it is to be stopped."""


def codes_of(shell: Any, method: str) -> frozenset[CodeType]:
    """The code of a shell's method, by which frames of it are known; that of each base class."""
    return frozenset(
        kind.__dict__[method].__code__
        for kind in type(shell).__mro__
        if hasattr(kind.__dict__.get(method), "__code__")
    )


def running_cells(shell: Any) -> Iterator[tuple[Any, int | None]]:
    """The cells that this call is made from, outermost first, with their execution counts.

    None at the shell's own start; several where a cell runs another. They are
    told by the frames of the shell's `run_cell_async`.
    """
    runs = codes_of(shell, "run_cell_async")
    found = []
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code in runs:
            result: Any = frame.f_locals.get("result")
            info = getattr(result, "info", None)
            if info is not None:
                found.append((info, result.execution_count if info.store_history else None))
        frame = frame.f_back  # type: ignore[assignment]
    yield from reversed(found)


def _current_task() -> Callable[[], Any]:
    """A reference to the task that runs now, if one does."""
    asyncio = sys.modules.get("asyncio")
    try:
        task = None if asyncio is None else asyncio.current_task()
    except RuntimeError:
        task = None
    return _no_task if task is None else weakref.ref(task)


def _no_task() -> None:
    return None

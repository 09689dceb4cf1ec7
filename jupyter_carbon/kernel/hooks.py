"""The edges of cells: IPython says that one begins or has ended, the meter notes the moment.

Nothing here waits for a device or a lock, and nothing raises into the user's
work; what goes wrong is told once, and the meter goes on. (What a `%%carbon`
cell shows is asked for when the cell has ended.)
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_carbon.budget import Budget
from jupyter_carbon.kernel.cell_magic import magic_words
from jupyter_carbon.kernel.open_cell import OpenCell, running_cells
from jupyter_carbon.kernel.options import CellOptions, OptionError, parse_cell_options
from jupyter_carbon.kernel.synchronize import FRAMEWORKS, wait_for_gpus
from jupyter_carbon.measurement import how_it_ended
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.windows import Window, WindowStatus

if TYPE_CHECKING:
    from jupyter_carbon.kernel.display import CellDisplay
    from jupyter_carbon.kernel.live import LiveCell
    from jupyter_carbon.kernel.notices import NoticePrinter


class CellHooks:
    """Opens a window before each cell and closes it after, however the cell ends.

    Args:
        shell: the InteractiveShell.
        meter: whose cells they are.
        display: shows what a `%%carbon` cell cost.
    """

    def __init__(self, shell: Any, meter: CarbonMeter, display: CellDisplay) -> None:
        self._shell = shell
        self._meter = meter
        self._display = display
        self._open: list[OpenCell] = []
        self.notices: NoticePrinter | None = None
        """Prints what waits when a cell has ended."""
        self.next_budget: Budget | None = None
        """That of the cell which is about to begin, where its own first line does not say it."""
        self._count = 0
        self._next_number = shell.execution_count
        self._waits = meter.synchronize
        self._ahead: int | None = None
        """By how much the shell's count is ahead of the running cell's: 0 or 1, by its version."""

    @property
    def open_cells(self) -> Sequence[OpenCell]:
        """The cells that run, outermost first: always the same list."""
        return self._open

    def register(self) -> None:
        """Begins to listen; a cell that is running now counts from here on."""
        for info, number in running_cells(self._shell):
            if not info.silent:
                self._open_cell(info, number)
                if number is not None:
                    self._ahead = self._shell.execution_count - number
        self._shell.events.register("pre_run_cell", self.before_cell)
        self._shell.events.register("post_run_cell", self.after_cell)

    def unregister(self) -> None:
        """Ends listening; cells that run are closed as of now."""
        for event, hook in (("pre_run_cell", self.before_cell), ("post_run_cell", self.after_cell)):
            try:
                self._shell.events.unregister(event, hook)
            except ValueError:
                continue
        while self._open:
            self._break_off(self._open.pop())

    def before_cell(self, info: Any) -> None:
        """IPython's `pre_run_cell`: the moment is taken last, so that the cell pays for nothing."""
        if self._meter.is_forked:
            return
        try:
            self._begin(info)
        except Exception as error:  # noqa: BLE001  # the user's cell must run
            self._complain(error)

    def after_cell(self, result: Any) -> None:
        """IPython's `post_run_cell`; `result` is None where the cell did not come to run."""
        try:
            if self._meter.is_forked:
                return
            if self._ahead is None:
                self._next_number = self._shell.execution_count
            cell = self._find(getattr(result, "info", None))
            if cell is None:
                return
            status = _status(result)
            if self._waits and not sys.modules.keys().isdisjoint(FRAMEWORKS):
                status = self._synchronized(cell, status)
            number = getattr(result, "execution_count", None)
            if cell.window.execution_count not in (None, number):
                self._correct_number(cell.window, number)
            self._end(cell, status)
            if self.notices is not None:
                self.notices.flush()
            if cell.options is not None:
                self._display.end(
                    cell.window, cell.live, budget=cell.budget, quiet=cell.options.quiet
                )
        except KeyboardInterrupt:
            # The user does not want to wait for what the cell shows.
            cell = self._find(getattr(result, "info", None))
            if cell is not None:
                self._end(cell, _status(result))
        except Exception as error:  # noqa: BLE001  # the user's cell has its result
            self._complain(error)

    def _begin(self, info: Any) -> None:
        if self._open:
            self._drop_abandoned()
        number: int | None = None
        if info.store_history:
            number = self._shell.execution_count
            if self._ahead is None:
                self._ahead = int(number > self._next_number)
            number -= self._ahead
        self._open_cell(info, number)

    def _open_cell(self, info: Any, number: int | None) -> None:
        options = self._options(info) if "%%carbon" in info.raw_cell else None
        label = None if options is None else options.label
        self._count += 1
        name = getattr(info, "cell_id", None) or f"cell-{self._count}"
        window = Window("cell", name, label, number, code=info.raw_cell)
        span = None if label is None else Window("label", name, label, number)
        # First, so that whatever is interrupted from here on is closed with the cell.
        cell = OpenCell(self._shell, info, window, span, options)
        self._open.append(cell)
        if options is not None and not options.quiet:
            cell.live = self._show_begin(info, label)
        self._meter.begin(window)
        if span is not None:
            self._meter.begin(span)
        budget, self.next_budget = self.next_budget, None
        if options is not None and options.budget is not None:
            budget = options.budget
        if budget is not None:
            self._meter.set_cell_budget(window, budget)
            cell.budget = budget
        if cell.live is not None:
            self._display.follow(cell.live, window, budget)

    def _show_begin(self, info: Any, label: str | None) -> LiveCell | None:
        try:
            return self._display.begin(info, label)
        except Exception as error:  # noqa: BLE001  # the cell is metered all the same
            self._complain(error)
            return None

    def _break_off(self, cell: OpenCell) -> None:
        """Ends a cell of whose end nobody will tell."""
        self._end(cell, "ok")
        if cell.live is not None:
            try:
                self._display.end(cell.window, cell.live, budget=cell.budget)
            except Exception as error:  # noqa: BLE001  # its figures are in the account
                self._complain(error)

    def _end(self, cell: OpenCell, status: WindowStatus) -> None:
        """Closes its windows; one that is closed already stays as it is."""
        if cell.label is not None:
            cell.label.execution_count = cell.window.execution_count
            self._meter.close_label(cell.label, status)
        self._meter.close_cell(cell.window, status)
        # Last, so that what an interrupt or the limit of recursion prevents is done with the
        # next cell.
        if cell in self._open:
            self._open.remove(cell)

    def _find(self, info: Any) -> OpenCell | None:
        """The open cell that has ended; None if it is not among them.

        An empty cell has no beginning. A cell that was broken off may come with
        another info than it began with.
        """
        if info is None:
            return None
        for cell in list(self._open):
            if cell.info() is info:
                break
        else:
            if not info.raw_cell or info.raw_cell.isspace():
                return None
            thread = threading.get_ident()
            for cell in reversed(list(self._open)):
                if cell.thread == thread and cell.source == info.raw_cell:
                    break
            else:
                return None
        return cell

    def _drop_abandoned(self) -> None:
        """Ends cells whose end nobody told, or that an interrupt kept from being noted.

        A kernel may run cells and fire no event after them.
        """
        last = getattr(getattr(self._shell, "last_execution_result", None), "info", None)
        for cell in [cell for cell in self._open if cell.info() in (None, last)]:
            self._break_off(cell)

    def _synchronized(self, cell: OpenCell, status: WindowStatus) -> WindowStatus:
        if cell.options is not None and not cell.options.synchronize:
            return status
        try:
            wait_for_gpus()
        except KeyboardInterrupt:
            return "interrupted"
        return status

    def _correct_number(self, window: Window, number: int | None) -> None:
        """Takes the number from the result, which knows it, whatever the version."""
        if number is None or window.execution_count is None:
            return
        if self._ahead is not None:
            self._ahead += window.execution_count - number
        window.execution_count = number

    def _options(self, info: Any) -> CellOptions | None:
        """The options of a `%%carbon` cell; None if it is none."""
        words = magic_words(info.raw_cell, self._shell.input_transformers_cleanup)
        if words is None:
            return None
        try:
            return parse_cell_options(words)
        except OptionError as error:
            sys.stderr.write(f"{error}\n")
            return CellOptions()

    def _complain(self, error: Exception) -> None:
        complaint = f"The meter could not note a cell: {error!r}. Your code is not affected."
        if complaint not in self._meter.complaints:
            self._meter.complaints.append(complaint)


def _status(result: Any) -> WindowStatus:
    error = result.error_before_exec
    if error is None:
        error = result.error_in_exec
    if error is None:
        return "ok"
    return how_it_ended(error if isinstance(error, type) else type(error))

"""The edges of cells: IPython says that one begins or has ended, the meter notes the moment.

Nothing here waits for a device or a lock, and nothing raises into the user's
work; what goes wrong is told once, and the meter goes on.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jupyter_carbon.kernel.options import (
    CellOptions,
    OptionError,
    cell_magic_line,
    parse_cell_options,
)
from jupyter_carbon.kernel.synchronize import wait_for_gpus
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.windows import Window, WindowStatus

if TYPE_CHECKING:
    from jupyter_carbon.kernel.display import CellLines


class _OpenCell:
    __slots__ = ("label", "options", "window")

    def __init__(self, window: Window, label: Window | None, options: CellOptions | None) -> None:
        self.window = window
        self.label = label
        self.options = options


class CellHooks:
    """Opens a window before each cell and closes it after, however the cell ends.

    Args:
        shell: the InteractiveShell.
        meter: whose cells they are.
        lines: shows the line under a `%%carbon` cell.
    """

    def __init__(self, shell: Any, meter: CarbonMeter, lines: CellLines) -> None:
        self._shell = shell
        self._meter = meter
        self._lines = lines
        self._open: dict[int, _OpenCell] = {}
        self._count = 0
        self._loading: _OpenCell | None = None

    def register(self) -> None:
        """Begins to listen; the cell that is running now, if one is, counts from here on."""
        if _runs_a_cell():
            self._loading = self._begin("", None)
        self._shell.events.register("pre_run_cell", self.before_cell)
        self._shell.events.register("post_run_cell", self.after_cell)

    def unregister(self) -> None:
        """Ends listening; cells that run are closed as of now."""
        for event, hook in (("pre_run_cell", self.before_cell), ("post_run_cell", self.after_cell)):
            try:
                self._shell.events.unregister(event, hook)
            except ValueError:
                continue
        for cell in [*self._open.values(), *filter(None, [self._loading])]:
            self._end(cell, "ok")
        self._open.clear()
        self._loading = None

    def before_cell(self, info: Any) -> None:
        """IPython's `pre_run_cell`: the moment is taken last, so that the cell pays for nothing."""
        try:
            cell_id = getattr(info, "cell_id", None) or ""
            self._open[id(info)] = self._begin(cell_id, info)
        except Exception as error:  # noqa: BLE001  # the user's cell must run
            self._complain(error)

    def after_cell(self, result: Any) -> None:
        """IPython's `post_run_cell`."""
        try:
            cell = self._open.pop(id(getattr(result, "info", None)), None)
            if cell is None:
                cell, self._loading = self._loading, None
            if cell is None:
                return
            status = _status(result)
            try:
                wanted = cell.options is None or cell.options.synchronize
                if self._meter.synchronize and wanted:
                    wait_for_gpus()
            except KeyboardInterrupt:
                status = "interrupted"
            self._end(cell, status)
            if cell.options is not None and not cell.options.quiet:
                self._lines.show(cell.window)
        except Exception as error:  # noqa: BLE001  # the user's cell has its result
            self._complain(error)

    def _begin(self, cell_id: str, info: Any) -> _OpenCell:
        options = self._options(info)
        label = options.label if options is not None else None
        self._count += 1
        name = cell_id or f"cell-{self._count}"
        count = None
        if info is None or getattr(info, "store_history", True):
            count = self._shell.execution_count
        window = self._meter.open_cell(name, count, label)
        span = None if label is None else self._meter.open_label(label, name, count)
        return _OpenCell(window, span, options)

    def _end(self, cell: _OpenCell, status: WindowStatus) -> None:
        self._meter.close_cell(cell.window, status)
        if cell.label is not None:
            self._meter.close_label(cell.label, status)

    def _options(self, info: Any) -> CellOptions | None:
        """The options of a `%%carbon` cell; None if it is none."""
        source = getattr(info, "raw_cell", None)
        if not isinstance(source, str) or "%%carbon" not in source:
            return None
        line = cell_magic_line(source)
        if line is None:
            return None
        try:
            return parse_cell_options(line)
        except OptionError as error:
            sys.stderr.write(f"{error}\n")
            return CellOptions()

    def _complain(self, error: Exception) -> None:
        complaint = f"The meter could not note a cell: {error!r}. Your code is not affected."
        if complaint not in self._meter.complaints:
            self._meter.complaints.append(complaint)


def _status(result: Any) -> WindowStatus:
    error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
    if error is None:
        return "ok"
    # IPython keeps True, or the type, or the exception itself, depending on its version.
    kind = error if isinstance(error, type) else type(error)
    return "interrupted" if issubclass(kind, KeyboardInterrupt) else "error"


def _runs_a_cell() -> bool:
    """True if this is called from a cell (`%load_ext`), False at the shell's own start."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name in ("run_code", "run_ast_nodes"):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False

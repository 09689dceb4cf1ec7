"""The live widget of a `%%carbon` cell, from the cell's beginning to its end.

The user's thread only shows a line. The widget takes its place from the meter's
thread, and only if the cell runs for a while; ipywidgets is imported on a thread
of its own, so that neither a cell nor a reading waits for the disk.
"""

from __future__ import annotations

import sys
import threading
import time
import weakref
from importlib import import_module
from typing import Any

from jupyter_carbon.budget import Budget
from jupyter_carbon.kernel.output import Output
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.static import Forms
from jupyter_carbon.summary.card import RUNNING, running_html
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.text import BETWEEN, LONGEST_NAME
from jupyter_carbon.windows import Window

WIDGET_AFTER_S = 0.3
"""A cell that is shorter has no live widget: it would only flash."""
_MODULE = "jupyter_carbon.widget"


class LiveCell:
    """A running cell's output."""

    __slots__ = (
        "began_s",
        "budget",
        "forms",
        "guard",
        "has_ended",
        "has_widget",
        "output",
        "window",
    )

    def __init__(self, output: Output, forms: Forms) -> None:
        self.output = output
        self.forms = forms
        self.window: Window | None = None
        self.budget: Budget | None = None
        self.began_s = time.monotonic()
        self.has_widget = False
        self.has_ended = False
        self.guard = threading.Lock()
        """Held while the output is replaced or the end is noted, so that the end comes last."""


class LiveCells:
    """Gives the running cells of a meter their widgets.

    Args:
        meter: whose rounds tell that it is time.
    """

    def __init__(self, meter: CarbonMeter) -> None:
        self._meter = meter
        self._cells: list[LiveCell] = []
        self._widgets: weakref.WeakSet[Any] = weakref.WeakSet()
        self._importing: threading.Thread | None = None
        self._module: Any = None
        self._failed = False
        self._off = meter.on_round(self._round)

    def close(self) -> None:
        """Makes no more widgets, and ends those that there are."""
        self._off()
        for widget in list(self._widgets):
            widget.refresh()
            widget.finish()
        if "finish_all" in vars(sys.modules.get(_MODULE, object)):
            sys.modules[_MODULE].finish_all(self._meter)

    def begin(self, output: Output, label: str) -> LiveCell:
        """Shows that a cell is about to begin."""
        name = one_line(label, LONGEST_NAME)
        text = BETWEEN.join([name, RUNNING]) if name else RUNNING
        live = LiveCell(output, Forms(text, running_html(label)))
        output.show(live.forms.bundle())
        output.watch()
        return live

    def follow(self, live: LiveCell, window: Window, budget: Budget | None) -> None:
        """The cell has begun."""
        live.window, live.budget = window, budget
        self._cells.append(live)

    def end(self, live: LiveCell) -> bool:
        """The cell has ended; False if its output was cleared and is to be shown anew."""
        with live.guard:
            live.has_ended = True
        if live in self._cells:
            self._cells.remove(live)
        live.output.unwatch()
        if live.output.is_cleared:
            live.output.renew()
            return False
        return True

    def _round(self) -> None:
        """On the meter's thread: a round of readings is over."""
        for live in list(self._cells):
            is_due = time.monotonic() - live.began_s >= WIDGET_AFTER_S
            if not is_due or live.has_widget or self._failed:
                continue
            try:
                self._give_widget(live)
            except Exception as error:  # noqa: BLE001  # the figures come at the end all the same
                self._fail(error)

    def _give_widget(self, live: LiveCell) -> None:
        module = self._module
        if module is None:
            self._import()
            return
        live.has_widget = True
        if not module.HAS_BUNDLE or live.output.is_cleared or live.window is None:
            return
        widget = module.CarbonWidget(self._meter, live.window, live.budget)
        with live.guard:
            if not live.has_ended:
                live.output.replace(*widget.bundle(live.forms))
                self._widgets.add(widget)
                return
        widget.close()

    def _import(self) -> None:
        """Imports the widget's module, once, without anybody waiting for it."""
        if self._importing is None:
            self._importing = threading.Thread(
                target=self._import_module, name="jupyter_carbon widget", daemon=True
            )
            self._importing.start()

    def _import_module(self) -> None:
        try:
            self._module = import_module(_MODULE)
        except Exception as error:  # noqa: BLE001  # a broken installation, of whatever kind
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failed = True
        self._meter.complaints.append(
            f"The live widget of a cell cannot be shown ({error!r}); figures are shown when a cell"
            " has ended. Installing anywidget anew may help."
        )

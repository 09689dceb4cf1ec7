"""The line under a `%%carbon` cell: shown at once, and again when its figure is final."""

from __future__ import annotations

import contextvars
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from jupyter_carbon.meter import CarbonMeter, Figure
from jupyter_carbon.summary.document import inclusive_dict
from jupyter_carbon.summary.rich import cell_html
from jupyter_carbon.summary.text import cell_line
from jupyter_carbon.windows import Window

_PLAIN_WAIT_S = 0.15
_KEEP = 64


class Answer(NamedTuple):
    """What a command says: for a terminal, and for a notebook where that has a form of its own."""

    text: str
    html: str | None = None


def is_notebook(shell: Any) -> bool:
    """True if the shell's front end shows HTML: it belongs to a kernel."""
    return getattr(shell, "kernel", None) is not None


def show_answer(shell: Any, answer: Answer) -> None:
    """Shows what a command says, in the richest form that the front end has."""
    if answer.html is None or not is_notebook(shell):
        sys.stdout.write(answer.text + "\n")
        return
    from IPython.display import display

    bundle = {"text/plain": answer.text, "text/html": answer.html}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


class CellLines:
    """Shows lines in a notebook (rich, updated) or in a terminal (plain, once).

    Args:
        shell: the InteractiveShell that the cells run in.
        meter: knows what they cost.
    """

    def __init__(self, shell: Any, meter: CarbonMeter) -> None:
        self._meter = meter
        self._is_notebook = is_notebook(shell)
        self._waiting: dict[tuple[str, int | None], Callable[[], None]] = {}
        self._off = meter.on(self._finished)

    def close(self) -> None:
        """Updates no more."""
        self._off()
        self._waiting.clear()

    def show(self, window: Window) -> None:
        """Shows what a cell that has just ended cost."""
        if not self._is_notebook:
            self._meter.wait_final(window, _PLAIN_WAIT_S)
            sys.stdout.write(window_line(self._meter, window) + "\n")
            return
        if self._meter.wait_final(window, 0.0):
            self._publish(window, uuid.uuid4().hex, update=False)
            return
        display_id = uuid.uuid4().hex
        self._publish(window, display_id, update=False)
        # The update must name the cell as its parent, though it comes from another thread.
        context = contextvars.copy_context()
        while len(self._waiting) >= _KEEP:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[window.id, window.execution_count] = lambda: context.run(
            self._publish, window, display_id, update=True
        )
        if self._meter.wait_final(window, 0.0):
            self._update(window.id, window.execution_count)

    def _finished(self, figure: Figure) -> None:
        if figure.kind == "cell":
            self._update(figure.id, figure.execution_count)

    def _update(self, cell_id: str, execution_count: int | None) -> None:
        publish = self._waiting.pop((cell_id, execution_count), None)
        if publish is not None:
            publish()

    def _publish(self, window: Window, display_id: str, *, update: bool) -> None:
        from IPython.display import display, update_display

        unit = self._meter.mass_unit
        with self._meter.look() as account:
            cell = inclusive_dict(account, window, time.time())
            names = {key: source.info.name for key, source in account.sources.items()}
        bundle = {
            "text/plain": cell_line(cell, co2e_unit=unit),
            "text/html": cell_html(cell, co2e_unit=unit, names=names),
        }
        if update:
            update_display(  # type: ignore[no-untyped-call]
                bundle, display_id=display_id, raw=True
            )
        else:
            display(  # type: ignore[no-untyped-call]
                bundle, display_id=display_id, raw=True
            )


def window_line(meter: CarbonMeter, window: Window) -> str:
    """What a window cost, on one line."""
    with meter.look() as account:
        cell = inclusive_dict(account, window, time.time())
    return cell_line(cell, co2e_unit=meter.mass_unit)

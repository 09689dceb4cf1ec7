"""What a `%%carbon` cell shows: a live widget while it runs, its figures when it has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from jupyter_carbon.budget import Budget
from jupyter_carbon.figure import Figure
from jupyter_carbon.kernel.live import LiveCell, LiveCells
from jupyter_carbon.kernel.output import Output
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.static import cell_forms, cell_text
from jupyter_carbon.windows import Window

PLAIN_WAIT_S = 0.15
"""What cannot be updated waits for its figure, but no longer than this."""
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


class CellDisplay:
    """Shows `%%carbon` cells in a notebook (rich, updated) or in a terminal (plain, once).

    A front end that names its cells is a notebook that knows updates: there an
    output is shown first of all, is live while the cell runs, and holds the
    figures in the end. Elsewhere, and of a quiet cell, they are shown at the end.

    Args:
        shell: the InteractiveShell that the cells run in.
        meter: knows what they cost.
    """

    def __init__(self, shell: Any, meter: CarbonMeter) -> None:
        self._shell = shell
        self._meter = meter
        self._live = LiveCells(meter)
        self._waiting: dict[tuple[str, int | None], Callable[[], None]] = {}
        self._off = meter.on(self._finished)

    def close(self) -> None:
        """Updates no more."""
        self._off()
        self._waiting.clear()
        self._live.close()

    def begin(self, info: Any, label: str | None) -> LiveCell | None:
        """Shows that a cell is about to begin; None where nothing can be shown live.

        To be called on the cell's own thread, as `end` is.
        """
        if not is_notebook(self._shell) or not _is_named(info):
            return None
        output = Output(self._shell)
        return self._live.begin(output, label or "") if output.can_update else None

    def follow(self, live: LiveCell, window: Window, budget: Budget | None = None) -> None:
        """The cell has begun."""
        self._live.follow(live, window, budget)

    def end(
        self,
        window: Window,
        live: LiveCell | None,
        *,
        budget: Budget | None = None,
        quiet: bool = False,
    ) -> None:
        """Shows what a cell that has just ended cost."""
        if not is_notebook(self._shell):
            self._meter.wait_final(window, PLAIN_WAIT_S)
            sys.stdout.write(cell_text(self._meter, window) + "\n")
            return
        if live is None:
            output = Output(self._shell)
            is_there = False
        else:
            output = live.output
            is_there = self._live.end(live)

        def bundle() -> dict[str, str]:
            return cell_forms(self._meter, window, as_card=not quiet, budget=budget).bundle()

        is_final = False
        try:
            waits = is_unattended(self._shell) or not output.can_update
            is_final = self._meter.wait_final(window, PLAIN_WAIT_S if waits else 0.0)
            send = output.replace if is_there else output.show
            send(bundle(), final=is_final)
        finally:
            if not is_final and output.can_update:
                self._await(window, lambda: output.replace(bundle(), final=True))

    def _await(self, window: Window, update: Callable[[], None]) -> None:
        """Has the output updated when the figure is final."""
        key = window.id, window.execution_count
        while len(self._waiting) >= _KEEP:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[key] = update
        if self._meter.wait_final(window, 0.0):
            # It may have become final before anybody was told to wait for it.
            self._update(*key)

    def _finished(self, figure: Figure) -> None:
        if figure.kind == "cell":
            self._update(figure.id, figure.execution_count)

    def _update(self, cell_id: str, execution_count: int | None) -> None:
        show = self._waiting.pop((cell_id, execution_count), None)
        if show is not None:
            show()


def is_unattended(shell: Any) -> bool:
    """True if a program runs the notebook, which hears nothing of a cell that has ended.

    Such a program (nbclient, papermill) says that nobody could be asked for input.
    """
    try:
        return shell.kernel.get_parent()["content"]["allow_stdin"] is False
    except (AttributeError, KeyError, LookupError, TypeError):
        return False


def _is_named(info: Any) -> bool:
    """True if the front end told the cell's id, as notebooks do and consoles do not.

    Colab has an IPython that does not pass it on.
    """
    return getattr(info, "cell_id", None) is not None or "google.colab" in sys.modules

"""The line under a `%%carbon` cell: shown at once, and again when its figure is final."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from jupyter_carbon.account import Account
from jupyter_carbon.figure import Figure
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.document import inclusive_dict
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.rich import cell_html
from jupyter_carbon.summary.text import BETWEEN, LONGEST_NAME, cell_line
from jupyter_carbon.units import duration_text
from jupyter_carbon.windows import Window

PLAIN_WAIT_S = 0.15
"""A line in a terminal cannot be updated, so it waits for its figure, but no longer than this."""
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
        self._shell = shell
        self._meter = meter
        self._waiting: dict[tuple[str, int | None], Callable[[], None]] = {}
        self._off = meter.on(self._finished)

    def close(self) -> None:
        """Updates no more."""
        self._off()
        self._waiting.clear()

    def show(self, window: Window) -> None:
        """Shows what a cell that has just ended cost."""
        if not is_notebook(self._shell):
            self._meter.wait_final(window, PLAIN_WAIT_S)
            sys.stdout.write(window_line(self._meter, window) + "\n")
            return
        is_final = self._meter.wait_final(window, 0.0)
        output = _Output(self._shell)
        output.send(self._bundle(window), update=False)
        if is_final:
            return
        key = window.id, window.execution_count
        while len(self._waiting) >= _KEEP:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[key] = lambda: output.send(self._bundle(window), update=True)
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

    def _bundle(self, window: Window) -> dict[str, str]:
        unit = self._meter.mass_unit
        with self._meter.look() as account:
            if account.is_searching:
                text = _too_early(account, window)
                return {"text/plain": text, "text/html": f"<div>{escape(text)}</div>"}
            cell = inclusive_dict(account, window, time.time())
            names = {key: source.info.name for key, source in account.sources.items()}
        return {
            "text/plain": cell_line(cell, co2e_unit=unit),
            "text/html": cell_html(cell, co2e_unit=unit, names=names),
        }


class _Output:
    """One output of the cell that has just run, which may be replaced later.

    An update comes from the meter's thread, when another cell may be running:
    it must name the first one as its parent. ipykernel's messages are therefore
    written here; `display` would also enter them in the history of outputs.
    """

    def __init__(self, shell: Any) -> None:
        self._publisher = shell.display_pub
        self._parent = getattr(self._publisher, "parent_header", None)
        self._id = uuid.uuid4().hex

    def send(self, bundle: dict[str, str], *, update: bool) -> None:
        """Shows the output, or replaces it."""
        publisher = self._publisher
        transient = {"display_id": self._id}
        session = getattr(publisher, "session", None)
        socket = getattr(publisher, "pub_socket", None)
        if session is None or socket is None:
            publisher.publish(bundle, transient=transient, update=update)
            return
        if not update:
            # What the cell printed comes first.
            sys.stdout.flush()
            sys.stderr.flush()
        session.send(
            socket,
            "update_display_data" if update else "display_data",
            {"data": bundle, "metadata": {}, "transient": transient},
            parent=self._parent,
            ident=getattr(publisher, "topic", None),
        )


def window_line(meter: CarbonMeter, window: Window) -> str:
    """What a window cost, on one line."""
    with meter.look() as account:
        if account.is_searching:
            return _too_early(account, window)
        cell = inclusive_dict(account, window, time.time())
    return cell_line(cell, co2e_unit=meter.mass_unit)


def _too_early(account: Account, window: Window) -> str:
    """The line of a cell that ended before the first source was found; %carbon cells has it."""
    duration = duration_text(account.duration_s(window.start, window.end))
    known = "not known yet, since the sources of its energy are still being looked for"
    label = [one_line(window.label, LONGEST_NAME)] if window.label else []
    return BETWEEN.join([*label, known, duration])

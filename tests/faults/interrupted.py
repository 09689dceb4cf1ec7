"""In a process of its own: a KeyboardInterrupt at each instant of the hooks, one after the other.

    python -m tests.faults.interrupted lines|instructions CELLS [bare]

CELLS is the number of kinds of cells; "bare" leaves out what they show at their end.
It prints as JSON how many instants there were, and what was wrong after which.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import jupyter_carbon
from jupyter_carbon.kernel import display
from jupyter_carbon.kernel.extension import loaded_meter
from jupyter_carbon.kernel.hooks import CellHooks
from jupyter_carbon.summary.document import build_document
from tests.kernel.sums import assert_adds_up

CELLS = (
    "x = 1",
    "%%carbon --label work\nx = 1",
    "1 / 0",
    "%%carbon --budget 5kWh\nx = 1",
)
LATE = "the cell ended with the next one's beginning"
_PACKAGE = str(Path(jupyter_carbon.__file__).parent)
_HOOKS = {CellHooks.before_cell.__code__, CellHooks.after_cell.__code__}


class Interrupter:
    """Counts the instants of the hooks, and interrupts at one of them.

    An instant is a line of the package, or an instruction, that runs while a hook
    does; where a call returns is one, too.
    """

    def __init__(self, at: int | None, *, by_instruction: bool) -> None:
        self.seen = 0
        self.where = ""
        self._at = at
        self._events = {"opcode" if by_instruction else "line", "return"}
        self._by_instruction = by_instruction
        self._hooks = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        """The trace function of calls."""
        code = frame.f_code
        if code in _HOOKS:
            self._hooks += 1
        elif not self._hooks or not code.co_filename.startswith(_PACKAGE):
            return None
        frame.f_trace_opcodes = self._by_instruction
        return self._instant

    def _instant(self, frame: FrameType, event: str, _: Any) -> Any:
        if event in self._events and self._hooks:
            self.seen += 1
            if self.seen == self._at:
                name = Path(frame.f_code.co_filename).name
                self.where = f"{name}:{frame.f_lineno}"
                self._hooks = 0
                sys.settrace(None)
                frame.f_trace = None
                # As Ctrl+C does: what handles it is called before the next instruction.
                signal.raise_signal(signal.SIGINT)
        if event == "return" and frame.f_code in _HOOKS:
            self._hooks = max(0, self._hooks - 1)
        return self._instant


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def interrupted(shell: Any, cell: str, at: int | None, *, by_instruction: bool) -> Interrupter:
    """Runs a cell with an interrupt at that instant; None: without."""
    interrupter = Interrupter(at, by_instruction=by_instruction)
    with quiet():
        sys.settrace(interrupter)
        try:
            shell.run_cell(cell, store_history=True)
        finally:
            sys.settrace(None)
    return interrupter


def faults_after(shell: Any, meter: Any, cell: str) -> Iterator[str]:
    """What is wrong with the cell that follows an interrupt."""
    shell.user_ns.pop("x", None)
    ended_s = time.monotonic()
    number = shell.execution_count
    with quiet():
        shell.run_cell("after = 1", store_history=True)
    with meter.look() as account:
        cells = account.session.cells
        last = cells.get(len(cells) - 1, "cell")
        if account.running.cells or account.running.labels:
            yield "a window was left open"
        if last.title != "after = 1" or last.status != "ok":
            yield "the next cell was not metered"
        elif last.overlapped:
            yield "the next cell overlaps"
        elif last.execution_count != number:
            yield f"the next cell has the number {last.execution_count} instead of {number}"
        before = cells.get(len(cells) - 2, "cell")
        if before.title == cell and account.moment_s(before.end) > ended_s + 0.001:
            yield LATE
    if meter.complaints:
        yield f"the meter complained: {meter.complaints.pop()}"


def main() -> None:
    by_instruction = sys.argv[1] == "instructions"
    # How often it looks while it waits is another matter than what it does.
    display.PLAIN_WAIT_S = 0.0
    if sys.argv[3:] == ["bare"]:
        display.CellDisplay.end = lambda *_, **__: None  # type: ignore[method-assign]
    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    # Thousands of them are drawn for nobody.
    shell.showtraceback = lambda *_, **__: None
    with quiet():
        shell.run_cell("%load_ext jupyter_carbon", store_history=True)
        shell.run_cell("import time; time.sleep(0.5)", store_history=True)
    meter = loaded_meter()
    instants, wrong, unmetered, late = 0, [], 0, 0
    begun_s = time.monotonic()
    for cell in CELLS[: int(sys.argv[2])]:
        at = 0
        while True:
            at += 1
            with meter.look() as account:
                before = len(account.session.cells)
            run = interrupted(shell, cell, at, by_instruction=by_instruction)
            faults = list(faults_after(shell, meter, cell))
            if not run.where:
                break
            instants += 1
            with meter.look() as account:
                unmetered += len(account.session.cells) - before < 2
            late += faults.count(LATE)
            wrong += [
                f"{fault}: {cell!r} interrupted at {run.where}" for fault in faults if fault != LATE
            ]
    with quiet():
        shell.run_cell("time.sleep(0.5)", store_history=True)
    sys.stderr.write(f"{instants} instants in {time.monotonic() - begun_s:.0f} s\n")
    document = build_document(meter)
    assert_adds_up(document)
    with quiet():
        shell.run_cell("%unload_ext jupyter_carbon")
    answer = {"instants": instants, "wrong": wrong, "unmetered": unmetered, "late": late}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

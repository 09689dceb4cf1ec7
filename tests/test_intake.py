"""An edge has the sources read at once, whoever entered it in the account."""

from __future__ import annotations

from jupyter_carbon.windows import Window
from tests.simulation import Board, Clock, Kernel

_AT_ONCE_S = 0.005


def _reads_after_the_end(kernel: Kernel, board: Board) -> int:
    before = board.reads
    kernel.wait(_AT_ONCE_S)
    return board.reads - before


def test_an_edge_that_comes_during_a_reading_is_not_overheard() -> None:
    clock = Clock()
    board = Board(clock, counter_step_s=None, call_s=0.002)
    kernel = Kernel(board, clock=clock)
    window = Window("cell", "never opened")

    def end_the_cell(_now_s: float) -> None:
        if window.status == "running" and window.start >= 0:
            kernel.meter.close_cell(window, "ok")

    window = kernel.meter.open_cell("cell", 1)
    kernel.wake()
    kernel.wait(0.5)
    board.fails = end_the_cell
    while window.status == "running":
        kernel.wait(0.001)

    assert _reads_after_the_end(kernel, board) >= 1


def test_an_edge_that_somebody_asked_about_first_is_not_overheard() -> None:
    clock = Clock()
    board = Board(clock, counter_step_s=None)
    kernel = Kernel(board, clock=clock)
    window = kernel.meter.open_cell("cell", 1)
    kernel.wake()
    kernel.wait(0.5)
    kernel.meter.close_cell(window, "ok")

    kernel.meter.figure(window)
    kernel.wake()

    assert _reads_after_the_end(kernel, board) >= 1

"""Which windows are written when, and that none is forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.recording.progress import Allowance, Progress
from tests.steady import Ledger as Steady


def allowance(rows: int = 1000) -> Allowance:
    return Allowance(rows, 1e9)


def cells(steady: Steady, count: int, span_s: float = 0.1) -> None:
    for _ in range(count):
        window = steady.open()
        steady.run(span_s)
        steady.close(window)


def go_on(steady: Steady, progress: Progress, rows: int = 1000) -> tuple[list[int], Progress]:
    written: list[int] = []
    closed = steady.account.session.cells
    progress = progress.go_on(steady.account, closed, allowance(rows), written.append)
    return written, progress


def test_a_cell_is_written_when_it_ends_and_once_more_when_its_figure_is_final() -> None:
    steady = Steady(step_s=None)
    steady.read()
    cells(steady, 1)
    closed = steady.account.session.cells
    written, progress = go_on(steady, Progress())
    assert written == [0]
    assert not progress.is_all_of(closed)
    steady.run(30.0)
    written, progress = go_on(steady, progress)
    assert written == [0]
    assert progress.is_all_of(closed)
    assert go_on(steady, progress) == ([], progress)


def test_what_is_not_final_is_written_with_what_is_new() -> None:
    steady = Steady(step_s=None)
    steady.read()
    cells(steady, 1)
    _, progress = go_on(steady, Progress())
    assert progress.moving == (0,)
    cells(steady, 1, 0.0)
    written, progress = go_on(steady, progress)
    assert written == [0, 1]


def test_no_more_is_written_at_once_than_is_allowed() -> None:
    steady = Steady()
    steady.read()
    cells(steady, 50)
    steady.run(1.0)
    progress, batches = Progress(), []
    while progress.has_backlog(steady.account.session.cells):
        written, progress = go_on(steady, progress, rows=20)
        batches.append(len(written))
    assert batches == [20, 20, 10]


def test_a_batch_that_takes_too_long_ends_but_never_stands_still() -> None:
    now_s = iter(range(10_000))
    slow = Allowance(1000, 20.5, lambda: float(next(now_s)))
    taken = sum(slow.take() for _ in range(1000))
    assert 16 <= taken < 40
    late = Allowance(1000, -1.0, lambda: 0.0)
    assert sum(late.take() for _ in range(1000)) == 16


def test_what_is_to_be_written_anew_comes_newest_first_and_after_what_is_new() -> None:
    steady = Steady()
    steady.read()
    cells(steady, 5)
    steady.run(1.0)
    _, progress = go_on(steady, Progress())
    cells(steady, 1)
    steady.run(1.0)
    written, progress = go_on(steady, progress.again, rows=3)
    assert written == [5, 4, 3]
    cells(steady, 1)
    steady.run(1.0)
    written, progress = go_on(steady, progress)
    assert written == [6, 2, 1, 0]
    assert progress.is_all_of(steady.account.session.cells)


@given(
    st.lists(
        st.tuples(st.sampled_from(["cells", "run", "write", "lose", "anew"]), st.integers(1, 30)),
        max_size=30,
    )
)
def test_whatever_happens_each_cell_is_written_with_its_final_figure(
    steps: list[tuple[str, int]],
) -> None:
    steady = Steady(step_s=None)
    steady.read()
    progress = Progress()
    final: set[int] = set()
    closed = steady.account.session.cells

    def write(rows: int, *, is_kept: bool) -> None:
        nonlocal progress
        written, further = go_on(steady, progress, rows)
        if is_kept:
            progress = further
            ends = {place: steady.account.is_final(closed.end_of(place)) for place in written}
            final.update(place for place, is_final in ends.items() if is_final)

    for step, amount in steps:
        if step == "cells":
            cells(steady, min(amount, 5), 0.1)
        elif step == "run":
            steady.run(amount / 10)
        elif step == "anew":
            progress = progress.again
            final.clear()
        else:
            write(amount, is_kept=step == "write")
    steady.run(30.0)
    for _ in range(100):
        if progress.is_all_of(closed):
            break
        write(30, is_kept=True)
    assert progress.is_all_of(closed)
    assert final == set(range(len(closed)))

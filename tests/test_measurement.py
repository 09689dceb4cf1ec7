"""`measure` around blocks and functions of every kind, on a clock of its own."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from jupyter_carbon.measurement import Measurement
from jupyter_carbon.meter import CarbonMeter
from tests.simulation import Board, Clock, Kernel


@pytest.fixture
def kernel() -> Kernel:
    clock = Clock()
    kernel = Kernel(Board(clock, counter_step_s=0.02), clock=clock)
    kernel.wait(2.0)
    return kernel


def _labels(kernel: Kernel) -> list[tuple[str | None, str, float]]:
    """Label, status and duration of what has been measured, in the order of the ends."""
    with kernel.meter.look() as account:
        return [
            (window.label, window.status, round(account.duration_s(window.start, window.end), 2))
            for window in account.windows(account.session, "label")
        ]


def test_a_block_has_its_figures(kernel: Kernel) -> None:
    with kernel.meter.measure("train") as training:
        kernel.boards[0].load(300.0)
        kernel.wait(2.0)
        kernel.boards[0].load(60.0)
    kernel.wait(1.0)
    assert training.energy_j.value == pytest.approx(600.0, rel=0.01)
    assert training.duration_s == pytest.approx(2.0, abs=0.01)
    assert training.co2e_g.value == pytest.approx(600.0 * kernel.meter.rate.g_per_j, rel=0.01)
    assert training.figure.label == "train"
    assert training.figure.kind == "label"
    assert training.figure.execution_count is None


def test_before_its_end_a_block_has_none(kernel: Kernel) -> None:
    training = kernel.meter.measure("train")
    with training, pytest.raises(RuntimeError, match="has not ended yet"):
        _ = training.energy_j


def test_errors_pass_through_and_are_kept_as_the_status(kernel: Kernel) -> None:
    for error in (ValueError("mine"), KeyboardInterrupt(), asyncio.CancelledError(), SystemExit(3)):
        with pytest.raises(type(error)) as raised, kernel.meter.measure(type(error).__name__):
            raise error
        assert raised.value is error
    assert [(label, status) for label, status, _ in _labels(kernel)] == [
        ("ValueError", "error"),
        ("KeyboardInterrupt", "interrupted"),
        ("CancelledError", "interrupted"),
        ("SystemExit", "error"),
    ]


def test_each_call_of_a_function_is_metered(kernel: Kernel) -> None:
    measured = kernel.meter.measure("work")

    @measured
    def work(span_s: float, *, factor: int = 2) -> float:
        """What it does."""
        kernel.wait(span_s)
        return span_s * factor

    assert work(1.0) == 2.0
    assert work(2.0, factor=3) == 6.0
    kernel.wait(1.0)
    assert work.__name__ == "work"
    assert work.__doc__ == "What it does."
    assert list(inspect.signature(work).parameters) == ["span_s", "factor"]
    assert _labels(kernel) == [("work", "ok", 1.0), ("work", "ok", 2.0)]
    assert measured.energy_j.value == pytest.approx(120.0, rel=0.01)  # of the last call


def test_methods_and_classes_work_as_ever(kernel: Kernel) -> None:
    class Model:
        @kernel.meter.measure("fit")
        def fit(self, x: int) -> tuple[Model, int]:
            return self, x

        @staticmethod
        @kernel.meter.measure("static")
        def static(x: int) -> int:
            return x

    model = Model()
    assert model.fit(3) == (model, 3)
    assert Model.static(4) == 4
    assert [label for label, _, _ in _labels(kernel)] == ["fit", "static"]


def test_a_recursive_function_has_a_window_for_each_call(kernel: Kernel) -> None:
    @kernel.meter.measure("deep")
    def deep(n: int) -> int:
        kernel.wait(1.0)
        return 1 if n == 0 else 1 + deep(n - 1)

    assert deep(2) == 3
    assert _labels(kernel) == [("deep", "ok", 1.0), ("deep", "ok", 2.0), ("deep", "ok", 3.0)]


def test_a_measurement_entered_again_within_itself(kernel: Kernel) -> None:
    measured = kernel.meter.measure("nested")
    with measured:
        kernel.wait(1.0)
        with measured:
            kernel.wait(1.0)
        kernel.wait(1.0)
        assert measured.duration_s == pytest.approx(1.0, abs=0.01)
    assert measured.duration_s == pytest.approx(3.0, abs=0.01)


def test_a_coroutine_function_is_metered_until_it_has_ended(kernel: Kernel) -> None:
    @kernel.meter.measure("async")
    async def work(span_s: float) -> float:
        await asyncio.sleep(0)
        kernel.wait(span_s)
        await asyncio.sleep(0)
        return span_s

    @kernel.meter.measure("broken")
    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError

    assert inspect.iscoroutinefunction(work)
    pending = work(1.0)
    assert _labels(kernel) == []  # nothing has run yet
    assert asyncio.run(pending) == 1.0  # type: ignore[arg-type]
    with pytest.raises(ValueError):  # noqa: PT011
        asyncio.run(broken())  # type: ignore[arg-type]
    assert _labels(kernel) == [("async", "ok", 1.0), ("broken", "error", 0.0)]


def test_tasks_that_share_a_measurement_are_told_apart(kernel: Kernel) -> None:
    measured = kernel.meter.measure("task")

    async def work(begin: asyncio.Event, end: asyncio.Event, span_s: float) -> None:
        with measured:
            begin.set()
            kernel.wait(span_s)
            await end.wait()

    async def both() -> None:
        first_in, first_out, second_in, second_out = (asyncio.Event() for _ in range(4))
        first = asyncio.create_task(work(first_in, first_out, 1.0))
        await first_in.wait()
        second = asyncio.create_task(work(second_in, second_out, 1.0))
        await second_in.wait()
        first_out.set()  # the first ends first, though it did not begin last
        await first
        kernel.wait(1.0)
        second_out.set()
        await second

    asyncio.run(both())
    assert _labels(kernel) == [("task", "ok", 2.0), ("task", "ok", 2.0)]


def test_threads_that_share_a_measurement_are_told_apart(kernel: Kernel) -> None:
    measured = kernel.meter.measure("thread")
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with measured:
            entered.set()
            leave.wait(10)

    with measured:
        kernel.wait(1.0)
        thread = threading.Thread(target=work)
        thread.start()
        assert entered.wait(10)
        kernel.wait(1.0)
    kernel.wait(1.0)  # the other thread's goes on
    leave.set()
    thread.join()
    assert _labels(kernel) == [("thread", "ok", 2.0), ("thread", "ok", 2.0)]


def test_a_block_left_in_another_context_than_it_was_entered_in(kernel: Kernel) -> None:
    measured = kernel.meter.measure("apart")
    threading_result: list[Any] = []
    contextvars.copy_context().run(measured.__enter__)
    kernel.wait(1.0)
    thread = threading.Thread(
        target=lambda: threading_result.append(measured.__exit__(None, None, None))
    )
    thread.start()
    thread.join()
    assert _labels(kernel) == [("apart", "ok", 1.0)]


def test_generators_are_refused_with_a_sentence(kernel: Kernel) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def more() -> AsyncIterator[int]:
        yield 1

    for function in (numbers, more):
        with pytest.raises(TypeError, match=r"cannot meter the generator .*with measure"):
            kernel.meter.measure("gen")(function)


@pytest.mark.parametrize("label", [print, 3, None, b"bytes"])
def test_a_label_that_is_none_is_refused_with_a_sentence(kernel: Kernel, label: Any) -> None:
    with pytest.raises(TypeError, match='write @measure\\("train"\\)'):
        kernel.meter.measure(label)


def test_work_that_was_queued_is_waited_for_within_the_block(kernel: Kernel) -> None:
    kernel.meter.before_end = lambda: kernel.wait(1.0)
    with kernel.meter.measure("queued") as queued:
        kernel.wait(1.0)
    assert queued.duration_s == pytest.approx(2.0, abs=0.01)


def test_an_interrupt_of_that_wait_ends_the_block(kernel: Kernel) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    kernel.meter.before_end = interrupt
    with pytest.raises(KeyboardInterrupt), kernel.meter.measure("queued"):
        pass
    assert _labels(kernel) == [("queued", "interrupted", 0.0)]
    assert not kernel.meter.is_busy


def test_each_run_belongs_to_the_meter_that_is_then_in_use(kernel: Kernel) -> None:
    clock = Clock()
    other = Kernel(Board(clock), clock=clock)
    in_use: CarbonMeter = kernel.meter
    measured = Measurement(lambda: in_use, "moves")
    with measured:
        kernel.wait(1.0)
        in_use = other.meter
        with measured:
            other.wait(2.0)
    assert _labels(kernel) == [("moves", "ok", 1.0)]
    assert _labels(other) == [("moves", "ok", 2.0)]

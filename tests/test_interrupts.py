"""An interrupt waits for what must not be left half done."""

from __future__ import annotations

import signal
import threading

import pytest

from jupyter_carbon.interrupts import kept_until_done


def test_an_interrupt_comes_when_all_is_done() -> None:
    before = signal.getsignal(signal.SIGINT)
    done: list[str] = []

    def work() -> None:
        with kept_until_done():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is before


def test_it_is_kept_through_blocks_within_each_other() -> None:
    done: list[str] = []

    def work() -> None:
        with kept_until_done():
            with kept_until_done():
                signal.raise_signal(signal.SIGINT)
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["inner", "outer"]


def test_an_error_of_the_block_is_not_lost() -> None:
    with pytest.raises(ValueError, match="its own"), kept_until_done():
        raise ValueError("its own")


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_nobody_handles_it_nothing_is_changed(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with kept_until_done():
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_none() -> None:
    seen = []

    def run() -> None:
        with kept_until_done():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]

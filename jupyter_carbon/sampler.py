"""The one thread: it runs the rounds when they are due, or as soon as it is woken."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue

from jupyter_carbon.rounds import SILENT_S, Rounds, Sink, asleep_s
from jupyter_carbon.sources.base import Discovery

THREAD_NAME = "jupyter_carbon"
_SURE_S = 0.5


class Sampler:
    """Reads sources and hands the readings to a sink, on a daemon thread.

    The user's thread calls `wake` only, which takes no lock. `open`, `step` and
    `close` do by hand what the thread does, one round at a time.

    Args:
        discover: finds the sources; called on the thread.
        sink: takes the readings; called on the thread.
        clock: monotonic seconds.
        asleep: seconds of suspend so far.
        idle_s: between readings while nothing runs.
        busy_s: between readings while a cell or label runs.
    """

    def __init__(
        self,
        discover: Callable[[], Discovery],
        sink: Sink,
        *,
        clock: Callable[[], float] = time.monotonic,
        asleep: Callable[[], float] = asleep_s,
        idle_s: float = 1.0,
        busy_s: float = 0.1,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._pause_s = idle_s
        self._make_rounds: Callable[[], Rounds] = partial(
            Rounds, discover, sink, clock=clock, asleep=asleep, idle_s=idle_s, busy_s=busy_s
        )
        self._rounds = self._make_rounds()
        self._waker: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._suspected: Rounds | None = None
        self._suspected_s = 0.0
        self._pid = os.getpid()

    @property
    def calls(self) -> int:
        """Readings asked of sources since the start."""
        return self._rounds.calls

    @property
    def is_running(self) -> bool:
        """True while the thread lives, in the process that started it."""
        return self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()

    def start(self) -> bool:
        """Starts the thread; False if the system has none to give."""
        if self.is_running:
            return True
        if self._rounds.ended:
            # The thread that was told to end may still wait for a device: it keeps its own rounds.
            self._rounds = self._make_rounds()
            self._waker = SimpleQueue()
        self._pid = os.getpid()
        return self._launch(is_open=False)

    def wake(self) -> None:
        """Has the thread look at once at what was noted down; takes no lock."""
        self.tend()
        if self._rounds.listens:
            self._waker.put(None)

    def tend(self) -> None:
        """Leaves a source that does not answer behind, and goes on with the others.

        It must be found silent twice: the first time the thread may only have
        waited for the interpreter.
        """
        silent_s = self._rounds.silent_for_s
        if silent_s < SILENT_S:
            return
        now_s = self._clock()
        if self._suspected is not self._rounds or self._suspected_s < now_s - silent_s:
            self._suspected, self._suspected_s = self._rounds, now_s
        elif now_s - self._suspected_s > _SURE_S and self.is_running:
            heir = self._make_rounds()
            if heir.take_over(self._rounds):
                self._rounds, self._waker = heir, SimpleQueue()
                self._launch(is_open=True)

    def stop(self, wait_s: float = 2.0) -> None:
        """Ends the thread, which closes the sources; waits for it at most so long.

        A thread that waits for a device longer than that ends when the device
        answers; the answer is dropped.
        """
        self._rounds.ended = True
        thread, self._thread = self._thread, None
        if thread is None or self._pid != os.getpid():
            return
        self._waker.put(None)
        if thread is not threading.current_thread():
            thread.join(wait_s)

    def open(self) -> None:
        """Finds the sources."""
        self._rounds.open()

    def step(self) -> float:
        """Reads what is due; returns the moment of the next round."""
        return self._rounds.step()

    def close(self) -> None:
        """Gives the sources back."""
        self._rounds.close()

    def _launch(self, *, is_open: bool) -> bool:
        thread = threading.Thread(
            target=self._run,
            args=(self._rounds, self._waker, is_open),
            name=THREAD_NAME,
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def _run(self, rounds: Rounds, waker: SimpleQueue[None], is_open: bool) -> None:
        try:
            if not is_open:
                rounds.open()
            while not rounds.ended:
                try:
                    wait_s = rounds.step() - self._clock()
                except Exception as error:  # noqa: BLE001  # told, and tried again after a while
                    self._sink.broke(error)
                    wait_s = self._pause_s
                _wait(waker, wait_s)
        finally:
            rounds.close()


def _wait(waker: SimpleQueue[None], span_s: float) -> None:
    try:
        waker.get(timeout=max(0.0, span_s))
    except Empty:
        return
    while True:
        try:
            waker.get_nowait()
        except Empty:
            return

"""The one thread: which source to read when, and what to do when it gives nothing.

The thread comes late where the user's code holds the interpreter. Nothing here
relies on it being in time: readings carry their own moments, and curves are
differences of counters.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import BufferedSource, Discovery, FailureState, Source, SourceError

_TOGETHER_S = 0.001
"""Sources due within this of each other are read in one round."""
_RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_TAIL_S = 0.5
"""After an edge the fast interval lasts this much longer, to see what outlives the cell."""
_ASLEEP_S = 0.5
_DITHER = 0.08
_GOLDEN = 0.618033988749895
_DEVICE_SHARE = 0.25
"""Of the fast interval that calls may take; more devices than that are read less often."""


class Sink(Protocol):
    """Who takes what the thread has read; its methods are called on the thread."""

    def found(self, discovery: Discovery) -> None:
        """Sources were found."""

    def take(self, source_id: str, reading: Reading, kept: Sequence[tuple[float, float]]) -> None:
        """A source was read; `kept` are (moment, watts) that its driver kept over a gap."""

    def fail(self, source_id: str, moment_s: float, error: SourceError) -> None:
        """A source could not be read."""

    def slept(self, moment_s: float) -> None:
        """The machine was suspended since the last round."""

    def next_read(self, source_id: str, now_s: float, due_s: float) -> float:
        """When to read a source next: at about `due_s`, earlier where that would help."""

    def catch_up(self) -> bool:
        """Applies what the user's thread noted down; True if it was an edge."""

    @property
    def is_busy(self) -> bool:
        """True while a cell or a label runs."""

    @property
    def is_paused(self) -> bool:
        """True while nothing is to be read."""


@dataclass(slots=True)
class _Slot:
    source: Source
    due_s: float
    last_s: float = -math.inf
    failures: int = 0
    call_s: float = 0.0


def asleep_s() -> float:
    """Seconds that the machine has been suspended since it started; 0 where unknown."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None:
        return 0.0
    return time.clock_gettime(clock) - time.clock_gettime(time.CLOCK_MONOTONIC)


class Sampler:
    """Reads sources and hands the readings to a sink.

    `step` does one round and says when the next is due; `start` runs it on a
    daemon thread until `stop`. The user's thread calls `wake` only, which takes
    no lock.

    Args:
        discover: finds the sources; called on the thread.
        sink: takes the readings.
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
        self.idle_s = idle_s
        self.busy_s = busy_s
        self.calls = 0
        """Readings asked of sources so far."""
        self._discover = discover
        self._sink = sink
        self._clock = clock
        self._asleep = asleep
        self._slept_s = asleep()
        self._slots: list[_Slot] = []
        self._waker: SimpleQueue[None] = SimpleQueue()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._tail_until_s = -math.inf
        self._beat = 0.0

    @property
    def is_running(self) -> bool:
        """True while the thread lives, in the process that started it."""
        return self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()

    @property
    def is_stopped(self) -> bool:
        """True after `stop`."""
        return self._stopping

    def start(self) -> bool:
        """Starts the thread; False if the system has none to give."""
        if self.is_running:
            return True
        self._stopping = False
        self._pid = os.getpid()
        thread = threading.Thread(target=self._run, name="jupyter_carbon", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def wake(self) -> None:
        """Has the thread look at once at what was noted down; takes no lock."""
        self._waker.put(None)

    def stop(self, wait_s: float = 2.0) -> None:
        """Ends the thread and closes the sources; waits for it at most so long."""
        self._stopping = True
        thread, self._thread = self._thread, None
        if thread is None or self._pid != os.getpid():
            return
        self.wake()
        if thread is not threading.current_thread():
            thread.join(wait_s)

    def open(self) -> None:
        """Finds the sources; `step` reads them from then on."""
        found = self._discover()
        now_s = self._clock()
        self._slots = [_Slot(source, now_s) for source in found.sources]
        self._sink.found(found)

    def close(self) -> None:
        """Gives the sources back."""
        slots, self._slots = self._slots, []
        for slot in slots:
            try:
                slot.source.close()
            except Exception:  # noqa: BLE001  # a foreign source must not keep the rest open
                continue

    def step(self) -> float:
        """Reads what is due; returns the moment of the next round."""
        sink = self._sink
        now_s = self._clock()
        if sink.catch_up():
            self._tail_until_s = now_s + _TAIL_S
            for slot in self._slots:
                if not slot.failures:
                    slot.due_s = now_s
        if sink.is_paused:
            for slot in self._slots:
                slot.due_s = now_s
            return now_s + self.idle_s
        self._notice_sleep(now_s)
        for slot in self._slots:
            if slot.due_s <= now_s + _TOGETHER_S and not self._stopping:
                self._read(slot)
        now_s = self._clock()
        return min((slot.due_s for slot in self._slots), default=now_s + self.idle_s)

    def _run(self) -> None:
        try:
            self.open()
            while not self._stopping:
                due_s = self.step()
                self._wait(due_s - self._clock())
        finally:
            self.close()

    def _wait(self, span_s: float) -> None:
        try:
            self._waker.get(timeout=max(0.0, span_s))
        except Empty:
            return
        while True:
            try:
                self._waker.get_nowait()
            except Empty:
                return

    def _notice_sleep(self, now_s: float) -> None:
        slept_s = self._asleep()
        if slept_s - self._slept_s > _ASLEEP_S:
            self._sink.slept(now_s)
        self._slept_s = slept_s

    def _read(self, slot: _Slot) -> None:
        source_id = slot.source.info.id
        begin_s = self._clock()
        self.calls += 1
        try:
            reading = slot.source.read()
        except SourceError as error:
            self._failed(slot, error)
            return
        except Exception as error:  # noqa: BLE001  # whatever a foreign source raises stays here
            state: FailureState = "failed"
            self._failed(
                slot, SourceError(state, f"{slot.source.info.name} could not be read: {error!r}.")
            )
            return
        end_s = self._clock()
        slot.call_s = end_s - begin_s
        slot.failures = 0
        self._sink.take(source_id, reading, self._kept(slot, reading))
        slot.last_s = reading.moment_s
        # A cell that began meanwhile counts as an edge of the next round.
        slot.due_s = self._next(slot, end_s)

    def _next(self, slot: _Slot, now_s: float) -> float:
        busy = self._sink.is_busy or now_s < self._tail_until_s
        if busy:
            self._beat = (self._beat + _GOLDEN) % 1.0
            all_calls_s = sum(other.call_s for other in self._slots)
            interval_s = max(self.busy_s, all_calls_s / _DEVICE_SHARE)
            # Readings at equal distances would beat with a load that repeats.
            due_s = now_s + interval_s * (1 + _DITHER * (2 * self._beat - 1))
        else:
            due_s = now_s + self.idle_s
        return max(now_s, self._sink.next_read(slot.source.info.id, now_s, due_s))

    def _kept(self, slot: _Slot, reading: Reading) -> Sequence[tuple[float, float]]:
        """What the driver kept, where nobody came to read for long and no counter bridges it."""
        expected_s = self.busy_s if self._sink.is_busy else self.idle_s
        late = reading.moment_s - slot.last_s > 2.5 * expected_s
        if not late or reading.counter_j is not None or math.isinf(slot.last_s):
            return ()
        if not isinstance(slot.source, BufferedSource):
            return ()
        try:
            return [
                sample
                for sample in slot.source.recent_power(slot.last_s)
                if slot.last_s < sample[0] < reading.moment_s
            ]
        except Exception:  # noqa: BLE001  # without the buffer the gap is bridged by a line
            return ()

    def _failed(self, slot: _Slot, error: SourceError) -> None:
        now_s = self._clock()
        wait_s = _RETRY_S[min(slot.failures, len(_RETRY_S) - 1)]
        slot.failures += 1
        slot.due_s = now_s + wait_s
        self._sink.fail(slot.source.info.id, now_s, error)

"""Writes the ledger on a thread of its own, so that nothing waits for a disk.

Nothing is queued: whoever hands in a batch is told whether it was written, and
hands in newer figures otherwise. So what a disk does not take for a week costs no
memory here.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch

if TYPE_CHECKING:
    from jupyter_carbon.ledger.store import Store

THREAD_NAME = "jupyter_carbon_ledger"
_REST_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""After so many failures in a row the next try waits so long."""
_SILENT_S = 15.0
"""A disk that has not answered for so long is told of."""
_GOES_ON = " The meter goes on, keeps its account in memory and writes it as soon as it can."

Done = Callable[[bool], object]
"""Told on the keeper's thread whether a batch was written."""


class Keeper:
    """Opens the ledger and writes what it is handed, on a daemon thread.

    In a forked child it does nothing.

    Args:
        place: where the ledger lies.
        tell: takes a sentence on why nothing can be written now, and None when it can
            again; called on the keeper's thread.
        mention: takes a sentence on what was done to the ledger, once each.
        trace_days: traces of sessions that ended so long ago are dropped.
    """

    def __init__(
        self,
        place: Place,
        tell: Callable[[str | None], object],
        mention: Callable[[str], object] = lambda sentence: None,
        *,
        trace_days: float = 90.0,
    ) -> None:
        self.place = place
        self._writer = _Writer(place, tell, mention, trace_days)
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        # A keeper that nobody holds any more leaves no thread.
        weakref.finalize(self, self._writer.end).atexit = False

    def start(self) -> bool:
        """Starts the thread, which opens the ledger; False if the system has none to give."""
        thread = threading.Thread(target=self._writer.run, name=THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._writer.say("The system gives the ledger no thread, so nothing is kept.")
            return False
        self._thread = thread
        return True

    @property
    def edition(self) -> int:
        """Another number whenever the ledger was opened anew, 0 before it was.

        It is up to date when `done` is called. What was written under an earlier
        number, but 0, may be in a file that is there no more: a session is then to be
        handed in from its beginning.
        """
        return self._writer.edition

    @property
    def is_idle(self) -> bool:
        """True if a batch may be handed in: the last one is done with, and no failure rests."""
        return (
            self._thread is not None
            and self._pid == os.getpid()
            and self._writer.done.is_set()
            and time.monotonic() >= self._writer.rest_until_s
        )

    def hand(self, batch: Batch, done: Done) -> bool:
        """Has a batch written; False, and nothing happens, while another one is under way.

        After a failure it is tried at once, whether or not `is_idle` says so.
        """
        if self._thread is None or self._pid != os.getpid() or not self._writer.done.is_set():
            return False
        self._writer.take(batch, done)
        return True

    def tend(self) -> None:
        """Tells of a disk that does not answer; to be called now and then."""
        if self._pid == os.getpid():
            self._writer.tend()

    def wait(self, wait_s: float) -> bool:
        """Waits until what was handed in is done with, at most so long; True if it is."""
        if self._thread is None or self._pid != os.getpid():
            return True
        return self._writer.done.wait(wait_s)

    def stop(self, wait_s: float = 2.0) -> bool:
        """Ends the thread after what it has been handed; True if it ended within the time.

        One that waits for a disk longer than that ends when the disk answers.
        """
        thread, self._thread = self._thread, None
        if thread is None or self._pid != os.getpid():
            return True
        self._writer.end()
        if thread is not threading.current_thread():
            thread.join(wait_s)
        return not thread.is_alive()


class _Writer:
    """What the thread does; it keeps no keeper that nobody else holds."""

    def __init__(
        self,
        place: Place,
        tell: Callable[[str | None], object],
        mention: Callable[[str], object],
        trace_days: float,
    ) -> None:
        self.edition = 0
        self.rest_until_s = 0.0
        self.done = threading.Event()
        self.done.set()
        self._place = place
        self._tell = tell
        self._mention = mention
        self._trace_days = trace_days
        self._jobs: SimpleQueue[tuple[Batch, Done] | None] = SimpleQueue()
        self._since_s = 0.0
        self._failures = 0
        self._told: str | None = None

    def take(self, batch: Batch, done: Done) -> None:
        self.done.clear()
        self._since_s = time.monotonic()
        self._jobs.put((batch, done))

    def end(self) -> None:
        self._jobs.put(None)

    def tend(self) -> None:
        if not self.done.is_set() and time.monotonic() - self._since_s > _SILENT_S:
            self.say(
                f"The disk with the ledger {self._place} has not answered for {_SILENT_S:.0f} s."
                + _GOES_ON
            )

    def say(self, sentence: str | None) -> None:
        if sentence != self._told:
            self._told = sentence
            # Who listens has its fault to itself: the thread goes on, and prints nothing.
            with suppress(Exception):
                self._tell(sentence)

    def run(self) -> None:
        store = self._make_store()
        if store is not None:
            self._try(store, store.open)
        while (job := self._jobs.get()) is not None:
            batch, done = job
            is_written = store is not None and self._try(store, partial(store.write, batch))
            try:
                done(is_written)
            except Exception as error:  # noqa: BLE001  # the fault of who listens
                self.say(f"The ledger cannot say what it has written: {error!r}.")
            # What waits for the next job keeps neither the last one nor who handed it in.
            del job, batch, done
            self.done.set()
        if store is not None:
            store.close()

    def _make_store(self) -> Store | None:
        try:
            # Here, since a Python may lack it, and the kernel's start need not wait for it.
            from jupyter_carbon.ledger.store import Store
        except ImportError as error:
            self.rest_until_s = math.inf
            self.say(
                f"This Python cannot keep a ledger, since it lacks a part ({error}). The meter"
                " goes on without one; a Python with sqlite3 helps."
            )
            return None
        return Store(self._place, trace_days=self._trace_days)

    def _try(self, store: Store, action: Callable[[], None]) -> bool:
        """Runs an action; whatever goes wrong is told, and the next try waits longer each time."""
        from jupyter_carbon.ledger.errors import LedgerError, LockedError

        trouble: str | None = None
        try:
            action()
        except LedgerError as error:
            # Others may well write for a moment: that is not worth a word.
            if not isinstance(error, LockedError) or self._failures:
                trouble = f"{error}{_GOES_ON}"
        except Exception as error:  # noqa: BLE001  # the thread lives on, and it is told
            trouble = f"The ledger {self._place} could not be written ({error!r}).{_GOES_ON}"
        else:
            self._failures, self.rest_until_s = 0, 0.0
            self.edition = store.edition
            for notice in store.notices:
                with suppress(Exception):
                    self._mention(notice)
            store.notices.clear()
            self.say(None)
            return True
        rest_s = _REST_S[min(self._failures, len(_REST_S) - 1)]
        self._failures += 1
        self.rest_until_s = time.monotonic() + rest_s
        if trouble is not None:
            self.say(trouble)
        return False

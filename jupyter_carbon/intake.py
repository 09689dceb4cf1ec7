"""The account behind its lock: what the user's thread notes and the sampler's thread enters.

The user's thread only writes down what happened and when, without a lock. The
sampler's thread, or whoever asks for a figure, enters it in the account.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from jupyter_carbon.account import Account
from jupyter_carbon.figure import Figure, Observer, figure_of
from jupyter_carbon.interrupts import kept_until_done
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceError
from jupyter_carbon.windows import Window, WindowStatus

STOPPED = "the meter was stopped"

_Edge = tuple[Window, float, float, WindowStatus | None]
"""A window, the moment on the monotonic and the wall clock, and how it ended; None: it began."""


class Intake:
    """Enters edges and readings in an account, and tells observers what has become final.

    Args:
        account: where all of it goes.
        clock: monotonic seconds.
        complain: takes a sentence on what went wrong.
    """

    def __init__(
        self, account: Account, clock: Callable[[], float], complain: Callable[[str], None]
    ) -> None:
        self._account = account
        self._clock = clock
        self._complain = complain
        self._lock = threading.RLock()
        self._noted: deque[_Edge] = deque()
        self._unreported: deque[Window] = deque(maxlen=10_000)
        self._observers: list[Observer] = []
        self._watchers: list[Callable[[], None]] = []
        self._stopped = False
        self._has_news = False

    # What anybody may call, and returns at once

    def note(self, edge: _Edge) -> None:
        """Notes that a window began or ended; takes no lock."""
        self._noted.append(edge)

    # What asks or commands, and waits for the lock

    @contextmanager
    def look(self) -> Iterator[Account]:
        """The account as of now, while nothing is entered in it; as of the stop after one.

        An interrupt that comes meanwhile is kept until the end, lest it tear the account.
        """
        with self._lock, kept_until_done():
            self._enter_noted()
            if not self._stopped:
                self._account.advance(self._clock())
            yield self._account

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Has a function called with every figure that becomes final; returns what ends that."""
        self._observers.append(observer)

        def off() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return off

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Has a function called after each round of readings; returns what ends that."""
        self._watchers.append(watcher)

        def off() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return off

    def stop(self) -> None:
        """Leaves every figure as it is now; windows that end later count nothing from here on."""
        with self.look() as account:
            self._stopped = True
            account.is_searching = False
            for source in account.sources.values():
                source.curve.open_gap(account.now_s, STOPPED)
            figures = self._finished()
        self._report(figures)

    def start(self) -> None:
        """Takes readings again, when sources have been found; the time since a stop is a gap."""
        with self._lock:
            self._stopped = False
            self._account.is_searching = not self._account.sources

    def forget_lock(self) -> None:
        """After a fork, where the lock may have been held by a thread that is no more."""
        self._lock = threading.RLock()

    # What the sampler's thread calls

    @property
    def is_busy(self) -> bool:
        """True while a cell or a label runs."""
        return bool(self._account.running.cells or self._account.running.labels)

    @property
    def is_paused(self) -> bool:
        """True while nothing is to be counted."""
        return self._account.paused

    def catch_up(self) -> bool:
        """Enters what was noted; True if that was anything, or anybody entered any before."""
        with self._lock:
            self._enter_noted()
            has_news, self._has_news = self._has_news, False
            figures = self._finished()
        self._report(figures)
        return has_news

    def found(self, discovery: Discovery) -> None:
        """Takes the sources that were found."""
        with self._lock:
            self._account.not_measured[:] = discovery.not_measured
            for source in discovery.sources:
                self._account.add_source(source.info)
            self._account.is_searching = False

    def take(self, source_id: str, reading: Reading, kept: Sequence[tuple[float, float]]) -> None:
        """Takes a reading, and before it what the driver kept over a gap."""
        with self._lock:
            self._enter_noted()
            if self._stopped:
                return
            if kept and not self._account.paused:
                self._account.sources[source_id].curve.fill(
                    Reading(moment_s, None, power_w, moment_s) for moment_s, power_w in kept
                )
            self._account.take(source_id, reading)
            figures = self._finished()
        self._report(figures)

    def fail(self, source_id: str, moment_s: float, error: SourceError) -> None:
        """Takes it that a source could not be read."""
        with self._lock:
            self._enter_noted()
            if self._stopped:
                return
            self._account.fail(source_id, moment_s, error.state, str(error), error.remedy)
            figures = self._finished()
        self._report(figures)

    def slept(self) -> None:
        """The machine was suspended since the newest readings."""
        with self._lock:
            self._account.interrupt("the machine slept")

    def broke(self, error: BaseException) -> None:
        """A round failed by a fault of the meter's own."""
        self._complain(
            f"The meter's thread met a fault of its own ({error!r}) and goes on; figures since"
            " then may be less exact. Please report it."
        )

    def rounded(self) -> None:
        """Calls who watches; it may ask for anything, and is dropped if it raises."""
        for watcher in list(self._watchers):
            try:
                watcher()
            except Exception as error:  # noqa: BLE001  # a watcher's fault stays its own
                if watcher in self._watchers:
                    self._watchers.remove(watcher)
                self._complain(
                    f"A function that watches the meter raised {error!r} and is no longer called;"
                    " the meter goes on."
                )

    def next_read(self, source_id: str, now_s: float, due_s: float) -> tuple[float, float | None]:
        """The moment near `due_s` that suits a reading, and an earlier one that would help."""
        with self._lock:
            curve = self._account.sources[source_id].curve
            return curve.suits(due_s), curve.wants(now_s)

    def _enter_noted(self) -> None:
        """Enters in the account what was noted down; the lock is held."""
        while self._noted:
            window, moment_s, wall_s, status = self._noted.popleft()
            self._has_news = True
            if status is None:
                self._account.open(window, moment_s, wall_s)
                continue
            ended = self._account.close(window, moment_s, wall_s, status)
            if ended is not None and self._observers:
                self._unreported.append(ended)

    def _finished(self) -> list[Figure]:
        """Figures that have become final; the lock is held."""
        figures = []
        while self._unreported and self._account.is_final(self._unreported[0].end):
            figures.append(figure_of(self._account, self._unreported.popleft()))
        return figures

    def _report(self, figures: Sequence[Figure]) -> None:
        for figure in figures:
            for observer in list(self._observers):
                try:
                    observer(figure)
                except Exception as error:  # noqa: BLE001  # an observer's fault stays its own
                    if observer in self._observers:
                        self._observers.remove(observer)
                    self._complain(
                        f"A function that listens to the meter raised {error!r} and is no longer"
                        " called; the meter goes on."
                    )

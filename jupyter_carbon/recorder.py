"""The recorder: once a second it has the account's newest figures written into the ledger.

It collects on the meter's thread and hands over to the ledger's own, so that a
disk that hangs stops neither the readings nor the user. It keeps no figures: what
could not be written is asked of the account again. What all of it needs is imported
on the meter's thread, too: who loads the meter does not wait for that.
"""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from jupyter_carbon.account import NOW, Account
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.document import notes, tool_version

if TYPE_CHECKING:
    from jupyter_carbon.ledger.keeper import Keeper
    from jupyter_carbon.ledger.place import Place
    from jupyter_carbon.ledger.records import Batch
    from jupyter_carbon.recording.log import Marks, SessionLog
    from jupyter_carbon.recording.rows import Origin

OFF = "off"
_BUSY_S = 0.8
_IDLE_S = 0.2
"""So long after it collected it does so again; while nothing runs the next round may be far."""
_ROWS = 2000
_SPAN_S = 0.02
"""A batch takes so many rows of cells and labels, and so long to collect."""
_SETTLED_S = 120.0
"""A counter that is caught moves figures no older than this."""
_SURE_S = 0.1
_EXIT_WAIT_S = 1.0
_METER_WAIT_S = 0.5
_AGAIN_S = 30.0


class Recorder:
    """Keeps a meter's sessions in the ledger, from `start` to `stop`.

    Where it lies is the meter's setting `ledger`; what goes wrong is among the
    meter's complaints until it goes right again. In a forked child it does nothing.

    Args:
        meter: what is recorded.
        kernel: what runs it: a kernel's id, "ipython" or "script".
        clock: the meter's monotonic seconds.
        wall_clock: seconds since the epoch.
    """

    def __init__(
        self,
        meter: CarbonMeter,
        *,
        kernel: str,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._meter = meter
        self._kernel = kernel
        self._clock = clock
        self._wall_clock = wall_clock
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._off: Callable[[], None] | None = None
        self._account: Account | None = None
        self._keeper: Keeper | None = None
        self._is_started = False
        self._origin: Origin | None = None
        self._logs: list[SessionLog] = []
        """The sessions that are not in the ledger as a whole; the one that runs comes last."""
        self._turn = 0
        self._due_s = self._collected_s = -math.inf
        self._complaint: str | None = None
        self._edition = 0

    def start(self) -> None:
        """Begins to record, unless the ledger is off; everything else is left for later."""
        if self._off is not None or self._is_child or self._meter.ledger.strip().lower() == OFF:
            return
        with self._meter.look() as account:
            self._account = account
            account.record(account.now_s, self._wall_clock(), code=self._meter.ledger_keep_code)
        self._off = self._meter.on_round(self._on_round)
        atexit.register(self._at_exit)

    def stop(self, wait_s: float = _EXIT_WAIT_S) -> None:
        """Writes what is left, with the session's end, once the meter has stopped.

        Args:
            wait_s: how long to wait for it, at most; what is not written then is lost.
        """
        off, self._off = self._off, None
        if off is None or self._is_child:
            return
        off()
        atexit.unregister(self._at_exit)
        until_s = time.monotonic() + wait_s
        if not self._guard.acquire(timeout=wait_s):
            return
        try:
            self._finish(until_s)
        finally:
            self._guard.release()
        with self._meter.look() as account:
            account.record_no_more()
        self._keeper, self._is_started, self._edition = None, False, 0
        self._logs, self._due_s = [], -math.inf

    def wait(self, wait_s: float) -> bool:
        """Waits until what was handed over is written, at most so long; True if it is."""
        keeper = self._keeper
        return keeper is None or keeper.wait(wait_s)

    @property
    def place(self) -> Place | None:
        """Where the ledger lies; None before it is first written."""
        return None if self._keeper is None else self._keeper.place

    @property
    def _is_child(self) -> bool:
        return self._meter.is_forked or os.getpid() != self._pid

    @property
    def _runs_something(self) -> bool:
        """True while a cell or a label runs; asked on the meter's thread, without its lock."""
        running = None if self._account is None else self._account.running
        return running is not None and bool(running.cells or running.labels)

    def _on_round(self) -> None:
        """Collects and hands over, when it is time and what was handed over before is written."""
        if self._is_child or self._clock() < self._due_s:
            return
        if self._runs_something and self._clock() < self._collected_s + _BUSY_S:
            return
        with self._guard:
            keeper = None if self._off is None else self._ready()
            if keeper is None:
                return
            keeper.tend()
            if keeper.is_idle and not self._hand(keeper):
                self._collected_s = self._clock()
                self._due_s = self._collected_s + _IDLE_S

    def _finish(self, until_s: float) -> None:
        """Writes until all is written, or the time is over."""
        keeper = self._ready()
        if keeper is None:
            return
        is_handed = False
        while keeper.wait(max(0.0, until_s - time.monotonic())):
            if is_handed and (self._is_written() or not keeper.is_idle):
                break
            if time.monotonic() >= until_s:
                break
            self._hand(keeper, is_last=True)
            is_handed = True
        keeper.stop(max(0.0, until_s - time.monotonic()))

    def _is_written(self) -> bool:
        """True if nothing is left to write, but for figures that may still move."""
        with self._meter.look() as account:
            return all(log.marks.has_end and not log.has_backlog(account) for log in self._logs)

    def _hand(self, keeper: Keeper, *, is_last: bool = False) -> bool:
        """Hands over what is to be written of one session; True if there is more at once."""
        with self._meter.look() as account:
            if not is_last:
                self._follow_wall(account)
            self._follow(account, keeper)
            log = self._next(account)
            batch, marks = self._collect(account, log, is_last=is_last)
            others = (other for other in self._logs if other is not log)
            has_more = log.has_backlog(account, marks) or any(
                other.has_backlog(account) for other in others
            )
        keeper.hand(batch, partial(_note_written, log, marks))
        return has_more

    def _follow_wall(self, account: Account) -> None:
        """Tells the account the time, unless another thread had its turn between the clocks."""
        begin_s, wall_s, end_s = self._clock(), self._wall_clock(), self._clock()
        if end_s - begin_s < _SURE_S:
            account.advance(end_s)
            account.follow_wall(end_s, wall_s)

    def _follow(self, account: Account, keeper: Keeper) -> None:
        """Takes the sessions that have begun and ended, and another ledger."""
        from jupyter_carbon.recording.log import SessionLog

        ended, account.ended = account.ended or [], []
        known = {id(log.session) for log in self._logs}
        for session in [*ended, account.session]:
            if id(session) not in known:
                self._logs.append(SessionLog(session, account.moment_s(session.start)))
        self._logs = [log for log in self._logs if not _is_settled(account, log)]
        self._logs[-1].notebook = self._meter.notebook
        if keeper.edition != self._edition:
            if self._edition:
                for log in self._logs:
                    log.start_over()
            self._edition = keeper.edition

    def _next(self, account: Account) -> SessionLog:
        """The session whose turn it is: each that has ended and is not written, then what runs."""
        waiting = [log for log in self._logs[:-1] if log.has_backlog(account)]
        self._turn = (self._turn + 1) % (len(waiting) + 1)
        return [*waiting, self._logs[-1]][self._turn]

    def _collect(self, account: Account, log: SessionLog, *, is_last: bool) -> tuple[Batch, Marks]:
        from jupyter_carbon.recording.progress import Allowance

        assert self._origin is not None
        return log.collect(
            account,
            self._origin,
            notes(self._meter, account),
            self._wall_clock(),
            Allowance(_ROWS, _SPAN_S),
            is_last=is_last and log.session.end == NOW,
        )

    def _ready(self) -> Keeper | None:
        """The ledger's thread; made when it is first needed, with what that imports."""
        if self._keeper is None:
            from jupyter_carbon.ledger.keeper import Keeper
            from jupyter_carbon.ledger.life import this_life
            from jupyter_carbon.ledger.place import find_place
            from jupyter_carbon.recording.rows import Origin

            try:
                place = find_place(self._meter.ledger)
            except (OSError, RuntimeError, ValueError) as error:
                place = None
                self._tell(
                    f"There is no place for a ledger ({error}), so nothing is kept when this"
                    " kernel ends. The setting `ledger` names another place."
                )
            if place is None:
                self._due_s = math.inf
                return None
            self._origin = Origin(*this_life(), self._kernel, tool_version())
            self._keeper = Keeper(
                place, self._tell, self._mention, trace_days=self._meter.ledger_trace_days
            )
        if not self._is_started:
            self._is_started = self._keeper.start()
            self._due_s = self._clock() + (0.0 if self._is_started else _AGAIN_S)
        return self._keeper

    def _tell(self, complaint: str | None) -> None:
        """Has the user told what is wrong with the ledger; None: nothing any more."""
        before, self._complaint = self._complaint, complaint
        complaints = self._meter.complaints
        if before is not None and before != complaint and before in complaints:
            complaints.remove(before)
        if complaint is not None and complaint not in complaints:
            complaints.append(complaint)

    def _mention(self, sentence: str) -> None:
        """Has the user told what was done to the ledger."""
        if sentence not in self._meter.complaints:
            self._meter.complaints.append(sentence)

    def _at_exit(self) -> None:
        if not self._is_child:
            self._meter.stop(_METER_WAIT_S)
            self.stop()


def _note_written(log: SessionLog, marks: Marks, is_written: bool) -> None:
    """Called on the ledger's thread when a batch is written, or could not be."""
    if is_written:
        log.marks = marks


def _is_settled(account: Account, log: SessionLog) -> bool:
    """True if a session is in the ledger and will not be heard of again."""
    end = log.session.end
    return (
        end != NOW
        and log.marks.is_whole
        and not log.is_outdated(account)
        and account.now_s - account.moment_s(end) > _SETTLED_S
    )

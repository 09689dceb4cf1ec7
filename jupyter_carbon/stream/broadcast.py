"""Sends what the meter says to every front end that listens, and does what they ask.

Figures are computed once for all of them. Front ends are written to from the
meter's thread and from whichever thread brings their commands; the meter's
never waits for another.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.commands import SLOW, Answer, Command, CommandError, carry_out, parse
from jupyter_carbon.stream.messages import VERSION, Message
from jupyter_carbon.stream.pace import Rest
from jupyter_carbon.stream.view import View
from jupyter_carbon.stream.viewer import GoneError, Viewer
from jupyter_carbon.summary.plain import well_formed

_KEPT_NOTICES = 100
_MOST_AT_ONCE = 4
"""So many commands may wait for the disk."""
_PAUSE_S = 5.0
"""So long after a fault nothing is told."""


class Broadcast:
    """The stream of one meter.

    Nothing is computed while nobody listens.

    Args:
        meter: what is told of.
        clock: monotonic seconds.
        wall_clock: seconds since the epoch.
    """

    def __init__(
        self,
        meter: CarbonMeter,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._view = View(meter, wall_clock)
        self._viewers: list[Viewer] = []
        self._notices: deque[dict[str, str]] = deque(maxlen=_KEPT_NOTICES)
        self._rest = Rest(meter.rest_after_s, clock())
        self._cells = -1
        self._pause_until_s = -math.inf
        self._lock = threading.RLock()
        self._slow = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._off = meter.on_round(self.pump)

    def close(self) -> None:
        """Tells nobody anything more."""
        self._off()
        with self._lock:
            self._viewers.clear()
            self._view.forget()

    def join(self, viewer: Viewer) -> None:
        """A front end listens from now on; it is sent a snapshot at once.

        One whose `send` raises is forgotten.
        """
        with self._lock:
            self._rest.stir(self._clock())
            self._viewers.append(viewer)
            self._send_due(forced=True)

    def leave(self, viewer: Viewer) -> None:
        """A front end listens no more."""
        with self._lock:
            if viewer in self._viewers:
                self._viewers.remove(viewer)
            if not self._viewers:
                self._view.forget()

    @property
    def is_heard(self) -> bool:
        """True while somebody listens."""
        return any(not viewer.presence.is_silent for viewer in list(self._viewers))

    def hear(self, viewer: Viewer, data: object, *, apart: bool = False) -> None:
        """Takes a message from a front end; whatever it is, it is answered, if late.

        Args:
            viewer: the front end.
            data: the message.
            apart: it came on another way than the one that cells come by.
        """
        if viewer.presence.is_silent:
            viewer.is_stale = True
        viewer.presence.heard(self._clock(), apart=apart)
        id_: str | None = None
        try:
            command = parse(data)
            id_ = command.id
            if command.name in SLOW:
                self._carry_out_apart(viewer, command)
                return
            if command.name == "refresh":
                viewer.is_stale = True
                self._rest.stir(self._clock())
                answer = Answer(True, "")
            elif command.name == "watch":
                viewer.beat.rate = command.args["rate"]
                answer = Answer(True, "")
            else:
                answer = carry_out(self._meter, command)
        except CommandError as error:
            id_, answer = error.id, Answer(False, str(error))
        except Exception as error:  # noqa: BLE001  # told to who asked; the meter goes on
            answer = _faulty(error)
        with self._lock:
            self._send(viewer, reply(id_, answer))
            if answer.ok and answer.places is None:
                self._send_due(forced=True)

    def _carry_out_apart(self, viewer: Viewer, command: Command) -> None:
        """Has a thread of its own do what waits for the disk, so that no cell waits for it.

        Raises:
            CommandError: if it cannot be done now.
        """

        def work() -> None:
            try:
                answer = carry_out(self._meter, command)
            except Exception as error:  # noqa: BLE001  # as above
                answer = _faulty(error)
            finally:
                self._slow.release()
            with self._lock:
                if viewer in self._viewers:
                    self._send(viewer, reply(command.id, answer))

        if not self._slow.acquire(blocking=False):
            raise CommandError(
                "This is being looked up already; ask again in a moment.", command.id
            )
        try:
            threading.Thread(target=work, name="jupyter_carbon asked", daemon=True).start()
        except RuntimeError:
            self._slow.release()
            raise CommandError(
                "No thread is to be had for it; ask again later.", command.id
            ) from None

    def notice(self, id_: str, level: Literal["info", "warning", "error"], text: str) -> None:
        """Has every front end tell the user something once; takes no lock, from any thread."""
        self._notices.append({"id": id_, "level": level, "text": text})

    def pump(self) -> None:
        """Sends what is due; called on the meter's thread after each round."""
        if not self._viewers:
            self._notices.clear()
            return
        if not self._lock.acquire(blocking=False):
            return  # A command is being answered, and sends what is due itself.
        try:
            self._send_due(forced=False)
        finally:
            self._lock.release()

    def _send_due(self, *, forced: bool) -> None:
        """Sends snapshots and ticks; `forced`: to all that want any, due or not."""
        if self._clock() < self._pause_until_s:
            return
        try:
            self._tell(forced=forced)
        except Exception as error:  # noqa: BLE001  # told, and tried again after a while
            self._pause_until_s = self._clock() + _PAUSE_S
            self._view.forget()
            complaint = (
                f"The meter met a fault of its own ({error!r}) as it told its panels of its"
                " figures, and tries again; the account is not affected. Please report it."
            )
            if complaint not in self._meter.complaints:
                self._meter.complaints.append(complaint)
        except BaseException:
            # The user interrupted the kernel: what was only begun is begun anew.
            self._view.forget()
            raise

    def _tell(self, *, forced: bool) -> None:
        while self._notices:
            self._send_all({"v": VERSION, "kind": "notice", **self._notices.popleft()})
        now_s = self._clock()
        lively = self._stirs(now_s)
        resting = self._rest.rests(now_s)
        due = []
        for viewer in self._viewers:
            viewer.presence.look(now_s)
            if viewer.presence.is_silent:
                continue
            if viewer.is_stale or (forced and viewer.beat.rate != "off"):
                viewer.beat.owe()
            if viewer.beat.due(now_s, lively=lively, resting=resting):
                due.append(viewer)
        if not due:
            return
        self._view.update(resting=resting)
        whole = any(viewer.needs_snapshot(self._view) for viewer in due)
        snapshot = self._view.snapshot() if whole else {}
        for viewer in due:
            viewer.beat.sent(now_s, resting=resting)
            try:
                if viewer.needs_snapshot(self._view):
                    viewer.snapshot(self._view, snapshot)
                else:
                    viewer.tick(self._view, now_s)
            except GoneError:
                self.leave(viewer)

    def _stirs(self, now_s: float) -> bool:
        """Notes whether cells run, or ran meanwhile; True if figures of cells are changing."""
        with self._meter.look() as account:
            is_busy = bool(account.running.cells or account.running.labels)
            cells = len(account.session.cells)
        if is_busy or cells != self._cells:
            self._rest.stir(now_s)
        lively = is_busy or cells != self._cells or self._view.is_moving
        self._cells = cells
        return lively

    def _send_all(self, message: Message) -> None:
        for viewer in list(self._viewers):
            self._send(viewer, message)

    def _send(self, viewer: Viewer, message: Message) -> None:
        try:
            viewer.send(message)
        except GoneError:
            self.leave(viewer)


def reply(id_: str | None, answer: Answer) -> dict[str, Any]:
    """The answer to a command as a message."""
    text = well_formed(answer.text)
    message: dict[str, Any] = {
        "v": VERSION,
        "kind": "reply",
        "id": id_,
        "ok": answer.ok,
        "text": text,
    }
    if answer.history is not None:
        message["history"] = answer.history
    return message if answer.places is None else {**message, "places": answer.places}


def _faulty(error: Exception) -> Answer:
    return Answer(False, f"The meter met a fault of its own ({error!r}) and goes on.")

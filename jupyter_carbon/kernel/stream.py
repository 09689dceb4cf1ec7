"""The stream over comms: a front end opens one, and is told what the meter says.

Messages are sent past `Comm.send`: that would name the running cell as their
cause, and have newer kernels answer a front end's next command only when
that cell is over.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import Any

from jupyter_carbon.budgets import NoticeLevel
from jupyter_carbon.kernel.busy import StillBusy
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.broadcast import Broadcast, reply
from jupyter_carbon.stream.commands import Answer, is_version
from jupyter_carbon.stream.messages import TARGET, VERSION, Message
from jupyter_carbon.stream.viewer import Viewer


class CommStream:
    """Serves the front ends of one shell's kernel; without a kernel it does nothing.

    Args:
        shell: the InteractiveShell.
        meter: what front ends are told of.
    """

    def __init__(self, shell: Any, meter: CarbonMeter) -> None:
        self._kernel: Any = getattr(shell, "kernel", None)
        self._manager: Any = getattr(self._kernel, "comm_manager", None)
        self._meter = meter
        self._broadcast: Broadcast | None = None
        self._off: Callable[[], None] | None = None
        self._notices = 0
        self._comms: dict[Any, Viewer] = {}
        self._still_busy = StillBusy(shell)
        self._shell_thread = 0
        """That of the cells: what comes on it waits while one runs."""

    @property
    def is_watched(self) -> bool:
        """True while a front end hears the stream, and so tells the user of notices."""
        return self._broadcast is not None and self._broadcast.is_heard

    def register(self) -> None:
        """Makes the comm target known."""
        if self._manager is None:
            return
        self._shell_thread = threading.get_ident()
        self._broadcast = Broadcast(self._meter)
        self._off = self._meter.on_notice(self._notice)
        self._still_busy.register()
        self._manager.register_target(TARGET, self._open)
        atexit.register(self.unregister)

    def unregister(self) -> None:
        """Takes the target back and closes all comms."""
        atexit.unregister(self.unregister)
        broadcast, self._broadcast = self._broadcast, None
        if self._off is not None:
            self._off()
        self._still_busy.unregister()
        if broadcast is None or self._meter.is_forked:
            return
        if self._manager.targets.get(TARGET) == self._open:
            self._manager.unregister_target(TARGET, self._open)
        broadcast.close()
        for comm in list(self._comms):
            self._comms.pop(comm, None)
            _close(comm)

    def _notice(self, level: NoticeLevel, text: str) -> None:
        """On the meter's thread: has the front ends tell the user."""
        self._notices += 1
        if self._broadcast is not None:
            self._broadcast.notice(f"notice-{self._notices}", level, text)

    def _open(self, comm: Any, message: Any) -> None:
        """A front end opened a comm: ipykernel calls this on the thread that serves its shell."""
        self._note_apart()
        data = _data(message)
        theirs = data.get("v", VERSION) if isinstance(data, dict) else None
        broadcast = self._broadcast
        if broadcast is None or not is_version(theirs):
            text = (
                f"The page speaks version {theirs} of the meter's format and the kernel {VERSION};"
                " install the same version of jupyter_carbon for both, and reload the page."
            )
            self._send(comm, {**reply(None, Answer(False, text)), "seq": 1})
            _close(comm)
            return
        answers = isinstance(data, dict) and data.get("answers") is True
        viewer = Viewer(self._sender(comm), answers=answers)
        self._comms[comm] = viewer

        def hear(message: Any) -> None:
            broadcast.hear(viewer, _data(message), apart=self._note_apart())

        def leave(_message: Any) -> None:
            self._note_apart()
            self._comms.pop(comm, None)
            broadcast.leave(viewer)

        comm.on_msg(hear)
        comm.on_close(leave)
        broadcast.join(viewer)

    def _note_apart(self) -> bool:
        """Whether what is handled came beside the cells; that must not hide that one runs."""
        apart = threading.get_ident() != self._shell_thread
        if apart:
            self._still_busy.tell()
        return apart

    def _sender(self, comm: Any) -> Callable[[Message], None]:
        def send(message: Message) -> None:
            try:
                self._send(comm, message)
            except Exception:
                # Closed, in case that can be said: then the page opens another one.
                self._comms.pop(comm, None)
                _close(comm)
                raise

        return send

    def _send(self, comm: Any, message: Message) -> None:
        content = {"data": message, "comm_id": comm.comm_id}
        kernel = self._kernel
        kernel.session.send(kernel.iopub_socket, "comm_msg", content, ident=comm.topic)


def _data(message: Any) -> object:
    content = message.get("content") if isinstance(message, dict) else None
    return content.get("data") if isinstance(content, dict) else None


def _close(comm: Any) -> None:
    try:
        comm.close()
    except Exception:  # noqa: BLE001  # the connection is gone
        return

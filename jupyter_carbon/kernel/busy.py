"""Says again that a cell runs, after a message beside it was handled.

A kernel publishes `idle` when it has handled any message, also one that came over
a subshell while a cell runs. Pages and servers take that for the state of the
whole kernel: the page shows that nothing runs, and a server that ends idle
kernels may end one amid its cell. So `busy` is published again, with that cell's
request as its cause; the `idle` at the cell's end comes as ever.
"""

from __future__ import annotations

import threading
import time
from typing import Any

_AGAIN_S = (0.2, 2.0)
"""When it is said after the last message: soon, and again in case the `idle` came late."""
_STEP_S = 0.05


class StillBusy:
    """Knows the request whose cell runs; without a kernel it does nothing.

    Args:
        shell: the InteractiveShell.
    """

    def __init__(self, shell: Any) -> None:
        self._events: Any = shell.events
        self._kernel: Any = getattr(shell, "kernel", None)
        self._request: Any = None
        self._depth = 0
        self._told_s = 0.0
        self._talker: threading.Thread | None = None
        self._lock = threading.Lock()

    def register(self) -> None:
        """Begins to follow which request runs."""
        if hasattr(self._kernel, "get_parent"):
            self._events.register("pre_execute", self._begin)
            self._events.register("post_execute", self._end)

    def unregister(self) -> None:
        """Ends following."""
        self._request = None
        for event, hook in (("pre_execute", self._begin), ("post_execute", self._end)):
            try:
                self._events.unregister(event, hook)
            except ValueError:
                continue

    def tell(self) -> None:
        """Has it said again, if a cell runs; called while a message beside it is handled."""
        if self._request is None:
            return
        with self._lock:
            self._told_s = time.monotonic()
            if self._talker is None:
                self._talker = threading.Thread(
                    target=self._talk, name="jupyter-carbon-busy", daemon=True
                )
                self._talker.start()

    def _begin(self) -> None:
        """IPython's `pre_execute`, also of code that a cell has run."""
        if threading.current_thread() is not threading.main_thread():
            return
        request = self._kernel.get_parent("shell") or None
        self._depth = self._depth + 1 if request is self._request else 1
        self._request = request

    def _end(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._depth -= 1
            if self._depth <= 0:
                self._request = None

    def _talk(self) -> None:
        said = 0
        told_s = self._told_s
        while True:
            with self._lock:
                if told_s != self._told_s:
                    told_s, said = self._told_s, 0
                if said == len(_AGAIN_S) or self._request is None:
                    self._talker = None
                    return
            if time.monotonic() >= told_s + _AGAIN_S[said]:
                self._publish()
                said += 1
            time.sleep(_STEP_S)

    def _publish(self) -> None:
        request = self._request
        if request is None:
            return
        try:
            self._say("busy", request)
            if self._request is None:
                # It ended meanwhile, and its own `idle` may have come before this `busy`.
                self._say("idle", request)
        except Exception:  # noqa: BLE001  # the connection is gone
            return

    def _say(self, state: str, request: Any) -> None:
        kernel = self._kernel
        kernel.session.send(
            kernel.iopub_socket,
            "status",
            {"execution_state": state},
            parent=request,
            ident=f"kernel.{kernel.ident}.status".encode(),
        )

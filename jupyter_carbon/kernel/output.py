"""One output of a cell: shown, replaced later from whichever thread, and told if it was cleared."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping
from typing import Any

Bundle = Mapping[str, Any]
"""The forms of one output, by MIME type."""

MARK = "jupyter_carbon"
"""The key in an output's metadata under which a page finds what it did not ask for itself."""


class Output:
    """One output of the cell that runs or has just run, which may be replaced later.

    An update comes from the meter's thread, when another cell may be running:
    it must name the first one as its parent. ipykernel's messages are therefore
    written here; `display` would also enter them in the history of outputs.
    """

    def __init__(self, shell: Any) -> None:
        self._publisher = shell.display_pub
        self._parent = getattr(self._publisher, "parent_header", None)
        self._id = uuid.uuid4().hex
        self._watched = False
        self.is_cleared = False
        """True if the cell has cleared its output since `watch`."""

    @property
    def can_update(self) -> bool:
        """False where an update would be shown as one more output, or not at all."""
        publisher = self._publisher
        return (
            getattr(publisher, "session", None) is not None
            and getattr(publisher, "pub_socket", None) is not None
        )

    def show(self, bundle: Bundle, metadata: Bundle | None = None, *, final: bool = False) -> None:
        """Shows the output, after what the cell has printed so far; `final`: for good."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._send("display_data", bundle, metadata, final)

    def replace(
        self, bundle: Bundle, metadata: Bundle | None = None, *, final: bool = False
    ) -> None:
        """Shows other forms in its place; `final`: for good."""
        self._send("update_display_data", bundle, metadata, final)

    def watch(self) -> None:
        """Notes from now on if this thread clears the cell's output, and this one with it."""
        register = getattr(self._publisher, "register_hook", None)
        if register is not None:
            register(self._hear)
            self._watched = True

    def unwatch(self) -> None:
        """Stops noting; to be called on the thread that called `watch`."""
        if self._watched:
            self._watched = False
            self._publisher.unregister_hook(self._hear)

    def renew(self) -> None:
        """What is shown next is another output: this one was cleared."""
        self._id = uuid.uuid4().hex
        self.is_cleared = False

    def _hear(self, message: Any) -> Any:
        if message.get("msg_type") == "clear_output":
            self.is_cleared = True
        return message

    def _send(self, kind: str, bundle: Bundle, metadata: Bundle | None, final: bool) -> None:
        publisher = self._publisher
        transient = {"display_id": self._id}
        if not self.can_update:
            publisher.publish(
                dict(bundle),
                dict(metadata or {}),
                transient=transient,
                update=kind == "update_display_data",
            )
            return
        publisher.session.send(
            publisher.pub_socket,
            kind,
            {
                "data": dict(bundle),
                # A page that was loaded anew while the cell ran is told no display_id.
                "metadata": {**(metadata or {}), MARK: {"output": self._id, "final": final}},
                "transient": transient,
            },
            parent=self._parent,
            ident=getattr(publisher, "topic", None),
        )

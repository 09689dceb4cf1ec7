"""A real kernel over the NVML stand-in, and every message that it sends."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

WAIT_S = 60.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
Message = dict[str, Any]


class Ran:
    """A request, its reply, and what the kernel published with it as the parent."""

    def __init__(self, kernel: RealKernel, id_: str, code: str = "") -> None:
        self._kernel = kernel
        self.id = id_
        self.code = code
        self.reply: Message = {}

    @property
    def status(self) -> str:
        return str(self.reply["status"])

    @property
    def number(self) -> int:
        return int(self.reply["execution_count"])

    def messages(self, *kinds: str) -> list[Message]:
        return [
            message
            for message in self._kernel.heard
            if message["parent_header"].get("msg_id") == self.id
            and (not kinds or message["msg_type"] in kinds)
        ]

    def contents(self, *kinds: str) -> list[Message]:
        return [message["content"] for message in self.messages(*kinds)]

    def stream(self, name: str) -> str:
        return "".join(
            content["text"] for content in self.contents("stream") if content["name"] == name
        )

    @property
    def out(self) -> str:
        return self.stream("stdout")

    @property
    def err(self) -> str:
        return self.stream("stderr")

    @property
    def value(self) -> str | None:
        """The displayed value, as plain text."""
        found = [content["data"]["text/plain"] for content in self.contents("execute_result")]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def shown(self) -> list[str]:
        """What was displayed, as plain text."""
        return [content["data"]["text/plain"] for content in self.contents("display_data")]

    @property
    def said(self) -> str:
        """What a command answered, whichever way it did."""
        return "\n".join([self.out.strip(), *self.shown]).strip()

    @property
    def traceback(self) -> str:
        lines = [line for content in self.contents("error") for line in content["traceback"]]
        return _COLOURS.sub("", "\n".join(lines))


class RealKernel:
    """An ipykernel in a process of its own."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, arguments: Sequence[str] = ()
    ) -> None:
        self.heard: list[Message] = []
        self.log = folder / "kernel.log"
        self.manager = KernelManager(kernel_name="python3")
        with self.log.open("wb") as log:
            self.manager.start_kernel(
                env=dict(environment),
                cwd=str(folder),
                extra_arguments=list(arguments),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=WAIT_S)

    def start(self, code: str, **options: Any) -> Ran:
        """Sends a cell without waiting for it; what follows a failing one is run all the same."""
        return Ran(self, self.client.execute(code, stop_on_error=False, **options), code)

    def start_named(self, cell_id: str, code: str, *, attended: bool = True) -> Ran:
        """Sends a cell as a notebook does: it tells the cell's id, and can be asked for input."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": attended,
            "stop_on_error": False,
        }
        session = self.client.session
        message = session.msg("execute_request", content, metadata={"cellId": cell_id})
        self.client.shell_channel.send(message)
        return Ran(self, message["header"]["msg_id"])

    def finish(self, ran: Ran, timeout_s: float = WAIT_S) -> Ran:
        """Waits for a cell's reply and for the kernel to be idle after it."""
        ran.reply = self._reply(ran.id, timeout_s)
        self.listen(lambda: _is_idle(ran), timeout_s)
        assert _is_idle(ran)
        return ran

    def run(self, code: str, *, timeout_s: float = WAIT_S, **options: Any) -> Ran:
        """Runs a cell to its end."""
        return self.finish(self.start(code, **options), timeout_s)

    def ok(self, code: str) -> Ran:
        """Runs a cell that must not fail."""
        ran = self.run(code)
        assert ran.status == "ok", ran.traceback
        return ran

    def ask(self, expression: str) -> Any:
        """The value of an expression that JSON can hold; the cell is none of the meter's."""
        key = "asked"
        ran = Ran(
            self,
            self.client.execute(
                "", silent=True, user_expressions={key: f"__import__('json').dumps({expression})"}
            ),
        )
        self.finish(ran)
        answer = ran.reply["user_expressions"][key]
        assert answer["status"] == "ok", answer
        text = answer["data"]["text/plain"]
        return json.loads(eval(text))  # the repr of a str

    def make_subshell(self) -> str | None:
        """The id of a new subshell; None where the kernel has no such thing."""
        known = self._reply(self.client.kernel_info()).get("supported_features", [])
        if "kernel subshells" not in known:
            return None
        session = self.client.session
        self.client.control_channel.send(session.msg("create_subshell_request"))
        return str(self.client.get_control_msg(timeout=WAIT_S)["content"]["subshell_id"])

    def start_in_subshell(self, shell_id: str, code: str) -> Ran:
        """Sends a cell to a subshell."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        message = self.client.session.msg("execute_request", content)
        message["header"]["subshell_id"] = shell_id
        self.client.shell_channel.send(message)
        return Ran(self, message["header"]["msg_id"])

    def export(self, path: Path) -> Any:
        """The session's summary, by the command."""
        ran = self.ok(f"%carbon export {path}")
        assert str(path) in ran.out, ran.err
        return json.loads(path.read_text(encoding="utf-8"))

    def listen(self, done: Callable[[], bool], timeout_s: float = WAIT_S) -> bool:
        """Takes what the kernel publishes until it is enough, or the time is over."""
        deadline_s = time.monotonic() + timeout_s
        while not done():
            rest_s = deadline_s - time.monotonic()
            if rest_s <= 0:
                return False
            try:
                self.heard.append(self.client.get_iopub_msg(timeout=min(rest_s, 0.2)))
            except Empty:
                continue
        return True

    def wait_busy(self, ran: Ran) -> None:
        """Waits until a cell has begun, and a moment more, so that it is in its own code."""
        assert self.listen(lambda: bool(ran.messages("execute_input")))
        time.sleep(0.3)

    def complete(self, code: str) -> list[str]:
        """What the front end would offer, the text before the cursor replaced."""
        reply = self._reply(self.client.complete(code, len(code)))
        start = reply["cursor_start"]
        return [code[:start] + match for match in reply["matches"]]

    def complete_status(self, code: str) -> str:
        """Whether a front end would run the code, or wait for more."""
        return str(self._reply(self.client.is_complete(code))["status"])

    def inspect(self, code: str) -> str:
        reply = self._reply(self.client.inspect(code, len(code)))
        return _COLOURS.sub("", str(reply["data"].get("text/plain", "")))

    def threads(self) -> list[str]:
        """Names of the kernel's threads."""
        names = self.ask("[t.name for t in __import__('threading').enumerate()]")
        assert isinstance(names, list)
        return names

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def _reply(self, id_: str, timeout_s: float = WAIT_S) -> Message:
        while True:
            reply = self.client.get_shell_msg(timeout=timeout_s)
            if reply["parent_header"].get("msg_id") == id_:
                content = reply["content"]
                assert isinstance(content, dict)
                return content


@contextmanager
def real_kernel(
    environment: Mapping[str, str], folder: Path, arguments: Sequence[str] = ()
) -> Iterator[RealKernel]:
    """A kernel that ends with the block."""
    kernel = RealKernel(environment, folder, arguments)
    try:
        yield kernel
    finally:
        kernel.stop()


def _is_idle(ran: Ran) -> bool:
    return any(content["execution_state"] == "idle" for content in ran.contents("status"))

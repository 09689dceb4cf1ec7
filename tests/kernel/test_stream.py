"""The stream in a real kernel: front ends open comms, as a page does."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_carbon.kernel.stream import CommStream
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.sources.base import Discovery
from tests.kernel.real_kernel import WAIT_S, Message, RealKernel, real_kernel
from tests.standin.nvml import Standin
from tests.stream.front import FROM_KERNEL

REST_S = 1.0


class Page:
    """A front end with one comm; `subshell` takes what it sends, if there is one."""

    count = 0

    def __init__(
        self, kernel: RealKernel, data: Any = None, *, subshell: str | None = None
    ) -> None:
        Page.count += 1
        self.id = f"page-{Page.count}"
        self._checked = 0
        self._kernel = kernel
        self.subshell: str | None = None
        data = {"v": 1} if data is None else data
        self._send("comm_open", target_name="jupyter_carbon", data=data)

    @property
    def heard(self) -> list[Message]:
        """The messages so far, each checked."""
        messages = [
            message["content"]["data"]
            for message in self._published
            if message["msg_type"] == "comm_msg"
        ]
        for place, message in enumerate(messages[self._checked :], self._checked):
            FROM_KERNEL[message["kind"]].validate(message)
            assert message["seq"] == place + 1
        self._checked = len(messages)
        return messages

    @property
    def is_closed(self) -> bool:
        """True if the kernel closed the comm."""
        return any(message["msg_type"] == "comm_close" for message in self._published)

    @property
    def parents(self) -> list[Message]:
        return [message["parent_header"] for message in self._published]

    def states(self) -> list[Message]:
        """Snapshots and ticks."""
        return [message for message in self.heard if "state" in message]

    def wait(self, count: int = 1, *, after: int = 0) -> list[Message]:
        """Waits until so many more states than `after` are there."""
        assert self._kernel.listen(lambda: len(self.states()) >= after + count)
        return self.states()

    def command(self, name: str, **args: Any) -> Message:
        """Sends a command and waits for its answer."""
        return self.say({"v": 1, "kind": "command", "id": f"{name}!", "name": name, "args": args})

    def say(self, data: Any) -> Message:
        before = len(self.replies())
        self._send("comm_msg", data=data)
        assert self._kernel.listen(lambda: len(self.replies()) > before)
        return self.replies()[-1]

    def post(self, name: str, **args: Any) -> None:
        """Sends a command and does not wait."""
        self._send(
            "comm_msg", data={"v": 1, "kind": "command", "id": "1", "name": name, "args": args}
        )

    def close(self) -> None:
        self._send("comm_close", data={})

    def replies(self) -> list[Message]:
        return [message for message in self.heard if message["kind"] == "reply"]

    @property
    def _published(self) -> list[Message]:
        return [
            message
            for message in self._kernel.heard
            if message["msg_type"].startswith("comm_") and message["content"]["comm_id"] == self.id
        ]

    def _send(self, kind: str, **content: Any) -> None:
        session = self._kernel.client.session
        message = session.msg(kind, {"comm_id": self.id, **content})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self._kernel.client.shell_channel.send(message)


@pytest.fixture(scope="module")
def bare_kernel(gpu: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKernel]:
    environment = {**gpu.environment(), "JUPYTER_CARBON_REST_AFTER_S": str(REST_S)}
    with real_kernel(environment, tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


def seconds(kernel: RealKernel, span_s: float) -> None:
    """Listens for a while."""
    kernel.listen(lambda: False, span_s)


def place_of(page: Page) -> str | None:
    """The place that a page shows."""
    codes = [message["grid"]["code"] for message in page.states() if "grid" in message]
    return codes[-1] if codes else None


def test_a_page_is_told_of_a_cell_while_it_runs(kernel: RealKernel) -> None:
    page = Page(kernel)
    (first,) = page.wait()
    assert first["kind"] == "snapshot"
    kernel.ok("# Train it\n__import__('time').sleep(2.5)")
    during = [message for message in page.states() if message["state"]["busy"]]
    assert len(during) >= 5
    cells = [cell for message in during for cell in message["cells"]]
    running = [cell for cell in cells if cell["title"] == "# Train it"]
    assert {cell["status"] for cell in running} == {"running"}
    assert running[-1]["energy_j"]["value"] > running[0]["energy_j"]["value"]
    assert any((message["now"]["total"]["value_w"] or 0.0) > 0 for message in during)
    # No message is the cell's: a page would take it for its output, and some do keep it.
    assert all(parent == {} for parent in page.parents)

    def is_final() -> bool:
        cells = [cell for message in page.states() for cell in message["cells"]]
        return any(cell["title"] == "# Train it" and cell["final"] for cell in cells)

    assert kernel.listen(is_final, 20.0)


def test_it_rests_when_the_kernel_is_idle_and_wakes_with_the_next_cell(kernel: RealKernel) -> None:
    page = Page(kernel)
    assert kernel.listen(lambda: any(m["state"]["resting"] for m in page.states()))
    seconds(kernel, 0.5)
    heard = len(kernel.heard)
    seconds(kernel, 4.0)
    # Nothing at all is said: what a culler takes for activity is any message.
    assert len(kernel.heard) == heard
    count = len(page.states())
    kernel.ok("1 + 1")
    awake = page.wait(after=count)
    assert not awake[count]["state"]["resting"]
    assert awake[count]["session"]["duration_s"] > awake[count - 1]["session"]["duration_s"] + 3.5


def test_two_pages_see_the_same_and_either_commands(kernel: RealKernel) -> None:
    one, other = Page(kernel), Page(kernel)
    one.wait()
    other.wait()
    assert one.command("region", place="Germany")["ok"]
    assert kernel.listen(lambda: {place_of(one), place_of(other)} == {"DE"})
    assert other.command("pause")["ok"]
    assert kernel.listen(lambda: one.states()[-1]["state"]["paused"])
    assert one.command("resume")["ok"]
    kernel.ok("__import__('time').sleep(1)")
    seconds(kernel, 2.5)
    # The last of each, which is of the moment when it began to rest.
    mine, yours = one.states()[-1], other.states()[-1]
    for key in ("session", "now", "state"):
        assert mine[key] == yours[key]


def test_a_command_takes_effect_while_a_cell_runs(kernel: RealKernel) -> None:
    subshell = kernel.make_subshell()
    if subshell is None:
        pytest.skip("this ipykernel has no subshells, so that commands wait for the cell's end")
    page = Page(kernel)
    page.wait()
    page.subshell = subshell
    ran = kernel.start("__import__('time').sleep(4)")
    kernel.wait_busy(ran)
    for place in ("FR", "DE"):
        # Ticks between two commands must not send the second one elsewhere.
        seconds(kernel, 0.8)
        begin_s = time.monotonic()
        answer = page.command("region", place=place)
        assert answer["ok"]
        assert not ran.contents("execute_reply")
        assert time.monotonic() - begin_s < 2.0
    assert kernel.listen(lambda: page.states()[-1]["state"]["busy"])
    kernel.finish(ran)
    codes = [m["grid"]["code"] for m in page.states() if "grid" in m]
    assert codes[-2:] == ["FR", "DE"]


def test_a_command_without_a_subshell_waits_for_the_end_of_the_cell(kernel: RealKernel) -> None:
    page = Page(kernel)
    page.wait()
    ran = kernel.start("__import__('time').sleep(1)")
    page.post("region", place="FR")
    kernel.finish(ran)
    assert kernel.listen(lambda: bool(page.replies()))
    assert page.replies()[0]["ok"]


@pytest.mark.parametrize(
    "data", [None, 7, "pause", [], {}, {"v": 1}, {"v": 9, "kind": "command", "id": "a"}]
)
def test_a_malformed_message_is_answered_and_changes_nothing(
    kernel: RealKernel, data: object
) -> None:
    page = Page(kernel)
    page.wait()
    answer = page.say(data)
    assert not answer["ok"]
    assert answer["text"]
    assert page.command("refresh")["ok"]
    assert kernel.ask("get_ipython().kernel.comm_manager.targets['jupyter_carbon'] is not None")


def test_another_version_is_answered_with_a_sentence_and_closed(kernel: RealKernel) -> None:
    page = Page(kernel, {"v": 2})
    assert kernel.listen(lambda: page.is_closed)
    (answer,) = page.heard
    assert not answer["ok"]
    assert "version 2" in answer["text"]


def test_a_page_that_goes_is_told_nothing_more(kernel: RealKernel) -> None:
    one, other = Page(kernel), Page(kernel)
    one.wait()
    other.wait()
    one.close()
    seconds(kernel, 0.5)
    count = len(one.heard)
    kernel.ok("__import__('time').sleep(1)")
    assert len(other.states()) > 3
    assert len(one.heard) == count


def test_a_reload_of_the_extension_closes_and_takes_new_ones(kernel: RealKernel) -> None:
    page = Page(kernel)
    session = page.wait()[0]["meter"]["session_id"]
    kernel.ok("%reload_ext jupyter_carbon")
    assert kernel.listen(lambda: page.is_closed)
    again = Page(kernel)
    assert again.wait()[0]["meter"]["session_id"] != session
    kernel.ok("%unload_ext jupyter_carbon")
    assert kernel.listen(lambda: again.is_closed)
    late = Page(kernel)
    assert kernel.listen(lambda: late.is_closed)
    assert late.heard == []
    kernel.ok("%load_ext jupyter_carbon")


def test_a_cell_that_fails_or_is_interrupted_is_told_so(kernel: RealKernel) -> None:
    page = Page(kernel)
    page.wait()
    kernel.run("1 / 0  # fails")
    ran = kernel.start("import time; time.sleep(30)  # long")
    kernel.wait_busy(ran)
    kernel.manager.interrupt_kernel()
    kernel.finish(ran)

    def statuses() -> dict[str, str]:
        return {cell["title"]: cell["status"] for m in page.states() for cell in m["cells"]}

    assert kernel.listen(lambda: "running" not in statuses().values())
    assert statuses()["1 / 0 # fails"] == "error"
    assert statuses()["import time; time.sleep(30) # long"] == "interrupted"


def test_a_page_that_cannot_be_written_to_is_dropped_and_the_cell_has_its_result(
    kernel: RealKernel,
) -> None:
    page, other = Page(kernel), Page(kernel)
    page.wait()
    other.wait()
    kernel.ok(
        "import jupyter_carbon.kernel.extension as e\n"
        "stream = list(e._loaded.values())[-1]._stream\n"
        f"(comm,) = [c for c in stream._comms if c.comm_id == {page.id!r}]\n"
        "comm._trait_values['topic'] = object()"
    )
    ran = kernel.ok("__import__('time').sleep(1); 'done'")
    assert ran.value == "'done'"
    assert not ran.err
    assert kernel.ask("comm in stream._comms") is False
    count = len(other.states())
    kernel.ok("__import__('time').sleep(1)")
    assert len(other.states()) > count
    assert kernel.ask("e.loaded_meter().complaints") == []


def test_a_shutdown_closes_what_is_open(gpu: Standin, tmp_path: Path) -> None:
    with real_kernel(gpu.environment(), tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        page = Page(kernel)
        page.wait()
        kernel.manager.request_shutdown()
        assert kernel.listen(lambda: page.is_closed, 20.0)


def test_after_a_restart_the_old_comm_is_dead_and_a_new_one_is_answered(
    gpu: Standin, tmp_path: Path
) -> None:
    with real_kernel(gpu.environment(), tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        page = Page(kernel)
        session = page.wait()[0]["meter"]["session_id"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        kernel.manager.restart_kernel(now=True, **quiet)
        kernel.client.wait_for_ready(timeout=WAIT_S)
        page.post("refresh")
        early = Page(kernel)
        assert kernel.listen(lambda: early.is_closed)
        kernel.ok("%load_ext jupyter_carbon")
        again = Page(kernel)
        (snapshot,) = again.wait()
        assert snapshot["meter"]["session_id"] != session
        assert len(page.states()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_says_nothing(kernel: RealKernel) -> None:
    page = Page(kernel)
    page.wait()
    kernel.ok(
        "import os, signal\n"
        "import jupyter_carbon.kernel.extension as e\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    signal.alarm(20)\n"
        "    list(e._loaded.values())[-1].unload()\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0"
    )
    count = len(page.states())
    kernel.ok("__import__('time').sleep(1)")
    assert len(page.states()) > count
    assert not page.is_closed


def test_where_there_is_no_kernel_there_is_no_stream() -> None:
    shell = InteractiveShell()
    stream = CommStream(shell, CarbonMeter(discover=lambda: Discovery(()), environ={}))
    stream.register()
    stream.unregister()

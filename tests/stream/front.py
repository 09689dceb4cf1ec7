"""A front end as the schema asks for one: it checks every message, and keeps what it was told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

import jupyter_carbon
from jupyter_carbon.reconstruct.trace import RECENT_S
from jupyter_carbon.stream.broadcast import Broadcast
from jupyter_carbon.stream.messages import Message
from jupyter_carbon.stream.viewer import Viewer
from tests.simulation import Kernel

SCHEMA: dict[str, Any] = json.loads(
    (Path(jupyter_carbon.__file__).parent / "stream" / "schema.json").read_text(encoding="utf-8")
)


def validator(name: str) -> Draft202012Validator:
    """Checks against one of the schema's definitions."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


FROM_KERNEL = {
    kind: validator(name)
    for kind, name in (
        ("snapshot", "Snapshot"),
        ("tick", "Tick"),
        ("notice", "Notice"),
        ("reply", "Reply"),
    )
}


class Front:
    """Listens to a stream; `known` is what it would show.

    The stream forgets a front end that raises, so what was wrong with a message
    is kept in `faults`, which the tests' fixture looks at.
    """

    faults: ClassVar[list[BaseException]] = []

    def __init__(self, *, answers: bool = False, checks_every: int = 1) -> None:
        self.count = 0
        self._checks_every = checks_every
        self.heard: list[Message] = []
        self.known: dict[str, Any] = {}
        self.fails: Callable[[Message], Exception | None] = lambda _message: None
        self.viewer = Viewer(self._take, answers=answers)

    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.heard]

    def last(self, kind: str) -> Message:
        return [message for message in self.heard if message["kind"] == kind][-1]

    def cells(self) -> list[dict[str, Any]]:
        return list(self.known["cells"].values())

    def _take(self, message: Message) -> None:
        error = self.fails(message)
        if error is not None:
            raise error
        try:
            self._hear(message)
        except BaseException as fault:
            self.faults.append(fault)
            raise

    def _hear(self, message: Message) -> None:
        # As it comes out of the other end.
        message = json.loads(json.dumps(message, ensure_ascii=False, allow_nan=False).encode())
        if self.count % self._checks_every == 0:
            FROM_KERNEL[message["kind"]].validate(message)
        self.count += 1
        assert message["seq"] == self.count
        self.heard.append(message)
        if message["kind"] == "snapshot":
            self.known = {key: message[key] for key in message if key not in ("v", "kind", "seq")}
            self.known["cells"] = {cell["key"]: cell for cell in message["cells"]}
            keys = [cell["key"] for cell in message["cells"]]
            assert keys == sorted(set(keys))
        elif message["kind"] == "tick":
            self._merge(message)

    def _merge(self, tick: Message) -> None:
        for key in tick:
            if key not in ("v", "kind", "seq", "cells", "power", "ping"):
                self.known[key] = tick[key]
        self.known["cells"] |= {cell["key"]: cell for cell in tick["cells"]}
        if "whole" in tick["power"]:
            self.known["power"]["whole"] = tick["power"]["whole"]
        recent, new = self.known["power"]["recent"], tick["power"]["recent"]
        assert new["sources"].keys() == recent["sources"].keys()
        assert not new["times_ms"] or new["times_ms"][0] > max([0, *recent["times_ms"]])
        recent["times_ms"] = [*recent["times_ms"], *new["times_ms"]][-RECENT_S:]
        for source_id, column in new["sources"].items():
            assert len(column) == len(new["times_ms"])
            recent["sources"][source_id] = [*recent["sources"][source_id], *column][-RECENT_S:]


class Told:
    """The stream of a simulated kernel, on the kernel's clock."""

    def __init__(self, kernel: Kernel) -> None:
        clock = kernel.clock
        self.kernel = kernel
        self.broadcast = Broadcast(
            kernel.meter, clock=clock, wall_clock=lambda: clock.now_s + 1.7e9
        )

    def join(self, *, answers: bool = False, checks_every: int = 1) -> Front:
        front = Front(answers=answers, checks_every=checks_every)
        self.broadcast.join(front.viewer)
        return front

    def ask(self, front: Front, name: str, *, apart: bool = False, **args: Any) -> Message:
        """Sends a command; returns the answer."""
        command = {"v": 1, "kind": "command", "id": f"{name}-1", "name": name, "args": args}
        validator("ToKernel").validate(command)
        self.broadcast.hear(front.viewer, command, apart=apart)
        answer = front.last("reply")
        assert answer["id"] == f"{name}-1"
        return answer

"""Interrupts at each instant of the hooks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.injection import Injection, none_lost


def run(instants: str, cells: str, _: int, folder: Path) -> Iterable[Figure]:
    """A KeyboardInterrupt at each line, or each instruction, of the hooks."""
    environment = children.boards(folder).environment()
    environment["IPYTHONDIR"] = str(folder / "ipython")
    child = children.begin(environment, "tests.faults.interrupted", instants, *cells.split())
    found = children.answer(child)
    assert not found["wrong"], "\n".join(found["wrong"][:20])
    return [
        Figure(f"{instants} of the hooks, each once", found["instants"], 100, "", at_least=True),
        none_lost("cells that follow and are metered wrongly", len(found["wrong"])),
        Figure("interrupted cells that count as between cells", found["unmetered"], None, ""),
        Figure("interrupted cells that count until the next one", found["late"], None, ""),
    ]


INJECTIONS = [
    Injection(
        "process",
        "KeyboardInterrupt in the hooks, line by line",
        partial(run, "lines", "2 bare"),
        1,
        0,
    ),
    Injection(
        "process",
        "KeyboardInterrupt in the hooks, instruction by instruction",
        partial(run, "instructions", "3"),
        short=0,
        is_virtual=True,
    ),
]

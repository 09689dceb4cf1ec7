"""The same faults of devices below the real pynvml, in real time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.driven import EACH
from tests.faults.injection import Injection, lost, none_lost

_PERCENT = 3.0
_SECOND_J = 300.0
"""What a board draws in a second, at most."""
_BOARDS = {"each": len(EACH), "reload": 2, "slow": 2, "added": 1}


class _Found:
    """The worst of all runs."""

    def __init__(self) -> None:
        self.apart = 0.0
        self.beyond_j = 0.0
        self.longest_edge_s = 0.0
        self.unsaid: list[str] = []

    def add(self, kind: str, answer: dict[str, Any]) -> None:
        assert answer["complaints"] == []
        self.longest_edge_s = max(self.longest_edge_s, answer["longest_edge_s"])
        for place, board in enumerate(answer["boards"]):
            came = kind == "added" and place == 1
            judged = [board["errors"][k] for k in ((3,) if came else (0, 3))]
            if EACH[place] == "sound" or (kind == "added" and not came):
                judged = board["errors"]
            if kind == "slow" and place == 1:
                judged = board["errors"]
            self.apart = max(self.apart, *(abs(error) for error in judged))
            if abs(board["excess_j"]) > _SECOND_J:
                self.unsaid.append(f"{kind} {place}: {board}")
            self.beyond_j = max(self.beyond_j, abs(board["excess_j"]))
            if not _is_said(kind, place, board):
                self.unsaid.append(f"{kind} {place}: {board}")


def _is_said(kind: str, place: int, board: dict[str, Any]) -> bool:
    if board["state"] != "ok":
        return False
    gaps, caught = board["gaps"], board["caught"]
    if kind == "reload":
        return len(gaps) == 1 and caught is None
    if kind == "added":
        return not gaps and caught is None and board["late"] == (place == 1)
    if kind == "slow":
        return not gaps
    if place in (0, 4, 5):
        word = ("does not answer", "", "", "", "cannot be one", "does not let")[place]
        return len(gaps) == 1 and word in gaps[0] and caught is None
    if place in (1, 2, 3):
        return not gaps and ("stood still" if place == 2 else "went back") in (caught or "")
    return not gaps and caught is None


def run(times: int, folder: Path) -> Iterable[Figure]:
    """All of them at once, each kind in a process of its own."""
    found = _Found()
    for turn in range(times):
        started = []
        for kind, count in _BOARDS.items():
            place = folder / f"{turn}-{kind}"
            place.mkdir()
            gpu = children.boards(place, count)
            for device in gpu.devices:
                device.counter.phase_s = (0.037 * turn + device.counter.phase_s) % 0.1
            started.append((kind, children.begin(gpu.environment(), "tests.faults.driven", kind)))
        for kind, child in started:
            found.add(kind, children.answer(child, 120.0))
    assert not found.unsaid, "\n".join(found.unsaid)
    return [
        lost("cells before and after, off by", 100 * found.apart, _PERCENT, "%"),
        lost("energy besides what is said to be a gap", found.beyond_j, _SECOND_J, "J"),
        none_lost("faults of which nothing is said", len(found.unsaid)),
        Figure("the longest edge of a cell", found.longest_edge_s, 1.0, "s"),
    ]


INJECTIONS = [
    Injection(
        "devices", "all of these below the real pynvml, and calls of 5 s", run, 1, 5, waits=True
    ),
]

"""A system that has nothing left to give: threads, room on the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.accuracy.figure import Figure
from tests.faults import children
from tests.faults.injection import ImpossibleError, Injection, lost, none_lost

_ROOT = Path(__file__).parents[2]


def run_no_threads(times: int, _: Path) -> Iterable[Figure]:
    """The meter is loaded where no thread can be had, and runs on where none can be had later."""
    if sys.platform != "linux":
        raise ImpossibleError("needs Linux's limit of a user's threads")
    amiss, cells = 0, 0
    for _ in range(times):
        environment = dict(os.environ, PYTHONPATH=str(_ROOT), JUPYTER_CARBON_LEDGER="off")
        found = children.answer(children.begin(environment, "tests.faults.starved"))
        loads, said = found["load"]
        assert loads
        assert "no thread" in said, said
        assert not found["ran"]
        assert found["reload"] == [True, ""]
        assert found["runs"]
        assert found["goes_on"]
        assert not found["refused"], "the user's own thread was given"
        assert found["complaints"] == []
        assert found["x"] == 3
        done = [found["cells"][0], found["cells"][1][0], found["cells"][2], *found["later"]]
        cells += len(done)
        amiss += done.count(False)
        amiss += len(found["joules"]) != 2 or not all(found["joules"])
    return [none_lost(f"of {cells} cells", amiss)]


def run_full_disk(times: int, folder: Path) -> Iterable[Figure]:
    """The disk with the ledger, a small one, fills up under a recorder and is emptied again."""
    inside = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    if shutil.which("unshare") is None or _fails([*inside, "sh", "-c", mount, folder, "true"]):
        raise ImpossibleError("needs Linux, and the right to mount a tmpfs in a namespace")
    environment = dict(os.environ, PYTHONPATH=str(_ROOT))
    cells, amiss, off_j, back_s, longest_s = 0, 0, 0.0, 0.0, 0.0
    for _ in range(times):
        command = [*inside, "sh", "-c", mount, str(folder)]
        child = subprocess.Popen(
            [*command, sys.executable, "-m", "tests.faults.filled", str(folder)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        found = children.answer(child, 180.0)
        assert any("disk is full" in sentence for sentence in found["said"]), found["said"]
        assert found["left"] == []
        assert found["check"] == "ok"
        cells += found["cells"]
        amiss += found["missing"] + found["twice"]
        off_j = max(off_j, found["off_j"])
        back_s = max(back_s, found["back_s"])
        longest_s = max(longest_s, found["longest_s"])
    return [
        none_lost(f"of {cells} cells", amiss),
        lost("the session's energy, off by", off_j, 2.0, "J"),
        lost("time until it is written again", back_s, 35.0, "s"),
        lost("the longest edge of a cell", longest_s, 1.0, "s"),
    ]


def _fails(command: Sequence[object]) -> bool:
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return done.returncode != 0


INJECTIONS = [
    Injection("resources", "no threads left", run_no_threads, 1, 10),
    Injection(
        "resources", "the ledger's disk is full for a while", run_full_disk, 1, 10, waits=True
    ),
]

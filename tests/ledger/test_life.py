"""Whether a session's process is still there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_carbon.ledger import life
from jupyter_carbon.ledger.life import Life, is_over, this_life

NOW_S = 1.7e9


@pytest.fixture(params=["linux", "elsewhere"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Linux with its /proc, and a system without."""
    if request.param == "elsewhere":
        monkeypatch.setattr(life, "_PROC", tmp_path)
    elif sys.platform != "linux":
        pytest.skip("needs Linux's /proc")
    return str(request.param)


def test_this_process_is_there(system: str) -> None:
    here = this_life()
    assert here == this_life()
    assert here.pid == os.getpid()
    assert here.pid_started > 0
    assert (here.boot != "") == (system == "linux")
    assert not is_over(here, 0.0, NOW_S)


def test_a_process_is_there_until_it_ends(system: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = life._started(child.pid)
        assert started is not None
        there = this_life()._replace(pid=child.pid, pid_started=started)
        assert not is_over(there, NOW_S, NOW_S)
        child.kill()
        # Even before its parent has asked how it ended.
        deadline_s = time.monotonic() + 20
        while not is_over(there, NOW_S, NOW_S):
            assert time.monotonic() < deadline_s
            time.sleep(0.005)
    assert is_over(there, NOW_S, NOW_S)


def test_a_number_that_was_given_again_is_another_process(system: str) -> None:
    here = this_life()
    assert is_over(here._replace(pid_started=here.pid_started - 5), NOW_S, NOW_S)


@pytest.mark.parametrize(
    "other", [{"boot": "another"}, {"pid_started": 0.0}], ids=["another boot", "unknown start"]
)
@pytest.mark.parametrize(
    ("silent_s", "over"), [(0.0, False), (5.0, False), (11.0, True), (-3600.0, True)]
)
def test_where_only_silence_tells_it_tells_after_a_while(
    other: dict[str, object], silent_s: float, over: bool
) -> None:
    there: Life = this_life()._replace(**other)  # type: ignore[arg-type]
    assert is_over(there, NOW_S - silent_s, NOW_S) is over


@pytest.mark.skipif(sys.platform != "linux", reason="needs a name that Linux lets a process have")
def test_the_name_of_a_process_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([program, "60"])
    try:
        deadline_s = time.monotonic() + 20
        while "Z 1" not in Path(f"/proc/{child.pid}/stat").read_text():
            assert time.monotonic() < deadline_s
        started = life._started(child.pid)
        assert started is not None
        assert started >= this_life().pid_started
    finally:
        child.kill()
        child.wait()

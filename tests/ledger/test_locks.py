"""Many who write one ledger, one who keeps it locked, and forks in the middle of it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from jupyter_carbon.ledger.errors import LockedError
from jupyter_carbon.ledger.gate import GATE
from jupyter_carbon.ledger.keeper import Keeper
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from tests.ledger.made import ask, storing, whole, write

WAIT_S = 60.0
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
input()
connection.execute("COMMIT")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "ledger.sqlite3"


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Another program keeps a ledger locked."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.communicate("\n")


def test_a_ledger_that_is_locked_is_waited_for_and_then_told(path: Path) -> None:
    with storing(path) as store:
        store.write(whole("a"))
        with _held(path):
            begin_s = time.monotonic()
            with pytest.raises(LockedError, match="another program keeps it locked"):
                store.write(whole("b"))
            assert 0.5 < time.monotonic() - begin_s < 30
            # Who only reads is not kept out by who writes.
            assert ask(path, "SELECT id FROM session") == [("a",)]
        store.write(whole("c"))
        assert store.edition == 1
    assert ask(path, "SELECT id FROM session ORDER BY id") == [("a",), ("c",)]


def test_a_ledger_that_is_locked_for_a_moment_is_not_worth_a_word(path: Path) -> None:
    troubles: list[str | None] = []
    written: list[bool] = []
    write(path, whole("a"))
    keeper = Keeper(Place(path), troubles.append)
    keeper.start()
    deadline_s = time.monotonic() + WAIT_S
    while keeper.edition == 0:
        assert time.monotonic() < deadline_s
    with _held(path):
        assert keeper.hand(whole("b"), written.append)
        assert keeper.wait(WAIT_S)
        assert written == [False]
        assert troubles == []
        assert keeper.hand(whole("b"), written.append)
        assert keeper.wait(WAIT_S)
        (sentence,) = troubles
        assert "another program keeps it locked" in str(sentence)
    assert keeper.hand(whole("b"), written.append)
    assert keeper.stop(WAIT_S)
    assert written == [False, False, True]
    assert troubles == [sentence, None]


@pytest.mark.parametrize("options", [(), ("--journal",)], ids=["log", "journal"])
def test_all_that_many_write_at_once_is_there_once(options: tuple[str, ...], path: Path) -> None:
    kernels, cells = 4, 25
    words = [sys.executable, "-m", "tests.ledger.writer", str(path)]
    writers = [
        subprocess.Popen(
            [*words, f"kernel {number}", "--cells", f"{cells}", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(kernels)
    ]
    complaints = [writer.communicate(timeout=WAIT_S)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * kernels, complaints
    rows = ask(
        path,
        "SELECT session.id, count(*), count(DISTINCT number), sum(cell.energy_j)"
        " FROM cell JOIN session ON session = key GROUP BY session.id ORDER BY session.id",
    )
    assert rows == [(f"kernel {n}", cells, cells, cells - 1.0) for n in range(kernels)]
    assert ask(path, "SELECT sum(runs) FROM label_total") == [(kernels * cells,)]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@FORKS
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_children_that_end_in_any_way_leave_the_ledger_to_their_parent(path: Path) -> None:
    """A child that closed the connection would let go of the parent's locks, or end its log."""
    with storing(path) as store:
        store.write(whole("before"))
        for number in range(6):
            child = os.fork()
            if child == 0:
                if number % 2:
                    os._exit(0)
                # What another program takes the place of has its files closed.
                os.execv(sys.executable, [sys.executable, "-c", ""])
            assert os.waitpid(child, 0)[1] == 0
            store.write(whole(f"after {number}"))
        assert path.with_name(path.name + "-wal").exists()
    assert ask(path, "SELECT count(*) FROM session") == [(7,)]


CHILD = """
import gc, os, sys
from pathlib import Path
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import Store
from tests.ledger.made import whole
path = Path(sys.argv[1])

def opened():
    return [each.resolve() for each in Path("/proc/self/fd").iterdir()]

store = Store(Place(path))
store.write(whole("before"))
child = os.fork()
if child == 0:
    store._connection = None
    del store
    gc.collect()
    sys.exit(3 if path in opened() else 4)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
assert path.with_name(path.name + "-wal").exists()
store.write(whole("after"))
store.close()
print("written")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs to see which files are open")
def test_a_child_whose_interpreter_ends_closes_nothing(path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout == "written\n"
    assert ask(path, "SELECT count(*) FROM session") == [(2,)]


@FORKS
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_forked_while_the_ledger_is_written_can_use_databases(path: Path) -> None:
    stop = threading.Event()
    faults: list[Exception] = []

    def write_on() -> None:
        number = 0
        try:
            with storing(path) as store:
                while not stop.is_set():
                    store.write(whole(f"{number}"))
                    number += 1
        except Exception as error:  # noqa: BLE001  # whatever it is, the test tells it
            faults.append(error)

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        for number in range(30):
            time.sleep(0.003)
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                with closing(sqlite3.connect(path.parent / f"{number}.db")) as connection:
                    connection.execute("CREATE TABLE mine (x)")
                    connection.commit()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()
    assert faults == []
    with closing(open_for_reading(Place(path))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@FORKS
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_fork_waits_a_moment_for_who_is_inside_and_once(path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with GATE.inside():
            entered.set()
            leave.wait(WAIT_S)

    thread = threading.Thread(target=stay)
    thread.start()
    assert entered.wait(WAIT_S)
    spans = []
    for _ in range(50):
        begin_s = time.monotonic()
        child = os.fork()
        if child == 0:
            # The child's gate is open, though nobody is left in it to open it.
            with GATE.inside():
                os._exit(7)
        spans.append(time.monotonic() - begin_s)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert sum(span >= 0.04 for span in spans) < 25
    leave.set()
    thread.join()
    with storing(path) as store:
        store.write(whole())

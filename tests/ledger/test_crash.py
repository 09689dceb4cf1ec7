"""A writer that is killed, a machine that loses power: what was written is there, and whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.errors import NoLedgerError
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from tests.ledger.made import ask, storing, whole

KILLS = 20
COPIES = 20
pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="needs a system that can kill and stop a process"
)


class Writer:
    """A process that writes; `written` is the number of the last batch that it said was."""

    def __init__(self, path: Path, session_id: str, *options: str) -> None:
        words = [sys.executable, "-m", "tests.ledger.writer", str(path), session_id, *options]
        self._said, self._errors = TemporaryFile(), TemporaryFile()  # noqa: SIM115  # until its end
        self._process = subprocess.Popen(words, stdout=self._said, stderr=self._errors)

    @property
    def written(self) -> int:
        size = os.fstat(self._said.fileno()).st_size
        # Not by the file's own place, which the process moves on.
        said = os.pread(self._said.fileno(), size, 0)
        lines = said.rpartition(b"\n")[0].split()
        return int(lines[-1]) if lines else -1

    def wait_for(self, number: int) -> None:
        deadline_s = time.monotonic() + 60.0
        while self.written < number:
            assert self._process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.002)

    def kill(self) -> tuple[int, str]:
        """Returns what was written, and what it complained of."""
        self._process.kill()
        self._process.wait()
        return self.written, os.pread(self._errors.fileno(), 10_000, 0).decode()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()
        self._errors.close()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)
        status = Path(f"/proc/{self._process.pid}/stat")
        while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.0005)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)


Start = Callable[..., Writer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts writers, and ends them."""
    writers: list[Writer] = []

    def start_one(path: Path, session_id: str, *options: str) -> Writer:
        writers.append(Writer(path, session_id, *options))
        return writers[-1]

    yield start_one
    for writer in writers:
        writer.close()


def _check(path: Path, session_id: str, at_least: int, at_most: int) -> None:
    """What a session says of itself fits together, and is as new as it may be expected."""
    open_for_reading(Place(path)).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    rows = ask(path, "SELECT key, energy_j, beat - started FROM session WHERE id = ?", session_id)
    if not rows:
        assert at_least < 0
        return
    ((key, energy_j, beats),) = rows
    assert at_least <= energy_j <= at_most
    assert energy_j == beats
    (cells,) = ask(
        path, "SELECT count(*), sum(energy_j), max(number) FROM cell WHERE session = ?", key
    )
    assert cells == (energy_j + 1, energy_j, energy_j)
    assert ask(path, "SELECT energy_j FROM slice WHERE session = ?", key) == [(energy_j,)]
    assert ask(path, "SELECT runs, energy_j FROM label_total WHERE session = ?", key) == [
        (energy_j + 1, energy_j + 1)
    ]


@pytest.mark.parametrize("options", [(), ("--journal",)], ids=["log", "journal"])
def test_a_writer_killed_at_any_moment_leaves_all_that_it_had_written(
    options: tuple[str, ...], start: Start, tmp_path: Path
) -> None:
    """Each writer begins on what the one before has left; some die before they have begun."""
    path = tmp_path / "ledger.sqlite3"
    rng = random.Random(5)
    for number in range(KILLS if not options else KILLS // 4):
        writer = start(path, f"session {number}", *options)
        if number % 4:
            writer.wait_for(rng.randint(0, 20))
        time.sleep(rng.random() * (0.03 if number % 4 else 0.5))
        written, complaints = writer.kill()
        assert complaints == ""
        try:
            _check(path, f"session {number}", written, written + 1)
        except NoLedgerError:
            assert written < 0
    with storing(path) as store:
        store.write(whole())
    assert ask(path, "SELECT count(*) FROM session WHERE ended IS NULL") == [(1,)]
    assert ask(path, "SELECT count(*) FROM cell WHERE status = 'running'") == [(0,)]
    assert [each.name for each in tmp_path.iterdir() if "broken" in each.name] == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs to see that a process stands still")
@pytest.mark.parametrize("options", [(), ("--journal",)], ids=["log", "journal"])
def test_the_files_of_any_moment_are_a_ledger(
    options: tuple[str, ...], start: Start, tmp_path: Path
) -> None:
    """As after a power cut: with what the disk held, and without the memory that writers share."""
    path = tmp_path / "ledger.sqlite3"
    rng = random.Random(6)
    writer = start(path, "session", *options)
    writer.wait_for(1)
    for number in range(COPIES if not options else COPIES // 4):
        time.sleep(rng.random() * 0.05)
        writer.stop()
        written = writer.written
        kept = tmp_path / str(number) / path.name
        kept.parent.mkdir()
        for suffix in ("", *COMPANIONS):
            source = path.with_name(path.name + suffix)
            if source.exists() and (suffix != "-shm" or rng.random() < 0.5):
                shutil.copyfile(source, kept.with_name(kept.name + suffix))
        writer.go_on()
        _check(kept, "session", written, written + 1)
        with storing(kept) as store:
            store.write(whole())
        assert ask(kept, "SELECT count(*) FROM session") == [(2,)]
        assert not [each for each in kept.parent.iterdir() if "broken" in each.name]
    assert writer.kill()[1] == ""


@pytest.mark.skipif(sys.platform != "linux", reason="needs to see that a process stands still")
def test_of_a_log_that_was_cut_off_the_beginning_counts(start: Start, tmp_path: Path) -> None:
    """A power cut takes what the disk had not been given yet: the end of the log."""
    path = tmp_path / "ledger.sqlite3"
    rng = random.Random(7)
    writer = start(path, "session")
    writer.wait_for(20)
    writer.stop()
    written = writer.written
    log = path.with_name(path.name + "-wal")
    figures = []
    for number in range(10):
        kept = tmp_path / str(number) / path.name
        kept.parent.mkdir()
        shutil.copyfile(path, kept)
        cut = kept.with_name(log.name)
        shutil.copyfile(log, cut)
        os.truncate(cut, rng.randint(0, log.stat().st_size))
        with suppress(NoLedgerError):
            figures += ask(kept, "SELECT energy_j FROM session") or [None]
            _check(kept, "session", -1, written + 1)
    assert len(set(figures)) > 2
    assert writer.kill()[1] == ""

"""Sessions on a file system without locks: each has a file, and none is lost or counted twice."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_carbon.ledger.beside import can_share, files_beside, open_all_for_reading
from jupyter_carbon.ledger.errors import NoLedgerError
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch
from tests.ledger.made import ask, cell, running, session, storing, whole, write
from tests.standin.nvml.build import compiler

SOURCE = Path(__file__).with_name("lockless.c")
IDS = ["a" * 32, "b" * 32, "c" * 32]
READ = """
import sys
from pathlib import Path
from jupyter_carbon.ledger.beside import open_all_for_reading
from jupyter_carbon.ledger.place import Place
connection = open_all_for_reading(Place(Path(sys.argv[1])))
print(connection.execute("SELECT id, energy_j FROM session ORDER BY id").fetchall())
connection.close()
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = compiler()
    if command is None:
        pytest.skip("Locks are taken away by a library, which needs Linux and a C compiler.")
    path = tmp_path_factory.mktemp("lockless") / "lockless.so"
    words = [*command, "-shared", "-fPIC", "-o", str(path), str(SOURCE), "-ldl"]
    subprocess.run(words, check=True, capture_output=True)
    return path


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP], ids=["ENOLCK", "EOPNOTSUPP"])
def lockless(request: pytest.FixtureRequest, library: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a process for which a folder of the test's has no locks."""
    return {
        **os.environ,
        "LD_PRELOAD": str(library),
        "LOCKLESS": str(tmp_path / "nfs"),
        "LOCKLESS_ERRNO": str(request.param),
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nfs" / "ledger.sqlite3"


def _writer(path: Path, session_id: str, cells: int, environ: dict[str, str]) -> None:
    words = [sys.executable, "-m", "tests.ledger.writer", str(path), session_id]
    run = subprocess.run(
        [*words, "--cells", f"{cells}"], env=environ, capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.stdout.split() == [f"{number}" for number in range(cells)]


def _read(path: Path, environ: dict[str, str]) -> str:
    run = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    return run.stdout.strip()


def test_each_session_writes_a_file_and_the_history_has_all(
    lockless: dict[str, str], path: Path
) -> None:
    _writer(path, IDS[0], 5, lockless)
    (first,) = files_beside(path)
    assert first.name == f"ledger.{'a' * 12}.sqlite3"
    assert first.stat().st_mode & 0o777 == 0o600
    assert _read(path, lockless) == str([(IDS[0], 4.0)])
    _writer(path, IDS[1], 3, lockless)
    # The next one that writes takes in what the one before has left, and its file.
    (second,) = files_beside(path)
    assert second.name == f"ledger.{'b' * 12}.sqlite3"
    assert _read(path, lockless) == str([(IDS[0], 4.0), (IDS[1], 2.0)])
    assert path.stat().st_size == 0


def test_where_files_can_be_locked_again_the_ledger_takes_them_in(
    lockless: dict[str, str], path: Path
) -> None:
    write(path, whole(IDS[2]))
    _writer(path, IDS[0], 5, lockless)
    assert _read(path, lockless) == str([(IDS[0], 4.0), (IDS[2], 100.0)])
    with storing(path) as store:
        store.open()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert ask(path, "SELECT id, energy_j FROM session ORDER BY id") == [
        (IDS[0], 4.0),
        (IDS[2], 100.0),
    ]
    assert ask(path, "SELECT count(*) FROM cell") == [(6,)]


def test_the_file_of_a_session_that_runs_is_read_and_left(path: Path) -> None:
    """Its copy counts beside the ledger; taken in it is when its process is gone."""
    own = path.with_name(f"ledger.{'a' * 12}.sqlite3")
    write(own, Batch(session(IDS[0]), cells=[cell(0), running(1)]))
    with storing(path) as store:
        store.write(whole(IDS[1]))
    assert files_beside(path) == [own]
    with closing(open_all_for_reading(Place(path))) as connection:
        ids = connection.execute("SELECT id FROM session ORDER BY id").fetchall()
        assert ids == [(IDS[0],), (IDS[1],)]
    assert ask(path, "SELECT id FROM session") == [(IDS[1],)]
    write(own, Batch(session(IDS[0], energy_j=120.0, beat=2e9, ended=2e9, ending="ended")))
    with storing(path) as store:
        store.open()
    assert files_beside(path) == []
    assert ask(path, "SELECT id, energy_j FROM session ORDER BY id") == [
        (IDS[0], 120.0),
        (IDS[1], 100.0),
    ]


def test_what_cannot_be_read_is_left_where_it_is(path: Path) -> None:
    write(path, whole(IDS[1]))
    own = path.with_name(f"ledger.{'a' * 12}.sqlite3")
    own.write_bytes(b"no database" * 100)
    with storing(path) as store:
        store.open()
        assert store.notices == []
    with closing(open_all_for_reading(Place(path))) as connection:
        assert connection.execute("SELECT id FROM session").fetchall() == [(IDS[1],)]
    assert files_beside(path) == [own]
    assert own.read_bytes() == b"no database" * 100


def test_only_such_files_are_taken_for_a_sessions(path: Path) -> None:
    path.parent.mkdir()
    assert files_beside(path) == []
    for name in ("ledger.backup.sqlite3", "ledger-broken-1.sqlite3", "x.aaaaaaaaaaaa.sqlite3"):
        path.with_name(name).touch()
    assert files_beside(path) == []
    assert files_beside(path / "nowhere") == []
    with pytest.raises(NoLedgerError):
        open_all_for_reading(Place(path))


def test_this_tests_own_folder_can_be_shared(tmp_path: Path) -> None:
    assert can_share(tmp_path)
    assert can_share(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []

"""From each version of the tables to this one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError
from jupyter_carbon.ledger.migrate import APPLICATION_ID, migrate
from jupyter_carbon.ledger.opening import open_for_reading, open_for_writing
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.schema import MIGRATIONS, VERSION
from jupyter_carbon.ledger.store import Store
from tests.ledger.made import ask, whole, write

EARLIER = sorted((Path(__file__).parent / "versions").glob("*.sql"))
"""What a ledger of each published version says, as SQL."""


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def number(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    assert isinstance(version, int)
    return version


def test_there_is_a_ledger_of_each_version() -> None:
    assert [path.stem for path in EARLIER] == [f"version-{n + 1}" for n in range(VERSION)]


@pytest.mark.parametrize("earlier", EARLIER, ids=lambda path: path.stem)
def test_a_ledger_of_an_earlier_version_is_brought_to_this_one(
    earlier: Path, tmp_path: Path
) -> None:
    path, new = tmp_path / "ledger.sqlite3", tmp_path / "new.sqlite3"
    with closing(connect(path)) as connection:
        connection.executescript(earlier.read_text(encoding="utf-8"))
    before = _told(path)
    open_for_writing(Place(new)).close()
    open_for_reading(Place(path)).close()
    with closing(connect(path)) as old, closing(connect(new)) as fresh:
        assert number(old) == VERSION
        assert tables(old) == tables(fresh)
        assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    assert _told(path) == before
    assert ("5f" * 16, 123456.0) in before
    write(path, whole())
    assert len(_told(path)) == len(before) + 1


def _told(path: Path) -> list[tuple[str, float]]:
    with closing(connect(path)) as connection:
        return connection.execute("SELECT id, energy_j FROM session ORDER BY id").fetchall()


def test_a_step_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    steps: list[Sequence[str]] = [
        *MIGRATIONS,
        ("CREATE TABLE added (x)", "INSERT INTO session (id) VALUES (NULL)"),
    ]
    with closing(connect(path)) as connection:
        migrate(connection, path)
        before = tables(connection)
        with pytest.raises(sqlite3.IntegrityError):
            migrate(connection, path, steps)
        assert not connection.in_transaction
        assert number(connection) == VERSION
        assert tables(connection) == before
        steps[-1] = ("CREATE TABLE added (x)",)
        migrate(connection, path, steps)
        assert number(connection) == VERSION + 1
        assert ("added", "CREATE TABLE added (x)") in tables(connection)


def test_the_steps_are_taken_once_though_many_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    program = """
import sys, time
from pathlib import Path
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import Store
store = Store(Place(Path(sys.argv[1])))
sys.stdin.readline()
store.open()
store.close()
"""
    words = [sys.executable, "-W", "error", "-c", program, str(path)]
    come = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for each in come:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    assert [each.communicate()[1] for each in come] == [""] * 4
    assert [each.returncode for each in come] == [0] * 4
    with closing(connect(path)) as connection:
        assert number(connection) == VERSION
        assert connection.execute("SELECT count(*) FROM ledger").fetchone() == (1,)


def test_a_newer_ledger_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    write(path, whole())
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    store = Store(Place(path))
    with pytest.raises(LedgerError, match=r"newer jupyter_carbon.*Updating"):
        store.write(whole("t" * 32))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with pytest.raises(LedgerError, match="newer jupyter_carbon"):
        open_for_reading(Place(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE history (x)", "PRAGMA user_version = 3", "PRAGMA application_id = 7"],
)
def test_another_programs_database_is_left_as_it_is(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with closing(connect(path)) as connection:
        connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="another program's database"):
        Store(Place(path)).write(whole())
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_an_empty_file_is_a_ledger_that_has_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.touch()
    with pytest.raises(NoLedgerError, match="empty"):
        open_for_reading(Place(path))
    write(path, whole())
    assert ask(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert len(ask(path, "SELECT * FROM session")) == 1

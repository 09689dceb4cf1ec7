"""What is forgotten is in no byte of the ledger's files any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_carbon.ledger import forget as module
from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.forget import (
    Choice,
    before,
    forget,
    notebooks_meant,
    of_notebook,
    set_aside_beside,
)
from jupyter_carbon.ledger.healing import set_aside
from jupyter_carbon.ledger.history import Entry, History
from jupyter_carbon.ledger.opening import open_for_reading, open_for_writing
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch
from tests.ledger.made import NOW_S, ask, write
from tests.ledger.past import block, past, ran

HOUR = 3600.0
SECRET = "unpublished-idea"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite3"


def _secret(cells: int = 300) -> Batch:
    """A session whose every text tells what must not stay."""
    made = [ran(n, 5.0, id=f"{SECRET} {n}", code=f"# {SECRET}\n" * 20) for n in range(cells)]
    return past(
        NOW_S,
        NOW_S + HOUR,
        {f"gpu:{SECRET}": 5.0},
        cells=made,
        labels=[block(n, f"{SECRET} {n}", 1.0) for n in range(50)],
        notebook=f"{SECRET}.ipynb",
        project=SECRET,
        notes=f'["{SECRET}"]',
    )


def _bytes(path: Path) -> bytes:
    names = [path.name + suffix for suffix in ("", *COMPANIONS)]
    return b"".join(each.read_bytes() for each in path.parent.iterdir() if each.name in names)


def _ids(path: Path, notebook: str) -> list[str]:
    return [row[0] for row in ask(path, "SELECT id FROM session WHERE notebook = ?", notebook)]


def _forget(path: Path, notebook: str = f"{SECRET}.ipynb") -> bool:
    with closing(open_for_writing(Place(path), wait_s=5.0)) as connection:
        return forget(connection, _ids(path, notebook))


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_nothing_of_it_is_left_in_the_files(path: Path, journal: str) -> None:
    write(path, past(NOW_S, NOW_S + HOUR), _secret(), past(NOW_S, NOW_S + HOUR))
    with closing(open_for_writing(Place(path))) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        assert SECRET.encode() in _bytes(path)
        ids = _ids(path, f"{SECRET}.ipynb")
        assert forget(connection, ids)
        assert SECRET.encode() not in _bytes(path)
        assert ids[0].encode() not in _bytes(path)
    assert SECRET.encode() not in _bytes(path)
    assert ask(path, "SELECT count(*) FROM session") == [(2,)]
    for table in ("source", "cell", "label", "label_total", "slice"):
        orphans = f"SELECT count(*) FROM {table} WHERE session NOT IN (SELECT key FROM session)"
        assert ask(path, orphans) == [(0,)]


def test_the_room_is_given_back(path: Path) -> None:
    write(path, past(NOW_S, NOW_S + HOUR))
    small = path.stat().st_size
    write(path, _secret(3000))
    large = path.stat().st_size
    assert _forget(path)
    assert path.stat().st_size < small + 0.1 * (large - small)


def test_others_write_on_while_it_is_forgotten(path: Path) -> None:
    write(path, _secret())
    with closing(open_for_writing(Place(path))) as other:
        other.execute("UPDATE session SET notes = notes")
        assert _forget(path)
        assert SECRET.encode() not in _bytes(path)
        other.execute("INSERT INTO ledger VALUES ('after', '1')")
    assert ask(path, "SELECT value FROM ledger WHERE name = 'after'") == [("1",)]


def test_a_reader_that_holds_the_log_is_told_of_and_the_next_time_makes_sure(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.2)
    write(path, _secret())
    with (
        closing(open_for_reading(Place(path))) as reader,
        closing(open_for_writing(Place(path), wait_s=0.1)) as connection,
    ):
        connection.execute("INSERT INTO ledger VALUES ('log', 'is not empty')")
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM session").fetchone() == (1,)
        assert not forget(connection, _ids(path, f"{SECRET}.ipynb"))
        reader.execute("ROLLBACK")
        assert forget(connection, [])
        assert SECRET.encode() not in _bytes(path)


def test_a_ledger_that_is_locked_loses_nothing(path: Path) -> None:
    write(path, _secret(1))
    with closing(open_for_writing(Place(path))) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            closing(open_for_writing(Place(path), wait_s=0.1)) as connection,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            forget(connection, _ids(path, f"{SECRET}.ipynb"))
        other.execute("ROLLBACK")
    assert ask(path, "SELECT count(*) FROM cell") == [(1,)]


def _entries(path: Path, *batches: Batch) -> list[Entry]:
    write(path, *batches)
    with closing(open_for_reading(Place(path))) as connection:
        return list(History(connection).sessions())


def _names(choice: Choice) -> tuple[list[str], list[str]]:
    return (
        [entry.session.id for entry in choice.doomed],
        [entry.session.id for entry in choice.running],
    )


def test_of_a_notebook_the_sessions_that_are_over_are_chosen(path: Path) -> None:
    entries = _entries(
        path,
        past(NOW_S, NOW_S + 1, id="a", notebook="x.ipynb"),
        past(NOW_S, NOW_S + 1, id="b", notebook="y.ipynb"),
        past(NOW_S + 2, NOW_S + 3, id="c", notebook="x.ipynb", ended=None, ending=None),
        past(NOW_S + 4, NOW_S + 5, id="d", notebook="x.ipynb", ended=None, pid_started=-1.0),
        past(NOW_S, NOW_S + 1, id="e", notebook=None),
    )
    assert _names(of_notebook(entries, "x.ipynb")) == (["a", "d"], ["c"])
    assert _names(of_notebook(entries, "X.ipynb")) == ([], [])


def test_from_before_a_moment_those_that_had_ended_by_then_are_chosen(path: Path) -> None:
    entries = _entries(
        path,
        past(NOW_S, NOW_S + 10, id="over"),
        past(NOW_S, NOW_S + 90, id="cut"),
        past(NOW_S, NOW_S + 50, id="on the edge"),
        past(NOW_S, NOW_S + 20, id="lost", ended=None, pid_started=-1.0),
    )
    assert _names(before(entries, NOW_S + 50)) == (["lost", "over"], [])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("work/a.ipynb", ["work/a.ipynb"]),
        ("/work/a.ipynb", ["work/a.ipynb"]),
        ("./work/a.ipynb", ["work/a.ipynb"]),
        ("a.ipynb", ["C:\\old\\a.ipynb", "work/a.ipynb"]),
        ("old/a.ipynb", ["C:\\old\\a.ipynb"]),
        ("b.ipynb", ["b.ipynb"]),
        (".ipynb", []),
        ("k/a.ipynb", []),
        ("%", []),
        ("", []),
        ("/", []),
    ],
)
def test_a_notebook_is_named_by_its_path_or_the_end_of_it(
    path: Path, name: str, meant: list[str]
) -> None:
    names = ["work/a.ipynb", "C:\\old\\a.ipynb", "b.ipynb", "work/b.ipynb", None]
    entries = _entries(path, *(past(NOW_S, NOW_S + 1, notebook=each) for each in names))
    assert notebooks_meant(entries, name) == meant


def test_damaged_ledgers_that_were_kept_are_found(path: Path) -> None:
    write(path, _secret(1))
    path.with_name("other-broken-1.sqlite3").touch()
    kept = set_aside(path, NOW_S)
    assert set_aside_beside(path) == [kept]

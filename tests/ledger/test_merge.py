"""Ledgers that come together: each session once, and nothing from files that are none."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError
from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.merge import Merged, merge
from jupyter_carbon.ledger.opening import open_for_writing
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch
from tests.ledger.made import NOW_S, ask, counted, reading, whole, write
from tests.ledger.past import block, past, ran

TABLES = ("session", "source", "rate", "cell", "label", "label_total", "slice", "trace")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine" / "ledger.sqlite3"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    return tmp_path / "theirs" / "ledger.sqlite3"


def _merge(mine: Path, theirs: Path) -> Merged:
    with closing(open_for_writing(Place(mine))) as connection:
        return merge(connection, theirs)


def _content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row, without the keys, which are each ledger's own."""
    return {
        table: sorted((row[1:] for row in ask(path, f"SELECT * FROM {table}")), key=repr)
        for table in TABLES
    }


def _full(session_id: str, *, host: str = "theirs", beat: float = NOW_S + 60.0) -> Batch:
    batch = whole(session_id)
    batch.session = batch.session._replace(host=host, beat=beat, ended=beat, ending="ended")
    return batch


def test_a_session_comes_with_all_that_belongs_to_it(mine: Path, theirs: Path) -> None:
    write(theirs, _full("a"), _full("b"))
    assert _merge(mine, theirs) == Merged(new=2, newer=0, known=0)
    assert _content(mine) == _content(theirs)
    assert len(_content(mine)["trace"]) == 2


def test_merging_twice_is_merging_once(mine: Path, theirs: Path) -> None:
    write(mine, _full("own", host="mine"))
    write(theirs, _full("a"), _full("b"))
    _merge(mine, theirs)
    content = _content(mine)
    assert _merge(mine, theirs) == Merged(new=0, newer=0, known=2)
    assert _content(mine) == content


def test_there_and_back_again_adds_nothing(mine: Path, theirs: Path) -> None:
    write(mine, _full("own", host="mine"))
    write(theirs, _full("a"))
    _merge(mine, theirs)
    assert _merge(theirs, mine) == Merged(new=1, newer=0, known=1)
    assert _content(mine) == _content(theirs)


def test_of_two_copies_the_one_heard_of_later_stays_whole(mine: Path, theirs: Path) -> None:
    early = past(NOW_S, NOW_S + 60.0, cells=[ran(n, 5.0) for n in range(9)], id="same")
    early.labels = [block(n, "train", 5.0) for n in range(4)]
    later = past(NOW_S, NOW_S + 90.0, cells=[ran(0, 7.0)], id="same")
    later.labels = [block(0, "train", 7.0)]
    write(mine, _full("other", host="mine"), early)
    write(theirs, later)
    key = ask(mine, "SELECT key FROM session WHERE id = 'same'")
    assert _merge(mine, theirs) == Merged(new=0, newer=1, known=0)
    assert ask(mine, "SELECT key FROM session WHERE id = 'same'") == key
    with reading(mine) as connection:
        (entry,) = (each for each in History(connection).sessions() if each.session.id == "same")
        assert entry.session == later.session
        (cell,) = History(connection).cells(entry.key)
        assert cell.energy_j == counted(7.0)
    assert ask(mine, "SELECT runs, energy_j FROM label_total WHERE session = ?", *key[0]) == [
        (1, 7.0)
    ]

    shutil.rmtree(theirs.parent)
    write(theirs, early)
    assert _merge(mine, theirs) == Merged(new=0, newer=0, known=1)
    assert ask(mine, "SELECT beat FROM session WHERE id = 'same'") == [(NOW_S + 90.0,)]


def test_the_other_ledger_stays_as_it_is(mine: Path, theirs: Path) -> None:
    write(theirs, _full("a"))
    before = theirs.read_bytes()
    _merge(mine, theirs)
    assert theirs.read_bytes() == before


def test_a_ledger_in_a_folder_that_cannot_be_written_is_merged(mine: Path, theirs: Path) -> None:
    write(theirs, _full("a"))
    theirs.chmod(0o400)
    theirs.parent.chmod(0o500)
    try:
        assert _merge(mine, theirs).new == 1
    finally:
        theirs.parent.chmod(0o700)


def test_a_ledger_that_is_being_written_is_merged_with_what_it_has(
    mine: Path, theirs: Path
) -> None:
    with closing(open_for_writing(Place(theirs))) as writer:
        write(theirs, _full("a"))
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE session SET notebook = 'half'")
        assert _merge(mine, theirs).new == 1
        writer.execute("ROLLBACK")
    assert ask(mine, "SELECT notebook FROM session") == [("runs/train.ipynb",)]


def test_itself_is_refused(mine: Path, tmp_path: Path) -> None:
    write(mine, _full("a"))
    link = tmp_path / "link.sqlite3"
    link.symlink_to(mine)
    for path in (mine, link):
        with pytest.raises(LedgerError, match="this ledger itself"):
            _merge(mine, path)


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("no database" * 999)


def _other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE session (key INTEGER)")


def _newer(path: Path) -> None:
    write(path, _full("a"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "is not there"),
        (_empty, "holds no session yet"),
        (_text, "damaged"),
        (_other_program, "another program's"),
        (_newer, "newer jupyter_carbon"),
    ],
)
def test_what_is_no_ledger_is_refused_and_nothing_changes(
    mine: Path, tmp_path: Path, make: object, why: str
) -> None:
    write(mine, _full("own"))
    content = _content(mine)
    other = tmp_path / "other.sqlite3"
    assert callable(make)
    make(other)
    with pytest.raises(LedgerError, match=why) as refused:
        _merge(mine, other)
    assert str(other) in str(refused.value)
    assert _content(mine) == content


HOSTILE = [
    "UPDATE session SET energy_j = 'much'",
    "UPDATE session SET energy_j = 9e999, energy_j_high = 9e999",
    "UPDATE session SET energy_j = 5, energy_j_low = 6, energy_j_high = 7",
    "UPDATE session SET energy_j_low = NULL",
    "UPDATE session SET co2e_g_from = 'trust me'",
    "UPDATE session SET started = -1",
    "UPDATE session SET started = 9e15",
    "UPDATE session SET notebook = x'00ff'",
    "UPDATE session SET gaps = '{'",
    "UPDATE cell SET sources = 'x'",
    "UPDATE cell SET code_hash = 'text'",
    "UPDATE slice SET until = 'late'",
    "ALTER TABLE cell ADD COLUMN more TEXT",
    "DROP TABLE trace",
    "DROP TABLE trace; CREATE VIEW trace AS SELECT 1 AS session",
]


@pytest.mark.parametrize("harm", HOSTILE)
def test_what_no_meter_writes_is_not_taken_over(mine: Path, theirs: Path, harm: str) -> None:
    write(mine, _full("own"))
    write(theirs, _full("a"))
    with closing(sqlite3.connect(theirs)) as connection:
        connection.executescript(harm)
    content = _content(mine)
    with pytest.raises(LedgerError, match="no meter writes"):
        _merge(mine, theirs)
    assert _content(mine) == content


def test_a_trigger_of_another_ledger_does_not_run(mine: Path, theirs: Path) -> None:
    write(mine, _full("own"))
    write(theirs, _full("a"))
    with closing(sqlite3.connect(theirs)) as connection:
        connection.executescript(
            "CREATE TRIGGER harm AFTER INSERT ON session BEGIN DELETE FROM session; END"
        )
    assert _merge(mine, theirs).new == 1
    assert ask(mine, "SELECT count(*) FROM session") == [(2,)]
    assert ask(mine, "SELECT count(*) FROM sqlite_master WHERE name = 'harm'") == [(0,)]


def test_after_a_failure_the_connection_takes_the_next_one(
    mine: Path, theirs: Path, tmp_path: Path
) -> None:
    write(theirs, _full("a"))
    with closing(open_for_writing(Place(mine))) as connection:
        with pytest.raises(NoLedgerError):
            merge(connection, tmp_path / "nothing.sqlite3")
        assert merge(connection, theirs).new == 1
        assert merge(connection, theirs).known == 1

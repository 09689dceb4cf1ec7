"""What is written, whom it belongs to, and what opening a ledger does beside."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError
from jupyter_carbon.ledger.opening import open_for_reading, open_for_writing
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch, TraceRow
from jupyter_carbon.ledger.store import Store
from tests.ledger.made import (
    MISSING,
    NOW_S,
    Mount,
    ask,
    cell,
    label,
    part,
    rate,
    running,
    session,
    source,
    storing,
    whole,
    write,
)

DAY_S = 86_400.0
TABLES = ("session", "source", "rate", "cell", "label", "label_total", "slice", "trace")
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "ledger.sqlite3"


def _counts(path: Path) -> dict[str, int]:
    return {table: ask(path, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def test_a_row_is_there_once_however_often_it_is_written(path: Path) -> None:
    write(path, whole(), whole())
    write(path, whole())
    assert _counts(path) == dict.fromkeys(TABLES, 1)


def test_the_newest_figures_hold(path: Path) -> None:
    first = Batch(session(), [source()], cells=[running(0, 10.0)], slices=[part(energy_j=10.0)])
    second = Batch(
        session(energy_j=250.0, ended=NOW_S + 90.0, ending="ended"),
        [source(energy_j=200.0), source(1, 50.0)],
        [rate()],
        [cell(0, 30.0), cell(1, None, label="a", overlapped=True)],
        slices=[part(energy_j=30.0), part(1, 1, 5.0)],
    )
    write(path, first, second)
    assert ask(path, "SELECT energy_j, ended, ending FROM session") == [
        (250.0, NOW_S + 90.0, "ended")
    ]
    assert ask(path, "SELECT number, energy_j FROM source") == [(0, 200.0), (1, 50.0)]
    assert ask(path, "SELECT status, energy_j, energy_j_from, co2e_g FROM cell") == [
        ("ok", 30.0, "counter", 30.0 * 1e-4),
        ("ok", None, "missing", None),
    ]
    assert ask(path, "SELECT label, overlapped, ended FROM cell WHERE number = 1") == [
        ("a", 1, NOW_S + 4.0)
    ]
    assert ask(path, "SELECT source, since, energy_j FROM slice") == [
        (0, NOW_S, 30.0),
        (1, NOW_S + 900.0, 5.0),
    ]


def test_the_past_may_be_counted_at_another_rate(path: Path) -> None:
    write(path, Batch(session(), rates=[rate(0, 300.0), rate(1, 400.0)]))
    write(path, Batch(session(), rates=[rate(0, 50.0), rate(1, 50.0)]))
    assert ask(path, "SELECT number, intensity_g_per_kwh FROM rate") == [(0, 50.0), (1, 50.0)]


def test_a_label_counts_once_in_its_total_while_it_grows(path: Path) -> None:
    for energy_j in (None, 1.0, 3.0):
        write(path, Batch(session(), labels=[label(0, "train", energy_j), label(1, "train", 4.0)]))
    assert ask(path, "SELECT label, runs, energy_j FROM label_total") == [("train", 2, 7.0)]


def test_what_has_not_changed_is_not_written(path: Path) -> None:
    with storing(path) as store:
        store.write(whole())
        batch = whole()
        store.write(batch)
        log = path.with_name(path.name + "-wal")
        before = log.stat().st_size
        store.write(batch)
        assert log.stat().st_size == before


_ENERGIES = st.one_of(st.none(), st.floats(0, 1e12))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc"), _ENERGIES), max_size=6),
        max_size=6,
    )
)
def test_batches_leave_what_the_last_said_of_each_cell(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[int, str, float | None]]],
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"
    said: dict[tuple[str, int], float | None] = {}
    with storing(path) as store:
        store.open()
        for batch in batches:
            for number, session_id, energy_j in batch:
                store.write(Batch(session(session_id), cells=[cell(number, energy_j)]))
                said[session_id, number] = energy_j
    rows = ask(
        path,
        "SELECT id, number, e FROM (SELECT session.id AS id, number,"
        " cell.energy_j AS e FROM cell JOIN session ON session = key)",
    )
    assert {(session_id, number): energy_j for session_id, number, energy_j in rows} == said


def test_nothing_of_a_batch_is_there_if_one_of_its_rows_cannot_be(path: Path) -> None:
    write(path, whole("a"))
    wrong = whole("b")
    wrong.slices = [part()._replace(since=None)]  # type: ignore[arg-type]
    with storing(path) as store:
        with pytest.raises(LedgerError, match="NOT NULL"):
            store.write(wrong)
        store.write(whole("c"))
    assert ask(path, "SELECT id FROM session ORDER BY id") == [("a",), ("c",)]


def test_the_code_is_linked_and_not_told(path: Path, tmp_path: Path) -> None:
    digest, other = b"12345678", b"abcdefgh"
    cells = [
        cell(0, code_hash=digest),
        cell(1, code_hash=digest),
        cell(2, code_hash=other),
        cell(3, code_hash=None, code="x = 1"),
    ]
    write(path, Batch(session("a"), cells=cells))
    write(path, Batch(session("b"), cells=[cell(0, code_hash=digest)]))
    marks = [mark for (mark,) in ask(path, "SELECT code_hash FROM cell ORDER BY session, number")]
    assert marks[0] == marks[1] == marks[4]
    assert len({*marks}) == 3
    assert marks[3] is None
    assert len(marks[0]) == 8
    assert ask(path, "SELECT code FROM cell WHERE code IS NOT NULL") == [("x = 1",)]
    assert digest not in path.read_bytes()
    another = tmp_path / "another.sqlite3"
    write(another, Batch(session("a"), cells=cells))
    assert ask(another, "SELECT code_hash FROM cell")[0][0] != marks[0]


def test_an_old_trace_goes_and_its_session_stays(path: Path) -> None:
    trace = [TraceRow(0, NOW_S, 1.0, b"\0" * 8)]
    old = session("old", ended=NOW_S + 60.0, ending="ended")
    new = session("new", ended=NOW_S + 9 * DAY_S, ending="ended")
    write(path, *[Batch(each, [source()], traces=trace) for each in (old, new)])
    with storing(path, trace_days=10.0, clock=lambda: NOW_S + 12 * DAY_S) as store:
        store.open()
    assert ask(path, "SELECT id FROM session JOIN trace ON session = key") == [("new",)]
    assert _counts(path)["session"] == 2
    assert _counts(path)["source"] == 2


def test_a_ledger_in_memory_is_read_while_it_is_written() -> None:
    place = Place.in_memory()
    with pytest.raises(NoLedgerError):
        open_for_reading(place)
    store = Store(place)
    store.write(whole())
    with closing(open_for_reading(place)) as connection:
        assert connection.execute("SELECT id FROM session").fetchall() == [("s" * 32,)]
        store.write(whole("t" * 32))
        assert connection.execute("SELECT count(*) FROM session").fetchone() == (2,)
    store.close()


def test_reading_makes_nothing_and_changes_nothing(path: Path) -> None:
    with pytest.raises(NoLedgerError, match="no ledger at"):
        open_for_reading(Place(path))
    assert not path.parent.exists()
    write(path, whole())
    before = path.read_bytes()
    with closing(open_for_reading(Place(path))) as connection:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM session")
        assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
    assert path.read_bytes() == before


def test_a_reader_keeps_no_writer_waiting_and_sees_no_half(path: Path) -> None:
    with storing(path) as store:
        store.write(whole("a"))
        with closing(open_for_reading(Place(path))) as connection:
            connection.execute("BEGIN")
            assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
            store.write(whole("b"))
            assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
            connection.execute("COMMIT")
            assert connection.execute("SELECT count(*) FROM session").fetchone() == (2,)


def test_its_own_disk_has_a_log_and_anothers_a_journal(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for remote, journal in ((False, "wal"), (True, "delete")):
        mount = Mount("d", tmp_path.anchor, "nfs4" if remote else "ext4", "rw")
        monkeypatch.setattr(psutil, "disk_partitions", lambda mount=mount, **_all: [mount])
        with closing(open_for_writing(Place(path))) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == (journal,)
            assert connection.execute("PRAGMA synchronous").fetchone() == (1 + remote,)
            assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
        with storing(path) as store:
            store.write(whole(journal))
    assert _counts(path)["session"] == 2


def test_what_has_ended_is_waited_for_until_the_disk_has_it(path: Path) -> None:
    def waits(batch: Batch) -> bool:
        store.write(batch)
        assert store._connection is not None
        (level,) = store._connection.execute("PRAGMA synchronous").fetchone()
        return bool(level == 2)

    with storing(path) as store:
        assert waits(Batch(session()))
        assert not waits(Batch(session(beat=NOW_S + 61.0), cells=[running(0)]))
        assert waits(Batch(session(), cells=[cell(0)]))
        assert not waits(Batch(session(), cells=[running(1)]))
        assert waits(Batch(session(), labels=[label(0)]))
        assert waits(Batch(session(ended=NOW_S + 61.0)))
        assert not waits(Batch(session(beat=NOW_S + 62.0)))


@POSIX
def test_the_folder_and_the_files_are_the_users_alone(path: Path) -> None:
    mask = os.umask(0)
    try:
        with storing(path) as store:
            store.write(whole())
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == dict.fromkeys([path.name, f"{path.name}-wal", f"{path.name}-shm"], 0o600)


@POSIX
def test_a_file_that_others_could_read_is_closed_to_them_and_a_shared_folder_left(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite3"
    tmp_path.chmod(0o755)
    write(path, whole())
    path.chmod(0o666)
    write(path, whole())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@POSIX
@pytest.mark.parametrize("suffix", ["", "-wal", "-journal"])
def test_what_belongs_to_somebody_else_is_left_alone(suffix: str, path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Only root can give a file away.")
    write(path, whole())
    foreign = path.with_name(path.name + suffix)
    foreign.touch()
    os.chown(foreign, 12345, -1)
    before = path.read_bytes()
    with storing(path) as store, pytest.raises(LedgerError, match="another user"):
        store.write(whole("t" * 32))
    assert path.read_bytes() == before
    assert foreign.stat().st_uid == 12345


@POSIX
def test_a_link_leads_to_the_file_and_its_log(tmp_path: Path) -> None:
    real, link = tmp_path / "disk" / "real.sqlite3", tmp_path / "ledger.sqlite3"
    link.symlink_to(real)
    with storing(link) as store:
        store.write(whole())
        assert sorted(each.name for each in real.parent.iterdir()) == [
            "real.sqlite3",
            "real.sqlite3-shm",
            "real.sqlite3-wal",
        ]
    assert ask(link, "SELECT count(*) FROM session") == [(1,)]
    assert [each.name for each in tmp_path.iterdir() if not each.is_dir()] == ["ledger.sqlite3"]


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"is a folder.*slash at its end"):
        Store(Place(tmp_path)).open()
    with pytest.raises(LedgerError, match="is no file"):
        Store(Place(Path(os.devnull))).open()


def test_a_session_whose_process_is_gone_is_closed_as_of_its_last_word(path: Path) -> None:
    here = session()
    program = """
from jupyter_carbon.ledger.life import this_life
print(this_life().pid_started, flush=True)
input()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    alive = session("alive", pid=child.pid, pid_started=float(child.stdout.readline()))
    batches = [
        Batch(here),
        Batch(alive, cells=[running(0)]),
        Batch(session("elsewhere", host="another host", pid_started=1.0)),
        Batch(session("reused", pid_started=here.pid_started + 1.0), cells=[running(0), cell(1)]),
        Batch(session("ended", ended=NOW_S + 61.0, ending="ended", pid_started=1.0)),
    ]
    write(path, *batches)

    def closed() -> dict[str, tuple[float, str]]:
        rows = ask(path, "SELECT id, ended, ending FROM session WHERE ended IS NOT NULL")
        return {session_id: (ended, ending) for session_id, ended, ending in rows}

    with storing(path) as store:
        store.open()
    ended = {"ended": (NOW_S + 61.0, "ended"), "reused": (NOW_S + 60.0, "lost")}
    assert closed() == ended
    child.communicate("\n")
    with storing(path) as store:
        store.open()
    assert closed() == {**ended, "alive": (NOW_S + 60.0, "lost")}
    assert ask(
        path,
        "SELECT session.id, number, status, cell.ended FROM cell JOIN session ON session = key"
        " ORDER BY session.id, number",
    ) == [
        ("alive", 0, "interrupted", NOW_S + 3.0),
        ("reused", 0, "interrupted", NOW_S + 3.0),
        ("reused", 1, "ok", NOW_S + 4.0),
    ]


@pytest.mark.parametrize(("silent_s", "ending"), [(2.0, None), (60.0, "lost"), (-60.0, "lost")])
def test_of_another_start_of_the_system_only_silence_tells(
    silent_s: float, ending: str | None, path: Path
) -> None:
    now_s = time.time()
    write(path, Batch(session(boot="before", pid_started=3.0, beat=now_s - silent_s)))
    with storing(path) as store:
        store.open()
    assert ask(path, "SELECT ending FROM session") == [(ending,)]


def test_a_session_that_was_thought_lost_goes_on(path: Path) -> None:
    gone = session(pid_started=1.0)
    with storing(path) as suspended:
        suspended.write(Batch(gone, cells=[running(0, 10.0)]))
        with storing(path) as other:
            other.open()
        assert ask(path, "SELECT ending FROM session") == [("lost",)]
        suspended.write(Batch(gone._replace(beat=NOW_S + 70.0), cells=[running(0, 12.0)]))
    assert ask(path, "SELECT ended, ending, beat FROM session") == [(None, None, NOW_S + 70.0)]
    assert ask(path, "SELECT status, energy_j FROM cell") == [("running", 12.0)]


def test_a_missing_figure_stays_missing(path: Path) -> None:
    write(path, Batch(session(energy_j=1.0)._replace(energy_j=MISSING)))
    assert ask(
        path, "SELECT energy_j, energy_j_low, energy_j_high, energy_j_from FROM session"
    ) == [(None, None, None, "missing")]

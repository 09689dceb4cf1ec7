"""A ledger that is damaged, gone, full or not to be written: nothing is lost that need not be."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.errors import LedgerError
from jupyter_carbon.ledger.healing import set_aside
from jupyter_carbon.ledger.keeper import Keeper
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch
from jupyter_carbon.ledger.store import Store
from tests.ledger.disks import fill, remount, small_disk
from tests.ledger.made import ask, cell, session, storing, whole, write

WAIT_S = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "ledger.sqlite3"


def _spoil_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"This is not a database any more.")


def _spoil_pages(path: Path) -> None:
    """All but the first page, which names the tables."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(1).randbytes(size - 4096))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [_spoil_header, _spoil_pages, _cut])
def test_a_damaged_ledger_is_kept_aside_and_another_begun(
    spoil: Callable[[Path], None], path: Path
) -> None:
    write(path, whole("before"))
    spoil(path)
    spoilt = path.read_bytes()
    with storing(path) as store:
        store.write(whole("after"))
        store.write(whole("after that"))
        (notice,) = store.notices
    (kept,) = [
        each
        for each in path.parent.iterdir()
        if re.fullmatch(r"ledger-broken-\d{8}T\d{6}Z\.sqlite3", each.name)
    ]
    assert kept.read_bytes() == spoilt
    assert str(kept) in notice
    assert "begun another" in notice
    assert ask(path, "SELECT id FROM session ORDER BY id") == [("after",), ("after that",)]


def test_what_belongs_to_a_ledger_is_set_aside_with_it(path: Path) -> None:
    write(path, whole())
    for suffix in COMPANIONS:
        path.with_name(path.name + suffix).write_text(suffix)
    kept = set_aside(path, 1.7e9)
    assert kept.name == "ledger-broken-20231114T221320Z.sqlite3"
    assert {each.name for each in path.parent.iterdir()} == {
        kept.name + suffix for suffix in ("", *COMPANIONS)
    }
    for suffix in COMPANIONS:
        assert kept.with_name(kept.name + suffix).read_text() == suffix
    assert ask(kept, "SELECT count(*) FROM session") == [(1,)]


def test_each_that_is_set_aside_has_a_name_of_its_own(path: Path) -> None:
    for number in range(3):
        with storing(path, clock=lambda: 1.7e9) as store:
            store.write(whole(f"{number}"))
        _spoil_header(path)
    with storing(path, clock=lambda: 1.7e9) as store:
        store.open()
    assert sorted(each.name for each in path.parent.iterdir() if "broken" in each.name) == [
        "ledger-broken-20231114T221320Z-2.sqlite3",
        "ledger-broken-20231114T221320Z-3.sqlite3",
        "ledger-broken-20231114T221320Z.sqlite3",
    ]


def test_a_damaged_one_is_told_once_and_the_meter_is_asked_for_all_of_it(path: Path) -> None:
    troubles: list[str | None] = []
    notices: list[str] = []
    editions: list[tuple[bool, int]] = []
    write(path, whole())
    keeper = Keeper(Place(path), troubles.append, notices.append)
    keeper.start()
    for number in range(3):
        deadline_s = time.monotonic() + WAIT_S
        while not keeper.hand(
            whole(f"{number}"), lambda written: editions.append((written, keeper.edition))
        ):
            assert time.monotonic() < deadline_s
        assert keeper.wait(WAIT_S)
        if number == 0:
            broken = path.with_name("new")
            broken.write_bytes(b"no database" * 100)
            broken.replace(path)
    assert keeper.stop(WAIT_S)
    assert editions == [(True, 1), (True, 2), (True, 2)]
    assert troubles == []
    assert len(notices) == 1


def test_kernels_that_meet_the_damage_at_once_go_on_in_one_ledger(path: Path) -> None:
    path.parent.mkdir()
    damaged = random.Random(2).randbytes(20_000)
    path.write_bytes(damaged)
    words = [sys.executable, "-m", "tests.ledger.writer", str(path)]
    writers = [
        subprocess.Popen(
            [*words, f"kernel {number}", "--cells", "20"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    complaints = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, complaints
    ids = ask(path, "SELECT id FROM session ORDER BY id")
    assert ids == [(f"kernel {number}",) for number in range(4)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert damaged in [each.read_bytes() for each in path.parent.iterdir()]


def test_a_file_that_never_was_a_ledger_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("epoch,loss\n" * 100)
    with pytest.raises(LedgerError, match="no database, so it is left alone"):
        Store(Place(path)).write(whole())
    assert path.read_text() == "epoch,loss\n" * 100
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of an open file")
@pytest.mark.parametrize("gone", ["file", "all", "folder"])
def test_a_ledger_that_is_removed_is_begun_anew(gone: str, path: Path) -> None:
    with storing(path) as store:
        store.write(whole("a"))
        if gone == "file":
            path.unlink()
        elif gone == "all":
            for each in path.parent.iterdir():
                each.unlink()
        else:
            shutil.rmtree(path.parent)
        store.write(whole("b"))
        store.write(whole("c"))
        assert store.edition == 2
        assert store.notices == []
    assert ask(path, "SELECT id FROM session ORDER BY id") == [("b",), ("c",)]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of an open file")
def test_who_still_writes_the_removed_one_does_not_harm_the_new_one(path: Path) -> None:
    with storing(path) as first, storing(path) as second:
        for number in range(20):
            first.write(whole(f"first {number}"))
            second.write(whole(f"second {number}"))
        path.unlink()
        second.write(whole("second last"))
        first.write(whole("first last"))
        first.close()
        second.write(whole("second very last"))
    rows = ask(path, "SELECT id FROM session ORDER BY id")
    assert rows == [("first last",), ("second last",), ("second very last",)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of an open file")
def test_a_ledger_that_is_replaced_is_written_where_it_is_now(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    write(other, whole("other"))
    with storing(path) as store:
        store.write(whole("a"))
        for each in list(path.parent.iterdir()):
            each.unlink()
        other.replace(path)
        store.write(whole("b"))
        assert store.edition == 2
    assert ask(path, "SELECT id FROM session ORDER BY id") == [("b",), ("other",)]


def test_on_a_full_disk_what_was_written_stays_and_the_rest_follows(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "ledger.sqlite3"
        with storing(path) as store:
            store.write(whole())
            filler = fill(disk)
            cells = [cell(number, id="x" * 2000) for number in range(1, 40)]
            for _ in range(2):
                with pytest.raises(LedgerError, match="disk is full"):
                    store.write(Batch(session(), cells=cells))
            assert ask(path, "SELECT count(*) FROM cell") == [(1,)]
            filler.unlink()
            store.write(Batch(session(), cells=cells))
            assert store.edition == 1
        assert ask(path, "SELECT count(*) FROM cell") == [(40,)]
        assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_ledger_that_begins_on_a_full_disk_begins_when_there_is_room(tmp_path: Path) -> None:
    troubles: list[str | None] = []
    written: list[bool] = []
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "folder" / "ledger.sqlite3"
        path.parent.mkdir()
        filler = fill(disk)
        keeper = Keeper(Place(path), troubles.append)
        keeper.start()
        for is_full in (True, False):
            deadline_s = time.monotonic() + WAIT_S
            while not keeper.hand(whole(), written.append):
                assert time.monotonic() < deadline_s
            assert keeper.wait(WAIT_S)
            if is_full:
                filler.unlink()
        assert keeper.stop(WAIT_S)
        assert written == [False, True]
        assert len(troubles) == 2
        assert "disk is full" in str(troubles[0])
        assert troubles[1] is None
        assert ask(path, "SELECT count(*) FROM session") == [(1,)]


def test_a_limit_of_the_files_size_is_told_and_lifted(path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs a limit of a file's size")
    write(path, whole())
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    cells = [cell(number, id="x" * 2000) for number in range(1, 400)]
    with storing(path) as store:
        store.write(whole())
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        try:
            with pytest.raises(LedgerError, match="limit of the file's size"):
                store.write(Batch(session(), cells=cells))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        store.write(Batch(session(), cells=cells))
    assert ask(path, "SELECT count(*) FROM cell") == [(400,)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def _open_one() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None


def test_where_no_more_files_can_be_opened_it_is_told_and_tried_again(path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs a limit of open files")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    with storing(path) as store:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limit[1]))
        try:
            while (number := _open_one()) is not None:
                taken.append(number)
            with pytest.raises(LedgerError, match="too many files are open"):
                store.write(whole("a"))
            os.close(taken.pop())
            with pytest.raises(LedgerError, match="cannot be"):
                store.write(whole("a"))
        finally:
            for each in taken:
                os.close(each)
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        store.write(whole("b"))
    assert ask(path, "SELECT id FROM session") == [("b",)]


def test_on_a_disk_that_may_only_be_read_a_ledger_is_read_and_not_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "ledger.sqlite3"
        write(path, whole())
        remount(disk, "ro")
        with storing(path) as store, pytest.raises(LedgerError, match="cannot be opened"):
            store.write(whole("t" * 32))
        with closing(open_for_reading(Place(path))) as connection:
            assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
        with pytest.raises(LedgerError, match="must not be written"):
            Store(Place(disk / "folder" / "ledger.sqlite3")).open()
        remount(disk, "rw")
        write(path, whole("t" * 32))
        assert ask(path, "SELECT count(*) FROM session") == [(2,)]


def test_a_disk_that_becomes_readable_only_while_it_is_written_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "ledger.sqlite3"
        with storing(path) as store:
            store.write(whole("a"))
            store.close()
            remount(disk, "ro")
            with pytest.raises(LedgerError, match="cannot be opened"):
                store.write(whole("b"))
            remount(disk, "rw")
            store.write(whole("c"))
        assert ask(path, "SELECT id FROM session") == [("a",), ("c",)]


NOBODY = """
import os, sys
from pathlib import Path
from jupyter_carbon.ledger.access import COMPANIONS
from jupyter_carbon.ledger.errors import LedgerError
from jupyter_carbon.ledger.healing import set_aside
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import Store
from tests.ledger.made import whole
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
place = Place(Path(sys.argv[1]))
for act in (lambda: Store(place).write(whole("nobody")), lambda: open_for_reading(place)):
    try:
        act()
    except LedgerError as error:
        print(error)
try:
    place.path.read_bytes()
except PermissionError:
    print("closed")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has users of another kind")
@pytest.mark.parametrize("mode", [0o700, 0o777], ids=["own folder", "shared folder"])
def test_another_user_can_neither_read_nor_change_it(mode: int, path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Only root can become another user.")
    write(path, whole())
    path.parent.chmod(mode)
    for folder in [*path.parents][1:-1]:
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o005)
    before = path.read_bytes()
    run = subprocess.run(
        [sys.executable, "-c", NOBODY, str(path)], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    written, read, *closed = run.stdout.splitlines()
    assert "cannot be used" in written or "another user" in written
    assert "cannot be used" in read or "no ledger" in read
    assert closed == ["closed"]
    assert path.read_bytes() == before
    assert ask(path, "SELECT count(*) FROM session") == [(1,)]

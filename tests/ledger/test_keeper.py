"""The thread that writes: what it is handed, what it tells, and what it outlives."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_carbon.ledger.keeper import THREAD_NAME, Keeper
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch
from tests.ledger.made import ask, cell, session, whole, write

WAIT_S = 20.0


class Told:
    """What a keeper told."""

    def __init__(self) -> None:
        self.troubles: list[str | None] = []
        self.notices: list[str] = []
        self.written: list[bool] = []


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "ledger.sqlite3"


@pytest.fixture
def started(told: Told, path: Path) -> Iterator[Callable[[], Keeper]]:
    """Starts keepers, and stops them."""
    keepers: list[Keeper] = []

    def start() -> Keeper:
        keeper = Keeper(Place(path), told.troubles.append, told.notices.append)
        keepers.append(keeper)
        assert keeper.start()
        return keeper

    yield start
    for keeper in keepers:
        assert keeper.stop(WAIT_S)


def _threads() -> int:
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate())


def until(condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def _hand(keeper: Keeper, batch: Batch, told: Told) -> bool:
    until(lambda: keeper.hand(batch, told.written.append))
    assert keeper.wait(WAIT_S)
    return told.written[-1]


def test_what_is_handed_in_is_written_on_its_thread(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    keeper = started()
    until(lambda: keeper.edition == 1)
    assert keeper.is_idle
    threads: list[str] = []
    assert keeper.hand(whole(), lambda _is_written: threads.append(threading.current_thread().name))
    assert keeper.wait(WAIT_S)
    assert threads == [THREAD_NAME]
    assert _hand(keeper, Batch(session(), cells=[cell(1)]), told)
    assert ask(path, "SELECT count(*) FROM cell") == [(2,)]
    assert told.troubles == []
    assert told.notices == []
    assert keeper.edition == 1


def test_one_batch_is_under_way_at_a_time_and_its_end_is_heard_before_the_next(
    started: Callable[[], Keeper], told: Told
) -> None:
    keeper = started()
    release, entered = threading.Event(), threading.Event()

    def done(is_written: bool) -> None:
        told.written.append(is_written)
        entered.set()
        release.wait(WAIT_S)

    assert keeper.hand(whole(), done)
    assert entered.wait(WAIT_S)
    assert not keeper.is_idle
    assert not keeper.hand(whole(), told.written.append)
    assert not keeper.wait(0.01)
    release.set()
    assert keeper.wait(WAIT_S)
    assert keeper.is_idle
    assert told.written == [True]


def test_a_stop_writes_what_was_handed_in_and_leaves_no_thread(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    keeper = started()
    keeper.hand(whole(), told.written.append)
    assert keeper.stop(WAIT_S)
    assert _threads() == 0
    assert told.written == [True]
    assert not keeper.is_idle
    assert not keeper.hand(whole("t" * 32), told.written.append)
    assert keeper.wait(WAIT_S)
    assert keeper.stop(WAIT_S)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_keeper_that_nobody_holds_leaves_no_thread(told: Told, path: Path) -> None:
    keeper = Keeper(Place(path), told.troubles.append)
    keeper.start()
    keeper.hand(whole(), told.written.append)
    assert keeper.wait(WAIT_S)
    assert _threads() == 1
    del keeper
    gc.collect()
    until(lambda: _threads() == 0)


def test_it_keeps_nothing_of_what_it_has_written(started: Callable[[], Keeper], told: Told) -> None:
    class Large(Batch):
        """A batch that can be seen to go."""

    keeper = started()
    batch = Large(session())
    assert _hand(keeper, batch, told)
    until(lambda: sys.getrefcount(batch) == 2)


def test_trouble_is_told_once_and_goes_when_it_is_over(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    path.parent.parent.joinpath("folder").write_text("in the way")
    keeper = started()
    until(lambda: told.troubles != [])
    assert not _hand(keeper, whole(), told)
    assert not _hand(keeper, whole(), told)
    assert not keeper.is_idle
    (sentence,) = told.troubles
    assert sentence is not None
    assert str(path) in sentence
    assert "The meter goes on" in sentence
    assert keeper.edition == 0
    path.parent.unlink()
    assert _hand(keeper, whole(), told)
    assert told.troubles == [sentence, None]
    assert keeper.is_idle
    assert ask(path, "SELECT count(*) FROM session") == [(1,)]


def test_after_failures_it_rests_longer_each_time(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    path.mkdir(parents=True)
    keeper = started()
    until(lambda: told.troubles != [])
    for _ in range(4):
        assert not _hand(keeper, whole(), told)
    # The fifth rest lasts 16 s, the first 1 s.
    time.sleep(1.5)
    assert not keeper.is_idle
    path.rmdir()
    assert _hand(keeper, whole(), told)
    assert keeper.is_idle


def test_another_edition_says_that_the_file_is_another(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    keeper = started()
    assert _hand(keeper, whole(), told)
    assert keeper.edition == 1
    path.unlink()
    editions: list[int] = []
    until(lambda: keeper.hand(whole(), lambda _is_written: editions.append(keeper.edition)))
    assert keeper.wait(WAIT_S)
    assert editions == [2]
    assert told.troubles == []


def test_who_listens_may_fail(started: Callable[[], Keeper], told: Told, path: Path) -> None:
    def fail(_is_written: bool) -> None:
        raise ValueError("it broke")

    keeper = started()
    keeper.hand(whole(), fail)
    assert keeper.wait(WAIT_S)
    assert told.troubles
    assert "it broke" in str(told.troubles[0])
    assert _hand(keeper, whole("t" * 32), told)
    assert ask(path, "SELECT count(*) FROM session") == [(2,)]


def test_a_row_that_cannot_be_written_is_told(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    keeper = started()
    wrong = Batch(session(), cells=[cell(0, id=object())])
    assert not _hand(keeper, wrong, told)
    assert told.troubles
    assert "'object' is not supported" in str(told.troubles[0])
    assert _hand(keeper, whole(), told)
    assert told.troubles[-1] is None


def test_a_system_without_threads_is_told(
    told: Told, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    keeper = Keeper(Place(path), told.troubles.append)
    assert not keeper.start()
    assert "no thread" in str(told.troubles)
    assert not keeper.is_idle
    assert not keeper.hand(whole(), told.written.append)
    assert keeper.stop()


def test_a_python_without_sqlite_is_told(
    started: Callable[[], Keeper], told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    for name in [name for name in sys.modules if name.startswith("jupyter_carbon.ledger.")]:
        if name.rpartition(".")[2] in ("store", "errors", "gate", "migrate", "transaction"):
            monkeypatch.delitem(sys.modules, name)
    keeper = started()
    until(lambda: told.troubles != [])
    assert "sqlite3" in str(told.troubles[0])
    assert not keeper.is_idle
    assert not _hand(keeper, whole(), told)


def test_a_disk_that_does_not_answer_is_told_and_keeps_nobody_waiting(
    told: Told, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_carbon.ledger.keeper._SILENT_S", 0.2)
    hang = threading.Event()

    def asked(**_all: bool) -> list[object]:
        hang.wait(WAIT_S)
        return []

    monkeypatch.setattr(psutil, "disk_partitions", asked)
    keeper = Keeper(Place(path), told.troubles.append)
    keeper.start()
    assert keeper.hand(whole(), told.written.append)
    assert not keeper.stop(0.01)
    keeper.tend()
    time.sleep(0.3)
    keeper.tend()
    keeper.tend()
    (sentence,) = told.troubles
    assert "has not answered" in str(sentence)
    hang.set()
    until(lambda: _threads() == 0)
    assert told.written == [True]
    assert told.troubles == [sentence, None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_writes_nothing_and_harms_nothing(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    keeper = started()
    assert _hand(keeper, whole(), told)
    child = os.fork()
    if child == 0:
        is_dead = not keeper.is_idle and not keeper.hand(whole("child"), told.written.append)
        keeper.tend()
        os._exit(0 if is_dead and keeper.wait(0.1) and keeper.stop() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert _hand(keeper, Batch(session(), cells=[cell(5)]), told)
    assert ask(path, "SELECT id FROM session") == [("s" * 32,)]
    assert ask(path, "SELECT count(*) FROM cell") == [(2,)]


def test_two_in_one_process_write_one_file(
    started: Callable[[], Keeper], told: Told, path: Path
) -> None:
    first, second = started(), started()
    for number in range(5):
        assert _hand(first, Batch(session("a"), cells=[cell(number)]), told)
        assert _hand(second, Batch(session("b"), cells=[cell(number)]), told)
    write(path, whole("c"))
    assert ask(path, "SELECT count(*) FROM cell") == [(11,)]
    assert told.troubles == []

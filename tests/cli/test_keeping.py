"""`jupyter carbon merge`, `forget` and `ledger`: what is kept, and what is not."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.store import Store
from tests.cli.conftest import Command
from tests.ledger.made import ask, write
from tests.ledger.past import past, ran

HOUR = 3600.0
T = datetime(2026, 11, 20, 10).timestamp()


@pytest.fixture(autouse=True)
def _lives(ledger: Path) -> None:
    write(
        ledger,
        past(T, T + HOUR, id="a", notebook="work/a.ipynb", cells=[ran(0, 5.0), ran(1, 5.0)]),
        past(T + 48 * HOUR, T + 49 * HOUR, id="b", notebook="b.ipynb"),
        past(T + 50 * HOUR, T + 51 * HOUR, id="c", notebook="b.ipynb", ended=None, ending=None),
    )


def _ids(ledger: Path) -> set[str]:
    return {row[0] for row in ask(ledger, "SELECT id FROM session")}


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))


class TestForget:
    @pytest.mark.usefixtures("answer")
    def test_it_says_what_it_deletes_and_asks(self, carbon: Command, ledger: Path) -> None:
        said = carbon("forget", "work/a.ipynb")
        assert said.code == 0
        assert "1 session with 2 cells, 2026-11-20 10:00 to 2026-11-20 11:00" in said.out
        assert "[y/N]" in said.out
        assert "1 session is deleted." in said.out
        assert _ids(ledger) == {"b", "c"}

    @pytest.mark.parametrize("words", ["", "\n", "n\n", "what?\n", "yesterday\n"])
    def test_nothing_is_deleted_without_a_yes(
        self, carbon: Command, ledger: Path, monkeypatch: pytest.MonkeyPatch, words: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(words))
        said = carbon("forget", "a.ipynb")
        assert said.code == 1
        assert "Nothing was deleted" in said.err
        assert _ids(ledger) == {"a", "b", "c"}

    def test_yes_in_advance_asks_nothing(self, carbon: Command, ledger: Path) -> None:
        said = carbon("forget", "--before", "2026-11-21", "--yes")
        assert "[y/N]" not in said.out
        assert _ids(ledger) == {"b", "c"}
        assert b"work/a.ipynb" not in ledger.read_bytes()

    def test_what_runs_is_kept_and_said(self, carbon: Command, ledger: Path) -> None:
        said = carbon("forget", "b.ipynb", "--yes")
        assert "1 session still runs and is kept" in said.out
        assert "shut its kernel down" in said.out
        assert _ids(ledger) == {"a", "c"}
        said = carbon("forget", "b.ipynb", "--yes")
        assert said.code == 0
        assert "There is nothing to delete" in said.out

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (["x.ipynb"], "No session of 'x.ipynb'"),
            (["x\x1b[31m\n.ipynb"], "No session of"),
            (["--before", "then"], "is no date"),
        ],
    )
    def test_what_it_does_not_know_is_refused(
        self, carbon: Command, ledger: Path, words: list[str], why: str
    ) -> None:
        said = carbon("forget", *words, "--yes")
        assert (said.code, said.out) == (1, "")
        assert why in said.err
        assert "othing was deleted" in said.err
        assert said.err.count("\n") == 1
        assert "\x1b" not in said.err
        assert _ids(ledger) == {"a", "b", "c"}

    def test_a_name_that_several_notebooks_have_is_refused(
        self, carbon: Command, ledger: Path
    ) -> None:
        write(ledger, past(T, T + 1, notebook="old/a.ipynb", id="d"))
        said = carbon("forget", "a.ipynb", "--yes")
        assert said.code == 1
        assert "old/a.ipynb, work/a.ipynb" in said.err
        assert len(_ids(ledger)) == 4

    @pytest.mark.parametrize("words", [[], ["a.ipynb", "--before", "today"]])
    def test_one_thing_at_a_time(
        self, carbon: Command, capsys: pytest.CaptureFixture[str], words: list[str]
    ) -> None:
        with pytest.raises(SystemExit) as left:
            carbon("forget", *words)
        assert left.value.code == 2

    def test_a_damaged_ledger_that_was_kept_is_named(self, carbon: Command, ledger: Path) -> None:
        kept = ledger.with_name(f"{ledger.stem}-broken-20260101T000000Z{ledger.suffix}")
        kept.touch()
        assert f"{kept} was set aside" in carbon("forget", "a.ipynb", "--yes").out
        assert str(kept) in carbon("ledger").out

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
    def test_nobody_to_ask(self, ledger: Path) -> None:
        run = subprocess.run(
            [sys.executable, "-m", "jupyter_carbon.cli", "forget", "a.ipynb"],
            env=os.environ | {"JUPYTER_CARBON_LEDGER": str(ledger)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 1
        assert "--yes" in run.stderr
        assert len(_ids(ledger)) == 3


class TestMerge:
    def test_each_session_is_there_once(
        self, carbon: Command, ledger: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other machine.sqlite3"
        write(other, past(T, T + HOUR, id="a"), past(T, T + HOUR, id="z", host="there"))
        said = carbon("merge", other)
        assert (said.code, said.err) == (0, "")
        assert "1 new session, 0 newer than here, 1 known already" in said.out
        assert str(ledger) in said.out
        assert _ids(ledger) == {"a", "b", "c", "z"}
        before = carbon("history", "--json").out
        assert "0 new sessions, 0 newer than here, 2 known" in carbon("merge", other, other).out
        assert carbon("history", "--json").out == before

    def test_into_a_ledger_that_is_not_there_yet(
        self, carbon: Command, ledger: Path, tmp_path: Path
    ) -> None:
        new = tmp_path / "new" / "ledger.sqlite3"
        assert carbon("merge", ledger, "--ledger", new).code == 0
        assert _ids(new) == _ids(ledger)
        if os.name == "posix":
            assert new.stat().st_mode & 0o777 == 0o600

    def test_a_file_that_is_none_ends_it_and_is_named(
        self, carbon: Command, ledger: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "page.sqlite3").write_text("<html>" * 99)
        said = carbon("merge", tmp_path / "page.sqlite3")
        assert said.code == 1
        assert "page.sqlite3" in said.err
        assert _ids(ledger) == {"a", "b", "c"}

    def test_while_a_kernel_writes(self, carbon: Command, ledger: Path, tmp_path: Path) -> None:
        write(tmp_path / "other.sqlite3", past(T, T + HOUR, id="z"))
        store = Store(Place(ledger))
        try:
            store.write(past(T, T + HOUR, id="d"))
            assert carbon("merge", tmp_path / "other.sqlite3").code == 0
            store.write(past(T, T + 2 * HOUR, id="d"))
        finally:
            store.close()
        assert _ids(ledger) == {"a", "b", "c", "d", "z"}


class TestLedger:
    def test_it_says_where_how_large_and_what(self, carbon: Command, ledger: Path) -> None:
        said = carbon("ledger")
        assert said.code == 0
        assert str(ledger) in said.out
        assert "3, of them 1 running" in said.out
        assert "2026-11-20 10:00 to 2026-11-22 13:00" in said.out
        assert "kB" in said.out or "MB" in said.out

    def test_one_that_is_not_there_is_not_made(self, carbon: Command, tmp_path: Path) -> None:
        path = tmp_path / "none.sqlite3"
        said = carbon("ledger", "--ledger", path)
        assert said.code == 0
        assert "not there yet" in said.out
        assert not path.exists()

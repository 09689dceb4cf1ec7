from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_carbon.summary.form import FORMS, ExportError, write
from jupyter_carbon.summary.json_form import to_json
from jupyter_carbon.summary.markdown import to_markdown
from jupyter_carbon.summary.table import to_csv
from tests.summary.sample import document, hostile_document

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and files")
NOBODY = 65534


@pytest.fixture
def umask_022() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def as_plain_user() -> Iterator[Path]:
    """A folder of the user's own; the test runs without root's power to write anywhere."""
    folder = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def names(folder: Path) -> list[str]:
    """What is in the folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def refusal(path: str | Path) -> str:
    """The sentence with which an export to the path is refused; nothing is left behind."""
    with pytest.raises(ExportError) as caught:
        write(document(), path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert "Nothing was " in message
    return message


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.md", "a.markdown", "A.JSON", "b c.Md"])
def test_the_ending_chooses_the_form(tmp_path: Path, name: str) -> None:
    made = hostile_document()
    written = write(made, tmp_path / name)
    assert written == tmp_path / name
    form = FORMS[Path(name).suffix.lower()]
    assert written.read_bytes() == form(made).encode("utf-8")
    assert names(tmp_path) == [name]


def test_each_form_is_what_its_ending_says(tmp_path: Path) -> None:
    assert dict(FORMS) == {
        ".json": to_json,
        ".csv": to_csv,
        ".md": to_markdown,
        ".markdown": to_markdown,
    }
    made = document()
    assert json.loads(write(made, tmp_path / "a.json").read_text("utf-8")) == made
    with write(made, tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 6
    assert write(made, str(tmp_path / "a.md")).read_text("utf-8").startswith("# Energy")


@pytest.mark.parametrize("name", ["a.txt", "a", "a.json.gz", ".json", "", ".", "a.\x1b[31mx"])
def test_an_unknown_ending_is_refused_with_those_known(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path / name)
    assert message.endswith("Use .json, .csv, .md or .markdown.")
    assert "\x1b" not in message
    assert names(tmp_path) == []


def test_home_and_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert write(document(), "~/a.json") == tmp_path / "home" / "a.json"
    assert write(document(), "a.json") == tmp_path / "a.json"
    assert (tmp_path / "home" / "a.json").is_file()
    assert "is not a path that can be used" in refusal("~nobody-of-this-name/a.json")


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    message = refusal(tmp_path / "none" / "deep" / "a.json")
    assert f"There is no folder '{tmp_path / 'none' / 'deep'}'" in message
    assert names(tmp_path) == []


def test_a_folder_a_device_and_a_file_as_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.json")
    (tmp_path / "file").write_text("x")
    assert "Name a file in a folder that exists" in refusal(tmp_path / "file" / "a.json")
    assert "is not a path that can be used" in refusal(tmp_path / "nul\0.json")
    assert "the name is too long" in refusal(tmp_path / ("x" * 300 + ".json"))
    assert names(tmp_path) == ["file", "folder.json"]


@posix_only
def test_a_pipe_is_refused_without_waiting_for_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert "is not a plain file" in refusal(tmp_path / "pipe.json")


@posix_only
def test_a_folder_that_may_not_be_written_is_refused(as_plain_user: Path) -> None:
    as_plain_user.chmod(0o555)
    assert "you may not write there" in refusal(as_plain_user / "a.json")
    assert names(as_plain_user) == []


@posix_only
def test_a_write_protected_file_is_not_replaced(as_plain_user: Path) -> None:
    path = as_plain_user / "a.json"
    path.write_text("mine")
    path.chmod(0o444)
    assert "you may not write there" in refusal(path)
    assert path.read_text() == "mine"
    assert names(as_plain_user) == ["a.json"]


@posix_only
@pytest.mark.usefixtures("umask_022")
def test_permission_bits_are_kept_or_those_of_any_new_file(tmp_path: Path) -> None:
    path = write(document(), tmp_path / "a.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o640)
    write(document(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@posix_only
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "target", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    assert write(document(), link) == link
    assert link.is_symlink()
    assert target.read_text("utf-8") == to_json(document())
    target.unlink()
    write(document(), link)
    assert target.is_file()
    assert names(tmp_path) == ["link.json", "real"]
    assert names(tmp_path / "real") == ["target"]


@posix_only
def test_a_link_to_itself_and_one_into_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    assert "leads back to itself" in refusal(tmp_path / "loop.json")
    (tmp_path / "lost.json").symlink_to(tmp_path / "none" / "x")
    assert "There is no folder" in refusal(tmp_path / "lost.json")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "your disk quota is used up"),
        (errno.EROFS, "that disk can only be read"),
        (errno.EIO, "the system says: input/output error"),
    ],
)
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def fsync(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    assert words in refusal(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


@posix_only
def test_a_real_limit_reached_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    script = (
        "import resource, sys\n"
        "from tests.summary.sample import document\n"
        "from jupyter_carbon.summary.form import ExportError, write\n"
        "made = document('x' * 100_000)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try:\n"
        "    write(made, sys.argv[1])\n"
        "except ExportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert "larger than is allowed here. Nothing was changed." in done.stdout
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def fsync(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        write(document(), path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_a_figure_that_is_no_number_is_refused_before_the_disk_is_touched(tmp_path: Path) -> None:
    made = document()
    made["cells"][0]["duration_s"] = float("nan")
    with pytest.raises(ExportError, match="Nothing was written"):
        write(made, tmp_path / "a.json")
    assert names(tmp_path) == []


def test_exports_at_once_leave_one_of_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    documents = [document(f"export {n}", "x" * 20_000 * n) for n in range(8)]
    whole = {to_json(made) for made in documents}
    failures: list[Exception] = []

    def export(number: int) -> None:
        try:
            for _ in range(20):
                write(documents[number], path)
        except (ExportError, OSError) as error:
            failures.append(error)

    write(documents[0], path)
    threads = [threading.Thread(target=export, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert path.read_text("utf-8") in whole
    for thread in threads:
        thread.join()
    assert not failures
    assert path.read_text("utf-8") in whole
    assert names(tmp_path) == ["a.json"]

"""Where the ledger lies, by what the user says and what the system has."""

from __future__ import annotations

import errno
import os
import platform
import sqlite3
import sys
from pathlib import Path

import platformdirs
import psutil
import pytest

from jupyter_carbon.ledger.place import Place, default_path, file_name, find_place, is_remote
from tests.ledger.made import Mount


def test_by_default_it_is_where_the_users_data_belong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = find_place("")
    assert place is not None
    assert place.path == default_path() == find_place("  ").path  # type: ignore[union-attr]
    folder = platformdirs.user_data_path("jupyter_carbon", appauthor=False)
    assert place.path == folder / file_name()
    if sys.platform == "linux":
        assert place.path.is_relative_to(tmp_path / "data")
    assert not folder.exists()


@pytest.mark.parametrize("setting", ["off", "OFF", " off "])
def test_off_is_nowhere(setting: str) -> None:
    assert find_place(setting) is None


def test_in_memory_each_has_its_own() -> None:
    first, second = find_place(":memory:"), find_place(":memory:")
    assert first is not None
    assert second is not None
    assert first.path is None
    assert first.uri() != second.uri()
    assert str(first) == ":memory:"
    with_both = [sqlite3.connect(first.uri(), uri=True) for _ in range(2)]
    with_both[0].execute("CREATE TABLE seen (x)")
    assert with_both[1].execute("SELECT name FROM sqlite_master").fetchall() == [("seen",)]
    for connection in with_both:
        connection.close()


def test_a_path_may_be_a_file_a_folder_or_begin_at_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for setting, expected in {
        "mine.db": tmp_path / "mine.db",
        str(tmp_path / "a" / "mine.db"): tmp_path / "a" / "mine.db",
        "~/mine.db": tmp_path / "mine.db",
        f"{tmp_path}/": tmp_path / file_name(),
        "new/": tmp_path / "new" / file_name(),
    }.items():
        assert find_place(setting) == Place(expected), setting


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("node7", "ledger-node7.sqlite3"),
        ("node7.cluster.example", "ledger-node7.sqlite3"),
        ("../../etc/x", "ledger-host.sqlite3"),
        ("a b/c\\d", "ledger-a_b_c_d.sqlite3"),
        ("", "ledger-host.sqlite3"),
        ("x" * 300, f"ledger-{'x' * 64}.sqlite3"),
    ],
)
def test_the_host_names_the_file(host: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: host)
    assert file_name() == name


@pytest.mark.parametrize(
    "name", ["plain.sqlite3", "a b.db", "50%?x=1#y&z.db", "überß.db", "mode=memory", "%41.db"]
)
def test_the_address_leads_to_the_very_file(name: str, tmp_path: Path) -> None:
    if os.name == "nt" and "?" in name:
        pytest.skip("Windows has no such names.")
    path = tmp_path / name
    connection = sqlite3.connect(Place(path).uri(mode="rwc"), uri=True)
    connection.execute("CREATE TABLE seen (x)")
    connection.close()
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_the_address_of_a_name_that_is_no_text_leads_to_it_too(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.db")
    connection = sqlite3.connect(Place(path).uri(mode="rwc"), uri=True)
    connection.execute("CREATE TABLE seen (x)")
    connection.close()
    assert [os.fsencode(each.name) for each in tmp_path.iterdir()] == [b"caf\xe9.db"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has drives")
@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/srv/ada/ledger.db", True),
        ("/srvs/ledger.db", False),
        ("/srv/ada/scratch/ledger.db", False),
        ("/cluster/ledger.db", True),
        ("/shared/ledger.db", True),
        ("/usb/ledger.db", False),
        ("/later/ledger.db", True),
        ("/ledger.db", False),
    ],
)
def test_a_path_is_remote_if_the_nearest_mount_is(
    path: str, remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = [
        Mount("/dev/sda1", "/", "ext4", "rw"),
        Mount("server:/srv", "/srv", "nfs4", "rw"),
        Mount("/dev/sdb1", "/srv/ada/scratch", "xfs", "rw"),
        Mount("x", "/cluster", "lustre", "rw"),
        Mount("host:", "/shared", "fuse.sshfs", "rw"),
        Mount("/dev/sdc1", "/usb", "fuseblk", "rw"),
        Mount("map", "/later", "autofs", "rw"),
        Mount("server:/later", "/later", "nfs", "rw"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)  # noqa: A006
    assert is_remote(Path(path)) is remote


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE])
def test_where_the_mounts_cannot_be_read_it_is_not_remote_unless_that_passes(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(**_all: bool) -> list[Mount]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(psutil, "disk_partitions", refuse)
    if number == errno.EACCES:
        assert not is_remote(tmp_path / "ledger.db")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            is_remote(tmp_path / "ledger.db")


def test_this_tests_own_folder_is_on_some_disk(tmp_path: Path) -> None:
    assert is_remote(tmp_path / "ledger.db") in (True, False)

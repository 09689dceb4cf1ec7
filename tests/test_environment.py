"""`scripts/environment.py`: when `.venv` is made, when it is made anew, when nothing is done."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from scripts import environment
from scripts.environment import Environment, SetupError

HERE = sys.version_info[:2]


class Installs(list[tuple[str, ...]]):
    """What pip was asked for, instead of a download."""

    @property
    def groups(self) -> list[str]:
        """The groups of the last installation, after which the list is empty again."""
        words = self.pop()
        self.clear()
        return [word.rpartition(":")[2] for word in words if word.startswith("--group=")]


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> Installs:
    asked = Installs()
    monkeypatch.setattr(Environment, "_pip", lambda _self, *words: asked.append(words))
    return asked


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are made as ever, except that their pip is a name only."""

    def make(self: Environment) -> None:
        venv.create(self.folder, clear=True, with_pip=False, symlinks=True)
        (packages,) = self.folder.glob("[Ll]ib/**/site-packages")
        (packages / "pip.py").write_text("__version__ = '99.0'", encoding="utf-8")

    monkeypatch.setattr(Environment, "_make", make)


@pytest.fixture
def checkout(tmp_path: Path) -> Environment:
    (tmp_path / "pyproject.toml").write_text("[project]", encoding="utf-8")
    return Environment(tmp_path)


def _runs(checkout: Environment) -> bool:
    return subprocess.run([checkout.python, "-c", ""], check=False).returncode == 0


def test_what_is_missing_is_installed_once(
    checkout: Environment, installs: Installs, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.prepare(["test"], HERE)
    assert _runs(checkout)
    assert installs.groups == ["test"]
    assert "Installing jupyter_carbon" in capsys.readouterr().err
    checkout.prepare(["test"], HERE)
    assert installs == []
    assert capsys.readouterr().err == ""
    checkout.prepare(["lint"])
    assert installs.groups == ["lint", "test"]
    (checkout.root / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    checkout.prepare(["lint"])
    assert installs.groups == ["lint"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", ["no interpreter", "no pip", "moved", "another version"])
def test_an_environment_that_cannot_serve_is_made_anew(
    checkout: Environment,
    installs: Installs,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkout.prepare(["test"])
    installs.clear()
    version = HERE
    if fault == "no interpreter":
        checkout.python.unlink()
    elif fault == "no pip":
        monkeypatch.setattr(environment, "_LOOK", "import no_such_pip")
    elif fault == "moved":
        note = checkout.folder / "installed.json"
        note.write_text(note.read_text(encoding="utf-8").replace(str(checkout.root), "/elsewhere"))
    else:
        version = (3, 99)
    marker = checkout.folder / "of-the-old-one"
    marker.touch()
    if fault == "no pip":
        with pytest.raises(SetupError, match="its Python does not start"):
            checkout.prepare(["test"], version)
    else:
        checkout.prepare(["test"], version)
        assert installs.groups == ["test"]
        assert _runs(checkout)
    assert not marker.exists()
    assert "Making .venv anew" in capsys.readouterr().err


def test_a_folder_that_is_no_environment_is_left_alone(
    checkout: Environment, installs: Installs
) -> None:
    checkout.folder.mkdir()
    (checkout.folder / "precious").touch()
    with pytest.raises(SetupError, match="no virtual environment, so it is left as it is"):
        checkout.prepare(["test"])
    assert (checkout.folder / "precious").exists()
    assert installs == []


def test_a_python_without_ensurepip_is_told_what_to_install(
    checkout: Environment, installs: Installs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SetupError, match=r"sudo apt install python3\.\d+-venv"):
        checkout.prepare(["test"])
    assert not checkout.folder.exists()
    assert installs == []


def test_a_compiler_is_installed_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(environment.shutil, "which", lambda _name: None)
    assert environment.with_compiler(["test"]) == ["test", "compiler"]
    assert environment.with_compiler(["lint"]) == ["lint"]
    monkeypatch.setattr(environment.shutil, "which", lambda name: name if name == "cc" else None)
    assert environment.with_compiler(["test"]) == ["test"]

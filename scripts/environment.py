"""Makes `.venv` and installs the package with dependency groups, unless that is done already.

`python3 scripts/environment.py GROUP...` runs on the interpreter that the
environment is to be made with, and needs nothing but its standard library.
What was installed is noted in the environment, so that the next call returns
at once; an environment that cannot work any more (its interpreter is gone, or
it was moved with the checkout) is made anew. With the group `labextension` the
JupyterLab extension is built too, whenever its sources have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
_PIP = (25, 1)
"""The first pip that installs dependency groups."""
LABEXTENSION = "labextension"
"""The group with what builds the JupyterLab extension; who asks for it has that built."""
_LOOK = "import sys, pip; print(*sys.version_info[:2], *pip.__version__.split('.')[:2])"

Version = tuple[int, int]


class SetupError(Exception):
    """The environment cannot be made; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was installed last: where, from which `pyproject.toml`, and which groups."""

    root: str = ""
    fingerprint: str = ""
    groups: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment in a checkout.

    Args:
        root: the checkout, with `pyproject.toml`.
    """

    root: Path = ROOT

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def prepare(self, groups: Iterable[str], version: Version | None = None) -> None:
        """Makes it where it is missing or stale, and installs the groups it lacks.

        Args:
            groups: names in `[dependency-groups]`.
            version: of Python, if it must be that one.

        Raises:
            SetupError: with a sentence on what is in the way.
        """
        look = self._look()
        reason = self._stale(look, version)
        if reason:
            if self.folder.is_dir():
                _say(f"Making .venv anew: {reason}.")
            self._make()
            look = self._look()
        if look is None:
            raise SetupError(f"{self.folder} was made, but its Python does not start.")
        fingerprint = hashlib.sha256((self.root / "pyproject.toml").read_bytes()).hexdigest()
        note = self._note()
        done = set(note.groups) if note.fingerprint == fingerprint else set()
        wanted = set(groups)
        if not wanted <= done:
            self._install(sorted(wanted | done), look[1], fingerprint)
        if LABEXTENSION in wanted:
            self._bundle()

    def _install(self, everything: list[str], pip: Version, fingerprint: str) -> None:
        _say(f"Installing jupyter_carbon with what it needs for: {', '.join(everything)} ...")
        if pip < _PIP:
            self._pip("--upgrade", f"pip>={_PIP[0]}.{_PIP[1]}")
        words = [f"--group={self.root / 'pyproject.toml'}:{name}" for name in everything]
        self._pip("--editable", str(self.root), *words)
        written = Note(str(self.root), fingerprint, everything)
        self._note_path.write_text(json.dumps(asdict(written)), encoding="utf-8")

    def _bundle(self) -> None:
        """Builds what the browser loads if its sources have changed, and links it."""
        run = subprocess.run(
            [self.python, self.root / "scripts" / "bundle.py", "--link"], check=False
        )
        if run.returncode != 0:
            raise SetupError("The JupyterLab extension was not built; the reason stands above.")

    @property
    def _note_path(self) -> Path:
        return self.folder / "installed.json"

    def _look(self) -> tuple[Version, Version] | None:
        """The versions of its Python and its pip; None if either does not run."""
        try:
            run = subprocess.run(
                [self.python, "-c", _LOOK], capture_output=True, text=True, check=True
            )
            major, minor, pip_major, pip_minor = map(int, run.stdout.split())
        except (OSError, ValueError, subprocess.CalledProcessError):
            return None
        return (major, minor), (pip_major, pip_minor)

    def _stale(self, look: tuple[Version, Version] | None, version: Version | None) -> str:
        """Why it has to be made anew; empty if it has not."""
        if look is None:
            return "its Python does not start, or has no pip"
        found = look[0]
        if found < OLDEST or (version is not None and found != version):
            return f"its Python is {found[0]}.{found[1]}"
        return "" if self._note().root in ("", str(self.root)) else "it was moved"

    def _make(self) -> None:
        if importlib.util.find_spec("ensurepip") is None:
            raise SetupError(
                f"{sys.executable} cannot make a virtual environment, since ensurepip, a part of"
                " Python's standard library, is not installed. On Debian and Ubuntu:"
                f" sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv."
                " Or name another Python: make PYTHON=..."
            )
        if self.folder.is_dir() and not (self.folder / "pyvenv.cfg").exists():
            raise SetupError(
                f"{self.folder} is no virtual environment, so it is left as it is. Move it away"
                " and try again."
            )
        run = subprocess.run([sys.executable, "-m", "venv", "--clear", self.folder], check=False)
        if run.returncode != 0:
            raise SetupError(f"{self.folder} could not be made; the reason stands above.")

    def _pip(self, *words: str) -> None:
        run = subprocess.run([self.python, "-m", "pip", "install", "--quiet", *words], check=False)
        if run.returncode != 0:
            raise SetupError(
                "pip could not install what is needed; the reason stands above. It needs the"
                " Python Package Index, or a mirror of it that PIP_INDEX_URL names."
            )

    def _note(self) -> Note:
        try:
            return Note(**json.loads(self._note_path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError):
            return Note()


def with_compiler(groups: Iterable[str]) -> list[str]:
    """The groups, and `compiler` where tests need a C compiler and the system has none."""
    wanted = list(groups)
    has_one = any(map(shutil.which, ("cc", "gcc", "clang")))
    if "test" in wanted and sys.platform == "linux" and not has_one:
        wanted.append("compiler")
    return wanted


def main() -> int:
    """Prepares the environment of this checkout; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("groups", nargs="+", metavar="GROUP", help="a name in [dependency-groups]")
    parser.add_argument(
        "--this-python",
        action="store_true",
        help="make it anew if its Python is of another version than this one",
    )
    words = parser.parse_args()
    version = sys.version_info[:2] if words.this_python else None
    try:
        Environment().prepare(with_compiler(words.groups), version)
    except SetupError as fault:
        _say(str(fault))
        return 1
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())

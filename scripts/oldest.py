"""Runs the browser tests on the oldest JupyterLab and Notebook that are supported.

They are installed into `.venv-oldest`, beside the `.venv` that pytest and the
browser's driver are in; what is walked through is the older server with the
same extension.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-oldest"
PACKAGES = ("jupyterlab~=4.2.0", "notebook~=7.2.0", "ipykernel>=6.29")
_PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
_NOTE = FOLDER / "installed.txt"


def prepare() -> None:
    """Makes the environment, unless it is there as `pyproject.toml` wants it."""
    project = (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(project + repr(PACKAGES).encode()).hexdigest()
    if _NOTE.exists() and _NOTE.read_text(encoding="utf-8") == wanted:
        return
    sys.stderr.write(f"Installing {' and '.join(PACKAGES[:2])} into .venv-oldest ...\n")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", str(ROOT), *PACKAGES], check=True)
    _NOTE.write_text(wanted, encoding="utf-8")


def main() -> int:
    """Prepares, then tests; further words go to pytest."""
    try:
        prepare()
    except subprocess.CalledProcessError:
        sys.stderr.write("The oldest JupyterLab could not be installed; the reason stands above.\n")
        return 1
    environment = os.environ | {"CARBON_LAB_PYTHON": str(_PYTHON)}
    words = [sys.executable, "-m", "pytest", "tests/browser", *sys.argv[1:]]
    return subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

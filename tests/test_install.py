"""`pip install .` of a checkout on a machine without Node.js, and what is left of it afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNREACHED = ("Could not find a version", "Temporary failure", "Name or service", "YN0000: Failed")
"""What pip and Yarn say where they reach no index."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of this checkout, without anything that was built or installed in it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in (".gitignore", "pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY_NOTICES.md"):
        shutil.copyfile(ROOT / name, folder / name)
    for name in ("jupyter_carbon", "labextension", "scripts"):
        leave = ["__pycache__", "node_modules", ".yarn", "lib"]
        if name == "jupyter_carbon":
            leave += ["labextension", "static"]
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*leave))
    return folder


@pytest.fixture
def installed(tmp_path: Path, checkout: Path) -> Path:
    """A virtual environment in which the checkout was installed, with no Node.js on the path."""
    prefix = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "env", "uname"):
        found = shutil.which(name)
        if found is not None:
            (tools / name).symlink_to(found)
    run = subprocess.run(
        [prefix / "bin" / "python", "-m", "pip", "install", "--no-deps", checkout],
        env={**os.environ, "PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    output = run.stdout + run.stderr
    if run.returncode != 0 and os.environ.get("CI") != "true":
        for sign in UNREACHED:
            if sign in output:
                pytest.skip(f"the package indexes cannot be reached: {sign}")
    assert run.returncode == 0, output
    return prefix


@pytest.mark.skipif(sys.platform == "win32", reason="the path is laid out for POSIX")
def test_a_checkout_is_installed_without_node_and_leaves_nothing(installed: Path) -> None:
    extension = installed / "share" / "jupyter" / "labextensions" / "jupyter-carbon"
    assert {path.name for path in extension.iterdir()} >= {"install.json", "package.json", "static"}
    assert list(extension.glob("static/remoteEntry.*.js")) != []
    (package,) = installed.glob("lib/python*/site-packages/jupyter_carbon")
    assert (package / "static" / "widget.js").exists()
    assert not (package / "labextension").exists()
    subprocess.run(
        [installed / "bin" / "python", "-m", "pip", "uninstall", "--yes", "jupyter-carbon"],
        check=True,
        capture_output=True,
    )
    left = [
        path
        for path in installed.rglob("*carbon*")
        if "pygments" not in path.parts and path.is_file()
    ]
    assert left == []
    assert not extension.exists()

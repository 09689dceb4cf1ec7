"""Builds the library with the system's C compiler or with PyPI's ziglang."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SONAME = "libnvidia-ml.so.1"
_HERE = Path(__file__).parent


def compiler() -> list[str] | None:
    """The command of a C compiler; None where there is none, or no ELF to build."""
    if sys.platform != "linux":
        return None
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    return None


def build() -> Path:
    """The library's path, built if this version of its source was not yet.

    The folder is named by the sources' hash, so that processes share it and a
    changed source is built anew.

    Raises:
        RuntimeError: without a compiler, or with what the compiler said.
    """
    sources = sorted([*_HERE.glob("*.c"), *_HERE.glob("*.h")])
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"jupyter-carbon-standin-{os.getuid()}-{digest}"
    library = folder / SONAME
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to somebody else")
    if library.exists():
        return library
    command = compiler()
    if command is None:
        raise RuntimeError("the stand-in needs Linux and a C compiler, or the package ziglang")
    unfinished = folder / f"{SONAME}.{os.getpid()}.{threading.get_ident()}"
    done = subprocess.run(
        [
            *command,
            *("-std=gnu11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC"),
            f"-Wl,-soname,{SONAME}",
            *("-o", str(unfinished), str(_HERE / "libnvidia_ml.c"), "-lm", "-lpthread"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the stand-in could not be built:\n{done.stderr}")
    unfinished.replace(library)
    return library

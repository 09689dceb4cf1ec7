"""Small disks for tests, which only a system that lets them be mounted has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kib: int = 512) -> Iterator[Path]:
    """A disk in memory of so many KiB at a folder; where there can be none the test is skipped."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("A small disk is needed, and only Linux mounts one in memory.")
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=700", "none", str(folder)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"A small disk is needed, and none can be mounted here: {run.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, mode: str) -> None:
    """Lets a small disk be written ("rw"), or not ("ro")."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fills a disk to the last byte; returns the file that does."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(b"\1" * size):
                    pass
            except OSError:
                continue
    return filler

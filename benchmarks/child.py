"""Fresh processes for what must be measured in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.standin.nvml import Call, Standin

ROOT = Path(__file__).parents[1]


@contextmanager
def boards(count: int, call_s: float = 0.0) -> Iterator[Standin]:
    """Stand-in boards whose calls take so long, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        gpu = Standin.create(Path(folder) / "state", devices=count)
        for device in gpu.devices:
            device.latency_s[Call.ANY] = call_s
        yield gpu


def answer(module: str, *arguments: str, environment: dict[str, str] | None = None) -> Any:
    """What a module prints as JSON on its last line, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def wait(process: subprocess.Popen[str]) -> Any:
    """What a process that `start` began has printed.

    Raises:
        RuntimeError: if it failed.
    """
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    """The same, of which the answer is waited for later; it gives way to everything else."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.nice(10),
    )

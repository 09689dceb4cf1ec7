"""Processes of the suite's own: over the NVML stand-in, answering in JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.injection import ImpossibleError
from tests.standin.nvml import Standin
from tests.standin.nvml.build import compiler

WAIT_S = 600.0


def boards(folder: Path, devices: int = 1) -> Standin:
    """Boards in a folder.

    Raises:
        ImpossibleError: where the stand-in cannot be built.
    """
    if compiler() is None:
        raise ImpossibleError("the NVML stand-in needs Linux and a C compiler or ziglang")
    return Standin.create(folder / "boards", devices=devices)


def begin(environment: Mapping[str, str], module: str, *arguments: str) -> subprocess.Popen[str]:
    """Starts a module of the suite."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(child: subprocess.Popen[str], wait_s: float = WAIT_S) -> Any:
    """What it printed last, once it has ended well."""
    try:
        out, err = child.communicate(timeout=wait_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise
    assert child.returncode == 0, err
    return json.loads(out.splitlines()[-1])

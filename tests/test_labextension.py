"""The TypeScript side by itself: its unit tests, and its types against the messages' schema."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ROOT / "labextension" / "node_modules"


@pytest.mark.skipif(
    not INSTALLED.exists() and os.environ.get("CI") != "true",
    reason="what the extension is built with is not installed; `make test` does that",
)
@pytest.mark.parametrize("script", ["check", "test"])
def test_a_script_of_the_extension_passes(script: str) -> None:
    run = subprocess.run(
        [sys.executable, "scripts/bundle.py", "run", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr

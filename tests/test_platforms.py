"""Systems without Linux's counters: the extension loads there, meters what it can, says the rest.

They are imitated in a process of its own: the name of the platform is theirs,
and what their Python lacks is taken away before the package is imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import os, platform, sys, threading, time, types
import IPython.core.interactiveshell, psutil, pynvml

name, lacking = sys.argv[1], sys.argv[2].split(",")
shell = IPython.core.interactiveshell.InteractiveShell.instance()
for each in lacking:
    owner, _, attribute = each.partition(".")
    delattr({"os": os, "time": time}[owner], attribute)
sys.platform = name
platform.machine = lambda: {"win32": "AMD64", "darwin": "arm64"}[name]
registry = sys.modules["winreg"] = types.ModuleType("winreg")
registry.HKEY_LOCAL_MACHINE = 0
registry.OpenKey = lambda *_: open(os.devnull)
registry.QueryValueEx = lambda *_: ("Intel(R) Core(TM) i7-9700 CPU @ 3.00GHz", 1)
opened = os.open
def refuse(path, *args, **kwargs):
    if str(path).startswith(("/proc", "/sys")):
        raise FileNotFoundError(2, "No such file or directory", str(path))
    return opened(path, *args, **kwargs)
os.open = refuse
shell.run_cell("%load_ext jupyter_carbon")
shell.run_cell("import time; time.sleep(1.5)")
shell.run_cell("%carbon export summary.json")
shell.run_cell("%carbon doctor")
shell.run_cell("%unload_ext jupyter_carbon")
assert not [t for t in threading.enumerate() if t.name == "jupyter_carbon"]
"""
LACKING = {
    "win32": (
        *("os.fork", "os.register_at_fork", "os.getuid", "os.geteuid", "os.pread"),
        *("os.O_CLOEXEC", "time.clock_gettime", "time.CLOCK_MONOTONIC", "time.CLOCK_BOOTTIME"),
    ),
    "darwin": ("time.CLOCK_BOOTTIME",),
}


def _run(name: str, folder: Path) -> tuple[dict[str, Any], str]:
    """The exported summary, and what was printed."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, name, ",".join(LACKING[name])],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    return json.loads((folder / "summary.json").read_text(encoding="utf-8")), run.stdout


@pytest.mark.parametrize(("name", "provenance"), [("win32", "modelled"), ("darwin", "assumed")])
def test_it_loads_and_meters_what_it_can(name: str, provenance: str, tmp_path: Path) -> None:
    summary, printed = _run(name, tmp_path)
    found = {source["kind"]: source for source in summary["sources"]}
    assert found["cpu"]["provenance"] == provenance
    assert "no energy counter is readable" in found["cpu"]["note"]
    assert found["memory"]["provenance"] == "assumed"
    cell = summary["cells"][1]
    assert cell["duration_s"] > 1
    assert cell["energy_j"]["low"] < cell["energy_j"]["value"] < cell["energy_j"]["high"]
    named = [note.partition(":")[0] for note in summary["notes"] if "not measured" in note]
    assert named == (["Apple GPU"] if name == "darwin" else [])
    assert ("Apple GPU" in printed) == bool(named)

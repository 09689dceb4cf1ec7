"""The extension comes and goes without a trace, and touches nothing of the user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.standin.nvml import Standin

SHELL = """
def state():
    shell = get_ipython()
    return {
        "hooks": sorted(str(f) for name in ("pre_run_cell", "post_run_cell", "pre_execute",
                        "post_execute") for f in shell.events.callbacks[name]),
        "transforms": [str(f) for f in shell.input_transformers_cleanup],
        "lines": sorted(shell.magics_manager.magics["line"]),
        "cells": sorted(shell.magics_manager.magics["cell"]),
        "matchers": [str(f) for f in shell.Completer.custom_matchers],
        "names": sorted(name for name in shell.user_ns if not name.startswith("_")),
        "threads": sum(t.name == "jupyter_carbon" for t in __import__("threading").enumerate()),
        "stdout": str(__import__("sys").stdout),
        "hook": str(__import__("sys").displayhook) + str(__import__("sys").excepthook),
    }
"""


def test_unloading_leaves_the_shell_as_it_was(bare_kernel: RealKernel) -> None:
    bare_kernel.ok(SHELL)
    before = bare_kernel.ask("state()")
    bare_kernel.ok("%load_ext jupyter_carbon")
    loaded = bare_kernel.ask("state()")
    assert loaded != before
    assert loaded["names"] == before["names"]
    assert loaded["stdout"] == before["stdout"]
    assert loaded["threads"] == 1
    bare_kernel.ok("%%carbon\n1")
    bare_kernel.ok("%unload_ext jupyter_carbon")
    assert bare_kernel.ask("state()") == before
    ran = bare_kernel.run("%carbon status")
    assert "not found" in ran.err + ran.traceback


def test_loaded_twice_and_reloaded_there_is_one_meter(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok(SHELL)
    before = kernel.ask("state()")
    kernel.ok("%load_ext jupyter_carbon")
    kernel.ok("import jupyter_carbon; jupyter_carbon.load_ipython_extension(get_ipython())")
    assert kernel.ask("state()")["threads"] == 1
    for _ in range(3):
        kernel.ok("%reload_ext jupyter_carbon")
    after = kernel.ask("state()")
    assert after["threads"] == 1
    for key in ("hooks", "transforms", "matchers"):
        assert len(after[key]) == len(before[key])
    ran = kernel.ok("%%carbon\n1")
    assert len(ran.shown) == 1
    document = kernel.export(tmp_path / "all.json")
    # A reload begins another session: it has the cell that reloaded, and what came after.
    assert len(document["cells"]) == 3


def test_what_was_measured_stays_as_it_was_when_the_meter_stops(bare_kernel: RealKernel) -> None:
    bare_kernel.ok("%load_ext jupyter_carbon")
    bare_kernel.ok(
        "import time\n"
        "from jupyter_carbon import get_meter\n"
        "meter = get_meter()\n"
        "with meter.measure('kept') as kept:\n"
        "    time.sleep(0.2)"
    )
    bare_kernel.ok("with meter.measure('cut') as cut:\n    %unload_ext jupyter_carbon\n")
    expression = (
        "[repr(meter.session_cost()), repr(kept.figure), repr(cut.figure), meter.is_running,"
        " meter.look().__enter__().duration_s(0, -1)]"
    )
    first = bare_kernel.ask(expression)
    time.sleep(0.5)
    bare_kernel.ok("pass")
    assert bare_kernel.ask(expression) == first
    assert first[3] is False
    assert "counter" in first[1]
    assert "is_final=True" in first[2]


STUBBORN = """
import time
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, SourceInfo

class Late:
    info = SourceInfo("other:late", "Late", "other", "here", Provenance.COUNTER, 0.9, 1.1)

    def read(self):
        time.sleep(3)
        now = time.monotonic()
        return Reading(now, now, 1.0, now)

    def close(self):
        pass

def discover(found):
    return Discovery((Late(),))
"""


def test_a_device_that_answers_after_the_stop_is_not_heard(
    gpu: Standin, tmp_path: Path, source_package: Any
) -> None:
    environment = gpu.environment()
    environment["PYTHONPATH"] += f":{source_package('late', STUBBORN)}"
    with real_kernel(environment, tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("import time; from jupyter_carbon import get_meter; old = get_meter()")
        kernel.ok("time.sleep(0.5)")
        kernel.ok("%reload_ext jupyter_carbon")
        first = kernel.ask("repr(old.session_cost())")
        # Both threads live until the device has answered the first; then one is left.
        deadline_s = time.monotonic() + 30
        while kernel.threads().count("jupyter_carbon") > 1:
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        assert kernel.ask("repr(old.session_cost())") == first
        assert kernel.ask("get_meter().is_running")


def test_a_kernel_ends_at_once(gpu: Standin, tmp_path: Path) -> None:
    with real_kernel(gpu.environment(), tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("%%carbon\n1")
        kernel.client.shutdown()
        deadline_s = time.monotonic() + 20
        while kernel.manager.is_alive():
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
    assert "Traceback" not in kernel.log.read_text()


WATCH = """
import json, os, signal, sys, time
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
shell.run_cell("1")
seen = []

def watch(name, args):
    if name == "open":
        path, mode, flags = args
        writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        if (isinstance(mode, str) and set(mode) & set("wax+")) or flags & writes:
            seen.append([name, str(path)])
    elif name.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.spawn",
            "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.mkdir", "urllib.",
            "http.", "signal.", "shutil.", "tempfile.", "webbrowser.", "sqlite3.")):
        seen.append([name, str(args)])

handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
environment, folder, hooks = dict(os.environ), os.getcwd(), (sys.excepthook, sys.displayhook)
before = set(sys.modules)
sys.addaudithook(watch)
shell.run_cell("%load_ext jupyter_carbon")
for cell in ("x = 1", "%%carbon --label a\\nx", "1/0", "import time; time.sleep(1.2)"):
    shell.run_cell(cell)
noticed = list(seen)
shell.run_cell("%carbon status")
shell.run_cell("%carbon doctor")
shell.run_cell("%carbon cells")
commands = list(seen)
shell.run_cell("%carbon export seen.json")
shell.run_cell("%unload_ext jupyter_carbon")
same = handlers == {number: signal.getsignal(number) for number in signal.valid_signals()}
print("RESULT", json.dumps({
    "seen": noticed,
    "commands": [event for event in commands[len(noticed):] if event[0] != "socket.gethostname"],
    "export": seen[len(commands):],
    "handlers": same,
    "environment": environment == dict(os.environ) and folder == os.getcwd(),
    "hooks": hooks == (sys.excepthook, sys.displayhook),
    "modules": sorted(set(sys.modules) - before),
}))
"""
STRANGERS = (
    "aiohttp",
    "bokeh",
    "cupy",
    "httpx",
    "jax",
    "numpy",
    "pandas",
    "requests",
    "sklearn",
    "tensorflow",
    "torch",
    "urllib3",
)


@pytest.fixture(scope="module")
def watched(gpu: Standin, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process did from `%load_ext` on, in which every framework could be imported."""
    folder = tmp_path_factory.mktemp("watched")
    for name in STRANGERS:
        (folder / f"{name}.py").write_text("")
    environment = gpu.environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{environment['PYTHONPATH']}"
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WATCH)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "a · " in run.stdout
    assert "NVIDIA H100" in run.stdout
    result: dict[str, Any] = json.loads(run.stdout.partition("RESULT ")[2])
    return result


def test_nothing_is_written_opened_sent_or_started(watched: dict[str, Any]) -> None:
    assert watched["seen"] == []
    assert watched["commands"] == []
    # The watch does see what is written: an export is.
    assert any(
        "seen.json" in event[1] or "jupyter_carbon" in event[1] for event in watched["export"]
    )


def test_signal_handlers_environment_and_hooks_are_the_users(watched: dict[str, Any]) -> None:
    assert watched["handlers"]
    assert watched["environment"]
    assert watched["hooks"]


def test_no_framework_and_no_http_client_is_imported(watched: dict[str, Any]) -> None:
    imported = {name.partition(".")[0] for name in watched["modules"]}
    assert "jupyter_carbon" in imported
    assert not imported & set(STRANGERS)
    assert not set(watched["modules"]) & {"http.client", "urllib.request", "ssl"}

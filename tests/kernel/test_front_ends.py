"""The same notebook gives the same cells, whoever runs it: nbclient, papermill, bare IPython."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pexpect
import pytest
from nbclient import NotebookClient

from tests.kernel.sums import assert_adds_up
from tests.standin.nvml import Standin

CELLS = [
    "import time\n%load_ext jupyter_carbon",
    "%%carbon --label load\nx = sum(i * i for i in range(1000))\nx",
    "time.sleep(0.3)",
    "%carbon region DE",
    "%%carbon --quiet --label rest\nimport asyncio\nawait asyncio.sleep(0.1)\nx",
    "1 / 0",
    "x = (",
    "get_ipython().run_cell('y = x');",
    "%%carbon --wrong\n%%bash\necho hi",
    "raise KeyboardInterrupt",
    "",
    "%carbon export cells.json",
]
KEPT = ("execution_count", "label", "status", "overlapped")


def _notebook() -> Any:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    for cell in cells:
        cell.metadata["tags"] = ["raises-exception"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    language = {"name": "python"}
    metadata = {"kernelspec": kernel, "language_info": language}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _cells(folder: Path) -> list[dict[str, Any]]:
    document = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    assert_adds_up(document)
    assert [label["label"] for label in document["labels"]] == ["load", "rest"]
    return [{key: cell[key] for key in KEPT} for cell in document["cells"]]


def _by_nbclient(folder: Path, gpu: Standin) -> None:
    client = NotebookClient(
        _notebook(), timeout=60, resources={"metadata": {"path": str(folder)}}, allow_errors=True
    )
    client.execute(env=gpu.environment())


def _by_papermill(folder: Path, gpu: Standin) -> None:
    path = folder / "in.ipynb"
    nbformat.write(_notebook(), path)
    script = (
        "import papermill, sys\n"
        "from papermill.exceptions import PapermillExecutionError\n"
        "try:\n"
        "    papermill.execute_notebook(*sys.argv[1:3], cwd=sys.argv[3], progress_bar=False)\n"
        "except PapermillExecutionError:\n"
        "    pass  # it tells the last of the errors that were expected, when all has been run"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(path), str(folder / "out.ipynb"), str(folder)],
        env=gpu.environment(),
        check=True,
        capture_output=True,
        timeout=120,
    )


def _by_bare_ipython(folder: Path, gpu: Standin) -> None:
    script = (
        "import json, sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "for source in json.loads(sys.argv[1]):\n"
        "    shell.run_cell(source, store_history=True)\n"
        "import threading\n"
        "print('STILL HERE', [t.name for t in threading.enumerate()].count('jupyter_carbon'))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, json.dumps(CELLS)],
        env=gpu.environment(),
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.search(r"^load · .* · [\d.]+ m?s\b.*$", run.stdout, re.MULTILINE)
    assert "STILL HERE 1" in run.stdout
    assert "Exception" not in run.stderr


def test_the_same_notebook_gives_the_same_cells(gpu: Standin, tmp_path: Path) -> None:
    found = {}
    for runner in (_by_nbclient, _by_papermill, _by_bare_ipython):
        folder = tmp_path / runner.__name__
        folder.mkdir()
        runner(folder, gpu)
        found[runner.__name__] = _cells(folder)
    expected = [
        (1, None, "ok"),
        (2, "load", "ok"),
        (3, None, "ok"),
        (4, None, "ok"),
        (5, "rest", "ok"),
        (6, None, "error"),
        (7, None, "error"),
        (None, None, "ok"),
        (8, None, "ok"),
        (9, None, "ok"),
        (10, None, "interrupted"),
        (11, None, "running"),
    ]
    for cells in found.values():
        assert [tuple(cell[key] for key in KEPT[:3]) for cell in cells] == expected
        assert cells == found["_by_nbclient"]


@pytest.fixture
def terminal(gpu: Standin, tmp_path: Path) -> Any:
    """IPython as a person has it before them."""
    environment = gpu.environment() | {"TERM": "dumb", "IPYTHONDIR": str(tmp_path / "ipython")}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        env=environment,
        cwd=str(tmp_path),
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 200),
    )
    child.expect(r"In \[1\]: ")
    yield child
    child.close(force=True)


def test_a_terminal_shows_plain_lines_once(terminal: Any) -> None:
    terminal.sendline("%load_ext jupyter_carbon")
    terminal.expect(r"In \[2\]: ")
    # The magic alone is no whole cell: IPython waits for its body, and for blank lines.
    terminal.sendline("%%carbon --label typed")
    terminal.expect(r"   \.\.\.: ")
    terminal.sendline("import time; time.sleep(0.3)")
    terminal.expect(r"   \.\.\.: ")
    for line in ("6 * 7", "", ""):
        terminal.sendline(line)
        if line:
            terminal.expect(r"   \.\.\.: ")
    terminal.expect(r"In \[3\]: ")
    shown = terminal.before.replace("\r", "")
    assert "Out[2]: 42" in shown
    lines = [line for line in shown.splitlines() if line.startswith("typed · ")]
    assert len(lines) == 1
    assert re.search(r"Wh.* · .*CO2e.* · ([3-9]\d\d ms|[\d.]+ s) · ", lines[0])
    assert "<" not in re.sub("< ", "", shown)
    assert "\x1b" not in shown

    terminal.sendline("%carbon status")
    terminal.expect(r"In \[4\]: ")
    assert "NVIDIA H100" in terminal.before
    terminal.sendline("import itertools; print('be' + 'gun'); all(1 for _ in itertools.count())")
    terminal.expect("begun")
    terminal.sendintr()
    terminal.expect("KeyboardInterrupt")
    terminal.expect(r"In \[5\]: ")
    terminal.sendline("import asyncio; print('be' + 'gun'); await asyncio.sleep(60)")
    terminal.expect("begun")
    terminal.sendintr()
    terminal.expect(r"In \[\d\]: ")
    terminal.sendline("%carbon cells")
    terminal.expect(r"In \[\d\]: ")
    assert len(re.findall("interrupted", terminal.before)) == 2
    assert len(re.findall("running", terminal.before)) == 1
    assert re.search(r"\[4\].*interrupted", terminal.before)
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    assert "Traceback" not in terminal.before
    terminal.wait()
    assert terminal.exitstatus == 0


def test_a_script_run_by_ipython_prints_its_lines_and_ends(gpu: Standin, tmp_path: Path) -> None:
    script = tmp_path / "cells.ipy"
    script.write_text("%load_ext jupyter_carbon\nimport time\ntime.sleep(0.2)\n%carbon status\n")
    run = subprocess.run(
        [sys.executable, "-m", "IPython", str(script)],
        env=gpu.environment(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Session" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr

"""Shows `examples/first-meter.ipynb` on this machine, in JupyterLab or without a browser.

The notebook is run from a copy, so that the checkout stays as it is, and in
this environment's own kernel, whatever kernels the user has.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_carbon.summary.text import cells_text, status_text

if TYPE_CHECKING:
    from jupyter_carbon.summary.keys import SummaryDict

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "examples" / "first-meter.ipynb"
_CELL_TIMEOUT_S = 300
_SETTINGS = {
    "jupyter-carbon/plugin": {"alwaysLoad": True},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false"},
}
"""The demonstration's own: the meter is there from the start, and no question in front of it."""
_LAYOUT = {
    "main": {"dock": None},
    "left": {"collapsed": False, "current": "filebrowser", "widgets": ["filebrowser"]},
    "right": {"collapsed": False, "current": "jupyter-carbon", "widgets": ["jupyter-carbon"]},
    "relativeSizes": [0.18, 0.56, 0.26],
}
"""The panel is open."""


def main() -> int:
    """Runs the demonstration; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--headless", action="store_true", help="run the notebook here and print its summary"
    )
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "demo", help="where the copy lies"
    )
    words = parser.parse_args()
    folder: Path = words.folder.resolve()
    (folder / "headless").mkdir(parents=True, exist_ok=True)
    prefer_own_kernel()
    return show(folder / "headless") if words.headless else open_lab(folder)


def prefer_own_kernel() -> None:
    """Has Jupyter look in this environment before it looks among the user's kernels."""
    others = filter(None, [os.environ.get("JUPYTER_PATH")])
    own = str(Path(sys.prefix) / "share" / "jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join([own, *others])


def open_lab(folder: Path) -> int:
    """Becomes JupyterLab on a copy of the notebook, until the user ends it."""
    copy = folder / NOTEBOOK.name
    if copy.exists():
        _say(f"{copy} is there already and stays as it is; `make clean` begins afresh.")
    else:
        shutil.copyfile(NOTEBOOK, copy)
    prepare_lab(folder / ".lab")
    # A container's only user is often root, whom Jupyter refuses otherwise.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    words = [
        *("-m", "jupyterlab"),
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{copy.name}",
        *(["--allow-root"] if is_root else []),
    ]
    os.execv(sys.executable, [sys.executable, *words])


def prepare_lab(folder: Path) -> None:
    """Gives JupyterLab settings and a layout of the demonstration's own, once."""
    settings, workspaces = folder / "settings", folder / "workspaces"
    workspace = {"data": {"layout-restorer:data": _LAYOUT}, "metadata": {"id": "default"}}
    files: dict[Path, object] = {
        settings / f"{plugin}.jupyterlab-settings": values for plugin, values in _SETTINGS.items()
    }
    # JupyterLab's own name for the workspace that is shown where none is named.
    files[workspaces / "default-37a8.jupyterlab-workspace"] = workspace
    for path, content in files.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    os.environ["JUPYTERLAB_SETTINGS_DIR"] = str(settings)
    os.environ["JUPYTERLAB_WORKSPACES_DIR"] = str(workspaces)
    keep_apart(folder)


def keep_apart(folder: Path) -> None:
    """Gives the demonstration a ledger of its own: it is none of the user's work."""
    os.environ.setdefault("JUPYTER_CARBON_LEDGER", str(folder / "ledger.sqlite3"))


def show(folder: Path) -> int:
    """Runs the notebook without a browser and prints the summary that it exports."""
    _say(f"Running {NOTEBOOK.relative_to(ROOT)} without a browser ...")
    start_s = time.monotonic()
    failure = run(folder)
    if failure:
        _say(f"{failure}\nThe notebook did not run to its end; what it printed is in {folder}.")
        return 1
    _say(f"It took {time.monotonic() - start_s:.0f} s, the kernel's start included.")
    export = folder / NOTEBOOK.with_suffix(".json").name
    summary: SummaryDict = json.loads(export.read_text(encoding="utf-8"))
    _say(f"\n{cells_text(summary, None)}\n\n{status_text(summary)}\n")
    _say(f"The notebook with its outputs and the summary are in {folder}.")
    return 0


def run(folder: Path) -> str:
    """Runs the notebook in a folder and leaves it there, with its outputs.

    Returns:
        What went wrong; empty if nothing did.
    """
    log = folder / "kernel.log"
    with tempfile.TemporaryDirectory(prefix="jupyter-carbon-") as profile, log.open("w") as errors:
        # The user's own profile may load what the demonstration should not depend on.
        os.environ["IPYTHONDIR"] = profile
        keep_apart(folder)
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = NotebookClient(
            notebook,
            timeout=_CELL_TIMEOUT_S,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            client.execute(stderr=errors)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return str(error)
        finally:
            nbformat.write(notebook, folder / NOTEBOOK.name)
    return ""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

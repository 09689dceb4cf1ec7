"""A real JupyterLab server of its own: root, settings, workspaces and kernels in one folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import nbformat

from scripts.bundle import EXTENSION

START_S = 60.0
_TOKEN = "of-a-test"
_STOP_S = 10.0
_QUIET: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false"},
    # A first-time prompt would lie over what is to be looked at.
    "@jupyterlab/docmanager-extension/plugin": {"renameUntitledFileOnSave": False},
}
"""JupyterLab's settings: none that asks the network or the user."""


class LabServer:
    """A server, and what its files and its kernels are.

    Args:
        folder: where all of it lies.
        environment: of the server and its kernels.
        options: further words of the command line.
        port: to listen on; a free one by default.
        python: whose JupyterLab it is; by default the one that CARBON_LAB_PYTHON names, as
            `make test-oldest` has it, or else this one.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        options: Sequence[str] = (),
        port: int | None = None,
        python: str | None = None,
    ) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.log = folder / "server.log"
        self.port = _free_port() if port is None else port
        python = python or os.environ.get("CARBON_LAB_PYTHON") or sys.executable
        self._words = [python, *self._arguments(), *options]
        self._environment = {
            **environment,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "IPYTHONDIR": str(folder / "ipython"),
            # Kernels of this Python, whatever else is installed.
            "JUPYTER_PATH": str(Path(python).parents[1] / "share" / "jupyter"),
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        self.root.mkdir(parents=True, exist_ok=True)
        # A copy, so that a build meanwhile changes nothing under a page that is open.
        shutil.copytree(EXTENSION, folder / "data" / "labextensions" / "jupyter-carbon")
        for plugin, values in _QUIET.items():
            self.settings(plugin, values)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self, path: str, **query: str) -> str:
        """The address of a page, with the right to see it."""
        words = {"token": _TOKEN, **query}
        return f"{self.url}/{quote(path)}?{'&'.join(f'{k}={quote(v)}' for k, v in words.items())}"

    # Before it starts

    def settings(self, plugin: str, values: Mapping[str, object]) -> None:
        """What the user has set for a plugin."""
        path = self.folder / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")

    def disable(self, *extensions: str) -> None:
        """Has JupyterLab leave out extensions."""
        path = self.folder / "config" / "labconfig" / "page_config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        words = {"disabledExtensions": dict.fromkeys(extensions, True)}
        path.write_text(json.dumps(words), encoding="utf-8")

    def kernel(
        self,
        name: str,
        language: str = "python",
        must_not_exist: Path | None = None,
        **environment: str,
    ) -> None:
        """Offers a kernel of this Python under another name.

        Args:
            name: of the kernel.
            language: that it is said to speak.
            must_not_exist: a file whose existence keeps it from starting.
            environment: more of it.
        """
        folder = self.folder / "data" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        check = f"import os, sys\nif os.path.exists({str(must_not_exist)!r}): sys.exit(1)\n"
        code = f"{check}from ipykernel.kernelapp import main\nmain()"
        spec = {
            "argv": [self._words[0], "-c", code, "-f", "{connection_file}"],
            "display_name": name,
            "language": language,
            "env": environment,
        }
        (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")

    # Its life

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words,
                cwd=self.root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline_s = time.monotonic() + START_S
        while not self._answers():
            dead = self._process.poll() is not None
            if dead or time.monotonic() > deadline_s:
                self.stop()
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends it with its kernels."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # Its interface

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Asks its REST interface; the answer, or None if that is empty."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {_TOKEN}", "Content-Type": "application/json"}
        request = Request(f"{self.url}/api/{path}", data, headers, method=method)
        with urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def notebook(
        self, name: str, cells: Sequence[str] = (), kernel: str = "python3", **metadata: object
    ) -> str:
        """Puts a notebook there; its name."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
        notebook.metadata.update(metadata)
        notebook.cells = [nbformat.v4.new_code_cell(code) for code in cells or [""]]
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number}"
        self.ask("PUT", f"contents/{quote(name)}", {"type": "notebook", "content": notebook})
        return name

    def saved(self, name: str) -> Any:
        """A notebook as it is on the disk."""
        return json.loads((self.root / name).read_text(encoding="utf-8"))

    def sessions(self) -> list[dict[str, Any]]:
        """Who has which kernel."""
        found: list[dict[str, Any]] = self.ask("GET", "sessions")
        return found

    def kernel_of(self, name: str) -> dict[str, Any]:
        """The kernel of a notebook."""
        (found,) = (each["kernel"] for each in self.sessions() if each["path"] == name)
        assert isinstance(found, dict)
        return found

    def kernels(self) -> list[dict[str, Any]]:
        """The kernels that run."""
        found: list[dict[str, Any]] = self.ask("GET", "kernels")
        return found

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Waits until something is so.

        Raises:
            TimeoutError: if it does not come to that.
        """
        deadline_s = time.monotonic() + START_S
        while not done():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"There are these kernels: {self.kernels()}")
            time.sleep(0.1)

    def shut_kernels(self) -> None:
        """Ends all kernels."""
        for session in self.sessions():
            try:
                self.ask("DELETE", f"sessions/{session['id']}")
            except HTTPError as error:
                # Of two notebooks on one kernel the first has taken it along.
                if error.code not in (404, 410):
                    raise

    def _answers(self) -> bool:
        try:
            self.ask("GET", "status")
        except (URLError, OSError):
            return False
        return True

    def _arguments(self) -> list[str]:
        return [
            *("-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
            f"--ServerApp.root_dir={self.root}",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={_TOKEN}",
            # Both show the same files to the same kernels.
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            f"--LabApp.workspaces_dir={self.folder / 'workspaces'}",
            f"--LabApp.user_settings_dir={self.folder / 'settings'}",
            f"--JupyterNotebookApp.user_settings_dir={self.folder / 'settings'}",
            f"--JupyterNotebookApp.workspaces_dir={self.folder / 'workspaces'}",
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]


@contextmanager
def lab_server(
    folder: Path, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[LabServer]:
    """A server that ends with the block."""
    server = LabServer(folder, os.environ if environment is None else environment, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

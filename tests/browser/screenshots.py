"""`python -m tests.browser.screenshots`: the pictures of `docs/pictures/`, from a real browser.

Over stand-in boards with commanded loads, so that they show the same at any time.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.chromium import browser
from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
_SIZE = ViewportSize(width=1280, height=900)
_DARK = "JupyterLab Dark"

LOAD = """\
%%carbon --label "{label}"
from time import sleep
from tests.standin.nvml import Standin
gpu = Standin.attach()
for watts in ({watts}.0, {half}.0), (60.0, 60.0):
    for board in range(2):
        gpu.load(board, watts[board])
    sleep({seconds} if watts[0] > 60 else 0)"""
CELLS = [
    "%load_ext jupyter_carbon\n%carbon region DE",
    LOAD.format(label="load the data", watts=180, half=90, seconds=3),
    LOAD.format(label="train, epoch 1", watts=640, half=560, seconds=6),
    LOAD.format(label="evaluate", watts=310, half=240, seconds=3),
    LOAD.format(label="train, epoch 2", watts=655, half=575, seconds=60),
]


class Pictures:
    """Takes them, one method a setting."""

    def __init__(self, chrome: Browser, server: LabServer, gpu: Standin, folder: Path) -> None:
        self._chrome = chrome
        self._server = server
        self._gpu = gpu
        self._folder = folder

    def tab(self) -> Lab:
        """A tab in a browser that knows nothing yet."""
        context = self._chrome.new_context(viewport=_SIZE, device_scale_factor=1.5)
        return Lab(context, self._server)

    def take(self, lab: Lab, name: str, *, panel: bool = False) -> None:
        """Takes one picture, of the whole page or of the panel."""
        lab.page.mouse.move(0, 0)
        if "forms" not in name and "timeline" not in name:
            lab.panel.locator(".jp-carbon-panel").evaluate("node => node.scrollTo(0, 0)")
            lab.panel.evaluate("node => node.scrollTo(0, 0)")
        for button in lab.page.get_by_role("button", name="Hide notification").all():
            button.click()
        dialog = lab.page.locator(".jp-Dialog button")
        if dialog.count() > 0:
            dialog.last.click()
        expect(dialog).to_have_count(0)
        target = self._folder / f"{name}.png"
        if panel:
            lab.panel.screenshot(path=target, animations="disabled")
        else:
            lab.page.screenshot(path=target, animations="disabled")
        sys.stderr.write(f"{target.name}\n")

    def work(self) -> None:
        """The meter at work: light, dark, narrow, with the timeline."""
        lab = self.tab()
        lab.open(self._server.notebook("train.ipynb", CELLS))
        wide(lab, 340)
        for index in range(4):
            lab.run(index)
        lab.wait_live()
        budget = lab.part("budget")
        budget.get_by_role("button", name="set").click()
        budget.get_by_label("Limit for the session").fill("12 Wh")
        budget.get_by_role("button", name="Set", exact=True).click()
        lab.start(4)
        lab.wait_power(1200, 1400)
        lab.page.wait_for_timeout(4000)
        self.take(lab, "meter-light")
        self.take(lab, "panel-light", panel=True)
        theme(lab, _DARK)
        self.take(lab, "meter-dark")
        self.take(lab, "panel-dark", panel=True)
        theme(lab, "JupyterLab Dark High Contrast")
        self.take(lab, "panel-high-contrast", panel=True)
        theme(lab, "JupyterLab Light")
        wide(lab, 240)
        self.take(lab, "meter-narrow", panel=True)
        for name in ("budget", "grid"):
            opener = "edit" if name == "budget" else "change"
            lab.part(name).get_by_role("button", name=opener).click()
        self.take(lab, "meter-narrow-forms", panel=True)
        lab.command("jupyter-carbon:timeline")
        lab.page.locator(".jp-carbon-timeline canvas").first.wait_for()
        wide(lab, 340)
        lab.page.wait_for_timeout(3000)
        self.take(lab, "timeline-light")
        theme(lab, _DARK)
        lab.page.wait_for_timeout(1000)
        self.take(lab, "timeline-dark")
        theme(lab, "JupyterLab Light")
        lab.command("docmanager:open", path="train.ipynb")
        lab.part("now").get_by_role("button", name="pause").click()
        lab.standing("Paused")
        self.take(lab, "state-paused", panel=True)
        lab.panel.get_by_role("button", name="Resume").click()
        self._gpu.lose(1)
        expect(lab.part("now")).to_contain_text("lost")
        self.take(lab, "state-device-lost", panel=True)
        self._gpu.mend(1)
        lab.command("notebook:interrupt-kernel")
        lab.page.context.close()
        self.rest()

    def rest(self) -> None:
        """No load on any board, whatever a cell that was ended has left."""
        for board in range(2):
            self._gpu.load(board, 60.0)

    def states(self) -> None:
        """Each state in which there are no figures."""
        marker = self._server.folder / "no-more"
        self._server.kernel("mortal", must_not_exist=marker)
        die = f"import os\nopen({str(marker)!r}, 'w').close()\nos.kill(os.getpid(), 9)"
        other = (
            "def answer(comm, message):\n"
            "    comm.send({'v': 2, 'kind': 'snapshot', 'seq': 0})\n"
            "get_ipython().kernel.comm_manager.register_target('jupyter_carbon', answer)"
        )
        busy = "import time\ntime.sleep(60)"
        self._state("not-loaded", [""], None, "The meter is not loaded")
        self._state("busy", [busy], lambda lab: lab.start(0), "The meter is not loaded")
        self._state("another-language", [""], None, "This kernel speaks", "julia")
        self._state("mismatch", [other], lambda lab: lab.run(0), "The kernel’s meter is of another")

        def end(lab: Lab) -> None:
            lab.load()
            lab.run(0)
            expect(lab.row("cell = 1")).to_be_visible()
            lab.start(1)

        self._state("dead", ["cell = 1", die], end, "The kernel is dead", "mortal")

        def rest(lab: Lab) -> None:
            lab.load()
            lab.run(0)

        self._state("resting", ["cell = 1"], rest, "Resting while", "soon-at-rest")

        def load(lab: Lab) -> None:
            lab.load()
            lab.run(0)

        self._state("no-gpu", ["sum(range(10**7))"], load, None, "no-gpu")
        lab = self.tab()
        lab.page.goto(self._server.link("lab/workspaces/empty"))
        lab.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget")
        lab.show_panel()
        wide(lab, 340)
        lab.standing("No notebook is open")
        self.take(lab, "state-no-notebook", panel=True)
        lab.page.context.close()

    def notebook(self) -> None:
        """Notebook 7."""
        lab = self.tab()
        cells = [*CELLS[:2], LOAD.format(label="train", watts=640, half=560, seconds=20)]
        lab.open(self._server.notebook("seven.ipynb", cells), "notebooks")
        lab.show_panel()
        for index in range(2):
            lab.run(index)
        lab.start(2)
        lab.wait_power(1200, 1400)
        self.take(lab, "notebook-7")
        lab.command("jupyter-carbon:timeline")
        lab.page.locator(".jp-carbon-timeline canvas").first.wait_for()
        lab.page.wait_for_timeout(4000)
        self.take(lab, "notebook-7-timeline")
        lab.page.context.close()

    def _state(
        self,
        name: str,
        cells: list[str],
        do: Callable[[Lab], None] | None,
        title: str | None,
        kernel: str = "python3",
    ) -> None:
        lab = self.tab()
        lab.open(self._server.notebook(f"{name}.ipynb", cells, kernel))
        lab.show_panel()
        wide(lab, 340)
        if do is not None:
            do(lab)
        if title is None:
            lab.page.wait_for_timeout(2000)
        else:
            lab.standing(re.compile(f"^{title}"))
        self.take(lab, f"state-{name}", panel=True)
        lab.page.context.close()
        self._server.shut_kernels()


def theme(lab: Lab, name: str) -> None:
    """Changes the theme and waits until it is there."""
    lab.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name
    )
    lab.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=name)
    lab.page.wait_for_timeout(600)


def wide(lab: Lab, width: int) -> None:
    """Opens the panel and drags its edge, as with the mouse."""
    lab.show_panel()
    edge = lab.panel.bounding_box()
    assert edge is not None
    x, y = edge["x"] - 2, edge["y"] + 300
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(edge["x"] + edge["width"] - width - 2, y, steps=4)
    lab.page.mouse.up()
    lab.page.wait_for_timeout(300)


def main() -> int:
    """Takes all pictures, or those of some settings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=PICTURES, help="where they go")
    parser.add_argument("--only", action="append", choices=["work", "states", "notebook"])
    words = parser.parse_args()
    words.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="jupyter-carbon-") as name, browser() as chrome:
        folder = Path(name)
        gpu = Standin.create(folder / "boards", devices=2)
        bare = Standin.create(folder / "bare", devices=0)
        options = (
            "--KernelRestarter.time_to_dead=0.5",
            "--KernelRestarter.restart_limit=1",
        )
        server = LabServer(folder / "lab", gpu.environment(), options)
        server.kernel("no-gpu", JUPYTER_CARBON_STANDIN_NVML=str(bare.path))
        server.kernel("soon-at-rest", JUPYTER_CARBON_REST_AFTER_S="1")
        server.kernel("julia", language="julia")
        server.start()
        try:
            pictures = Pictures(chrome, server, gpu, words.folder)
            for setting in words.only or ("work", "states", "notebook"):
                getattr(pictures, setting)()
                server.shut_kernels()
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

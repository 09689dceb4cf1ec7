"""What a person does and sees in one tab of JupyterLab or Notebook."""

from __future__ import annotations

import re
from itertools import count
from typing import Literal

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Locator, Page, expect

from tests.browser.server import LabServer

WAIT_MS = 20_000
START_MS = 60_000
App = Literal["lab", "notebooks"]
_OURS = re.compile(r"jupyter[-_]carbon")
_UNITS = {"mWh": 1e-3, "Wh": 1.0, "kWh": 1e3, "MWh": 1e6}
_numbers = count()

_KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
_NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"


class Lab:
    """One tab. What goes wrong in code of the extension is kept in `faults`."""

    def __init__(self, context: BrowserContext, server: LabServer) -> None:
        self.server = server
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.set_default_navigation_timeout(START_MS)
        self.faults: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", self._on_error)
        self.page.on("dialog", self._on_dialog)

    # Getting there

    def open(self, name: str, app: App = "lab", *, workspace: str | None = None) -> Lab:
        """Goes to a notebook and waits until its kernel can be used."""
        self.visit(name, app, workspace=workspace)
        self.wait_idle(START_MS)
        return self

    def visit(self, name: str, app: App = "lab", *, workspace: str | None = None) -> Lab:
        """Goes to a notebook and waits until its first cell is there."""
        if app == "lab":
            place = f"lab/workspaces/{workspace or f'w{next(_numbers)}'}/tree/{name}"
        else:
            place = f"notebooks/{name}"
        self.page.goto(self.server.link(place))
        self.wait_cells()
        return self

    def wait_cells(self) -> None:
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=START_MS)

    def reload(self) -> None:
        """Loads the page anew, once JupyterLab has kept the layout."""
        self.page.reload()
        self.wait_cells()
        self.wait_idle(START_MS)

    def save(self) -> None:
        """Saves the current notebook, and waits until that has been done."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def wait_current(self, name: str) -> None:
        """Waits until a notebook is the one that one looks at."""
        self.page.wait_for_function(
            "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=name
        )

    def command(self, name: str, **args: object) -> None:
        """Begins a command of the application; what it answers is not waited for."""
        self.page.evaluate(
            "([name, args]) => { void window.jupyterapp.commands.execute(name, args); }",
            [name, args],
        )

    def wait_idle(self, timeout_ms: float = WAIT_MS) -> None:
        self.wait_status("idle", timeout_ms)

    def wait_status(self, status: str, timeout_ms: float = WAIT_MS) -> None:
        self.page.wait_for_function(
            f"wanted => {_KERNEL}?.status === wanted", arg=status, timeout=timeout_ms
        )

    # The notebook

    def start(self, index: int) -> None:
        """Runs a cell, without waiting for its end."""
        self.page.evaluate(
            f"""index => {{
              const notebook = {_NOTEBOOK};
              notebook.deselectAll();
              notebook.activeCellIndex = index;
              window.ended = false;
              window.jupyterapp.commands.execute('notebook:run-cell')
                .finally(() => {{ window.ended = true; }});
            }}""",
            index,
        )

    def finish(self, timeout_ms: float = WAIT_MS) -> None:
        """Waits until the cell that was started last has ended, whichever way."""
        self.page.wait_for_function("() => window.ended", timeout=timeout_ms)

    @property
    def has_ended(self) -> bool:
        """Whether the cell that was started last has ended."""
        return bool(self.page.evaluate("() => window.ended"))

    def run(self, index: int, timeout_ms: float = WAIT_MS) -> None:
        """Runs a cell to its end."""
        self.start(index)
        self.finish(timeout_ms)

    def set_code(self, index: int, code: str) -> None:
        """Gives a cell other code, as typing would."""
        self.page.evaluate(
            f"([index, code]) => {{"
            f" {_NOTEBOOK}.widgets[index].model.sharedModel.setSource(code); }}",
            [index, code],
        )

    @property
    def active_cell(self) -> int:
        found = self.page.evaluate(f"() => {_NOTEBOOK}.activeCellIndex")
        assert isinstance(found, int)
        return found

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index)

    def output(self, index: int) -> Locator:
        return self.cell(index).locator(".jp-OutputArea-output").last

    def badge(self, index: int) -> Locator:
        """The badge of a cell; one that is hidden does not count."""
        return self.cell(index).locator(".jp-carbon-badge:visible")

    # The panel

    @property
    def panel(self) -> Locator:
        return self.page.locator("#jupyter-carbon")

    def show_panel(self) -> None:
        """Opens the panel by the command that toolbar, menu and palette have."""
        self.command("jupyter-carbon:open")
        expect(self.panel.locator(".jp-carbon-panel")).to_be_visible(timeout=WAIT_MS)

    def part(self, name: str) -> Locator:
        """A part of the panel: now, session, chart, cells, budget, grid."""
        return self.panel.locator(f".jp-carbon-section.jp-carbon-{name}")

    def load(self) -> None:
        """Loads the meter by the panel's button and waits for figures."""
        self.show_panel()
        self.panel.get_by_role("button", name="Load the meter").click()
        self.wait_live()

    def wait_live(self, timeout_ms: float = WAIT_MS) -> None:
        """Waits until there are figures, and all sources have been found."""
        expect(self.part("now")).to_be_visible(timeout=timeout_ms)
        expect(self.panel.locator(".jp-carbon-main")).not_to_have_class(
            re.compile("jp-carbon-stale"), timeout=timeout_ms
        )
        expect(self.part("now")).not_to_contain_text("Looking for", timeout=timeout_ms)

    def standing(self, title: str | re.Pattern[str], timeout_ms: float = WAIT_MS) -> Locator:
        """Waits for a state that the panel has instead of figures, or over them."""
        state = self.panel.locator(".jp-carbon-state")
        expect(state.locator(".jp-carbon-statetitle")).to_have_text(title, timeout=timeout_ms)
        return state

    @property
    def now_w(self) -> float:
        """The power that the panel shows."""
        text = self.part("now").locator(".jp-carbon-lead .jp-carbon-figure").inner_text()
        number, unit = text.split()[:2]
        return float(number.replace(",", "")) * {"W": 1.0, "kW": 1e3, "mW": 1e-3}[unit]

    def wait_power(self, low_w: float, high_w: float, timeout_ms: float = WAIT_MS) -> None:
        """Waits until the panel shows a power within limits."""
        self.page.wait_for_function(
            """([low, high]) => {
              const node = document.querySelector(
                '#jupyter-carbon .jp-carbon-now .jp-carbon-lead .jp-carbon-figure');
              const found = /([\\d.,]+)\\s*(m|k)?W/.exec(node?.textContent ?? '');
              if (!found) return false;
              const factor = { m: 1e-3, k: 1e3 }[found[2]] ?? 1;
              const watts = Number(found[1].replace(',', '')) * factor;
              return low <= watts && watts <= high;
            }""",
            arg=[low_w, high_w],
            timeout=timeout_ms,
        )

    @property
    def session_text(self) -> str:
        """The session's energy and CO2e as the panel shows them."""
        return " ".join(self.part("session").locator(".jp-carbon-two").inner_text().split())

    def row(self, name: str) -> Locator:
        """A row of the panel's list of cells, by the cell's name."""
        return self.part("cells").locator("tbody tr", has_text=name)

    def energy_text(self, name: str) -> str:
        return self.row(name).locator(".jp-carbon-value").first.inner_text()

    def notifications(self) -> Locator:
        return self.page.locator(".Toastify__toast")

    # What must not happen

    def check(self) -> None:
        """Fails if code of the extension has complained or raised, or a dialog has opened."""
        assert not self.faults, "\n".join(self.faults)
        assert not self.dialogs, "\n".join(self.dialogs)

    def _on_console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and (_OURS.search(where) or _OURS.search(message.text)):
            self.faults.append(f"console: {message.text} ({where})")

    def _on_error(self, error: Error) -> None:
        if _OURS.search(error.stack or ""):
            self.faults.append(f"uncaught: {error.stack}")

    def _on_dialog(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()  # JupyterLab asks so where something is not saved
            return
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def energy_wh(text: str) -> float:
    """The first energy in a text: '0.204 kWh', '< 0.02 Wh'."""
    found = re.search(r"([\d.,]+)\s*(mWh|Wh|kWh|MWh)", text)
    assert found is not None, text
    return float(found[1].replace(",", "")) * _UNITS[found[2]]

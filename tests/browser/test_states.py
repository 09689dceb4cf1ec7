"""What the panel says where there are no figures, or none that move."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

OTHER_VERSION = """
from ipykernel.comm import Comm
def answer(comm, message):
    comm.send({"v": 2, "kind": "snapshot", "seq": 0})
get_ipython().kernel.comm_manager.register_target("jupyter_carbon", answer)
"""
SLEEP = "block = 30\nimport time\ntime.sleep(block)"


def test_no_notebook(lab: Lab, server: LabServer) -> None:
    lab.page.goto(server.link("lab/workspaces/none"))
    lab.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget")
    lab.show_panel()
    lab.standing("No notebook is open")
    expect(lab.panel.get_by_role("button")).to_have_count(0)


def test_another_language(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("julia.ipynb", kernel="another-language"))
    lab.show_panel()
    lab.standing("This kernel speaks julia")
    expect(lab.panel.get_by_role("button", name="Load the meter")).to_be_hidden()


def test_a_busy_kernel_without_the_meter(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("busy.ipynb", [SLEEP, "first = 1"]))
    lab.show_panel()
    lab.standing("The meter is not loaded")
    # Behind what pages ask of a kernel that they have just met.
    lab.run(1)
    lab.start(0)
    expect(lab.panel.locator(".jp-carbon-statetext")).to_contain_text("busy")
    lab.panel.get_by_role("button", name="Load the meter").click()
    lab.standing(re.compile("Loading the meter"))
    lab.command("notebook:interrupt-kernel")
    # An interrupt sweeps away what waited behind the cell, or lets it run.
    state = lab.panel.locator(".jp-carbon-statetitle")
    expect(state.or_(lab.part("now")).first).to_be_visible()
    expect(state).not_to_have_text(re.compile("Loading"))


def test_always_loading(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("always.ipynb", ["1"]))
    lab.show_panel()
    try:
        lab.panel.get_by_label("always load it in Python kernels").check()
        lab.panel.get_by_role("button", name="Load the meter").click()
        lab.wait_live()
        lab.page.evaluate(
            "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
        )
        lab.panel.get_by_text("The kernel restarts…").or_(
            lab.panel.get_by_text("Connecting to the meter…")
        ).first.wait_for()
        lab.wait_live()
    finally:
        lab.page.evaluate(
            "() => window.jupyterapp.serviceManager.settings.save('jupyter-carbon:plugin', '{}')"
        )


def test_no_gpu(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("no-gpu.ipynb", kernel="no-gpu"))
    lab.load()
    now = lab.part("now")
    expect(now).to_contain_text(re.compile("No GPU was found|GPU.*not measured", re.DOTALL))
    expect(now).not_to_contain_text("H100")
    lab.wait_power(0.1, 300)


def test_a_board_is_lost_and_found(lab: Lab, server: LabServer, gpu: Standin) -> None:
    lab.open(server.notebook("lost.ipynb"))
    lab.load()
    board = lab.part("now").locator(".jp-carbon-device", has_text="GPU 1")
    expect(board).to_contain_text("measured")
    gpu.lose(1)
    expect(board).to_contain_text("lost")
    expect(board.locator(".jp-carbon-value")).to_have_text("–")
    expect(board.locator(".jp-carbon-why")).not_to_be_empty()
    lab.wait_power(60, 120)
    gpu.mend(1)
    expect(board).to_contain_text("measured")
    lab.wait_power(120, 200)


def test_another_version_of_the_messages(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("mismatch.ipynb", [OTHER_VERSION]))
    lab.show_panel()
    lab.standing("The meter is not loaded")
    lab.run(0)
    state = lab.standing("The kernel’s meter is of another version")
    expect(state).to_contain_text("version 2")
    expect(state).to_have_attribute("role", "alert")


def test_a_console_beside_its_notebook(lab: Lab, server: LabServer) -> None:
    """The second connection of a page to a kernel may open no comms."""
    lab.open(server.notebook("console.ipynb", ["cell = 1"]))
    lab.load()
    lab.run(0)
    lab.command("notebook:create-console")
    console = lab.page.locator(".jp-CodeConsole")
    expect(console).to_be_visible()
    console.locator(".jp-CodeConsole-promptCell .cm-content").click()
    expect(lab.row("cell = 1")).to_be_visible()
    lab.page.keyboard.type("asked = 2")
    lab.page.keyboard.press("Shift+Enter")
    expect(lab.row("asked")).to_be_visible()
    lab.wait_live()


def test_an_idle_kernel_rests(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("rest.ipynb", ["cell = 1"], kernel="soon-at-rest"))
    lab.load()
    state = lab.standing("Resting while the kernel is idle")
    state.get_by_role("button", name="Look now").click()
    lab.run(0)
    expect(lab.row("cell = 1")).to_be_visible()
    lab.standing("Resting while the kernel is idle")
    expect(lab.row("cell = 1")).to_be_visible()


def test_a_dead_kernel(lab: Lab, server: LabServer) -> None:
    """It dies, and cannot start again."""
    marker = server.folder / "no-more"
    code = f"import os, signal\nopen({str(marker)!r}, 'w').close()\nos.kill(os.getpid(), 9)"
    server.kernel("mortal", must_not_exist=marker)
    lab.open(server.notebook("dead.ipynb", ["cell = 1", code], kernel="mortal"))
    lab.load()
    lab.run(0)
    expect(lab.row("cell = 1")).to_be_visible()
    lab.start(1)
    state = lab.standing("The kernel is dead")
    expect(state).to_have_attribute("role", "alert")
    expect(lab.row("cell = 1")).to_be_visible()


def test_the_history_of_a_ledger(lab: Lab, server: LabServer) -> None:
    """It is there where there is a ledger, and looked up when it is opened."""
    server.kernel("with-ledger", JUPYTER_CARBON_LEDGER=str(server.folder / "ledger.sqlite3"))
    lab.open(server.notebook("history.ipynb", ["cell = 1"], kernel="with-ledger"))
    lab.load()
    lab.run(0)
    history = lab.part("history")
    history.get_by_role("button", name="show").click()
    expect(history).to_contain_text("in the last 30 days")
    expect(history.locator(".jp-carbon-day")).to_have_count(30)
    expect(history.get_by_role("img")).to_have_attribute("aria-label", re.compile("by day"))
    expect(history.get_by_role("row", name="history.ipynb")).to_be_visible()
    history.get_by_role("button", name="hide").click()
    expect(history.get_by_role("img")).to_have_count(0)
    lab.open(server.notebook("no-history.ipynb"))
    lab.load()
    expect(lab.part("history")).to_be_hidden()

"""What happens to pages, kernels and cells: the figures are the kernel's, and come back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Tab
from tests.browser.lab import Lab, energy_wh
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

BLOCK = "block = 30\nimport time\ntime.sleep(block)"
SHORT = "short = 0.5\nimport time\ntime.sleep(short)"
DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def test_a_reload_keeps_totals_and_badges(lab: Lab, server: LabServer, gpu: Standin) -> None:
    lab.open(server.notebook("reload.ipynb", [SHORT, "other = 1"]), workspace="reload")
    lab.load()
    gpu.load(0, 500.0)
    lab.run(0)
    lab.run(1)
    expect(lab.badge(0)).to_contain_text("Wh")
    settled(lab, "short")
    pause(lab)
    seen = [lab.session_text, lab.energy_text("short"), lab.badge(0).inner_text()]
    # The layout is kept a while after the last change of it.
    lab.page.evaluate("() => window.jupyterapp.serviceManager.workspaces.fetch('reload')")
    lab.reload()
    lab.wait_live()
    expect(lab.badge(0)).to_contain_text("Wh")
    expect(lab.badge(1)).to_be_visible()
    assert [lab.session_text, lab.energy_text("short"), lab.badge(0).inner_text()] == seen


def test_edited_code_has_no_badge_in_a_fresh_page(tab: Tab, server: LabServer) -> None:
    """The kernel says which code ran, so that a page that has not seen it run knows as well."""
    lab, fresh = tab(), tab()
    start = f"line = '{'x' * 60}'\n"
    cells = [f"{start}first = 1", f"{start}second = 'größe'", "%%carbon --label third\nthird = 3"]
    lab.open(server.notebook("edited.ipynb", cells))
    lab.load()
    for index in range(3):
        lab.run(index)
        expect(lab.badge(index)).to_be_visible()
    lab.set_code(0, f"{start}first = 2")
    expect(lab.badge(0)).to_have_count(0)
    lab.save()
    for page in (lab, fresh):
        if page is lab:
            page.reload()
        else:
            page.open("edited.ipynb")
        for index in (1, 2):
            expect(page.badge(index)).to_be_visible()
        expect(page.badge(0)).to_have_count(0)
    fresh.set_code(0, cells[0])
    expect(fresh.badge(0)).to_be_visible()


def test_two_notebooks_on_one_kernel(lab: Lab, server: LabServer, gpu: Standin) -> None:
    """The second one may open no comms: it shows what the first one hears."""
    other = "other = 0.5\nimport time\ntime.sleep(other)"
    # A notebook's cells have ids of their own, other than those of its neighbour.
    server.notebook("second.ipynb", ["", other])
    lab.open(server.notebook("first.ipynb", [SHORT]))
    lab.load()
    gpu.load(0, 500.0)
    lab.run(0)
    lab.command("docmanager:open", path="second.ipynb")
    lab.wait_current("second.ipynb")
    lab.wait_idle()
    lab.standing("The meter is not loaded")
    lab.page.evaluate(
        """id => {
          void window.jupyterapp.shell.currentWidget.sessionContext.changeKernel({ id });
        }""",
        server.kernel_of("first.ipynb")["id"],
    )
    lab.wait_live()
    expect(lab.row("short")).to_be_visible()
    lab.run(1)
    badge = lab.page.locator(".jp-carbon-badge:visible")
    expect(badge).to_contain_text("Wh")
    settled(lab, "other")
    pause(lab)
    seen = [lab.session_text, lab.energy_text("short"), lab.energy_text("other")]
    lab.row("short").get_by_role("button").click()
    lab.wait_current("first.ipynb")
    expect(badge).to_contain_text("Wh")
    assert [lab.session_text, lab.energy_text("short"), lab.energy_text("other")] == seen
    lab.row("other").get_by_role("button").click()
    lab.wait_current("second.ipynb")
    assert lab.active_cell == 1
    lab.panel.get_by_role("button", name="Resume").click()
    # Where the first one goes, nobody hears the kernel any more, and the panel says so.
    lab.page.evaluate(
        """() => {
          for (const each of window.jupyterapp.shell.widgets('main')) {
            if (each.context?.path === 'first.ipynb') each.dispose();
          }
        }"""
    )
    state = lab.standing("The meter is shown elsewhere")
    expect(state).to_contain_text("reload the page")
    lab.open("second.ipynb")
    lab.show_panel()
    lab.wait_live()
    expect(lab.row("other")).to_be_visible()


def test_a_reload_amid_a_cell_leaves_its_figures_in_the_file(
    tab: Tab, server: LabServer, gpu: Standin
) -> None:
    """JupyterLab hands what a cell shows only to the page that has sent the cell."""
    lab = tab()
    code = "%%carbon --label slow\nimport time\nfor _ in range(200):\n    time.sleep(0.1)"
    lab.open(server.notebook("amid.ipynb", [code]))
    lab.load()
    gpu.load(0, 500.0)
    lab.start(0)
    expect(lab.output(0)).to_contain_text("running")
    lab.save()
    assert "will stand here" in saved_text(server, "amid.ipynb")
    lab.page.reload()
    lab.wait_cells()
    lab.wait_status("busy")
    lab.wait_live()
    lab.command("notebook:interrupt-kernel")
    lab.wait_idle()
    expect(lab.output(0)).to_contain_text("interrupted")
    settled(lab, "slow")
    lab.page.wait_for_function(
        """() => {
          const outputs = window.jupyterapp.shell.currentWidget.content.widgets[0].model.outputs;
          return outputs.get(0).metadata.jupyter_carbon.final;
        }"""
    )
    lab.save()
    assert energy_wh(saved_text(server, "amid.ipynb")) > 0
    assert "will stand here" not in saved_text(server, "amid.ipynb")


def test_two_tabs_show_one_meter(tab: Tab, server: LabServer, gpu: Standin) -> None:
    one, two = tab(), tab()
    name = server.notebook("shared.ipynb", [SHORT])
    one.open(name)
    one.load()
    gpu.load(0, 500.0)
    one.run(0)
    two.open(name)
    two.show_panel()
    two.wait_live()
    expect(two.row("short")).to_be_visible()
    settled(one, "short")
    settled(two, "short")
    assert two.energy_text("short") == one.energy_text("short")
    set_place(two, "PL")
    expect(one.part("grid").locator(".jp-carbon-place")).to_contain_text("Poland")
    pause(one)
    two.standing("Paused")
    assert two.session_text == one.session_text
    two.panel.get_by_role("button", name="Resume").click()
    expect(one.panel.locator(".jp-carbon-state")).to_be_hidden()


def test_a_command_takes_effect_while_a_cell_runs(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("busy.ipynb", [BLOCK]))
    lab.load()
    lab.start(0)
    expect(lab.row("block")).to_be_visible()
    set_place(lab, "PL")
    pause(lab)
    assert not lab.has_ended, "the cell ran all the while"
    expect(lab.page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute(
        "data-status", "busy"
    )
    # The server, which may end idle kernels, has to know as well.
    server.wait_for(lambda: server.kernel_of("busy.ipynb")["execution_state"] == "busy")
    assert not lab.has_ended
    lab.command("notebook:interrupt-kernel")
    lab.finish()
    lab.panel.get_by_role("button", name="Resume").click()
    expect(lab.panel.locator(".jp-carbon-state")).to_be_hidden()


def test_an_interrupted_and_a_failed_cell_say_so(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("interrupt.ipynb", [BLOCK, "fails = 1 / 0"]))
    lab.load()
    lab.start(0)
    expect(lab.row("block").locator(".jp-carbon-run")).to_have_text("[*]")
    lab.command("notebook:interrupt-kernel")
    expect(lab.row("block")).to_contain_text("interrupted")
    lab.run(1)
    expect(lab.row("fails")).to_contain_text("error")
    lab.wait_live()


def test_a_restarted_kernel_begins_anew(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("restart.ipynb", [SHORT, "%load_ext jupyter_carbon"]))
    lab.load()
    lab.run(0)
    expect(lab.row("short")).to_be_visible()
    lab.page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    lab.standing("The meter is not loaded")
    expect(lab.badge(0)).to_have_count(0)
    lab.run(1)
    lab.wait_live()
    expect(lab.row("short")).to_have_count(0)
    lab.run(0)
    expect(lab.row("short")).to_be_visible()


def test_a_killed_kernel_comes_back_without_figures(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("killed.ipynb", [SHORT, DIE]))
    lab.load()
    lab.run(0)
    lab.start(1)
    lab.standing("The meter is not loaded")
    dismiss(lab)
    lab.panel.get_by_role("button", name="Load the meter").click()
    lab.wait_live()
    lab.run(0)
    expect(lab.row("short")).to_be_visible()


def test_cells_are_followed_however_they_move(lab: Lab, server: LabServer) -> None:
    """Deleted, moved, duplicated and edited, all while they run or after."""
    cells = ["first = 1", "second = 3\nimport time\ntime.sleep(second)", "third = 3"]
    lab.open(server.notebook("moves.ipynb", cells))
    lab.load()
    lab.run(0)
    expect(lab.badge(0)).to_be_visible()
    lab.start(1)
    expect(lab.badge(1)).to_be_visible()
    lab.command("notebook:move-cell-up")
    expect(lab.badge(0)).to_be_visible()
    assert "second" in lab.cell(0).inner_text()
    lab.finish()
    expect(lab.badge(0)).to_contain_text("Wh")
    expect(lab.badge(1)).to_be_visible()
    # A copy has not run.
    lab.command("notebook:duplicate-below")
    expect(lab.page.locator(".jp-CodeCell")).to_have_count(4)
    expect(lab.page.locator(".jp-carbon-badge:visible")).to_have_count(2)
    # A figure belongs to the code that ran.
    lab.set_code(0, "second = 'something else'")
    expect(lab.badge(0)).to_have_count(0)
    lab.set_code(0, cells[1])
    lab.command("notebook:delete-cell")
    expect(lab.row("second")).to_be_visible()
    lab.wait_live()


def test_a_notebook_is_renamed_and_closed_while_it_runs(tab: Tab, server: LabServer) -> None:
    lab = tab()
    lab.open(server.notebook("before.ipynb", [BLOCK]))
    lab.load()
    lab.start(0)
    expect(lab.row("block")).to_be_visible()
    lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.rename('after.ipynb')")
    server.wait_for(lambda: [each["path"] for each in server.sessions()] == ["after.ipynb"])
    expect(lab.row("block").locator(".jp-carbon-run")).to_have_text("[*]")
    lab.page.evaluate("() => { window.jupyterapp.shell.currentWidget.dispose(); }")
    lab.standing("No notebook is open")
    # JupyterLab gives comms to a kernel's first connection only, and needs a moment to end one.
    lab.page.wait_for_function(
        "() => [...window.jupyterapp.serviceManager.kernels._kernelConnections].length === 0"
    )
    lab.command("docmanager:open", path="after.ipynb")
    lab.wait_live()
    expect(lab.row("block").locator(".jp-carbon-run")).to_have_text("[*]")


def saved_text(server: LabServer, name: str) -> str:
    """The plain form of a notebook's first output, as it is on the disk."""
    (output, *_) = server.saved(name)["cells"][0]["outputs"]
    return "".join(output["data"]["text/plain"])


def settled(lab: Lab, name: str) -> None:
    """Waits until a cell's figures are final."""
    expect(lab.row(name)).not_to_have_class(re.compile("provisional|running"))
    assert energy_wh(lab.energy_text(name)) > 0


def pause(lab: Lab) -> None:
    lab.part("now").get_by_role("button", name="pause").click()
    lab.standing("Paused")


def set_place(lab: Lab, code: str) -> None:
    grid = lab.part("grid")
    grid.get_by_role("button", name="change").click()
    place = grid.get_by_label("Place, code, or intensity")
    place.fill(code)
    grid.get_by_role("button", name="Change", exact=True).click()
    expect(place).to_be_hidden()


def dismiss(lab: Lab) -> None:
    """Closes what JupyterLab itself says of a kernel that died."""
    dialog = lab.page.locator(".jp-Dialog")
    expect(dialog).to_be_visible()
    dialog.locator("button").last.click()
    expect(dialog).to_have_count(0)

"""Notebook 7: another application out of the same parts, without a status bar or a main area."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab, energy_wh
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

BLOCK = "block = 2\nimport time\ntime.sleep(block)"


def test_the_walk_in_notebook_7(lab: Lab, server: LabServer, gpu: Standin) -> None:
    cells = [BLOCK, *(f"number_{number} = 1" for number in range(1, 30))]
    lab.open(server.notebook("seven.ipynb", cells), "notebooks")
    lab.load()
    lab.wait_power(100, 200)
    gpu.load(0, 400.0)
    lab.start(0)
    lab.wait_power(400, 500)
    expect(lab.badge(0)).to_be_visible()
    lab.finish()
    expect(lab.badge(0)).to_contain_text("Wh")
    lab.run(29)
    lab.row("block").get_by_role("button").click()
    expect(lab.cell(0)).to_be_in_viewport()
    assert lab.active_cell == 0
    assert energy_wh(lab.energy_text("block")) > 0.1
    lab.reload()
    expect(lab.badge(0)).to_contain_text("Wh")
    lab.show_panel()
    lab.wait_live()
    expect(lab.row("block")).to_be_visible()

"""The walk of a person who watches the meter: load it, run cells, look, change, go on."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.lab import Lab, energy_wh
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

SLEEP = "blocks = 4\nimport time\ntime.sleep(blocks)"


def test_a_running_cell_is_watched_live(lab: Lab, server: LabServer, gpu: Standin) -> None:
    lab.open(server.notebook("live.ipynb", [SLEEP, "2 + 2  # short"]))
    lab.page.locator("[data-id='jupyter-carbon']").click()
    state = lab.standing("The meter is not loaded")
    state.get_by_role("button", name="Load the meter").click()
    lab.wait_live()
    lab.wait_power(100, 200)
    before_w = lab.now_w
    lab.start(0)
    row = lab.row("blocks")
    expect(row.locator(".jp-carbon-run")).to_have_text("[*]")
    gpu.load(0, 400.0)
    lab.wait_power(before_w + 300, before_w + 380)
    first_wh = energy_wh(lab.energy_text("blocks"))
    lab.page.wait_for_function(
        """before => {
          const text = document.querySelector(
            '#jupyter-carbon .jp-carbon-cells tbody .jp-carbon-value').textContent;
          return text.endsWith(' Wh') && parseFloat(text) > before;
        }""",
        arg=first_wh,
    )
    assert not lab.has_ended, "all that happened while the cell had the main thread"
    lab.finish()
    expect(row.locator(".jp-carbon-run")).to_have_text("[1]")
    assert energy_wh(lab.energy_text("blocks")) > first_wh
    gpu.load(0, 60.0)
    lab.wait_power(before_w - 10, before_w + 10)


def test_going_from_the_list_to_a_cell_and_back(lab: Lab, server: LabServer) -> None:
    lab.open(
        server.notebook("jump.ipynb", [f"{number}  # number {number}" for number in range(40)])
    )
    lab.load()
    for index in (0, 20, 39):
        lab.run(index)
    lab.row("number 20").get_by_role("button").click()
    expect(lab.cell(20)).to_be_in_viewport()
    assert lab.active_cell == 20
    lab.row("number 0").get_by_role("button").press("Enter")
    expect(lab.cell(0)).to_be_in_viewport()
    assert lab.active_cell == 0


def test_changing_the_place(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("region.ipynb", ["1"]))
    lab.load()
    grid = lab.part("grid")
    expect(grid).to_contain_text("World")
    before = grid.locator(".jp-carbon-intensity").inner_text()
    grid.get_by_role("button", name="change").click()
    place = grid.get_by_label("Place, code, or intensity")
    place.fill("Atlantis")
    place.press("Enter")
    expect(grid.get_by_role("alert")).to_contain_text("Atlantis")
    expect(grid.locator(".jp-carbon-place")).to_contain_text("World")
    place.fill("pol")
    place.press_sequentially("a")
    suggestions = grid.get_by_role("option")
    expect(suggestions.first).to_contain_text("Poland")
    suggestions.first.click()
    expect(place).to_have_value("PL")
    grid.get_by_label("PUE").fill("1.5")
    grid.get_by_role("button", name="Change", exact=True).click()
    expect(grid.locator(".jp-carbon-place")).to_contain_text("Poland")
    expect(grid).to_contain_text("PUE 1.5")
    assert grid.locator(".jp-carbon-intensity").inner_text() != before
    expect(grid.get_by_label("PUE")).to_be_hidden()


def test_a_budget_warns_and_is_used_up(lab: Lab, server: LabServer, gpu: Standin) -> None:
    lab.open(server.notebook("budget.ipynb", [SLEEP]))
    lab.load()
    budget = lab.part("budget")
    expect(budget).to_contain_text("No budget is set.")
    budget.get_by_role("button", name="set").click()
    limit = budget.get_by_label("Limit for the session")
    limit.fill("much")
    limit.press("Enter")
    expect(budget.get_by_role("alert")).to_contain_text("much")
    limit.fill("1 Wh")
    limit.press("Enter")
    expect(budget.get_by_role("meter")).to_have_attribute("aria-valuetext", re.compile("of 1.* Wh"))
    expect(lab.notifications()).to_have_count(0)
    gpu.load(0, 700.0)
    gpu.load(1, 700.0)
    lab.start(0)
    expect(lab.notifications().filter(has_text="% of the session's budget")).to_be_visible()
    expect(budget.locator(".jp-carbon-budgeted")).to_have_attribute("data-level", "over")
    expect(budget).to_contain_text("used up")
    expect(lab.notifications().filter(has_text="is used up")).to_be_visible()
    lab.finish()
    budget.get_by_role("button", name="remove").click()
    expect(budget).to_contain_text("No budget is set.")

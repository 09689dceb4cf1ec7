"""A notebook of 500 cells whose cells are in the page only while they are seen."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.server import LabServer

CELLS = 500
_TRACKER = "@jupyterlab/notebook-extension:tracker"


def test_badges_of_a_windowed_notebook_are_few(lab: Lab, server: LabServer) -> None:
    lab.page.goto(server.link("lab/workspaces/windowed"))
    lab.page.wait_for_function("() => window.jupyterapp?.restored")
    lab.page.evaluate(
        "([id, raw]) => window.jupyterapp.serviceManager.settings.save(id, raw)",
        [_TRACKER, json.dumps({"windowingMode": "full"})],
    )
    try:
        cells = [f"number_{number} = 1" for number in range(CELLS)]
        lab.open(server.notebook("many.ipynb", cells), workspace="windowed")
        lab.load()
        lab.command("notebook:run-all-cells")
        expect(lab.part("session")).to_be_visible()
        lab.page.wait_for_function(
            """count => window.jupyterapp.shell.currentWidget.content.widgets
              .filter(cell => cell.model.executionCount !== null).length === count""",
            arg=CELLS,
            timeout=60_000,
        )
        lab.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.scrollToItem(250, 'center')"
        )
        badges = lab.page.locator(".jp-carbon-badge")
        cell = lab.page.locator(".jp-CodeCell", has_text="number_250")
        expect(cell.locator(".jp-carbon-badge")).to_be_visible()
        seen = lab.page.locator(".jp-CodeCell")
        assert 0 < badges.count() <= seen.count()
        lab.part("cells").get_by_role("button", name="latest").click()
        lab.row("number_499").get_by_role("button").click()
        expect(lab.page.locator(".jp-CodeCell", has_text="number_499")).to_be_in_viewport()
        expect(
            lab.page.locator(".jp-CodeCell", has_text="number_499").locator(".jp-carbon-badge")
        ).to_be_visible()
        # None is left over from a cell that was taken out of the page, or is there twice.
        assert badges.count() <= seen.count() <= CELLS
        assert lab.page.locator(".jp-carbon-badge ~ .jp-carbon-badge").count() == 0
    finally:
        lab.page.evaluate(
            "id => window.jupyterapp.serviceManager.settings.save(id, '{}')", _TRACKER
        )

"""The timeline: a tab with the whole session as a chart, which is loaded when it is opened."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Response, expect

from tests.browser.lab import App, Lab
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

BLOCK = "block = 4\nimport time\ntime.sleep(block)"
INK = """
node => {
  const colours = new Set();
  // BokehJS draws within shadow roots, which a selector does not enter.
  const below = root => [...root.querySelectorAll('*')].flatMap(
    each => [each, ...(each.shadowRoot ? below(each.shadowRoot) : [])]);
  for (const canvas of below(node).filter(each => each instanceof HTMLCanvasElement)) {
    if (canvas.width === 0 || canvas.height === 0) continue;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] > 0) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    }
  }
  return colours.size;
}
"""
"""How many colours are on what is drawn."""


@pytest.mark.parametrize("app", ["lab", "notebooks"])
def test_the_timeline_opens_and_draws(lab: Lab, server: LabServer, gpu: Standin, app: App) -> None:
    sizes: dict[str, int] = {}

    def note(response: Response) -> None:
        if "/extensions/jupyter-carbon/" in response.url:
            sizes[response.url] = int(response.headers.get("content-length", 0))

    lab.page.on("response", note)
    lab.open(server.notebook(f"timeline-{app}.ipynb", [BLOCK]), app)
    lab.load()
    assert max(sizes.values()) < 200_000, "BokehJS is loaded only with the timeline"
    gpu.load(0, 400.0)
    lab.start(0)
    lab.part("power").get_by_role("button", name="Open the timeline").click()
    timeline = lab.page.locator(".jp-carbon-timeline")
    expect(timeline).to_be_visible()
    expect(timeline.locator("canvas").first).to_be_visible()
    assert max(sizes.values()) > 200_000
    expect(timeline).to_contain_text("NVIDIA H100")
    expect(timeline).to_contain_text(re.compile(r"[1-9][\d.]* s · .*Wh"))
    lab.finish()
    lab.page.wait_for_function(f"() => ({INK})(document.querySelector('.jp-carbon-timeline')) > 5")
    timeline.locator("summary").click()
    expect(timeline.locator("tbody tr")).to_have_count(1)
    expect(timeline.locator("tbody")).to_contain_text("block = 4")
    timeline.get_by_role("button", name="2 min").click()
    expect(timeline.get_by_role("button", name="2 min")).to_have_attribute("aria-pressed", "true")


def test_the_timeline_is_there_again_after_a_reload(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("restored.ipynb", ["cell = 1"]), workspace="restored")
    lab.load()
    lab.run(0)
    lab.command("jupyter-carbon:timeline")
    timeline = lab.page.locator(".jp-carbon-timeline")
    expect(timeline.locator("canvas").first).to_be_visible()
    server.wait_for(lambda: any(map(_has_timeline, (server.folder / "workspaces").glob("*"))))
    lab.reload()
    expect(timeline.locator("canvas").first).to_be_visible()
    expect(lab.panel).to_be_visible()
    lab.wait_live()


def _has_timeline(workspace: Path) -> bool:
    """True when the layout that was saved has the timeline's tab; its state is saved before."""
    data = json.loads(workspace.read_text(encoding="utf-8"))["data"]
    dock = data.get("layout-restorer:data", {}).get("main", {}).get("dock")
    return "jupyter-carbon-timeline" in json.dumps(dock)

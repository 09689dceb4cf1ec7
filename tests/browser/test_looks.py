"""How it looks and how it is reached: themes, widths, the keyboard, hostile strings."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tests.standin.nvml import Standin

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
_ENOUGH = 4.5
"""The contrast of text that WCAG asks for (level AA)."""
_TALL = 3.0
"""The same of large text, and of what is not active."""
CONTRASTS = """
root => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = css => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map(k => top[k] * top[3] + under[k] * (1 - top[3]));
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const paper = node => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      layers.unshift(rgba(getComputedStyle(at).backgroundColor));
    }
    return layers.reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const found = [];
  for (const node of root.querySelectorAll('*')) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    if (!own || box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
    let opacity = 1;
    for (let at = node; at && at !== root; at = at.parentElement) {
      opacity *= Number(getComputedStyle(at).opacity);
    }
    const under = paper(node);
    const ink = rgba(style.color);
    const [one, other] = [light(over([...ink.slice(0, 3), ink[3] * opacity], under)), light(under)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push({
      ratio,
      large: parseFloat(style.fontSize) >= 24,
      text: node.textContent.trim().slice(0, 40),
      name: node.className
    });
  }
  return found;
}
"""
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_in_each_theme(lab: Lab, server: LabServer, theme: str) -> None:
    lab.open(server.notebook("theme.ipynb", ["cell = 1", "raise ValueError"]))
    lab.load()
    lab.run(0)
    lab.run(1)
    lab.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
    )
    lab.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    lab.part("budget").get_by_role("button", name="set").click()
    lab.part("grid").get_by_role("button", name="change").click()
    expect(lab.badge(0)).to_be_visible()
    for place in (lab.panel, lab.badge(0), lab.badge(1)):
        found = place.evaluate(CONTRASTS)
        assert found
        pale = [each for each in found if each["ratio"] < (_TALL if each["large"] else _ENOUGH)]
        assert pale == []


@pytest.mark.parametrize("width", [240, 320])
def test_the_panel_fits_where_it_is_narrow(lab: Lab, server: LabServer, width: int) -> None:
    lab.open(server.notebook("narrow.ipynb", ["a_name_that_is_rather_long_for_a_cell = 1"]))
    lab.load()
    lab.run(0)
    lab.part("budget").get_by_role("button", name="set").click()
    lab.part("grid").get_by_role("button", name="change").click()
    lab.page.evaluate(
        """width => {
          const node = document.querySelector('#jupyter-carbon');
          node.style.width = node.style.maxWidth = node.style.minWidth = `${width}px`;
          window.dispatchEvent(new Event('resize'));
        }""",
        width,
    )
    sticking_out = lab.panel.evaluate(
        """root => {
          const edge = root.getBoundingClientRect().right + 0.5;
          return [...root.querySelectorAll('*')]
            .filter(node => node.checkVisibility() && node.getBoundingClientRect().width > 1)
            .filter(node => node.getBoundingClientRect().right > edge)
            .filter(node => !node.closest('.jp-carbon-hidden, .jp-carbon-probe'))
            .map(node => `${node.tagName} ${node.className} ${node.textContent.slice(0, 30)}`);
        }"""
    )
    assert sticking_out == []


def test_everything_is_reached_by_the_keyboard(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("keys.ipynb", ["cell = 1"]))
    lab.load()
    lab.run(0)
    expect(lab.row("cell = 1")).to_be_visible()
    wanted = {
        button.evaluate("node => node.getAttribute('aria-label') || node.textContent.trim()")
        for button in lab.panel.locator("button:visible:enabled").all()
    }
    assert {"pause", "set", "change"} <= wanted
    lab.part("now").get_by_role("button", name="pause").focus()
    reached = set()
    for _ in range(3 * len(wanted)):
        reached.add(
            lab.page.evaluate(
                "() => document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.textContent.trim()"
            )
        )
        lab.page.keyboard.press("Tab")
    assert wanted <= reached
    unnamed = lab.panel.evaluate(
        """root => [...root.querySelectorAll('button, input, [role=img], [role=meter]')]
          .filter(node => node.checkVisibility())
          .filter(node => !(node.getAttribute('aria-label') || node.textContent.trim()
            || node.labels?.length || node.getAttribute('aria-labelledby')))
          .map(node => node.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []


def test_hostile_strings_stay_text(lab: Lab, server: LabServer, gpu: Standin) -> None:
    name = f"{HOSTILE}.ipynb"
    before = bytes(gpu.devices[0].name)
    gpu.devices[0].name = f"GPU {HOSTILE}".encode()
    try:
        cells = [
            f"'{HOSTILE}'",
            f"%%carbon --label '{HOSTILE}'\n1",
            f"raise ValueError('{HOSTILE}')",
        ]
        lab.open(server.notebook(name, cells))
        lab.load()
        for index in range(3):
            lab.run(index)
        expect(lab.part("cells").locator("tbody tr")).to_have_count(3)
        expect(lab.part("cells")).to_contain_text(HOSTILE)
        expect(lab.part("session")).to_contain_text(HOSTILE)
        expect(lab.part("now")).to_contain_text(f"GPU {HOSTILE}")
        grid = lab.part("grid")
        grid.get_by_role("button", name="change").click()
        grid.get_by_label("Place, code, or intensity").fill(HOSTILE)
        grid.get_by_role("button", name="Change", exact=True).click()
        expect(grid.get_by_role("alert")).to_contain_text("<img")
        expect(lab.badge(0)).to_be_visible()
        expect(lab.page.locator(".jp-carbon img, #jupyter-carbon img")).to_have_count(0)
        expect(lab.page.locator("img[onerror]")).to_have_count(0)
    finally:
        gpu.devices[0].name = before


def test_the_settings_editor_hides_badges_and_status_bar(lab: Lab, server: LabServer) -> None:
    lab.open(server.notebook("settings.ipynb", ["cell = 1"]))
    lab.load()
    lab.run(0)
    expect(lab.badge(0)).to_be_visible()
    item = lab.page.locator(".jp-carbon-statusbar")
    expect(item).to_have_text(re.compile(r"W.*Wh"))
    lab.command("application:toggle-right-area")
    expect(lab.panel).to_be_hidden()
    item.click()
    expect(lab.panel).to_be_visible()
    for wanted in (False, True):
        lab.command("settingeditor:open", query="Energy and carbon meter")
        editor = lab.page.locator(".jp-SettingsPanel")
        for label in ("Show badges under cells", "Show the status bar item"):
            box = editor.get_by_role("checkbox", name=label)
            box.set_checked(wanted)
        lab.command("docmanager:open", path="settings.ipynb")
        expect(lab.badge(0)).to_have_count(1 if wanted else 0)
        expect(item).to_be_visible(visible=wanted)

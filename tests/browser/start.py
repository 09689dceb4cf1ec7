"""What a page loads of the extension before anybody asks for anything."""

from __future__ import annotations

import gzip
import re

from playwright.sync_api import Browser, Response

from tests.browser.lab import Lab
from tests.browser.server import LabServer

MOST_KB = 60.0
"""At most so much, gzipped, with the panel open."""
_EXTENSION = "jupyter-carbon"


def loaded_at_start(chrome: Browser, server: LabServer) -> dict[str, float]:
    """The files of the extension that a page with its panel open loads, in kB gzipped."""
    notebook = server.notebook("start.ipynb", ["%load_ext jupyter_carbon"])
    context = chrome.new_context()
    lab = Lab(context, server)
    lab.open(notebook, workspace="start")
    lab.run(0)
    lab.show_panel()
    lab.wait_live()
    server.wait_for(
        lambda: any(
            re.search(rf'"current": ?"{_EXTENSION}"', path.read_text(encoding="utf-8"))
            for path in (server.folder / "workspaces").glob("*")
        )
    )
    context.close()
    # Another browser, whose cache is empty, finds the panel where it was.
    context = chrome.new_context()
    lab = Lab(context, server)
    loaded: dict[str, Response] = {}

    def note(response: Response) -> None:
        found = re.search(rf"/extensions/{_EXTENSION}/([^?]*\.(js|css))", response.url)
        if found:
            loaded[found[1]] = response

    lab.page.on("response", note)
    lab.open(notebook, workspace="start")
    lab.wait_live()
    sizes = {name: len(gzip.compress(each.body(), 9)) / 1000 for name, each in loaded.items()}
    context.close()
    server.shut_kernels()
    return sizes

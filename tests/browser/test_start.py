"""How little a page loads before it is asked for more; sizes of built files do not vary."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.server import LabServer
from tests.browser.start import MOST_KB, loaded_at_start


def test_what_the_sidebar_loads_at_start_is_little(chrome: Browser, server: LabServer) -> None:
    sizes_kb = loaded_at_start(chrome, server)
    assert any("remoteEntry" in name for name in sizes_kb), sizes_kb
    # uPlot alone is more than this: the panel, which is open, has been loaded, too.
    assert sum(sizes_kb.values()) > 30.0, sizes_kb
    assert sum(sizes_kb.values()) <= MOST_KB, sizes_kb

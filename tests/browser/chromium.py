"""A Chromium that is installed already: no test downloads one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from scripts.chromium import MISSING, find

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that is not in front is to be measured and watched as one that is.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


def is_required() -> bool:
    """Whether a missing browser is a failure: it is where nobody would notice a skip."""
    return os.environ.get("CI", "").lower() in ("true", "1")


@contextmanager
def browser(*flags: str) -> Iterator[Browser]:
    """A browser without a window, for the block.

    While it lasts, this thread is inside an event loop: nothing else may run one.
    """
    path = find()
    if path is None:
        raise RuntimeError(MISSING)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *flags])
        try:
            yield started
        finally:
            started.close()

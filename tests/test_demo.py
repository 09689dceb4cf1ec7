"""`scripts/demo.py` with a browser: what JupyterLab finds there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scripts import demo


def test_jupyterlab_begins_with_the_panel_and_the_meter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    demo.prepare_lab(tmp_path)
    settings = Path(os.environ["JUPYTERLAB_SETTINGS_DIR"])
    ours = settings / "jupyter-carbon" / "plugin.jupyterlab-settings"
    assert json.loads(ours.read_text(encoding="utf-8")) == {"alwaysLoad": True}
    (workspace,) = Path(os.environ["JUPYTERLAB_WORKSPACES_DIR"]).iterdir()
    layout = json.loads(workspace.read_text(encoding="utf-8"))["data"]["layout-restorer:data"]
    assert layout["right"]["current"] == "jupyter-carbon"
    # What the user has changed there stays as it is.
    ours.write_text("{}", encoding="utf-8")
    demo.prepare_lab(tmp_path)
    assert ours.read_text(encoding="utf-8") == "{}"


def test_the_settings_that_are_given_are_in_the_schema() -> None:
    schema = json.loads(
        (demo.ROOT / "labextension" / "schema" / "plugin.json").read_text(encoding="utf-8")
    )
    assert set(demo._SETTINGS["jupyter-carbon/plugin"]) <= set(schema["properties"])

"""A ledger, and the command line on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jupyter_carbon import cli
from jupyter_carbon.ledger.place import default_path


class Said(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own ledger, where it lies without any setting."""
    monkeypatch.delenv("JUPYTER_CARBON_LEDGER")
    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "data"))
    path = default_path()
    assert tmp_path in path.parents
    return path


@pytest.fixture
def carbon(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `jupyter carbon` with some words."""

    def run(*words: str | Path) -> Said:
        capsys.readouterr()
        code = cli.main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return run

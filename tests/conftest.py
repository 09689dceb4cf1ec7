"""What every test relies on: no setting from outside, and no meter that outlives its test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

_THREADS = ("jupyter_carbon", "jupyter_carbon_ledger")
_STOP_WAIT_S = 2.0


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kernels of this environment, without the user's profiles, kernels and settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("JUPYTER_")]:
            patch.delenv(name)
        home = tmp_path_factory.mktemp("jupyter")
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        patch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
        patch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        patch.setenv("JUPYTER_PATH", str(Path(sys.prefix) / "share" / "jupyter"))
        patch.setenv("JUPYTER_CARBON_LEDGER", "off")
        yield


@pytest.fixture(autouse=True)
def _no_meter_outlives_its_test() -> Iterator[None]:
    before = _meters()
    yield
    left = _meters() - before
    for thread in left:
        thread.join(_STOP_WAIT_S)
    assert not any(thread.is_alive() for thread in left), "a meter was started and not stopped"


def _meters() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name in _THREADS}

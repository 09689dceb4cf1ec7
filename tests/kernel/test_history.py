"""`%carbon history` in real kernels, on the ledger that they write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kernel.real_kernel import Ran, RealKernel, real_kernel
from tests.ledger.made import write
from tests.ledger.past import past
from tests.standin.nvml import Standin

T = 1.76e9
_PATIENCE_S = 20.0


@contextmanager
def _metered(gpu: Standin, folder: Path, ledger: str) -> Iterator[RealKernel]:
    environment = gpu.environment() | {"JUPYTER_CARBON_LEDGER": ledger}
    with real_kernel(environment, folder) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        yield kernel


def _until(kernel: RealKernel, command: str, holds: Callable[[Ran], bool]) -> Ran:
    """Asks until the ledger has it: it is a second behind."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        ran = kernel.ok(command)
        if holds(ran) or time.monotonic() > deadline_s:
            return ran
        time.sleep(0.3)


def _html(ran: Ran) -> str:
    return "".join(content["data"].get("text/html", "") for content in ran.contents("display_data"))


def test_what_ran_before_and_what_runs_now(gpu: Standin, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    write(ledger, past(T, T + 3600.0, {"gpu:x": 1000.0}, notebook="old.ipynb"))
    with _metered(gpu, tmp_path, str(ledger)) as kernel:
        kernel.ok('%%carbon --quiet --label "<b>train</b>"\nimport time; time.sleep(0.5)')
        ran = _until(kernel, "%carbon history", lambda ran: "train" in ran.said)
        assert "old.ipynb" in ran.said
        assert "2 sessions" in ran.said
        assert "running" in ran.said
        assert "1.00 kWh" in ran.said
        html = _html(ran)
        assert "&lt;b&gt;train&lt;/b&gt;" in html
        assert "<b>train" not in html
        assert "<table" in html
        said = kernel.ok("%carbon history --by notebook --until 2025-12").said
        assert "By notebook" in said
        assert "1.00 kWh" in said
        assert "(not known)" not in said
        ran = kernel.ok("%carbon history --since soon")
        assert "'soon' is no date" in ran.err
        assert not ran.said


def test_a_ledger_in_memory_has_this_session(gpu: Standin, tmp_path: Path) -> None:
    with _metered(gpu, tmp_path, ":memory:") as kernel:
        ran = _until(kernel, "%carbon history --by host", lambda ran: "1 session" in ran.said)
        assert "1 session" in ran.said
        assert not list(tmp_path.glob("*sqlite*"))


@pytest.mark.usefixtures("kernel")
def test_where_the_ledger_is_off_it_is_said(kernel: RealKernel) -> None:
    ran = kernel.ok("%carbon history")
    assert "The ledger is off" in ran.err
    assert "`ledger`" in ran.err
    assert not ran.said

"""The stick on a real GPU where there is one, and its own logic over the stand-in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.gpu.boards import first_board
from tests.gpu.stick import run, table
from tests.standin.nvml import Standin

REPORT = "JUPYTER_CARBON_GPU_REPORT"
"""Names the file for what was found, such as docs/gpu/h100.json."""


@pytest.mark.accuracy
def test_a_real_board(capsys: pytest.CaptureFixture[str]) -> None:
    uuid, reason = first_board()
    if uuid is None:
        pytest.skip(reason)

    found = run(uuid)

    with capsys.disabled():
        print(f"\n{table(found)}")
    if os.environ.get(REPORT):
        path = Path(os.environ[REPORT])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n")
    for row in found["cells"]:
        if row["duration_s"] >= 1.0:
            assert abs(row["sum_off_percent"]) <= 2.0, row


@pytest.mark.accuracy
def test_the_stick_itself_over_the_standin(tmp_path: Path) -> None:
    gpu = Standin.create(tmp_path / "state", devices=1)
    gpu.devices[0].power.noise_w = 0.3
    uuid = gpu.devices[0].uuid.decode()

    found = run(uuid, {0.05: 6, 0.3: 4, 2.5: 1}, gpu.environment())

    sensors = found["sensors"]
    rows = {row["cell"]: row for row in found["cells"]}
    assert found["load"] == "stand-in"
    assert sensors["counter_step_s"]["median"] == pytest.approx(0.1, rel=0.02)
    assert sensors["usage_window_s"] == pytest.approx(1.0, rel=0.15)
    assert sensors["instant_window_s"] == pytest.approx(0.0, abs=0.05)
    assert sensors["calls_ms"]["counter_mj"]["median"] < 1.0
    assert [row["count"] for row in found["cells"]] == [6, 6, 4, 4, 1, 1]
    # A queued cell is as long as one that is waited for: the meter waits for its end.
    assert rows["0.3 s queued"]["duration_s"] == pytest.approx(0.3, rel=0.1)
    for name in ("2.5 s waited for", "2.5 s queued"):
        assert abs(rows[name]["sum_off_percent"]) < 1.0
    for name in ("0.3 s waited for", "0.3 s queued"):
        assert abs(rows[name]["sum_off_percent"]) < 4.0
    assert table(found).count("queued") == 3

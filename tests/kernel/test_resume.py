"""A session that goes on over the restart of its kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.standin.nvml import Standin

WORK = "import time; time.sleep(0.3)"


@pytest.fixture
def environment(gpu: Standin, tmp_path: Path) -> dict[str, str]:
    return {
        **gpu.environment(),
        "JUPYTER_CARBON_LEDGER": str(tmp_path / "ledger.sqlite3"),
        "JPY_SESSION_NAME": "/work/train.ipynb",
    }


@contextmanager
def metered(environment: Mapping[str, str], folder: Path) -> Iterator[RealKernel]:
    with real_kernel(environment, folder) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        yield kernel


def energies(cells: list[dict[str, Any]]) -> list[float]:
    return [cell["energy_j"]["value"] or 0.0 for cell in cells]


def adds_up(document: dict[str, Any]) -> None:
    session = document["session"]
    whole_j = session["energy_j"]["value"]
    parts_j = sum(energies(document["cells"])) + session["between_cells_j"]["value"]
    assert parts_j == pytest.approx(whole_j, rel=1e-3)
    by_source_j = sum(source["energy_j"]["value"] for source in document["sources"])
    assert by_source_j == pytest.approx(whole_j, rel=1e-3)
    for source in document["sources"]:
        inside_j = sum(
            cell["sources"].get(source["id"], {}).get("value") or 0.0 for cell in document["cells"]
        )
        assert inside_j + source["between_cells_j"]["value"] == pytest.approx(
            source["energy_j"]["value"], rel=2e-3, abs=0.01
        )


def test_a_session_goes_on_over_a_restart_and_adds_up(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with metered(environment, tmp_path) as kernel:
        kernel.ok(f"%%carbon --label first\n{WORK}")
        before = kernel.export(tmp_path / "before.json")
        kernel.manager.shutdown_kernel(now=False)
    with metered(environment, tmp_path) as kernel:
        kernel.ok(f"%%carbon --label second\n{WORK}")
        alone = kernel.export(tmp_path / "alone.json")
        ran = kernel.ok("%carbon resume-session")
        assert ran.said.startswith("The session goes on with the earlier one: "), ran.err
        again = kernel.run("%carbon resume-session")
        assert "goes on with an earlier one already" in again.err
        after = kernel.export(tmp_path / "after.json")
        status = kernel.ok("%carbon").said

    assert alone["session"]["id"] != before["session"]["id"]
    session = after["session"]
    assert session["id"] == before["session"]["id"]
    assert session["started"] == before["session"]["started"]
    assert [cell["label"] for cell in after["cells"] if cell["label"]] == ["first", "second"]
    least_j = sum(each["session"]["energy_j"]["value"] for each in (before, alone))
    assert session["energy_j"]["value"] > least_j
    least_s = before["session"]["duration_s"] + alone["session"]["duration_s"]
    assert session["duration_s"] > least_s
    restarts = [gap for gap in session["gaps"] if "restarted" in gap["reason"]]
    assert len(restarts) == 1
    assert restarts[0]["from"] < restarts[0]["to"]
    assert any("restarted" in note for note in after["notes"])
    assert "restarted" in status
    adds_up(after)


def test_a_session_that_was_killed_is_gone_on_with_and_so_is_what_went_on_with_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    ids = set()
    for turn in range(3):
        with metered(environment, tmp_path) as kernel:
            if turn:
                kernel.ok("%carbon resume-session")
            kernel.ok(f"%%carbon --label {turn}\n{WORK}")
            time.sleep(2.0)
            document = kernel.export(tmp_path / f"{turn}.json")
            kernel.manager.shutdown_kernel(now=True)
        ids.add(document["session"]["id"])
        restarts = [gap for gap in document["session"]["gaps"] if "restarted" in gap["reason"]]
        assert len(restarts) == turn
        labels = [cell["label"] for cell in document["cells"] if cell["label"]]
        assert labels == [str(each) for each in range(turn + 1)]
        adds_up(document)
    assert len(ids) == 1


def test_the_setting_resumes_and_without_it_the_earlier_session_is_offered(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with metered(environment, tmp_path) as kernel:
        kernel.ok(WORK)
        kernel.manager.shutdown_kernel(now=False)
    wait = "import time; from jupyter_carbon import get_meter\nmeter = get_meter()"
    offered = (
        f"{wait}\nend = time.monotonic() + 20\n"
        "while not meter.resumable and time.monotonic() < end: time.sleep(0.05)"
    )
    with metered(environment, tmp_path) as kernel:
        kernel.ok(offered)
        text = kernel.ask("meter.resumable")
        kernel.manager.shutdown_kernel(now=False)
    assert "until" in text
    assert " in " in text
    resumed = offered.replace("not meter.resumable", "earlier() is None")
    resumed = resumed.replace(
        "\nend", "\ndef earlier():\n    with meter.look() as a: return a.session.earlier\nend"
    )
    with metered(environment | {"JUPYTER_CARBON_RESUME_SESSION": "1"}, tmp_path) as kernel:
        kernel.ok(resumed)
        document = kernel.export(tmp_path / "resumed.json")
    # The newest earlier session is the second kernel's, which ran on its own.
    assert len([gap for gap in document["session"]["gaps"] if "restarted" in gap["reason"]]) == 1
    adds_up(document)


def test_what_cannot_be_resumed_is_refused_in_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with metered(environment, tmp_path) as kernel:
        kernel.ok("import time; time.sleep(2)")
        for words, reason in (
            ("", "no earlier session of this notebook"),
            (" deadbeef", "no session whose id begins with"),
            (" --all", "no option"),
        ):
            ran = kernel.run(f"%carbon resume-session{words}")
            assert reason in ran.err, (words, ran.err, ran.said)
        with metered(environment, tmp_path) as other:
            other.ok(WORK)
            kernel.ok("import time; time.sleep(1.5)")
            ran = other.run("%carbon resume-session")
            assert "still runs, in another kernel" in ran.err
    off = environment | {"JUPYTER_CARBON_LEDGER": "off"}
    with metered(off, tmp_path) as kernel:
        assert "ledger is off" in kernel.run("%carbon resume-session").err
        document = kernel.export(tmp_path / "off.json")
    assert json.dumps(document).count("restarted") == 0

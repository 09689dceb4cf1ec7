"""The example notebook, run as `make demo HEADLESS=1` runs it: in a real kernel, no browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "examples" / "first-meter.ipynb"
TOLERANCE = 0.001


class Demonstration(NamedTuple):
    printed: str
    notebook: dict[str, Any]
    summary: dict[str, Any]

    @property
    def code(self) -> list[dict[str, Any]]:
        return [cell for cell in self.notebook["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """One run on a machine whose user has another kernel by the same name, and other habits."""
    folder, data = tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("data")
    other = data / "kernels" / "python3"
    other.mkdir(parents=True)
    spec = {"argv": ["no-such-python", "{connection_file}"], "display_name": "", "language": "x"}
    (other / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    startup = data / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "habit.py").write_text("raise SystemExit(1)", encoding="utf-8")
    environment = os.environ | {
        "JUPYTER_DATA_DIR": str(data),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "JUPYTER_PATH": str(data),
        "IPYTHONDIR": str(data / "ipython"),
    }
    run = subprocess.run(
        [sys.executable, "scripts/demo.py", "--headless", "--folder", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    left = folder / "headless"
    return Demonstration(
        run.stdout,
        json.loads((left / "first-meter.ipynb").read_text(encoding="utf-8")),
        json.loads((left / "first-meter.json").read_text(encoding="utf-8")),
    )


def test_the_notebook_is_kept_without_outputs_or_traces_of_a_machine() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_every_cell_ran(demonstration: Demonstration) -> None:
    numbers = [cell["execution_count"] for cell in demonstration.code]
    assert numbers == list(range(1, len(numbers) + 1))
    outputs = [output for cell in demonstration.code for output in cell["outputs"]]
    assert [each for each in outputs if each["output_type"] == "error"] == []
    assert [each for each in outputs if each.get("name") == "stderr"] == []


def test_every_cell_until_the_export_is_in_the_summary(demonstration: Demonstration) -> None:
    sources = ["".join(cell["source"]) for cell in demonstration.code]
    export = next(n for n, source in enumerate(sources, start=1) if "%carbon export" in source)
    cells = demonstration.summary["cells"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, export + 1))
    assert [cell["status"] for cell in cells] == ["ok"] * (export - 1) + ["running"]
    labels = [label["label"] for label in demonstration.summary["labels"]]
    assert labels == ["train", "10 epochs", "100 epochs", "1000 epochs"]


def test_the_energy_of_a_real_machine_was_metered(demonstration: Demonstration) -> None:
    session = demonstration.summary["session"]
    assert session["energy_j"]["value"] > 0
    assert session["energy_j"]["low"] < session["energy_j"]["value"] < session["energy_j"]["high"]
    cells = {cell["execution_count"]: cell for cell in demonstration.summary["cells"]}
    for number in (2, 3, 5):  # one waits 2 s, two compute
        assert cells[number]["energy_j"]["value"] > 0
        assert cells[number]["duration_s"] > 0.3


@pytest.mark.parametrize(
    ("key", "between"), [("energy_j", "between_cells_j"), ("co2e_g", "between_cells_co2e_g")]
)
def test_cells_and_what_lies_between_add_up(
    demonstration: Demonstration, key: str, between: str
) -> None:
    session = demonstration.summary["session"]
    parts = [cell[key]["value"] or 0.0 for cell in demonstration.summary["cells"]]
    whole = session[key]["value"]
    assert sum(parts) + session[between]["value"] == pytest.approx(whole, rel=TOLERANCE)


def test_they_add_up_for_each_source(demonstration: Demonstration) -> None:
    assert demonstration.summary["sources"]
    for source in demonstration.summary["sources"]:
        parts = [
            cell["sources"].get(source["id"], {}).get("value") or 0.0
            for cell in demonstration.summary["cells"]
        ]
        whole = source["energy_j"]["value"]
        between = source["between_cells_j"]["value"]
        assert sum(parts) + between == pytest.approx(whole, rel=TOLERANCE), source["id"]


def test_the_place_changes_only_what_follows(demonstration: Demonstration) -> None:
    first, second = demonstration.summary["grid"]
    assert first["assumed"]
    assert not second["assumed"]
    assert (first["place"], second["place"]) == ("World", "Germany")
    for label in demonstration.summary["labels"]:
        grid = first if label["label"] == "train" else second
        g_per_j = grid["intensity_g_per_kwh"] / 3.6e6
        value = label["co2e_g"]["value"]
        assert value == pytest.approx(label["energy_j"]["value"] * g_per_j, rel=TOLERANCE)


def test_the_printed_summary_names_cells_session_and_provenance(
    demonstration: Demonstration,
) -> None:
    printed = demonstration.printed
    session = next(line for line in printed.splitlines() if line.startswith("Session"))
    assert re.search(r"Wh.* · .*g CO2e", session)
    assert demonstration.summary["session"]["energy_j"]["provenance"] in session
    (train,) = (line for line in printed.splitlines() if line.startswith("[5]"))
    assert re.match(r"\[5\] +train +\S.*Wh.* \w?g ", train)
    for source in demonstration.summary["sources"]:
        assert f"{source['name']} ·" in printed


def test_the_line_under_a_cell_is_shown_once(demonstration: Demonstration) -> None:
    (train,) = (cell for cell in demonstration.code if cell["id"] == "train")
    shown = [output for output in train["outputs"] if output["output_type"] == "display_data"]
    assert len(shown) == 1
    text = "".join(shown[0]["data"]["text/plain"])
    assert re.match(r"train · .*Wh.* · .*g CO2e.* · ", text)

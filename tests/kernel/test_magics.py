"""`%carbon` and its commands, in a real kernel."""

from __future__ import annotations

import csv
import json
import math
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.real_kernel import RealKernel, real_kernel
from tests.kernel.sums import assert_adds_up
from tests.standin.nvml import Standin

J_PER_KWH = 3.6e6


def _refused(kernel: RealKernel, command: str) -> str:
    """The sentence with which a command is refused; the cell goes on."""
    ran = kernel.ok(f"%carbon {command}\n'went on'")
    assert ran.value == "'went on'"
    assert not ran.said
    assert ran.err.count("\n") == 1, ran.err
    assert ran.err.strip().endswith(".")
    return ran.err


def _gap_s(gap: dict[str, Any]) -> float:
    begin, end = (datetime.fromisoformat(gap[key]) for key in ("from", "to"))
    return (end - begin).total_seconds()


def test_status_and_cells_tell_what_was_metered(kernel: RealKernel) -> None:
    kernel.ok("%%carbon --quiet --label train\nimport time; time.sleep(0.2)")
    for command in ("%carbon", "%carbon status"):
        said = kernel.ok(command).said
        for word in ("Session", "in cells", "between", "Sources", "NVIDIA H100", "world average"):
            assert word in said
    said = kernel.ok("%carbon cells").said
    assert "train" in said
    assert "running" in said
    assert "NVIDIA" in kernel.ok("%carbon doctor").said


def test_commands_that_are_not_known_change_nothing(kernel: RealKernel, tmp_path: Path) -> None:
    assert "'statsu'" in _refused(kernel, "statsu")
    assert "'now'" in _refused(kernel, "pause now")
    document = kernel.export(tmp_path / "all.json")
    assert not document["session"]["gaps"]


def test_paused_time_belongs_to_no_sum_and_is_named(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok("import time; time.sleep(0.3)")
    assert "paused" in kernel.ok("%carbon pause").said
    assert "already" in kernel.ok("%carbon pause").said
    within = kernel.ok("time.sleep(0.5)")
    now = kernel.export(tmp_path / "paused.json")
    assert now["session"]["gaps"][0]["to"] is None
    assert "counts again" in kernel.ok("%carbon resume").said
    assert "was not paused" in kernel.ok("%carbon resume").said
    half = kernel.ok("time.sleep(0.2)\n%carbon pause\ntime.sleep(0.3)\n%carbon resume")
    after = kernel.ok("time.sleep(0.3)")

    document = kernel.export(tmp_path / "all.json")
    assert_adds_up(document)
    cells = {cell["execution_count"]: cell for cell in document["cells"]}
    assert cells[within.number]["energy_j"] == {
        "value": None,
        "low": None,
        "high": None,
        "provenance": "missing",
    }
    assert cells[within.number]["duration_s"] >= 0.5
    gaps = document["session"]["gaps"]
    assert [gap["reason"] for gap in gaps] == ["The meter was paused; nothing was counted."] * 2
    assert _gap_s(gaps[1]) >= 0.29
    # 60 W of the board for the time that counted, not for the time that passed.
    (board,) = [source["id"] for source in document["sources"] if source["kind"] == "gpu"]
    counted_s = cells[half.number]["duration_s"] - _gap_s(gaps[1])
    counted_j = cells[half.number]["sources"][board]["value"]
    assert counted_j == pytest.approx(60 * counted_s, rel=0.2)
    after_j = cells[after.number]["sources"][board]["value"]
    assert after_j == pytest.approx(60 * cells[after.number]["duration_s"], rel=0.15)
    # The session is what was counted, not what passed.
    session_j = next(s["energy_j"]["value"] for s in document["sources"] if s["id"] == board)
    passed_j = 60 * document["session"]["duration_s"]
    assert session_j == pytest.approx(passed_j - 60 * sum(map(_gap_s, gaps)), rel=0.1)


def test_reset_begins_a_session_and_divides_what_runs(kernel: RealKernel, tmp_path: Path) -> None:
    first = kernel.export(tmp_path / "first.json")
    kernel.ok("%carbon region DE")
    ran = kernel.ok(
        "%%carbon --label both\nimport time; time.sleep(0.3)\n%carbon reset\ntime.sleep(0.3)"
    )
    assert "A new session has begun. The one that ended: " in ran.said
    # Under the cell stands what the whole of it cost.
    assert re.search(r"both · .* · ([6-9]\d\d ms|[\d.]+ s) · ", ran.shown[-1])
    document = kernel.export(tmp_path / "second.json")
    assert_adds_up(document)
    assert document["session"]["id"] != first["session"]["id"]
    rest = document["cells"][0]
    assert rest["execution_count"] == ran.number
    assert rest["duration_s"] >= 0.3
    assert rest["started"] == document["session"]["started"]
    assert [label["label"] for label in document["labels"]] == ["both"]
    assert len(document["cells"]) == 2
    # The place stays in force.
    assert [grid["place"] for grid in document["grid"]] == ["Germany"]


def test_a_measurement_around_a_reset_is_told_whole(kernel: RealKernel) -> None:
    kernel.ok(
        "import time\n"
        "from jupyter_carbon import measure, get_meter\n"
        "with measure('whole') as whole:\n"
        "    time.sleep(0.3)\n"
        "    get_meter().reset()\n"
        "    time.sleep(0.3)\n"
        "figure = whole.figure"
    )
    duration_s, energy_j, final = kernel.ask(
        "[figure.duration_s, figure.by_source_j[next(iter(figure.by_source_j))].value,"
        " figure.is_final]"
    )
    assert duration_s >= 0.6
    assert energy_j == pytest.approx(60 * duration_s, rel=0.1)
    assert final


def test_a_place_applies_from_now_on_or_to_all(kernel: RealKernel, tmp_path: Path) -> None:
    before = kernel.ok("import time; time.sleep(0.3)")
    said = kernel.ok("%carbon region Germany").said
    assert "Germany" in said
    assert "what follows" in said
    after = kernel.ok("time.sleep(0.3)")
    document = kernel.export(tmp_path / "part.json")
    assert_adds_up(document)
    world, germany = (grid["intensity_g_per_kwh"] for grid in document["grid"])
    assert [grid["place"] for grid in document["grid"]] == ["World", "Germany"] or (
        document["grid"][0]["assumed"] and not document["grid"][1]["assumed"]
    )
    cells = {cell["execution_count"]: cell for cell in document["cells"]}
    assert _intensity(cells[before.number]) == pytest.approx(world, rel=1e-6)
    assert _intensity(cells[after.number]) == pytest.approx(germany, rel=1e-6)

    assert "the whole session" in kernel.ok("%carbon region France --all").said
    document = kernel.export(tmp_path / "all.json")
    assert_adds_up(document)
    assert {grid["place"] for grid in document["grid"]} == {"France"}
    france = document["grid"][0]["intensity_g_per_kwh"]
    for cell in document["cells"][:-1]:
        assert _intensity(cell) == pytest.approx(france, rel=1e-6)


def test_a_cell_that_changes_the_place_is_counted_at_both(
    kernel: RealKernel, tmp_path: Path
) -> None:
    ran = kernel.ok("import time; time.sleep(0.3)\n%carbon region SE\ntime.sleep(0.3)")
    document = kernel.export(tmp_path / "all.json")
    assert_adds_up(document)
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == ran.number]
    world, sweden = (grid["intensity_g_per_kwh"] for grid in document["grid"])
    assert _intensity(cell) == pytest.approx((world + sweden) / 2, rel=0.1)


def test_the_pue_applies_to_grams_only(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok("%carbon pue 1.5 --all")
    ran = kernel.ok("import time; time.sleep(0.2)")
    document = kernel.export(tmp_path / "all.json")
    (grid,) = document["grid"]
    assert grid["pue"] == 1.5
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == ran.number]
    assert _intensity(cell) == pytest.approx(1.5 * grid["intensity_g_per_kwh"], rel=1e-6)
    (board,) = [source["id"] for source in document["sources"] if source["kind"] == "gpu"]
    assert cell["sources"][board]["value"] == pytest.approx(60 * cell["duration_s"], rel=0.2)


def _intensity(cell: dict[str, Any]) -> float:
    value: float = cell["co2e_g"]["value"] / cell["energy_j"]["value"] * J_PER_KWH
    return value


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("region Atlantis", "'Atlantis'"),
        ("region Germny", "Germany"),
        ("region ''", "The place is empty"),
        ("region -5 g/kWh", "-5"),
        ("region 1e9 kg/kWh", "too high"),
        ("region 400 bananas", "'400 bananas'"),
        ("pue 0.5", "0.5"),
        ("pue -1", "-1"),
        ("pue nan", "nan"),
        ("pue inf", "inf"),
        ("pue 1e300", "1e+300"),
        ("pue many", "'many'"),
        ("pue 1.2 1.3", "'1.2 1.3'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    kernel: RealKernel, command: str, named: str
) -> None:
    kernel.ok("from jupyter_carbon import get_meter")
    before = kernel.ask("[repr(get_meter().rate)]")
    sentence = _refused(kernel, command)
    assert named in sentence
    assert "stays" in sentence
    assert kernel.ask("[repr(get_meter().rate)]") == before


def test_an_export_waits_until_the_last_cell_is_final(
    kernel: RealKernel, gpu: Standin, tmp_path: Path
) -> None:
    for n in range(4):
        gpu.load(0, 300.0)
        kernel.ok("import time; time.sleep(0.3)")
        gpu.load(0, 60.0)
        ran = kernel.ok(f"end = time.monotonic()\n%carbon export {tmp_path / f'{n}.json'}")
        assert "still" not in ran.out
        document = json.loads((tmp_path / f"{n}.json").read_text())
        cell = document["cells"][-2]
        later = kernel.export(tmp_path / "later.json")
        (same,) = [each for each in later["cells"] if each["started"] == cell["started"]]
        (board,) = [source["id"] for source in document["sources"] if source["kind"] == "gpu"]
        assert same["sources"][board] == cell["sources"][board]


def test_an_export_is_what_its_ending_says(kernel: RealKernel, tmp_path: Path) -> None:
    kernel.ok("%%carbon --quiet --label '=1+1'\n1")
    kernel.ok("%%carbon --quiet --label '<b>bold</b> *text*'\n1")
    document = kernel.export(tmp_path / "with blank.json")
    kernel.ok(f"%carbon export {tmp_path / 'cells.csv'}")
    kernel.ok(f"%carbon export '{tmp_path / 'cells.md'}'")
    kernel.ok("%carbon export relative.JSON")
    table = (tmp_path / "cells.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) >= len(document["cells"])
    assert not any(value.startswith(("=", "+", "@")) for row in rows for value in row.values())
    assert "`<b>bold</b> *text*`" in (tmp_path / "cells.md").read_text(encoding="utf-8")
    assert (kernel.log.parent / "relative.JSON").is_file()
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]


def test_an_export_that_cannot_be_written_is_a_sentence(kernel: RealKernel, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("as it was")
    for path, named in {
        str(tmp_path / "no" / "such" / "folder.json"): "There is no folder",
        str(tmp_path): "ending",
        str(tmp_path / "x.xlsx"): ".xlsx",
        str(tmp_path / "noending"): "no ending",
        "": ".json, .csv or .md",
        "/proc/cells.json": "could not be written",
        f"{old}/below.json": "could not be written",
        "x" * 300 + ".json": "too long",
    }.items():
        assert named in _refused(kernel, f"export {path}"), path
    assert old.read_text() == "as it was"


def test_settings_rise_from_configuration_over_environment_to_commands(
    gpu: Standin, tmp_path: Path
) -> None:
    environment = gpu.environment() | {
        "JUPYTER_CARBON_REGION": "FR",
        "JUPYTER_CARBON_IDLE_INTERVAL_S": "0.3",
        "JPY_SESSION_NAME": "/home/me/study.ipynb",
    }
    arguments = [
        "--CarbonMeter.region=DE",
        "--CarbonMeter.pue=1.3",
        "--CarbonMeter.idle_interval_s=0.5",
        "--CarbonMeter.co2e_unit=lb",
    ]
    with real_kernel(environment, tmp_path, arguments) as kernel:
        assert not kernel.ok("%load_ext jupyter_carbon").err
        said = kernel.ok("%carbon status").said
        assert "France" in said
        assert "lb" in said
        assert "PUE 1.3" in said
        kernel.ok("from jupyter_carbon import get_meter")
        assert kernel.ask("[get_meter().idle_interval_s, get_meter().busy_interval_s]") == [
            0.3,
            0.1,
        ]
        document = kernel.export(tmp_path / "all.json")
        assert document["session"]["notebook"] == "/home/me/study.ipynb"
        kernel.ok("%carbon region Sweden")
        assert "Sweden" in kernel.ok("%carbon status").said


def test_settings_that_cannot_be_are_told_and_the_rest_holds(gpu: Standin, tmp_path: Path) -> None:
    environment = gpu.environment() | {
        "JUPYTER_CARBON_REGION": "Atlantis",
        "JUPYTER_CARBON_PUE": "many",
        "JUPYTER_CARBON_SYNCHRONIZE": "perhaps",
    }
    arguments = [
        "--CarbonMeter.pue=1.3",
        "--CarbonMeter.busy_interval_s=-1",
        "--CarbonMeter.co2e_unit=stone",
        "--CarbonMeter.colour=green",
    ]
    with real_kernel(environment, tmp_path, arguments) as kernel:
        ran = kernel.ok("%load_ext jupyter_carbon\n'loaded'")
        assert ran.value == "'loaded'"
        told = ran.err.splitlines()
        for word in ("Atlantis", "'many'", "perhaps", "-1", "stone", "colour"):
            assert sum(word in line for line in told) == 1, (word, told)
        assert all(line.startswith("jupyter_carbon: ") for line in told)
        kernel.ok("from jupyter_carbon import get_meter")
        document = kernel.export(tmp_path / "all.json")
        (grid,) = document["grid"]
        assert grid["assumed"]
        assert grid["pue"] == 1.3
        assert kernel.ask("get_meter().busy_interval_s") == 0.1
        assert kernel.ask("get_meter().co2e_unit") == "kg"
        assert any("Atlantis" in note for note in document["notes"])


def test_figures_in_pounds(gpu: Standin, tmp_path: Path) -> None:
    environment = gpu.environment() | {"JUPYTER_CARBON_CO2E_UNIT": "LB"}
    with real_kernel(environment, tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        ran = kernel.ok("%%carbon\nimport time; time.sleep(0.2)")
        assert "lb CO2e" in ran.shown[0]
        assert "lb" in kernel.ok("%carbon cells").said


def test_times_are_utc_and_go_with_the_durations(kernel: RealKernel, tmp_path: Path) -> None:
    before_s = time.time()
    ran = kernel.ok("import time; time.sleep(0.2)")
    document = kernel.export(tmp_path / "all.json")
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == ran.number]
    started, ended = (datetime.fromisoformat(cell[key]).timestamp() for key in ("started", "ended"))
    assert before_s <= started <= ended <= time.time()
    assert math.isclose(ended - started, cell["duration_s"], abs_tol=0.01)

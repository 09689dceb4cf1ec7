from __future__ import annotations

import pytest

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.summary.figures import provenance_text
from jupyter_carbon.summary.plain import display_width
from jupyter_carbon.summary.text import cell_line, cells_text, status_text
from tests.summary.sample import HOSTILE, cell, document, estimate, hostile_document


def test_line_after_a_cell() -> None:
    line = cell_line(cell(), co2e_unit="kg")
    assert line == "0.92 Wh ± 6 % · 0.422 g CO2e · 38 s · 87 W mean · counter"
    assert cell_line(cell(1, "train")) == f"train · {line}"
    assert "lb CO2e" in cell_line(cell(), co2e_unit="lb")


def test_mean_power_has_no_spurious_digits() -> None:
    made = cell()
    made["energy_j"] = estimate(3312.0, 0.0)
    assert " · 87.2 W mean · " in cell_line(made)
    made["energy_j"] = estimate(3312.0, 0.4, "modelled")
    assert " · 90 W mean · " in cell_line(made)


def test_co2e_has_its_own_range_where_it_is_another() -> None:
    made = cell()
    made["co2e_g"] = estimate(0.42, 0.2)
    assert " · 0.42 g CO2e ± 20 % · " in cell_line(made)
    made["energy_j"], made["co2e_g"] = estimate(3312.0, 0.0), estimate(0.42, 0.0)
    assert cell_line(made).startswith("0.92 Wh · 0.42 g CO2e · ")


def test_below_the_resolution_stands_a_bound_and_no_power() -> None:
    made = cell()
    made["energy_j"], made["co2e_g"] = estimate(30.0, 1.0), estimate(0.004, 1.0)
    assert cell_line(made) == "< 0.017 Wh · < 8 mg CO2e · 38 s · counter"


def test_missing_running_and_instant_cells() -> None:
    made = cell()
    made["energy_j"] = made["co2e_g"] = estimate(None)
    assert cell_line(made) == "not measured · 38 s"
    made["status"] = "running"
    assert cell_line(made) == "not measured · 38 s so far"
    instant = cell()
    instant["duration_s"] = 0.0
    assert "mean" not in cell_line(instant)


@pytest.mark.parametrize("label", HOSTILE, ids=lambda text: repr(text)[:30])
def test_the_line_shows_a_hostile_label_as_text(label: str) -> None:
    line = cell_line(cell(1, label))
    assert line.isprintable() or "\u200d" in line
    assert len(line) < 150


def test_status_names_figures_sources_place_and_what_is_missing() -> None:
    made = document()
    made["sources"][0]["state"] = "lost"
    text = status_text(made)
    lines = text.splitlines()
    assert lines[0] == (
        "Session     3.04 Wh ± 6 % · 1.39 g CO2e · 14 min 03 s · counter · the whole machine"
    )
    assert lines[1] == "  in cells  2.76 Wh ± 6 % · 1.26 g CO2e · 3 cells"
    assert lines[2] == "  between   0.278 Wh ± 6 % · 0.127 g CO2e"
    assert "  gap       2026-01-31 12:30:00 UTC to 2026-01-31 12:31:00 UTC: paused" in lines
    assert "  GPU 0 · NVIDIA A100-SXM4-40GB · 2.43 Wh ± 6 % · counter · lost" in lines
    assert "    The board's energy counter; the maker's sensor is worth 5 %." in lines
    assert "  CPU · AMD EPYC 7742 · 0.61 Wh ± 40 % · modelled" in lines
    assert "Grid        world average, since no known place was given · 458 g/kWh · 2025" in text
    assert "Germany · 330 g/kWh · 2025 · lifecycle average (owid_ember_2026) ·" in text
    assert "PUE 1.2 · from 2026-01-31 12:10:00 UTC" in text
    assert "  - Network and disks are not measured." in lines
    assert max(map(len, lines)) <= 86


def test_status_in_pounds_and_of_a_kernels_share() -> None:
    made = document()
    made["session"]["scope"] = "kernel"
    text = status_text(made, co2e_unit="lb")
    assert "this kernel's share" in text
    assert "0.727 lb/kWh" in text
    assert "g CO2e" not in text


def test_another_assumed_place_is_called_assumed() -> None:
    made = document()
    made["grid"][0]["place"] = "Germany"
    assert "Grid        Germany, assumed · " in status_text(made)


def test_status_of_a_session_that_has_nothing_yet() -> None:
    made = document()
    made["sources"], made["cells"], made["grid"], made["notes"] = [], [], [], []
    made["session"]["energy_j"] = made["session"]["co2e_g"] = estimate(None)
    del made["session"]["in_cells_j"]
    del made["session"]["between_cells_co2e_g"]
    text = status_text(made)
    assert text.startswith("Session     not measured · 14 min 03 s · the whole machine\n")
    assert "  in cells  not measured · 0 cells" in text
    assert "Sources     none yet" in text


def test_cells_as_an_aligned_table() -> None:
    made = document("load", None, "文字")
    made["cells"][1]["status"] = "error"
    made["cells"][2]["energy_j"] = estimate(30.0, 1.0)
    header, *rows = cells_text(made).splitlines()
    assert header.split("  ")[0] == "cell"
    assert [row[:5].strip() for row in rows] == ["[1]", "[2]", "[3]"]
    at = header.index("energy")
    assert rows[0][at:].startswith("0.92 Wh ± 6 %")
    assert display_width(rows[2][: rows[2].index("< 0.017 Wh")]) == at
    assert rows[1].endswith("error")
    assert rows[0].endswith("counter")


def test_cells_are_limited_to_the_last() -> None:
    made = document(*(f"epoch {n}" for n in range(30)))
    lines = cells_text(made, 5).splitlines()
    assert [line[:4] for line in lines[1:-1]] == ["[26]", "[27]", "[28]", "[29]", "[30]"]
    assert lines[-1] == "25 earlier cells not shown."
    assert len(cells_text(made, None).splitlines()) == 31
    made["cells"] = []
    assert cells_text(made, 5) == "No cell has been metered yet."


def test_a_terminal_gets_no_control_character_from_anybody() -> None:
    made = hostile_document()
    for text in (status_text(made), cells_text(made, None)):
        text.encode("utf-8")
        for line in text.splitlines():
            assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in line)
            assert "\u202e" not in line
    # A cell a line, whatever its label holds.
    assert len(cells_text(made, None).splitlines()) == 1 + len(HOSTILE)


def test_a_mixed_sum_names_what_it_is_mixed_of() -> None:
    counted = Estimate(92.0, 90.0, 94.0, Provenance.COUNTER).as_dict()
    assumed = Estimate(8.0, 4.0, 16.0, Provenance.ASSUMED).as_dict()
    little = Estimate(0.01, 0.0, 0.02, Provenance.ASSUMED).as_dict()
    whole = Estimate(100.0, 94.0, 110.0, Provenance.MIXED).as_dict()
    assert provenance_text(whole, [assumed, counted]) == "92 % counter, 8 % assumed"
    assert provenance_text(whole, [counted, little]) == "almost all counter"
    assert provenance_text(whole, [whole, whole]) == "with a gap, or got in several ways"
    assert provenance_text(counted, [counted]) == "counter"
    assert provenance_text(Estimate.missing().as_dict(), []) == "missing"


def test_a_cell_that_shares_its_time_has_no_mean_power() -> None:
    shared = cell()
    assert "mean" in cell_line(shared)
    shared["overlapped"] = True
    assert "mean" not in cell_line(shared)
    whole = document()
    whole["cells"] = [shared]
    assert "overlapped" in cells_text(whole)

from __future__ import annotations

import pytest

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.summary.figures import in_cells, mean_power_text, moment_text
from tests.summary.sample import cell, document, estimate


def test_cells_are_added_up_where_the_document_does_not_say_what_they_cost() -> None:
    told = document()
    untold = document()
    del untold["session"]["in_cells_j"]
    del untold["session"]["in_cells_co2e_g"]
    for one, other in zip(in_cells(told), in_cells(untold), strict=True):
        assert one.value == pytest.approx(other.value)
        assert one.high == pytest.approx(other.high)
    untold["session"]["in_cells_j"] = estimate(7.0)
    assert in_cells(untold)[0] == Estimate.from_dict(estimate(7.0))


@pytest.mark.parametrize(
    ("energy_j", "part", "text"),
    [
        (3312.0, 0.0, "87.2 W"),
        (3312.0, 0.06, "87 W"),
        (3312.0, 0.4, "90 W"),
        (38.0 * 1234, 0.05, "1.23 kW"),
        (38.0 * 1234, 0.4, "1.2 kW"),
        (38.0 * 0.05, 0.05, "50 mW"),
        (30.0, 1.0, ""),
        (None, 0.0, ""),
    ],
)
def test_mean_power_is_as_fine_as_the_energy(
    energy_j: float | None, part: float, text: str
) -> None:
    made = cell()
    made["energy_j"] = estimate(energy_j, part)
    assert mean_power_text(made) == text


def test_moments_are_shown_to_the_second() -> None:
    assert moment_text("2026-01-31T12:03:20.987654+00:00") == "2026-01-31 12:03:20 UTC"
    assert moment_text("2026-01-31T12:03:20.987654Z") == "2026-01-31 12:03:20 UTC"
    assert moment_text("no time") == "no time"

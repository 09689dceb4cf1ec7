from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.carbon import CarbonError, Intensity, Rate, check_pue, co2e_g, parse_pue
from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.units import J_PER_KWH


def intensity(g_per_kwh: float = 400.0, **others: Any) -> Intensity:
    return Intensity(
        g_per_kwh=g_per_kwh,
        place="Somewhere",
        code="SW",
        basis="lifecycle",
        kind="average",
        year=2024,
        source="test",
        **others,
    )


def test_a_kilowatt_hour_causes_the_intensity_times_the_pue() -> None:
    kwh = Estimate(J_PER_KWH, 0.95 * J_PER_KWH, 1.05 * J_PER_KWH, Provenance.COUNTER)
    co2e = co2e_g(kwh, Rate(intensity(400), pue=1.5))
    assert co2e.value == pytest.approx(600)
    assert co2e.low == pytest.approx(570)
    assert co2e.high == pytest.approx(630)
    assert co2e.provenance is Provenance.COUNTER


def test_the_range_of_the_intensity_widens_that_of_the_energy() -> None:
    kwh = Estimate(J_PER_KWH, 0.9 * J_PER_KWH, 1.1 * J_PER_KWH, Provenance.MODELLED)
    ranged = intensity(400, low_g_per_kwh=300, high_g_per_kwh=600)
    co2e = co2e_g(kwh, Rate(ranged, pue=2))
    assert co2e.value == pytest.approx(800)
    assert co2e.low == pytest.approx(540)
    assert co2e.high == pytest.approx(1320)


def test_what_was_not_measured_causes_a_missing_figure() -> None:
    assert co2e_g(Estimate.missing(), Rate(intensity())).is_missing


def test_a_clean_grid_causes_nothing() -> None:
    energy = Estimate(5.0, 1.0, 9.0, Provenance.COUNTER)
    assert co2e_g(energy, Rate(intensity(0))) == Estimate(0, 0, 0, Provenance.COUNTER)


@given(st.floats(0, 1e15), st.floats(0, 5000), st.floats(1, 10), st.floats(0, 1), st.floats(1, 10))
def test_a_sum_of_energies_causes_the_sum_of_their_co2e(
    energy_j: float, g_per_kwh: float, pue: float, part: float, wide: float
) -> None:
    ranged = intensity(
        g_per_kwh,
        low_g_per_kwh=g_per_kwh / wide,
        high_g_per_kwh=max(g_per_kwh, min(g_per_kwh * wide, 5000)),
    )
    rate = Rate(ranged, pue)
    first = Estimate(energy_j * part, 0.0, energy_j, Provenance.COUNTER)
    second = Estimate(energy_j * (1 - part), 0.0, energy_j, Provenance.COUNTER)
    apart = co2e_g(first, rate) + co2e_g(second, rate)
    together = co2e_g(first + second, rate)
    assert apart.value == pytest.approx(together.value, rel=1e-9)
    assert apart.high == pytest.approx(together.high, rel=1e-9)


@pytest.mark.parametrize(
    ("g_per_kwh", "reason"),
    [
        (-1.0, "negative"),
        (math.nan, "not finite"),
        (math.inf, "not finite"),
        (5001.0, "too high"),
    ],
)
def test_an_intensity_that_cannot_be_is_refused(g_per_kwh: float, reason: str) -> None:
    with pytest.raises(CarbonError, match=rf"{reason}.*\.$"):
        intensity(g_per_kwh)


@pytest.mark.parametrize(
    ("low", "high"), [(None, 500.0), (300.0, None), (401.0, 500.0), (300.0, 399.0), (-1.0, 500.0)]
)
def test_a_range_that_cannot_be_is_refused(low: float | None, high: float | None) -> None:
    with pytest.raises(CarbonError):
        intensity(400, low_g_per_kwh=low, high_g_per_kwh=high)


@pytest.mark.parametrize("pue", [0.0, 0.99, 10.01, -1.0, math.nan, math.inf])
def test_a_pue_that_cannot_be_is_refused(pue: float) -> None:
    for refuse in (
        lambda: Rate(intensity(), pue),
        lambda: check_pue(pue),
        lambda: parse_pue(str(pue)),
    ):
        with pytest.raises(CarbonError, match=r"from 1 to 10\.$"):
            refuse()


def test_a_pue_is_read() -> None:
    assert parse_pue(" 1.2 ") == 1.2
    with pytest.raises(CarbonError, match="'high' is no PUE"):
        parse_pue("high")

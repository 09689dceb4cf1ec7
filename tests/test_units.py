from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.units import (
    G_PER_LB,
    MassUnit,
    UnitError,
    duration_text,
    energy_text,
    intensity_text,
    mass_text,
    parse_energy_j,
    parse_mass_g,
    power_text,
    quoted,
)

WH = 3600.0
finite = st.floats(allow_nan=False, allow_infinity=False)
mass_units = st.sampled_from(["kg", "lb"])


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(
        value,
        value if low is None else low,
        value if high is None else high,
        Provenance.COUNTER,
    )


@st.composite
def estimates(draw: st.DrawFn, numbers: st.SearchStrategy[float]) -> Estimate:
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    return estimate(value, low, high)


# Parsing


@pytest.mark.parametrize(
    ("text", "energy_j"),
    [
        ("0.5kWh", 1.8e6),
        ("500 Wh", 1.8e6),
        ("1.8 MJ", 1.8e6),
        ("3600 J", 3600.0),
        ("  .5   kwh ", 1.8e6),
        ("2 KWH", 7.2e6),
        ("5 mWh", 18.0),
        ("5 MWh", 1.8e10),
        ("1e3 J", 1000.0),
        ("1 kJ", 1000.0),
        ("0 Wh", 0.0),
        ("5\u00a0Wh", 18000.0),
    ],
)
def test_an_energy_is_read(text: str, energy_j: float) -> None:
    assert parse_energy_j(text) == pytest.approx(energy_j, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "mass_g"),
    [
        ("200gCO2e", 200.0),
        ("0.2 kg", 200.0),
        ("1 lb", 453.59237),
        ("2 LBS", 907.18474),
        ("2t", 2e6),
        ("2 t CO2", 2e6),
        ("3 kg CO₂e", 3000.0),
        ("3 KG co2-eq", 3000.0),
        ("5 mg", 0.005),
        ("1 Mg", 1e6),
    ],
)
def test_a_mass_is_read(text: str, mass_g: float) -> None:
    assert parse_mass_g(text) == pytest.approx(mass_g, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no energy"),
        ("Wh", "is no energy"),
        ("five Wh", "is no energy"),
        ("5 Wh CO2", "is no energy"),
        ("5 Wh 3", "is no energy"),
        ("1_0 J", "is no energy"),
        ("٣ J", "is no energy"),
        ("500", "has no unit"),
        ("5 parsec", "no known unit"),
        ("1,000 Wh", "decimal point"),
        ("0,5 Wh", "decimal point"),
        ("5 mwh", "mWh or MWh"),
        ("5 MWH", "mWh or MWh"),
        ("5 mj", "mJ or MJ"),
        ("-1 Wh", "negative"),
        ("nan", "not finite"),
        ("NaN Wh", "not finite"),
        ("-inf J", "not finite"),
        ("1e999 J", "too large"),
        ("300 GWh", "too large"),
    ],
)
def test_what_is_no_energy_is_refused_with_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(UnitError) as refused:
        parse_energy_j(text)
    sentence = str(refused.value)
    assert reason in sentence
    assert quoted(text) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "text", ["5", "5 CO2", "5 MG", "5 ton", "-2 kg", "inf kg", "2e15 g", "5 Wh"]
)
def test_what_is_no_mass_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match=re.escape(quoted(text))):
        parse_mass_g(text)


@given(st.text())
def test_any_text_is_a_finite_quantity_or_a_unit_error(text: str) -> None:
    for parse in (parse_energy_j, parse_mass_g):
        try:
            figure = parse(text)
        except UnitError:
            continue
        assert 0 <= figure <= 1e15


@given(st.floats(), st.sampled_from(["J", "kWh", "Wh", "MJ"]))
def test_any_number_with_a_unit_is_read_or_refused(number: float, unit: str) -> None:
    try:
        energy_j = parse_energy_j(f"{number!r} {unit}")
    except UnitError:
        assert not 0 <= number <= 1e15 / parse_energy_j(f"1 {unit}") * (1 - 1e-9)
    else:
        assert energy_j == pytest.approx(number * parse_energy_j(f"1 {unit}"), rel=1e-12)


def test_a_hostile_text_is_repeated_short_and_on_one_line() -> None:
    with pytest.raises(UnitError) as refused:
        parse_energy_j("5 Wh\n\x1b[31m" + "x" * 10_000)
    assert len(str(refused.value)) < 200
    assert str(refused.value).isprintable()


# Display of estimates


@pytest.mark.parametrize(
    ("value_wh", "low_wh", "high_wh", "text"),
    [
        (204, 204 * 0.95, 204 * 1.05, "0.204 kWh ± 5 %"),
        (380, 380 * 0.94, 380 * 1.06, "0.380 kWh ± 6 %"),
        (164, 164 * 0.95, 164 * 1.05, "164 Wh ± 5 %"),
        (164, 100, 230, "160 Wh ± 41 %"),
        (200, 199, 201, "0.200 kWh ± 0.5 %"),
        (55, 41, 78, "55 Wh (41 to 78 Wh)"),
        (20, 11, 200, "20 Wh (10 to 200 Wh)"),
        (2, 0.01, 200, "< 0.2 kWh"),
        (0.01, 0, 0.02, "< 0.02 Wh"),
        (0, 0, 0.0123, "< 0.013 Wh"),
        (0, 0, 0.004, "< 4 mWh"),
        (0, 0, 1e-9, "< 0.001 mWh"),
        (1e-9, 1e-9, 1e-9, "< 0.001 mWh"),
        (0, 0, 0, "0 Wh"),
        (0.0034, 0.0034, 0.0034, "3.4 mWh"),
        (2, 2, 2, "2 Wh"),
        (199.99, 199.99, 199.99, "0.2 kWh"),
        (1234.56, 1234.56, 1234.56, "1.23 kWh"),
        (2.5e6, 2.5e6, 2.5e6, "2.5 MWh"),
        (9.9999e5, 9.9999e5, 9.9999e5, "1 MWh"),
        (2, 2, 2.0000000000000004, "2 Wh"),
    ],
)
def test_an_energy_is_shown(value_wh: float, low_wh: float, high_wh: float, text: str) -> None:
    assert energy_text(estimate(value_wh * WH, low_wh * WH, high_wh * WH)) == text


@pytest.mark.parametrize(
    ("value_g", "spread", "unit", "text"),
    [
        (67.32, 0.05, "kg", "67 g CO2e ± 5 %"),
        (0.0034, 0.05, "kg", "3.40 mg CO2e ± 5 %"),
        (999.7, 0.001, "kg", "1.00 kg CO2e ± 0.1 %"),
        (1.2e6, 0.0, "kg", "1.2 t CO2e"),
        (67.32, 0.05, "lb", "0.148 lb CO2e ± 5 %"),
        (0.0, 0.0, "lb", "0 lb CO2e"),
        (0.0, 0.0, "kg", "0 g CO2e"),
        (1e6, 0.0, "lb", "2200 lb CO2e"),
    ],
)
def test_a_mass_is_shown(value_g: float, spread: float, unit: MassUnit, text: str) -> None:
    assert (
        mass_text(estimate(value_g, value_g * (1 - spread), value_g * (1 + spread)), unit) == text
    )


def test_a_mass_has_range_and_bound_too() -> None:
    assert mass_text(estimate(55, 41, 78)) == "55 g CO2e (41 to 78 g)"
    assert mass_text(estimate(1, 0, 2.01)) == "< 2.1 g CO2e"
    assert mass_text(estimate(1, 0, 2.01), "lb") == "< 0.0045 lb CO2e"


def test_what_was_not_measured_is_not_zero() -> None:
    assert energy_text(Estimate.missing()) == "not measured"
    assert mass_text(Estimate.missing(), "lb") == "not measured"


@given(st.floats(min_value=3e-3, max_value=9e14))
def test_an_exact_energy_is_read_back_within_rounding(energy_j: float) -> None:
    shown = parse_energy_j(energy_text(estimate(energy_j)))
    # Three digits, or the third decimal of a milliwatt-hour.
    assert shown == pytest.approx(energy_j, rel=0.005 + 1e-9, abs=0.0005 * 3.6 + 1e-12)


@given(st.floats(min_value=1e-6, max_value=9e14), mass_units)
def test_an_exact_mass_is_read_back_within_rounding(mass_g: float, unit: MassUnit) -> None:
    text = mass_text(estimate(mass_g), unit)
    shown = parse_mass_g(text.removeprefix("< "))
    assert shown == pytest.approx(mass_g, rel=0.005 + 1e-9, abs=1e-6 * G_PER_LB + 1e-3)


@given(st.floats(min_value=0, max_value=9e14, exclude_min=True), st.floats(0, 1))
def test_a_shown_bound_is_a_bound_and_not_a_wide_one(high_j: float, part: float) -> None:
    text = energy_text(estimate(high_j * part, 0, high_j))
    assert text.startswith("< ")
    bound_j = parse_energy_j(text[2:])
    assert high_j <= bound_j <= (high_j * 1.1 + 0.001 * 3.6) * (1 + 1e-9)


@given(st.floats(min_value=0, max_value=9e14, exclude_min=True), mass_units)
def test_a_shown_bound_of_a_mass_is_a_bound(high_g: float, unit: MassUnit) -> None:
    text = mass_text(estimate(0, 0, high_g), unit)
    assert parse_mass_g(text.removeprefix("< ")) >= high_g


@given(estimates(st.floats(min_value=0.1, max_value=1e12)))
def test_a_shown_range_holds_the_range(energy: Estimate) -> None:
    text = energy_text(energy)
    assert energy.low is not None
    assert energy.high is not None
    assert energy.value is not None
    noise = 1e-11
    if text.startswith("< "):
        assert energy.low <= energy.high / 20
        assert parse_energy_j(text.removeprefix("< ")) >= energy.high
    elif per_cent := re.fullmatch(r"(.*) ± (.*) %", text):
        shown = parse_energy_j(per_cent[1])
        part = float(per_cent[2]) / 100
        # The percentage is of the value; the value is rounded to a third of the half-width.
        assert energy.value * (1 - part) <= energy.low * (1 + noise)
        assert energy.value * (1 + part) >= energy.high * (1 - noise)
        rounding = max(0.005 * energy.value, (energy.high - energy.low) / 12)
        assert abs(shown - energy.value) <= rounding * (1 + 1e-9)
    elif both := re.fullmatch(r"(.*?) \((.*) to (.*) (\w+)\)", text):
        assert parse_energy_j(f"{both[2]} {both[4]}") <= energy.low * (1 + noise)
        assert parse_energy_j(f"{both[3]} {both[4]}") >= energy.high * (1 - noise)
    else:
        assert energy.high - energy.low <= 2 * noise * energy.value


@given(estimates(finite) | estimates(st.floats(allow_nan=False)), mass_units)
def test_any_estimate_is_shown(any_estimate: Estimate, unit: MassUnit) -> None:
    for text in (energy_text(any_estimate), mass_text(any_estimate, unit)):
        assert text
        assert "nan" not in text
        # At most three digits, whatever zeros stand around them.
        for number in re.findall(r"[0-9.]+(?=[e ])", text.replace("CO2e", "")):
            assert len(number.replace(".", "").strip("0")) <= 3


# Other figures


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0, "0 s"),
        (1e-6, "< 0.1 ms"),
        (0.0004, "0.4 ms"),
        (0.0123, "12 ms"),
        (0.3, "300 ms"),
        (0.9996, "1 s"),
        (5.234, "5.23 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 00 s"),
        (65.2, "1 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7380, "2 h 03 min"),
        (86399, "1 d 00 h"),
        (273600, "3 d 04 h"),
        (-5, "-5 s"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_a_duration_is_shown(duration_s: float, text: str) -> None:
    assert duration_text(duration_s) == text


@pytest.mark.parametrize(
    ("power_w", "text"),
    [
        (None, "not measured"),
        (math.nan, "not measured"),
        (0, "0 W"),
        (0.02, "20 mW"),
        (0.52, "0.52 W"),
        (62, "62 W"),
        (62.34, "62.3 W"),
        (999.7, "1 kW"),
        (1240, "1.24 kW"),
        (math.inf, "∞ kW"),
    ],
)
def test_a_power_is_shown(power_w: float | None, text: str) -> None:
    assert power_text(power_w) == text


def test_an_intensity_is_shown_in_either_unit() -> None:
    assert intensity_text(329.65) == "330 g/kWh"
    assert intensity_text(0.954 * G_PER_LB, "lb") == "0.954 lb/kWh"
    assert intensity_text(0) == "0 g/kWh"
    assert intensity_text(math.nan) == "unknown"


@given(st.floats())
def test_any_number_is_shown(number: float) -> None:
    for text in (duration_text(number), power_text(number), intensity_text(number, "lb")):
        assert 0 < len(text) < 30
        assert "nan" not in text

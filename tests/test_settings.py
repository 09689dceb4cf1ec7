"""Settings: where they come from, what wins, and what is said of those that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString

from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.settings import PREFIX, MeterSettings
from jupyter_carbon.sources.base import Discovery

VALUES: dict[str, tuple[Any, str, Any]] = {
    "region": ("DE", "FR", "FR"),
    "pue": (1.2, "1.5", 1.5),
    "idle_interval_s": (2.0, "0.5", 0.5),
    "busy_interval_s": (0.2, " 0.05 ", 0.05),
    "synchronize": (True, "off", False),
    "rest_after_s": (5.0, "1.5", 1.5),
    "budget": ("0.5kWh", " 200 gCO2e", "200 gCO2e"),
    "budget_stops": (False, "yes", True),
    "co2e_unit": ("kg", "LB", "lb"),
    "project": ("thesis", " first paper ", "first paper"),
    "ledger": ("off", ":memory:", ":memory:"),
    "ledger_keep_code": (False, "yes", True),
    "resume_session": (False, "yes", True),
    "ledger_trace_days": (30.0, "7", 7.0),
}


def test_every_setting_is_tried_here() -> None:
    assert set(VALUES) == set(MeterSettings.class_own_traits(config=True))


@pytest.mark.parametrize("name", VALUES)
def test_the_environment_comes_before_the_configuration(name: str) -> None:
    configured, text, expected = VALUES[name]
    config = Config({"CarbonMeter": {name: configured}})
    settings = CarbonMeter(config=config, environ={}, discover=Discovery)
    assert getattr(settings, name) == configured
    settings = CarbonMeter(config=config, environ={PREFIX + name.upper(): text}, discover=Discovery)
    assert getattr(settings, name) == expected
    assert settings.complaints == []


def test_what_a_program_gives_comes_first() -> None:
    environ = {"JUPYTER_CARBON_PUE": "1.5"}
    config = Config({"CarbonMeter": {"pue": 1.2}})
    meter = CarbonMeter(pue=1.9, config=config, environ=environ, discover=Discovery)
    assert meter.pue == 1.9
    assert meter.rate.pue == 1.9


def test_the_configuration_may_be_the_shells_or_come_from_the_command_line() -> None:
    from traitlets.config import Configurable

    config = Config({"CarbonMeter": {"pue": DeferredConfigString("1.3")}})
    config.CarbonMeter.region = DeferredConfigString("DE")
    meter = CarbonMeter(parent=Configurable(config=config), environ={}, discover=Discovery)
    assert meter.rate.pue == 1.3
    assert meter.rate.intensity.code == "DE"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pue", "0.99"),
        ("pue", "-1"),
        ("pue", "nan"),
        ("pue", "inf"),
        ("pue", "1e300"),
        ("pue", "many"),
        ("idle_interval_s", "0"),
        ("idle_interval_s", "-5"),
        ("idle_interval_s", "1e9"),
        ("busy_interval_s", "0.001"),
        ("busy_interval_s", "ten"),
        ("synchronize", "perhaps"),
        ("rest_after_s", "0"),
        ("co2e_unit", "stone"),
    ],
)
def test_what_cannot_be_is_told_and_what_would_hold_without_it_holds(name: str, value: str) -> None:
    variable = PREFIX + name.upper()
    configured = VALUES[name][0]
    config = Config({"CarbonMeter": {name: configured}})
    settings = MeterSettings(
        config=Config({"MeterSettings": config.CarbonMeter}), environ={variable: value}
    )
    assert getattr(settings, name) == configured
    (told,) = settings.complaints
    assert told.startswith(variable)
    assert value in told or f"{float(value):g}" in told
    assert repr(configured) in told or f"{configured:g}" in told
    assert told.endswith(".")


def test_one_fault_in_the_configuration_stays_one() -> None:
    config = Config(
        {"CarbonMeter": {"pue": "much", "region": "DE", "co2e_unit": 7, "colour": "green"}}
    )
    meter = CarbonMeter(config=config, environ={}, discover=Discovery)
    assert meter.rate.intensity.code == "DE"
    assert meter.pue == 1.0
    assert meter.co2e_unit == "kg"
    assert len(meter.complaints) == 3
    assert any("c.CarbonMeter.colour is no setting" in told for told in meter.complaints)


def test_empty_variables_are_as_if_not_there() -> None:
    environ = {PREFIX + name.upper(): "  " for name in VALUES}
    settings = MeterSettings(environ=environ)
    assert settings.complaints == []
    assert settings.pue == 1.0


def test_a_value_of_thousands_of_letters_is_cut_in_the_sentence() -> None:
    settings = MeterSettings(environ={"JUPYTER_CARBON_PUE": "x" * 100_000})
    assert len(settings.complaints[0]) < 400


def test_a_setting_that_there_is_not_is_an_error_of_the_program() -> None:
    with pytest.raises(TypeError, match="no setting 'colour'"):
        CarbonMeter(colour="green", environ={}, discover=Discovery)


def test_the_words_for_yes_and_no() -> None:
    for text, expected in {
        **dict.fromkeys(("1", "true", "Yes", "ON"), True),
        **dict.fromkeys(("0", "False", "no", "off"), False),
    }.items():
        settings = MeterSettings(environ={"JUPYTER_CARBON_SYNCHRONIZE": text})
        assert settings.synchronize is expected


def test_the_mass_unit_is_that_of_the_setting() -> None:
    assert MeterSettings(environ={}).mass_unit == "kg"
    assert MeterSettings(environ={"JUPYTER_CARBON_CO2E_UNIT": "lb"}).mass_unit == "lb"

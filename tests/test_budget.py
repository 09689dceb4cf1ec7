"""Budgets as they are written, how much of one is used, and what is said of it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.budget import (
    Budget,
    BudgetError,
    BudgetExceeded,
    exceeded,
    level_of,
    parse_budget,
    percent_text,
    standing,
    warning,
)
from jupyter_carbon.estimate import Estimate, Provenance

MISSING = Estimate.missing()


def _figure(value: float, part: float = 0.05) -> Estimate:
    return Estimate(value, value * (1 - part), value * (1 + part), Provenance.COUNTER)


@pytest.mark.parametrize(
    ("text", "measure", "limit", "words"),
    [
        ("0.5kWh", "energy", 1.8e6, "0.5 kWh"),
        ("0.5 KWH", "energy", 1.8e6, "0.5 kWh"),
        ("500 Wh", "energy", 1.8e6, "0.5 kWh"),
        ("1 MJ", "energy", 1e6, "0.278 kWh"),
        ("2J", "energy", 2.0, "0.556 mWh"),
        ("200gCO2e", "co2e", 200.0, "200 g CO2e"),
        ("0.2 kg", "co2e", 200.0, "200 g CO2e"),
        ("2t CO₂", "co2e", 2e6, "2 t CO2e"),
        ("1 lb", "co2e", 453.59237, "454 g CO2e"),
        ("1e-3 g", "co2e", 1e-3, "1 mg CO2e"),
    ],
)
def test_budgets(text: str, measure: str, limit: float, words: str) -> None:
    budget = parse_budget(text)
    assert (budget.measure, budget.limit) == (measure, pytest.approx(limit))
    assert budget.limit_text() == words
    assert budget.scope == "session"
    assert not budget.stops


def test_a_budget_may_be_a_cells_and_stop_and_be_shown_in_pounds() -> None:
    budget = parse_budget("1 lb CO2e", "cell", stops=True)
    assert (budget.scope, budget.stops) == ("cell", True)
    assert budget.limit_text("lb") == "1 lb CO2e"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "is no budget"),
        ("much", "'much' is no budget"),
        ("0.5", "'0.5' is no budget; write an energy, as in '0.5kWh', or a mass"),
        ("5 m", "is no budget"),
        ("nan", "is no budget"),
        ("-5kWh", "is negative"),
        ("-1 g", "is negative"),
        ("0kWh", "used up before anything runs"),
        ("0 gCO2e", "used up before anything runs"),
        ("-0 Wh", "used up before anything runs"),
        ("1 mJ", "the least is 1 J"),
        ("0.1 mgCO2e", "1 mg of CO2e"),
        ("1e30 kWh", "too large to be believed"),
        ("1e400 kWh", "too large to be believed"),
        ("1e30 t", "too large to be believed"),
        ("5 mwh", "may mean mWh or MWh"),
        ("5 MG", "may mean mg or Mg"),
        ("1,5 kWh", "has a comma"),
        ("1,5 gCO2e", "has a comma"),
        ("5 kWh CO2e", "no"),
        ("x" * 100_000, "is no budget"),
    ],
)
def test_what_is_no_budget_is_refused_in_a_sentence(text: str, named: str) -> None:
    with pytest.raises(BudgetError) as refused:
        parse_budget(text)
    sentence = str(refused.value)
    assert named in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 250


@given(st.text())
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(BudgetError):
        budget = parse_budget(text)
        assert budget.limit > 0
        assert not budget.limit_text().startswith("<")


@given(
    st.floats(1e-3, 1e15),
    st.floats(0, 1e15),
    st.sampled_from(["energy", "co2e"]),
    st.sampled_from(["kg", "lb"]),
)
def test_the_use_is_the_value_over_the_limit_and_the_level_follows(
    limit: float, value: float, measure: str, unit: str
) -> None:
    budget = Budget("session", measure, limit)  # type: ignore[arg-type]
    other = _figure(1e9)
    used = (_figure(value), other) if measure == "energy" else (other, _figure(value))
    use = budget.use(*used, unit=unit)  # type: ignore[arg-type]
    assert use.fraction == value / limit
    assert (use.level == "over") == (value >= limit)
    assert use.level == level_of(use.fraction)
    assert use.used
    assert "%" in percent_text(use.fraction)


@pytest.mark.parametrize(
    ("fraction", "level", "percent"),
    [
        (0.0, "within", "0 %"),
        (1e-9, "within", "< 1 %"),
        (0.7999, "within", "79 %"),
        (0.8, "near", "80 %"),
        (0.99999, "near", "99 %"),
        (1.0, "over", "100 %"),
        (1.5, "over", "150 %"),
        (1e30, "over", "far more than 100 %"),
    ],
)
def test_levels(fraction: float, level: str, percent: str) -> None:
    assert level_of(fraction) == level
    assert percent_text(fraction) == percent


def test_an_unknown_use_is_unknown_and_never_nothing() -> None:
    use = parse_budget("0.5kWh", stops=True).use(MISSING, MISSING)
    assert use.fraction is None
    assert use.level == "within"
    assert use.used == "not measured"
    assert "not measured" in standing(use)
    assert "0 %" not in standing(use)


def test_only_the_best_estimate_is_compared() -> None:
    budget = parse_budget("1 kWh")
    wide = Estimate(0.9 * 3.6e6, 0.0, 9 * 3.6e6, Provenance.MODELLED)
    assert budget.use(wide, MISSING).level == "near"
    assert budget.use(_figure(3.6e6), MISSING).level == "over"


def test_what_is_said() -> None:
    budget = parse_budget("0.5kWh", stops=True)
    near = budget.use(_figure(0.82 * 1.8e6), MISSING)
    assert standing(near) == "0.5 kWh · 82 % used, 0.410 kWh ± 5 % · stops the run"
    assert warning(near, "the session") == (
        "82 % of the session's budget of 0.5 kWh is used: 0.410 kWh ± 5 % so far."
    )
    over = budget.use(_figure(1.9e6), MISSING, cell_key=7)
    assert over.cell_key == 7
    assert warning(over, "the session").startswith(
        "The session's budget of 0.5 kWh is used up: 0.528 kWh ± 5 %"
    )
    assert warning(over, "the session").endswith("so far. It stops the run.")
    error = exceeded(over, "the session")
    assert isinstance(error, BudgetExceeded)
    assert "`%carbon budget off`" in str(error)
    cell = parse_budget("200gCO2e", "cell").use(MISSING, _figure(300.0))
    said = warning(cell, "cell [3]")
    assert said == "Cell [3]'s budget of 200 g CO2e is used up: 300 g CO2e ± 5 % so far."
    assert "--budget" in str(exceeded(cell, "the cell"))

"""A budget: so much energy or CO2e for a session or a cell, and how much of it is used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.units import (
    MassUnit,
    UnitError,
    energy_text,
    mass_text,
    parse_energy_j,
    parse_mass_g,
    quoted,
)

Scope = Literal["session", "cell"]
"""What a budget is for."""
Measure = Literal["energy", "co2e"]
"""What a budget counts: the machine's energy before PUE, or CO2e with it."""
Level = Literal["within", "near", "over"]
"""How far a budget is used: less than four fifths, less than all, all of it or more."""

NEAR = 0.8
"""From this share on a budget is nearly used up."""
_LEAST = {"energy": 1.0, "co2e": 1e-3}
"""Smaller ones, in joules and grams, are used up by a machine that does nothing, at once."""
_LIKE_ENERGY = re.compile(r"wh\W*$|\d\s*[mkg]?j\W*$", re.IGNORECASE)
_LIKE_MASS = re.compile(r"co[2₂]|\d\s*(?:[mk]?g|t|lbs?)\W*$", re.IGNORECASE)
_EXAMPLE = "an energy, as in '0.5kWh', or a mass of CO2e, as in '200gCO2e'"


class BudgetError(ValueError):
    """A text is no budget; the message is a sentence for the user."""


class BudgetExceeded(Exception):  # noqa: N818  # what happened, as KeyboardInterrupt says it
    """A budget that was to stop the run is used up; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How much of a budget is used, as surfaces show it.

    `cell_key` is the number of the cell's window, None for the session. `fraction`
    is None where nothing was measured: that is not 0, and no budget is then kept.
    """

    scope: Scope
    cell_key: int | None
    measure: Measure
    limit: str
    used: str
    fraction: float | None
    level: Level
    stops: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit for a session or a cell.

    `limit` is in joules or in grams of CO2e, as `measure` says. What is compared
    with it is the best estimate, the value of the figure: of the range that is
    shown beside it the truth may be at either end, so that a budget is kept as
    exactly as the meter measures, and no more so.
    """

    scope: Scope
    measure: Measure
    limit: float
    stops: bool = False

    def limit_text(self, unit: MassUnit = "kg") -> str:
        """The limit in words: "0.5 kWh", "200 g CO2e"."""
        return self._text(Estimate(self.limit, self.limit, self.limit, Provenance.ASSUMED), unit)

    def fraction(self, energy_j: Estimate, co2e_g: Estimate) -> float | None:
        """The used share, 1 where it is used up; None where nothing was measured."""
        used = self._measured(energy_j, co2e_g).value
        return None if used is None else used / self.limit

    def use(
        self,
        energy_j: Estimate,
        co2e_g: Estimate,
        *,
        unit: MassUnit = "kg",
        cell_key: int | None = None,
    ) -> BudgetUse:
        """How much of it is used, with words for it."""
        fraction = self.fraction(energy_j, co2e_g)
        return BudgetUse(
            scope=self.scope,
            cell_key=cell_key,
            measure=self.measure,
            limit=self.limit_text(unit),
            used=self._text(self._measured(energy_j, co2e_g), unit),
            fraction=fraction,
            level=level_of(fraction),
            stops=self.stops,
        )

    def _measured(self, energy_j: Estimate, co2e_g: Estimate) -> Estimate:
        return energy_j if self.measure == "energy" else co2e_g

    def _text(self, figure: Estimate, unit: MassUnit) -> str:
        return energy_text(figure) if self.measure == "energy" else mass_text(figure, unit)


def level_of(fraction: float | None) -> Level:
    """How far a budget is used; an unknown use is within it, since nothing says otherwise."""
    if fraction is None or fraction < NEAR:
        return "within"
    return "near" if fraction < 1 else "over"


def parse_budget(text: str, scope: Scope = "session", *, stops: bool = False) -> Budget:
    """Reads a budget: "0.5kWh", "500 Wh", "200gCO2e", "0.2 kg".

    Raises:
        BudgetError: if it is neither an energy nor a mass, or not above 0, or not to be believed.
    """
    measure, limit = _amount(text)
    if limit == 0:
        raise BudgetError(
            f"{quoted(text)} is a budget that is used up before anything runs; write {_EXAMPLE}."
        )
    if limit < _LEAST[measure]:
        raise BudgetError(
            f"{quoted(text)} is so small that any machine uses it up within a moment; the least"
            " is 1 J or 1 mg of CO2e."
        )
    return Budget(scope, measure, limit, stops)


def _amount(text: str) -> tuple[Measure, float]:
    try:
        return "energy", parse_energy_j(text)
    except UnitError as error:
        no_energy = error
    try:
        return "co2e", parse_mass_g(text)
    except UnitError as error:
        no_mass = error
    if _LIKE_ENERGY.search(text[:200]):
        raise BudgetError(str(no_energy))
    if _LIKE_MASS.search(text[:200]):
        raise BudgetError(str(no_mass))
    raise BudgetError(f"{quoted(text)} is no budget; write {_EXAMPLE}.")


def standing(use: BudgetUse) -> str:
    """How a budget stands, for a line: "0.5 kWh · 33 % used, 164 Wh ± 5 % · stops the run"."""
    parts = [use.limit]
    if use.fraction is None:
        parts.append("not measured, so that nobody watches it")
    else:
        parts.append(f"{percent_text(use.fraction)} used, {use.used}")
    if use.stops:
        parts.append("stops the run")
    return " · ".join(parts)


def warning(use: BudgetUse, owner: str) -> str:
    """The sentence for a budget that is nearly or wholly used up; `owner` is "the session", say."""
    if use.level == "over":
        text = f"{_begin(owner)}'s budget of {use.limit} is used up: {use.used} so far."
        return f"{text} It stops the run." if use.stops else text
    share = percent_text(use.fraction or 0.0)
    return f"{share} of {owner}'s budget of {use.limit} is used: {use.used} so far."


def used_up(use: BudgetUse, owner: str) -> str:
    """The same for an account that is read later."""
    return f"{_begin(owner)}'s budget of {use.limit} was used up."


def exceeded(use: BudgetUse, owner: str) -> BudgetExceeded:
    """What is raised where a run is stopped."""
    remedy = (
        "To go on, run again, set a larger budget or take it away with `%carbon budget off`."
        if use.scope == "session"
        else "To go on, give the cell a larger --budget or leave --stop out."
    )
    return BudgetExceeded(
        f"{_begin(owner)}'s budget of {use.limit} is used up: {use.used} so far. {remedy}"
    )


def _begin(owner: str) -> str:
    return owner[:1].upper() + owner[1:]


def percent_text(fraction: float) -> str:
    """A share in per cent, rounded down, so that 100 % means all of it."""
    percent = fraction * 100
    if percent >= 1e6:
        return "far more than 100 %"
    return f"{int(percent + 1e-9)} %" if percent >= 1 or percent == 0 else "< 1 %"

"""Figures as the messages have them: values for bars and order, words to be shown."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.stream.messages import Mark, Shown, Watts
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.units import MassUnit, Words, energy_words, mass_words, power_words

_TITLE = 60
_MARKS: dict[Provenance, Mark] = {
    Provenance.COUNTER: "measured",
    Provenance.INTEGRATED: "measured",
    Provenance.MODELLED: "estimated",
    Provenance.ASSUMED: "estimated",
    Provenance.MIXED: "mixed",
    Provenance.MISSING: "not measured",
}


def energy_shown(energy_j: Estimate) -> Shown:
    """An energy, the value in joules."""
    return _shown(energy_j, energy_words(energy_j))


def mass_shown(co2e_g: Estimate, unit: MassUnit) -> Shown:
    """A mass of CO2e, the value in grams."""
    return _shown(co2e_g, mass_words(co2e_g, unit))


def watts(power_w: float | None, mark: Mark) -> Watts:
    """A power now."""
    words = power_words(power_w)
    return {
        "value_w": power_w,
        "number": words.number,
        "unit": words.unit,
        "mark": "not measured" if power_w is None else mark,
    }


def mark_of(provenance: Provenance) -> Mark:
    """What a surface says of how a figure was got."""
    return _MARKS[provenance]


def common_mark(marks: Iterable[Mark]) -> Mark:
    """The mark of a sum."""
    distinct = set(marks) - {"not measured"}
    if not distinct:
        return "not measured"
    return distinct.pop() if len(distinct) == 1 else "mixed"


def title_of(code: str) -> str:
    """The first words of a cell's code: those of its first line that is not `%%carbon`'s."""
    lines = (one_line(line, _TITLE) for line in code.splitlines())
    return next((line for line in lines if line and not line.startswith("%%carbon")), "")


def _shown(estimate: Estimate, words: Words) -> Shown:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "provenance": estimate.provenance.value,
        "number": words.number,
        "unit": words.unit,
        "range": words.range,
    }

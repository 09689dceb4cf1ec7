"""Energy, mass, time and power as people write and read them.

Inside the meter everything is joules, grams, seconds and watts; this is the one
place where other units come in (`parse_...`) and go out (`..._text`).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple, Protocol

J_PER_WH = 3600.0
J_PER_KWH = 3.6e6
G_PER_LB = 453.59237
"""Grams in a pound (avoirdupois), exact by the agreement of 1959."""

MassUnit = Literal["kg", "lb"]
"""In which units masses are shown: metric, or pounds."""

_ABSURD = 1e15
"""No figure in joules or grams above this is believed (1e15 J are 278 GWh)."""

_ENERGY_J: Mapping[str, float] = {
    "mWh": 3.6,
    "Wh": J_PER_WH,
    "kWh": J_PER_KWH,
    "MWh": 3.6e9,
    "GWh": 3.6e12,
    "mJ": 1e-3,
    "J": 1.0,
    "kJ": 1e3,
    "MJ": 1e6,
    "GJ": 1e9,
}
# Mg, the megagram, is here so that "MG" is ambiguous rather than a milligram.
_MASS_G: Mapping[str, float] = {
    "mg": 1e-3,
    "g": 1.0,
    "kg": 1e3,
    "t": 1e6,
    "Mg": 1e6,
    "lb": G_PER_LB,
    "lbs": G_PER_LB,
}
# Patterns are compiled when first used: most sessions parse nothing.
_QUANTITY = (
    r"\s*(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)"
    r"\s*(?P<unit>[a-z]*?)\s*(?P<gas>co2(?:[ -]?eq?)?)?\s*"
)
_NOT_FINITE = r"\s*[+-]?(?:nan|inf|infinity|∞)"


class UnitError(ValueError):
    """A text is no quantity of the wanted kind; the message is a sentence for the user."""


def quoted(text: str) -> str:
    """A user's text as an error message repeats it: one line, at most 40 characters, quoted."""
    line = "".join(c if c.isprintable() else " " for c in text[:80]).strip()
    return f"'{line[:39]}…'" if len(line) > 40 or len(text) > 80 else f"'{line}'"


def parse_energy_j(text: str) -> float:
    """Reads an energy: "0.5kWh", "500 Wh", "1.8 MJ", "3600 J".

    Upper and lower case may be mixed where only one unit can be meant ("KWH",
    but neither "mwh" nor "mj").

    Returns:
        Joules, finite, not negative.

    Raises:
        UnitError: if it is not an energy, negative, not finite or above 1e15 J.
    """
    return _parse(text, "energy", _ENERGY_J, "mWh, Wh, kWh, MWh, J, kJ or MJ", "0.5 kWh")


def parse_mass_g(text: str) -> float:
    """Reads a mass, of CO2e if it says so: "200gCO2e", "0.2 kg", "1 lb", "2t CO₂".

    Returns:
        Grams, finite, not negative.

    Raises:
        UnitError: if it is not a mass, negative, not finite or above 1e15 g.
    """
    return _parse(text, "mass", _MASS_G, "mg, g, kg, t or lb", "0.2 kg", gas=True)


def _parse(
    text: str,
    what: str,
    units: Mapping[str, float],
    choice: str,
    example: str,
    *,
    gas: bool = False,
) -> float:
    # NFKC turns the subscript of CO₂, no-break spaces and full-width digits into plain ones.
    plain = unicodedata.normalize("NFKC", text) if len(text) <= 200 else ""
    found = re.fullmatch(_QUANTITY, plain, re.IGNORECASE)
    if found is None or (found["gas"] and not gas):
        if re.match(_NOT_FINITE, plain, re.IGNORECASE):
            raise UnitError(f"{quoted(text)} is not finite; write a number, as in '{example}'.")
        if re.match(r"\s*[+-]?[0-9][0-9.]*,[0-9]", plain):
            raise UnitError(
                f"{quoted(text)} has a comma; write the number with a decimal point"
                f" and without separators, as in '{example}'."
            )
        raise UnitError(
            f"{quoted(text)} is no {what}; write a number and one of {choice}, as in '{example}'."
        )
    if not found["unit"]:
        raise UnitError(f"{quoted(text)} has no unit; add one of {choice}, as in '{example}'.")
    value = float(found["number"]) * _factor(found["unit"], text, what, units, choice)
    if value < 0:
        raise UnitError(f"{quoted(text)} is negative; write a number of 0 or more.")
    if value > _ABSURD:
        raise UnitError(f"{quoted(text)} is too large to be believed; check the unit.")
    return abs(value)


def _factor(unit: str, text: str, what: str, units: Mapping[str, float], choice: str) -> float:
    if unit in units:
        return units[unit]
    meant = [known for known in units if known.lower() == unit.lower()]
    if len(meant) == 1:
        return units[meant[0]]
    if meant:
        raise UnitError(
            f"{quoted(text)} may mean {' or '.join(meant)}; write the unit in exactly that form."
        )
    raise UnitError(f"{quoted(text)} has no known unit of {what}; use {choice}.")


# Display.


class Ranged(Protocol):
    """A figure with its range, or None in all three places: an `Estimate`."""

    @property
    def value(self) -> float | None:
        """The best figure."""

    @property
    def low(self) -> float | None:
        """The least that the truth may be."""

    @property
    def high(self) -> float | None:
        """The most that the truth may be."""


# A scale is used from its threshold on, which is given in its own unit.
_Scale = tuple[str, float, float]
"""Unit, its size in joules, grams or watts, and the least figure shown in it."""

_ENERGY_SCALES: Sequence[_Scale] = (
    ("mWh", 3.6, 0.0),
    ("Wh", J_PER_WH, 0.01),
    ("kWh", J_PER_KWH, 0.2),
    ("MWh", 3.6e9, 1.0),
)
_METRIC_SCALES: Sequence[_Scale] = (
    ("mg", 1e-3, 0.0),
    ("g", 1.0, 0.1),
    ("kg", 1e3, 1.0),
    ("t", 1e6, 1.0),
)
_POUND_SCALES: Sequence[_Scale] = (("lb", G_PER_LB, 0.0),)
_POWER_SCALES: Sequence[_Scale] = (("mW", 1e-3, 0.0), ("W", 1.0, 0.1), ("kW", 1e3, 1.0))

_DIGITS = 3
_BOUND_SHARE = 0.05
_FINEST = {"mWh": -3, "mg": -3, "lb": -6, "mW": -3}
"""The last decimal place that the smallest units show; less than that is shown as a bound."""
_NEVER = -999
"""A decimal place beyond any that a float has."""


def is_bound(estimate: Ranged) -> bool:
    """True where all that is known is an upper bound: the range begins at 0, or near it.

    A cell too short for a GPU's counter still has a low end above 0 from what
    is modelled beside it; below a twentieth of the high end that tells nothing.
    """
    low, high = estimate.low, estimate.high
    return low is not None and high is not None and high > 0 and low <= _BOUND_SHARE * high


class Words(NamedTuple):
    """A figure for people in its three parts; unit and range may be empty."""

    number: str
    """"0.204", "< 0.02", "not measured"."""
    unit: str
    """"kWh", "g CO2e"."""
    range: str = ""
    """"± 5 %", "41 to 78 Wh"."""

    def __str__(self) -> str:
        """The parts on one line; a range with two ends stands in brackets."""
        range_ = self.range if self.range[:1] in ("", "±") else f"({self.range})"
        return " ".join(part for part in (self.number, self.unit, range_) if part)


NOT_MEASURED = Words("not measured", "")


def energy_text(energy_j: Ranged) -> str:
    """An energy for people: "0.204 kWh ± 5 %", "55 Wh (41 to 78 Wh)", "< 0.02 Wh".

    At most three digits, and none finer than a third of the range's half-width.
    A range that begins at 0, or as good as there, is shown as its upper bound,
    rounded up; "0 Wh" is an exact zero; what was not measured is "not measured".
    """
    return str(energy_words(energy_j))


def energy_words(energy_j: Ranged) -> Words:
    """The parts of `energy_text`, for who sets them apart."""
    return _words(energy_j, _ENERGY_SCALES, "Wh", "")


def mass_text(co2e_g: Ranged, unit: MassUnit = "kg") -> str:
    """A mass of CO2e for people: "67 g CO2e ± 5 %", "0.148 lb CO2e ± 5 %".

    The rules of `energy_text`; `unit` chooses metric units or pounds.
    """
    return str(mass_words(co2e_g, unit))


def mass_words(co2e_g: Ranged, unit: MassUnit = "kg") -> Words:
    """The parts of `mass_text`, for who sets them apart."""
    if unit == "lb":
        return _words(co2e_g, _POUND_SCALES, "lb", " CO2e")
    return _words(co2e_g, _METRIC_SCALES, "g", " CO2e")


def intensity_text(g_per_kwh: float, unit: MassUnit = "kg") -> str:
    """A carbon intensity for people: "330 g/kWh" or, in pounds, "0.728 lb/kWh"."""
    if not math.isfinite(g_per_kwh):
        return "unknown"
    if unit == "lb":
        return f"{_plain(g_per_kwh / G_PER_LB, _FINEST['lb'])} lb/kWh"
    return f"{_plain(g_per_kwh, -3)} g/kWh"


def power_text(power_w: float | None) -> str:
    """A power for people: "0.52 W", "62 W", "1.24 kW"; None or NaN is "not measured"."""
    return str(power_words(power_w))


def power_words(power_w: float | None) -> Words:
    """The parts of `power_text`, for who sets them apart."""
    if power_w is None or math.isnan(power_w):
        return NOT_MEASURED
    if power_w == 0:
        return Words("0", "W")
    unit, size = _scale(power_w, _POWER_SCALES)
    return Words(_plain(power_w / size, _FINEST.get(unit, _NEVER)), unit)


def duration_text(duration_s: float) -> str:
    """A duration for people: "12 ms", "5.2 s", "1 min 05 s", "2 h 03 min", "3 d 04 h"."""
    if not math.isfinite(duration_s):
        return "unknown"
    if duration_s < 0:
        return f"-{duration_text(-duration_s)}"
    if duration_s == 0:
        return "0 s"
    if duration_s < 5e-5:
        return "< 0.1 ms"
    if duration_s < 0.9995:
        return f"{_plain(duration_s * 1e3, 0 if duration_s >= 0.01 else -1)} ms"
    if duration_s < 59.95:
        return f"{_plain(duration_s, -1 if duration_s >= 9.995 else -2)} s"
    whole_s = round(duration_s)
    if whole_s < 3600:
        return f"{whole_s // 60} min {whole_s % 60:02d} s"
    whole_min = round(duration_s / 60)
    if whole_min < 24 * 60:
        return f"{whole_min // 60} h {whole_min % 60:02d} min"
    if duration_s > 1e9:
        return f"{_plain(duration_s / 86400)} d"
    whole_h = round(duration_s / 3600)
    return f"{whole_h // 24} d {whole_h % 24:02d} h"


def _words(estimate: Ranged, scales: Sequence[_Scale], zero: str, suffix: str) -> Words:
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None or low is None or high is None:
        return NOT_MEASURED
    if low == high == 0:
        return Words("0", zero + suffix)
    if is_bound(estimate):
        return _bound_words(high, scales, suffix)
    unit, size = _scale(value or high, scales)
    finest = _FINEST.get(unit, _NEVER)
    if 0 < value < 0.5 * 10.0**finest * size:
        return _bound_words(high, scales, suffix)
    value, low, high = value / size, low / size, high / size
    half = (high - low) / 2
    is_exact = half <= 1e-12 * value  # what is left of a range by rounding is none
    if is_exact or not math.isfinite(half):
        range_ = "" if is_exact else f"{_plain(low)} to {_plain(high)} {unit}"
        return Words(_plain(value, finest), unit + suffix, range_)
    # A digit that stands for less than a third of the half-width tells nothing.
    first = _place(float(f"{value or high:.2e}"))  # 999.7 is shown as 1000
    place = max(min(max(_place(half / 3), first - _DIGITS + 1), first), finest)
    shown = _rounded(value, place)
    if value != 0:
        down, up = (value - low) / abs(value), (high - value) / abs(value)
        wider = max(down, up)
        if wider < 1 and (abs(up - down) <= 0.3 * wider or wider < 0.01):
            return Words(shown, unit + suffix, f"± {_percent_text(wider)}")
    low_shown = _rounded(low, max(place, _place(low) - 1), ROUND_FLOOR)
    high_shown = _rounded(high, max(place, _place(high) - 1), ROUND_CEILING)
    return Words(shown, unit + suffix, f"{low_shown} to {high_shown} {unit}")


def _bound_words(bound: float, scales: Sequence[_Scale], suffix: str) -> Words:
    """An upper bound, rounded up to two digits so that it still is one when read back."""
    unit, size = _scale(bound, scales)
    figure = bound / size
    if not math.isfinite(figure):
        return Words(f"< {_plain(figure)}", unit + suffix)
    finest = _FINEST.get(unit, _NEVER)
    figure = max(figure, 10.0**finest)
    place = max(_place(figure) - 1, finest)
    shown = _rounded(figure, place, ROUND_CEILING)
    if float(shown) * size < bound:  # by one part in 10^12, which _rounded takes for noise
        shown = _rounded(float(shown) + 10.0**place, place)
    return Words(f"< {_stripped(shown)}", unit + suffix)


def _percent_text(part: float) -> str:
    """Whole per cent, or one digit below one per cent; rounded up."""
    percent = part * 100
    place = 0 if percent >= 1 else max(_place(percent), -2)
    return f"{_stripped(_rounded(percent, place, ROUND_CEILING))} %"


def _scale(figure: float, scales: Sequence[_Scale]) -> tuple[str, float]:
    """The unit for a figure in joules, grams or watts."""
    for unit, size, least in reversed(scales):
        # 999.6 is shown as 1000, and so belongs to the next scale.
        if abs(figure) / size >= least * (1 - 0.5 * 10.0**-_DIGITS):
            return unit, size
    raise AssertionError("the first scale begins at 0")


def _plain(figure: float, finest: int = _NEVER) -> str:
    """At most three digits, none finer than `finest`, without trailing zeros."""
    if not math.isfinite(figure):
        return "unknown" if math.isnan(figure) else ("∞" if figure > 0 else "-∞")
    return _stripped(_rounded(figure, max(_place(figure) - _DIGITS + 1, finest)))


def _place(figure: float) -> int:
    """The decimal place of the first digit: 0 for 1 to 9.99, 2 for 100, -1 for 0.1."""
    return int(f"{figure:.12e}".partition("e")[2])


def _rounded(figure: float, place: int, rounding: str = ROUND_HALF_EVEN) -> str:
    """A figure without the digits after a decimal place; the 13th digit on is noise."""
    number = Decimal(f"{figure:.12e}").quantize(Decimal(1).scaleb(place), rounding)
    if not number:
        return "0"
    return f"{number:e}" if number.adjusted() > 9 else f"{number:f}"


def _stripped(number: str) -> str:
    """A number without the zeros that end its decimals."""
    return number.rstrip("0").rstrip(".") if "." in number and "e" not in number else number

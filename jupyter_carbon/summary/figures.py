"""What the forms for people derive from the document, and how they word it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from jupyter_carbon.estimate import Estimate, EstimateDict, Provenance, total
from jupyter_carbon.summary.keys import CellDict, GridDict, SummaryDict
from jupyter_carbon.units import MassUnit, energy_text, is_bound, mass_text, power_text

_RANGE = re.compile(r" (?:± .*|\(.* to .*\))$")


def energy_of(cell: CellDict) -> Estimate:
    """The cell's energy in J."""
    return Estimate.from_dict(cell["energy_j"])


def in_cells(document: SummaryDict) -> tuple[Estimate, Estimate]:
    """Energy in J and CO2e in g of all cells together."""
    session, cells = document["session"], document["cells"]
    energy_j, co2e_g = session.get("in_cells_j"), session.get("in_cells_co2e_g")
    return (
        total(map(energy_of, cells)) if energy_j is None else Estimate.from_dict(energy_j),
        total(Estimate.from_dict(cell["co2e_g"]) for cell in cells)
        if co2e_g is None
        else Estimate.from_dict(co2e_g),
    )


def between_cells(document: SummaryDict) -> tuple[Estimate, Estimate | None]:
    """Energy in J and CO2e in g outside of cells; the CO2e is None where it is not told."""
    session = document["session"]
    co2e_g: EstimateDict | None = session.get("between_cells_co2e_g")
    return (
        Estimate.from_dict(session["between_cells_j"]),
        None if co2e_g is None else Estimate.from_dict(co2e_g),
    )


def provenance_text(energy_j: EstimateDict, parts: Iterable[EstimateDict]) -> str:
    """How a sum was got: one word, or the share of each: "92 % counter, 8 % assumed"."""
    return provenance_words(
        energy_j["provenance"], ((part["provenance"], part["value"]) for part in parts)
    )


def provenance_words(whole: str, parts: Iterable[tuple[str, float | None]]) -> str:
    """`provenance_text` of a sum's provenance, and the provenance and value of each part."""
    shares_j: dict[str, float] = {}
    for kind, value_j in parts:
        if value_j is not None:
            shares_j[kind] = shares_j.get(kind, 0.0) + value_j
    whole_j = sum(shares_j.values())
    if whole != Provenance.MIXED:
        return whole
    if len(shares_j) < 2 or whole_j <= 0:
        return "with a gap, or got in several ways"
    ranked = sorted(shares_j.items(), key=lambda item: -item[1])
    texts = [
        f"{share_j / whole_j * 100:.0f} % {kind}"
        for kind, share_j in ranked
        if share_j >= 0.005 * whole_j
    ]
    return ", ".join(texts) if len(texts) > 1 else f"almost all {ranked[0][0]}"


def mean_power_text(cell: CellDict) -> str:
    """Mean power of the machine over the cell: "87 W"; empty where its energy does not tell.

    Nor does it where other cells had part of its time.

    No digit is finer than a third of the range's half-width, as with energies.
    """
    return "" if cell["overlapped"] else mean_power_words(energy_of(cell), cell["duration_s"])


def mean_power_words(energy_j: Estimate, duration_s: float) -> str:
    """`mean_power_text` of an energy and a duration."""
    value, low, high = energy_j.value, energy_j.low, energy_j.high
    if value is None or low is None or high is None or duration_s <= 0 or is_bound(energy_j):
        return ""
    power_w = value / duration_s
    finest_w = (high - low) / duration_s / 6
    if 0 < finest_w < power_w:
        power_w = round(power_w, -math.floor(math.log10(finest_w)))
    return power_text(power_w)


def energy_and_mass_text(
    energy_j: Estimate, co2e_g: Estimate, co2e_unit: MassUnit
) -> tuple[str, str]:
    """Both figures for people; a range that is the same of both stands with the energy only."""
    mass = mass_text(co2e_g, co2e_unit)
    if _have_the_same_proportions(energy_j, co2e_g):
        mass = _RANGE.sub("", mass)
    return energy_text(energy_j), mass


def _have_the_same_proportions(one: Estimate, other: Estimate) -> bool:
    if not one.value or not other.value:
        return False
    ratio = other.value / one.value
    return all(
        math.isclose(bound, ratio * part, rel_tol=0.005)
        for part, bound in (
            (one.low or 0.0, other.low or 0.0),
            (one.high or 0.0, other.high or 0.0),
        )
    )


def iso_time(moment_s: float) -> str:
    """A moment in seconds since the epoch as the documents have it: ISO 8601, UTC."""
    try:
        moment = datetime.fromtimestamp(moment_s, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0.0, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_text(moment: str) -> str:
    """An ISO 8601 time of the document, to the second: "2026-01-31 12:03:20 UTC"."""
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return moment


def place_text(grid: GridDict) -> str:
    """The place in words, as it stands in the document; the world average is called that."""
    return assumed_text(grid["place"]) if grid["assumed"] else grid["place"]


def assumed_text(place: str) -> str:
    """A place that nobody chose, in words."""
    if place.lower().startswith("world"):
        return "world average, since no known place was given"
    return f"{place}, assumed"

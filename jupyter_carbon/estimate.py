"""A figure with its range and its origin.

A meter's figure is worth nothing without the two things that travel with it
here: the range in which the truth lies, and how the figure was got.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Provenance(StrEnum):
    """How a figure was got."""

    COUNTER = "counter"
    """Difference of an energy counter kept by the hardware."""
    INTEGRATED = "integrated"
    """Power readings of a sensor, integrated over time."""
    MODELLED = "modelled"
    """Computed from a load and published characteristics of the very part."""
    ASSUMED = "assumed"
    """Computed from typical values, because the part is not known."""
    MIXED = "mixed"
    """A sum of figures that were got in different ways, or in part."""
    MISSING = "missing"
    """Not measured. The value is None, never 0."""


class EstimateDict(TypedDict):
    """An estimate as the exported summary writes it."""

    value: float | None
    low: float | None
    high: float | None
    provenance: str


def merge(provenances: Iterable[Provenance]) -> Provenance:
    """The provenance of a sum: the common one, else MIXED; of nothing, MISSING."""
    distinct = set(provenances)
    if not distinct:
        return Provenance.MISSING
    return distinct.pop() if len(distinct) == 1 else Provenance.MIXED


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the range that holds the truth, and its provenance.

    The unit is the caller's and is named by the variable that holds the
    estimate (`energy_j`, `co2e_g`). A missing estimate has None in all three
    places.

    Raises:
        ValueError: if low <= value <= high does not hold, or if only some of
            the three are None.
    """

    value: float | None
    low: float | None
    high: float | None
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.value is None or self.low is None or self.high is None:
            if not (self.value is self.low is self.high is None):
                raise ValueError("an estimate has a value and a range, or neither")
            if self.provenance is not Provenance.MISSING:
                raise ValueError("an estimate without a value is missing")
        elif not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} is outside its range {self.low} to {self.high}")

    @classmethod
    def missing(cls) -> Estimate:
        """The figure that was not measured."""
        return cls(None, None, None, Provenance.MISSING)

    @classmethod
    def from_dict(cls, keys: EstimateDict) -> Estimate:
        """The estimate that `as_dict` wrote.

        Raises:
            ValueError: where the keys contradict each other.
        """
        return cls(keys["value"], keys["low"], keys["high"], Provenance(keys["provenance"]))

    @property
    def is_missing(self) -> bool:
        """True where there is no figure."""
        return self.value is None

    def __add__(self, other: Estimate) -> Estimate:
        """The sum; ranges add linearly, since sensor errors may be common.

        A missing part leaves the sum of the others, marked MIXED: it is then a
        figure for what was measured, and the notes name what was not.
        """
        provenance = merge((self.provenance, other.provenance))
        if self.value is None or self.low is None or self.high is None:
            if other.value is None:
                return Estimate.missing()
            return Estimate(other.value, other.low, other.high, provenance)
        if other.value is None or other.low is None or other.high is None:
            return Estimate(self.value, self.low, self.high, provenance)
        return Estimate(
            self.value + other.value, self.low + other.low, self.high + other.high, provenance
        )

    def scaled(
        self, factor: float, low_factor: float | None = None, high_factor: float | None = None
    ) -> Estimate:
        """This figure times a non-negative factor, which may have a range of its own.

        Raises:
            ValueError: for a negative factor, or a factor outside its range.
        """
        least = factor if low_factor is None else low_factor
        most = factor if high_factor is None else high_factor
        if not 0 <= least <= factor <= most:
            raise ValueError(
                f"a factor and its range must not be negative: {least}, {factor}, {most}"
            )
        if self.value is None or self.low is None or self.high is None:
            return self
        return Estimate(self.value * factor, self.low * least, self.high * most, self.provenance)

    def as_dict(self) -> EstimateDict:
        """The four keys of the exported summary."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "provenance": self.provenance.value,
        }


def total(estimates: Iterable[Estimate]) -> Estimate:
    """The sum of estimates; missing if there are none, or if all are missing."""
    value = low = high = 0.0
    provenances: set[Provenance] = set()
    is_known = False
    for each in estimates:
        provenances.add(each.provenance)
        if each.value is not None and each.low is not None and each.high is not None:
            value, low, high = value + each.value, low + each.low, high + each.high
            is_known = True
    return Estimate(value, low, high, merge(provenances)) if is_known else Estimate.missing()

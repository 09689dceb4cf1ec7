"""From energy to CO2e: the carbon intensity in force, and the PUE.

    co2e_g = energy_kwh x PUE x intensity_g_per_kwh

PUE (power usage effectiveness, ISO/IEC 30134-2) is the energy of the building
over the energy of its machines, 1.0 for a machine outside a data centre. It is
applied here and nowhere else: energy figures are the machine's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.units import J_PER_KWH, quoted

MAX_G_PER_KWH = 5000.0
"""Above this an intensity is not believed: the bundled table ends at 1306 g/kWh."""
MAX_PUE = 10.0
"""Above this a PUE is not believed: the mean of the surveys since 2018 is near 1.6."""


class CarbonError(ValueError):
    """An intensity or a PUE that cannot be; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Intensity:
    """How much CO2e a kilowatt-hour causes at a place, and whose figure that is.

    Raises:
        CarbonError: if a figure is not finite, negative or above 5000 g/kWh, or
            outside its own range.
    """

    g_per_kwh: float
    place: str
    """As people say it: "Germany"."""
    code: str
    """Short and stable: "DE", "WLD"."""
    basis: str
    """What is counted: "lifecycle", "direct"; "stated" where the user gave the figure."""
    kind: str
    """"average", or "stated" where the user gave the figure."""
    year: int | None
    """The year whose generation it describes; None: not known."""
    source: str
    """A key that the bundled data/SOURCES.md explains."""
    assumed: bool = False
    """True if nobody chose the place."""
    low_g_per_kwh: float | None = None
    high_g_per_kwh: float | None = None
    """The figure's own range, both or neither; None: not known."""

    def __post_init__(self) -> None:
        _check_intensity(self.g_per_kwh)
        if self.low_g_per_kwh is None and self.high_g_per_kwh is None:
            return
        if self.low_g_per_kwh is None or self.high_g_per_kwh is None:
            raise CarbonError("An intensity has both ends of its range, or neither.")
        _check_intensity(self.low_g_per_kwh)
        _check_intensity(self.high_g_per_kwh)
        if not self.low_g_per_kwh <= self.g_per_kwh <= self.high_g_per_kwh:
            raise CarbonError(
                f"An intensity of {self.g_per_kwh:g} g/kWh lies outside its range,"
                f" {self.low_g_per_kwh:g} to {self.high_g_per_kwh:g} g/kWh."
            )


@dataclass(frozen=True, slots=True)
class Rate:
    """What turns the machine's energy into CO2e: an intensity and a PUE.

    Raises:
        CarbonError: if the PUE is not between 1 and 10.
    """

    intensity: Intensity
    pue: float = 1.0
    """Energy of the building over energy of the machine."""

    def __post_init__(self) -> None:
        check_pue(self.pue)

    @property
    def g_per_j(self) -> float:
        """Grams of CO2e per joule of the machine's energy."""
        return self.intensity.g_per_kwh * self.pue / J_PER_KWH

    @property
    def low_g_per_j(self) -> float:
        """The lower end of `g_per_j`; `g_per_j` itself where the range is not known."""
        low = self.intensity.low_g_per_kwh
        return self.g_per_j if low is None else low * self.pue / J_PER_KWH

    @property
    def high_g_per_j(self) -> float:
        """The upper end of `g_per_j`; `g_per_j` itself where the range is not known."""
        high = self.intensity.high_g_per_kwh
        return self.g_per_j if high is None else high * self.pue / J_PER_KWH


def co2e_g(energy_j: Estimate, rate: Rate) -> Estimate:
    """The CO2e that an energy causes, in grams, PUE included.

    The range covers the energy's and, where it is known, the intensity's. The
    provenance stays the energy's; whether the intensity was assumed is told by
    `Intensity.assumed`. What was not measured causes a missing figure, not 0.
    """
    return energy_j.scaled(rate.g_per_j, rate.low_g_per_j, rate.high_g_per_j)


def check_pue(pue: float) -> float:
    """Gives back a PUE that can be.

    Raises:
        CarbonError: if it is not a number from 1 to 10.
    """
    if not 1 <= pue <= MAX_PUE:  # false for NaN, too
        raise CarbonError(
            f"A PUE of {pue:g} cannot be; it is the building's energy over the machine's,"
            f" a number from 1 to {MAX_PUE:g}."
        )
    return pue


def parse_pue(text: str) -> float:
    """Reads a PUE: "1.2".

    Raises:
        CarbonError: if it is no number, or not from 1 to 10.
    """
    try:
        pue = float(text)
    except ValueError:
        raise CarbonError(f"{quoted(text)} is no PUE; write a number such as 1.2.") from None
    return check_pue(pue)


def _check_intensity(g_per_kwh: float) -> None:
    if not math.isfinite(g_per_kwh):
        raise CarbonError(f"An intensity of {g_per_kwh} g/kWh is not finite; give a number.")
    if g_per_kwh < 0:
        raise CarbonError(f"An intensity of {g_per_kwh:g} g/kWh is negative; give 0 or more.")
    if g_per_kwh > MAX_G_PER_KWH:
        raise CarbonError(
            f"An intensity of {g_per_kwh:g} g/kWh is too high to be believed;"
            f" give at most {MAX_G_PER_KWH:g} g/kWh."
        )

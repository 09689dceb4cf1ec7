"""How places are named, and the one protocol by which they are looked up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Protocol

from jupyter_carbon.carbon import MAX_G_PER_KWH, CarbonError, Intensity
from jupyter_carbon.units import J_PER_KWH, UnitError, parse_energy_j, parse_mass_g, quoted


class UnknownPlace(ValueError):  # noqa: N818 - a place, not an error of the program
    """A place that a look-up does not know.

    The message is one or two sentences for the user, with near matches; what
    the meter does now is the caller's to add.
    """

    def __init__(self, message: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.suggestions = tuple(suggestions)
        """Names of places that may have been meant, nearest first."""


class Lookup(Protocol):
    """Something that knows the carbon intensity of places."""

    def find(self, place: str) -> Intensity:
        """The intensity of a place, named as a user names it.

        Raises:
            UnknownPlace: if it is not known.
        """


_STATED = r"\s*(?P<mass>[-+.]?[0-9].*?)(?:(?:/|\bper\b)\s*(?P<energy>[a-z]+)\s*)?"


def stated_intensity(text: str) -> Intensity | None:
    """Reads an intensity that is given in place of a place.

    A number with a unit of mass is meant per kWh, unless "/MWh" follows:
    "400 g/kWh", "0.4 kg", "0.954 lb per kWh", "771 lb/MWh". No name of a place
    begins with a digit, so what does is taken for an intensity.

    Returns:
        The intensity, or None where the text names a place.

    Raises:
        UnknownPlace: if it begins as an intensity and is none that can be.
    """
    found = re.fullmatch(_STATED, text, re.IGNORECASE)
    if found is None:
        return None
    try:
        mass_g = parse_mass_g(found["mass"])
        energy_j = parse_energy_j(f"1 {found['energy'] or 'kWh'}")
    except UnitError:
        raise UnknownPlace(
            f"{quoted(text)} is no carbon intensity;"
            f" write one as in '400 g/kWh', from 0 to {MAX_G_PER_KWH:g} g/kWh."
        ) from None
    try:
        return Intensity(
            g_per_kwh=mass_g / energy_j * J_PER_KWH,
            place="stated by the user",
            code="stated",
            basis="stated",
            kind="stated",
            year=None,
            source="user",
        )
    except CarbonError as error:
        raise UnknownPlace(str(error)) from None


def normalised(name: str) -> str:
    """A name as it is compared: without case, accents, punctuation and a leading "the".

    "St." becomes "saint", "&" becomes "and".
    """
    plain = unicodedata.normalize("NFKD", re.sub("['’.]", "", name.replace("&", " and ")))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    words = ["saint" if word == "st" else word for word in re.findall(r"[^\W_]+", plain)]
    return " ".join(words[1:] if words[:1] == ["the"] else words)

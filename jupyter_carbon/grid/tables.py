"""The bundled table: a year's average carbon intensity of countries and groups of them.

Life-cycle intensity of the electricity generated, Ember through Our World in
Data; `data/SOURCES.md` says which figure is from where. The file is read when
the first place is looked up, not on import.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from jupyter_carbon.carbon import Intensity
from jupyter_carbon.grid.place import UnknownPlace, normalised, stated_intensity
from jupyter_carbon.units import quoted

WORLD = "WLD"
"""The code of the world's average."""

# Other names, as `normalised` writes them, to the table's iso3. Where a name may
# mean two places of the table (Korea, Congo alone), it is not here, or is the
# table's own name.
_ALIASES = {
    "america": "USA",
    "bolivia plurinational state of": "BOL",
    "bosnia": "BIH",
    "britain": "GBR",
    "brunei darussalam": "BRN",
    "burma": "MMR",
    "cabo verde": "CPV",
    "congo brazzaville": "COG",
    "congo kinshasa": "COD",
    "czech republic": "CZE",
    "democratic republic of the congo": "COD",
    "dr congo": "COD",
    "drc": "COD",
    "earth": WORLD,
    "el": "GRC",
    "emirates": "ARE",
    "england": "GBR",
    "eu": "EUU",
    "eu 27": "EUU",
    "eu27": "EUU",
    "european union": "EUU",
    "global": WORLD,
    "great britain": "GBR",
    "holland": "NLD",
    "hong kong sar": "HKG",
    "iran islamic republic of": "IRN",
    "ivory coast": "CIV",
    "korea north": "PRK",
    "korea republic of": "KOR",
    "korea south": "KOR",
    "lao pdr": "LAO",
    "macau": "MAC",
    "macedonia": "MKD",
    "northern ireland": "GBR",
    "prc": "CHN",
    "republic of korea": "KOR",
    "republic of the congo": "COG",
    "russian federation": "RUS",
    "scotland": "GBR",
    "swaziland": "SWZ",
    "syrian arab republic": "SYR",
    "tanzania united republic of": "TZA",
    "timor leste": "TLS",
    "trinidad": "TTO",
    "turkiye": "TUR",
    "uae": "ARE",
    "uk": "GBR",
    "united states of america": "USA",
    "us virgin islands": "VIR",
    "viet nam": "VNM",
    "wales": "GBR",
    "world average": WORLD,
    "worldwide": WORLD,
}


_SOURCES = {
    "owid_ember_2026": "Ember, by Our World in Data",
    "ember_2025": "Ember",
    "user": "you",
}
"""What people call the keys of `data/SOURCES.md`; exports have the keys."""


class _Row(NamedTuple):
    name: str
    intensity: Intensity | None
    """None where the publisher has no figure."""


@cache
def _table() -> Mapping[str, _Row]:
    """The rows by normalised code, name and alias; so a row is there several times."""
    from importlib.resources import files

    rows: dict[str, _Row] = {}
    path = files("jupyter_carbon").joinpath("data", "grid_country.csv")
    for fields in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        row = _Row(fields["name"], _intensity(fields))
        for key in (fields["iso2"], fields["iso3"], fields["name"]):
            if key:
                rows[normalised(key)] = row
    for alias, iso3 in _ALIASES.items():
        rows[alias] = rows[normalised(iso3)]
    return rows


def _intensity(fields: dict[str, str]) -> Intensity | None:
    if not fields["intensity_gco2e_per_kwh"]:
        return None
    return Intensity(
        g_per_kwh=float(fields["intensity_gco2e_per_kwh"]),
        place=fields["name"],
        code=fields["iso2"] or fields["iso3"],
        basis=fields["basis"],
        kind="average",
        year=int(fields["year"]) if fields["year"] else None,
        source=fields["source"],
    )


def source_name(key: str) -> str:
    """What people call the source of an intensity; the key itself where it has no other name."""
    return _SOURCES.get(key, key)


def world_average(assumed: bool) -> Intensity:
    """The world's average intensity.

    Args:
        assumed: True where nobody chose it, but no place is known.
    """
    world = _table()[normalised(WORLD)].intensity
    assert world is not None, "the bundled table has a figure for the world"
    return replace(world, assumed=assumed)


class CountryTable:
    """Looks places up in the bundled table; a `Lookup`."""

    def find(self, place: str) -> Intensity:
        """The intensity of a country, a group of countries, or the world.

        Args:
            place: An ISO 3166 code of two or three letters, an English name or
                a common other one ("UK", "world"), in any case; or an intensity
                of its own, such as "400 g/kWh" (see `stated_intensity`).

        Raises:
            UnknownPlace: if the table has no such place, or no figure for it.
        """
        stated = stated_intensity(place)
        if stated is not None:
            return stated
        key = normalised(place)
        if not key:
            raise UnknownPlace(
                "The place is empty; name a country or its code, for example 'Germany' or 'DE'."
            )
        row = _table().get(key)
        if row is None:
            raise _unknown(place, key)
        if row.intensity is None:
            raise UnknownPlace(
                f"The bundled table knows {row.name}, but has no figure for it;"
                " name another place, or state an intensity as in '400 g/kWh'."
            )
        return row.intensity

    def names(self) -> tuple[str, ...]:
        """English names of all places that have a figure, sorted."""
        return tuple(sorted(figure.place for figure in _figures()))

    def codes(self) -> tuple[str, ...]:
        """Their codes: ISO 3166 with two letters, three for groups and the world; sorted."""
        return tuple(sorted(figure.code for figure in _figures()))


def _figures() -> set[Intensity]:
    return {row.intensity for row in _table().values() if row.intensity is not None}


def _unknown(place: str, key: str) -> UnknownPlace:
    near = _near(place, key)
    text = f"{quoted(place)} is not a place that the bundled table knows"
    if near:
        *others, last = near
        choice = f"{', '.join(others)} or {last}" if others else last
        return UnknownPlace(f"{text}; did you mean {choice}?", near)
    return UnknownPlace(f"{text}; name a country or its code, for example 'Germany' or 'DE'.")


def _near(place: str, key: str) -> tuple[str, ...]:
    """Up to three names that may have been meant, nearest first."""
    from difflib import get_close_matches

    rows = _table()
    # "US-CA" and "Ontario, Canada" name a part of a country that the table knows.
    parts = [place.replace("_", "-").partition("-")[0], place.rpartition(",")[2]]
    near = [part for part in map(normalised, parts) if part in rows]
    near += [name for name in rows if len(key) > 3 and name.startswith(key)]
    # Codes are too short for likeness to mean anything.
    near += get_close_matches(key[:80], [name for name in rows if len(name) > 3], cutoff=0.7)
    names = (rows[name].name for name in near if rows[name].intensity is not None)
    return tuple(dict.fromkeys(names))[:3]

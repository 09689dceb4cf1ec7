"""The bundled tables: what they hold, and that each figure's source is explained."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

import jupyter_carbon

ROOT = Path(__file__).parent.parent
DATA = Path(jupyter_carbon.__path__[0]) / "data"
TABLES = sorted(DATA.glob("*.csv"))
# Republications under a share-alike or copyleft licence, and services of that kind.
COPYLEFT = re.compile(r"co2js|emaps|electricity_?maps|boavizta|ecologits", re.IGNORECASE)


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def explained_keys() -> set[str]:
    text = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_both_tables_are_here() -> None:
    assert [path.name for path in TABLES] == ["cpu_tdp.csv", "grid_country.csv"]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_source_is_explained_and_none_is_share_alike(path: Path) -> None:
    keys = {row["source"] for row in rows(path.name)}
    assert keys <= explained_keys()
    assert not [key for key in keys if COPYLEFT.search(key)]


def test_no_explained_source_is_unused() -> None:
    used = {row["source"] for path in TABLES for row in rows(path.name)}
    assert explained_keys() == used


def test_the_grid_table_is_whole() -> None:
    table = rows("grid_country.csv")
    assert list(table[0]) == [
        "iso2",
        "iso3",
        "name",
        "kind",
        "year",
        "year_stated",
        "intensity_gco2e_per_kwh",
        "basis",
        "accounting",
        "source",
    ]
    assert len(table) == 227
    for column in ("iso3", "name"):
        assert len({row[column] for row in table}) == len(table)
    assert {row["basis"] for row in table} == {"lifecycle"}
    assert {row["accounting"] for row in table} == {"generation"}
    assert {row["name"] for row in table if not row["intensity_gco2e_per_kwh"]} == {
        "Central African Republic"
    }
    figures = [float(row["intensity_gco2e_per_kwh"] or "nan") for row in table]
    assert all(20 < figure < 1400 for figure in figures if figure == figure)


def test_the_processor_table_is_whole() -> None:
    table = rows("cpu_tdp.csv")
    assert list(table[0]) == [
        "match_key",
        "name",
        "tdp_w",
        "cores",
        "threads",
        "source",
        "verified",
    ]
    assert len({row["match_key"] for row in table}) == len(table) == 4888
    assert all(0 < float(row["tdp_w"]) <= 1000 for row in table)
    assert all(row["cores"] == "" or int(row["cores"]) > 0 for row in table)
    assert {row["verified"] for row in table} == {"yes", "no"}


def test_the_notices_credit_what_the_licences_ask_for() -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    for credit in (
        "Ember",
        "Our World in Data",
        "https://creativecommons.org/licenses/by/4.0/",
        "Changes:",
        "Copyright (c) 2019 Mila, BCG Gamma, CometML, Haverford College",
        "Copyright (c) 2023 Code Carbon NGO",
        "Copyright (c) 2020 Lasse F. Wolff Anthony & Benjamin Kanding",
        "Copyright (c) 2022 Leon Sorokin",
        "Copyright (c) 2019 Project Jupyter",
        "Copyright (c) 2014-2017, PhosphorJS Contributors",
        "Copyright JS Foundation and other contributors",
        "The above copyright notice and this permission notice shall be included",
    ):
        assert credit in notices
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "jupyter_carbon contributors" in licence
    assert "2026" in licence

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.grid import tables
from jupyter_carbon.grid.place import Lookup, UnknownPlace, normalised
from jupyter_carbon.grid.tables import CountryTable, source_name, world_average


@pytest.mark.parametrize("place", ["DE", "de", "DEU", "Germany", "GERMANY", "  germany\t"])
def test_a_country_is_found_by_code_and_name_in_any_case(place: str) -> None:
    found = CountryTable().find(place)
    assert found.place == "Germany"
    assert found.code == "DE"
    assert found.g_per_kwh == 329.65
    assert found.year == 2025
    assert (found.basis, found.kind, found.source) == ("lifecycle", "average", "owid_ember_2026")
    assert not found.assumed


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("USA", "US"),
        ("U.S.", "US"),
        ("United States of America", "US"),
        ("South Korea", "KR"),
        ("Republic of Korea", "KR"),
        ("Türkiye", "TR"),
        ("Côte d’Ivoire", "CI"),
        ("the Netherlands", "NL"),
        ("St. Lucia", "LC"),
        ("NA", "NA"),
        ("na", "NA"),
        ("NO", "NO"),
        ("world", "WLD"),
        ("WLD", "WLD"),
        ("EU", "EUU"),
        ("European Union", "EUU"),
    ],
)
def test_other_names_are_known(place: str, code: str) -> None:
    assert CountryTable().find(place).code == code


def test_na_is_namibia() -> None:
    namibia = CountryTable().find("NA")
    assert namibia.place == "Namibia"
    assert namibia.year is None


def test_every_name_and_code_is_found_as_itself() -> None:
    table: Lookup = CountryTable()
    names, codes = CountryTable().names(), CountryTable().codes()
    assert len(names) == len(codes) == 226
    for name in names:
        assert table.find(name).place == name
    for code in codes:
        assert table.find(code).code == code


def test_every_alias_is_written_as_it_is_looked_up() -> None:
    table = tables._table()
    for alias, iso3 in tables._ALIASES.items():
        assert normalised(alias) == alias
        assert table[alias] is table[normalised(iso3)]
    own = {normalised(row.name) for row in table.values()}
    assert not own & tables._ALIASES.keys(), "an alias that is a place's own name"


def test_an_intensity_may_be_stated_in_place_of_a_place() -> None:
    assert CountryTable().find("400 g/kWh").g_per_kwh == 400


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("Germny", ("Germany",)),
        ("US-CA", ("United States",)),
        ("Ontario, Canada", ("Canada",)),
        ("Austrla", ("Austria", "Australia")),
        ("Unit", ("United Arab Emirates", "United Kingdom", "United States")),
    ],
)
def test_near_matches_are_named(place: str, meant: tuple[str, ...]) -> None:
    with pytest.raises(UnknownPlace) as unknown:
        CountryTable().find(place)
    assert unknown.value.suggestions == meant
    assert str(unknown.value).startswith(
        f"'{place}' is not a place that the bundled table knows; did you mean {meant[0]}"
    )
    assert str(unknown.value).endswith("?")


@pytest.mark.parametrize("place", ["Atlantis", "ZZ", "<script>", "=1+1", "x" * 100_000, "\x1b[31m"])
def test_an_unknown_place_is_refused_with_a_short_sentence(place: str) -> None:
    with pytest.raises(UnknownPlace) as unknown:
        CountryTable().find(place)
    sentence = str(unknown.value)
    assert "is not a place that the bundled table knows" in sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert len(sentence) < 200


@pytest.mark.parametrize("place", ["", "   ", "\n", "--"])
def test_an_empty_place_is_refused(place: str) -> None:
    with pytest.raises(UnknownPlace, match="empty"):
        CountryTable().find(place)


def test_a_place_without_a_figure_says_so() -> None:
    with pytest.raises(UnknownPlace, match="knows Central African Republic, but has no figure"):
        CountryTable().find("CF")
    assert "Central African Republic" not in CountryTable().names()


@given(st.text())
def test_any_text_is_found_or_unknown(place: str) -> None:
    try:
        found = CountryTable().find(place)
    except UnknownPlace:
        return
    assert 0 <= found.g_per_kwh <= 5000


@pytest.mark.parametrize("assumed", [True, False])
def test_the_world_average_says_whether_it_was_chosen(assumed: bool) -> None:
    world = world_average(assumed)
    assert world.assumed is assumed
    assert world.place == "World"
    assert world.g_per_kwh == 458.29


def test_the_table_is_not_read_on_import() -> None:
    script = (
        "import sys; from jupyter_carbon.grid import tables;"
        "assert tables._table.cache_info().currsize == 0;"
        "assert 'difflib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_table_is_read_at_once() -> None:
    def cpu_s() -> float:
        began_s = time.process_time()
        tables._table.__wrapped__()
        return time.process_time() - began_s

    assert min(cpu_s() for _ in range(10)) < 0.1  # it takes some 3 ms


def test_people_read_no_key_as_the_source_of_a_figure() -> None:
    keys = {row.intensity.source for row in tables._table().values() if row.intensity is not None}
    assert len(keys) > 1
    for key in keys | {"user"}:
        assert source_name(key) != key
    assert source_name("owid_ember_2026") == "Ember, by Our World in Data"
    assert source_name("a_table_of_their_own") == "a_table_of_their_own"

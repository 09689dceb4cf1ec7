from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.grid.place import UnknownPlace, normalised, stated_intensity


@pytest.mark.parametrize(
    ("text", "g_per_kwh"),
    [
        ("400 g/kWh", 400.0),
        ("400g", 400.0),
        (" 0.4 kg/kWh ", 400.0),
        ("0.4 kgCO2e / kwh", 400.0),
        ("400 g CO₂ per kWh", 400.0),
        ("0.954lb", 432.72712),
        ("771 lb/MWh", 349.71972),
        ("0g", 0.0),
    ],
)
def test_an_intensity_can_be_stated(text: str, g_per_kwh: float) -> None:
    stated = stated_intensity(text)
    assert stated is not None
    assert stated.g_per_kwh == pytest.approx(g_per_kwh)
    assert (stated.kind, stated.source, stated.assumed) == ("stated", "user", False)
    assert stated.place == "stated by the user"
    assert stated.year is None


@pytest.mark.parametrize("text", ["Germany", "DE", "", "NaN g/kWh", "g/kWh", "the world"])
def test_a_place_is_no_stated_intensity(text: str) -> None:
    assert stated_intensity(text) is None


@pytest.mark.parametrize(
    "text",
    ["400", "-5 g/kWh", "1e9 g", "6000 g/kWh", "400 g/mwh", "400 g/kg", "400 W", "4 g/kWh/h"],
)
def test_an_intensity_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UnknownPlace, match=r"g/kWh\.$"):
        stated_intensity(text)


@given(st.text() | st.from_regex(r"[-+.0-9]{1,4} ?k?g ?/?[ kM]?Wh"))
def test_any_text_is_stated_or_not_or_refused(text: str) -> None:
    try:
        stated = stated_intensity(text)
    except UnknownPlace:
        return
    assert stated is None or 0 <= stated.g_per_kwh <= 5000


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("  The   Netherlands ", "netherlands"),
        ("Côte d’Ivoire", "cote divoire"),
        ("U.S.A.", "usa"),
        ("St. Lucia", "saint lucia"),
        ("Trinidad & Tobago", "trinidad and tobago"),
        ("Guinea-Bissau", "guinea bissau"),
        ("European Union (27)", "european union 27"),
        ("the", ""),
        (" \t", ""),
    ],
)
def test_a_name_is_compared_without_its_ornaments(name: str, plain: str) -> None:
    assert normalised(name) == plain


@given(st.text())
def test_normalising_twice_changes_nothing_but_a_second_article(name: str) -> None:
    once = normalised(name)
    if not once.startswith("the "):
        assert normalised(once) == once

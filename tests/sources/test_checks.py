"""What sources hand over is checked."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, NotMeasured, SourceError, SourceInfo
from jupyter_carbon.sources.checks import checked_discovery, checked_error, checked_reading

NOW_S = 100.0
GOOD = Reading(99.9, 12.5, 60.0, 99.95)
INFO = SourceInfo("other:a", "A", "other", "here", Provenance.COUNTER, 0.9, 1.1)


class Made:
    def __init__(self, info: Any = INFO) -> None:
        self.info = info

    def read(self) -> Reading:
        return GOOD

    def close(self) -> None:
        pass


def test_a_good_reading_passes_as_it_is() -> None:
    assert checked_reading(GOOD, NOW_S, "A") == GOOD
    for partial in (GOOD._replace(counter_j=None), GOOD._replace(power_w=None)):
        assert checked_reading(partial, NOW_S, "A") == partial
    assert checked_reading(GOOD._replace(counter_j=-3.0), NOW_S, "A").counter_j == -3.0


def test_numbers_of_other_kinds_become_floats() -> None:
    reading = checked_reading(Reading(99, 12, Fraction(121, 2), 99.5), NOW_S, "A")  # type: ignore[arg-type]
    assert reading == Reading(99.0, 12.0, 60.5, 99.5)
    assert all(type(value) is float for value in reading)


@pytest.mark.parametrize("value", [math.nan, math.inf, True, "60", [60], 10**400, 1j])
def test_what_is_no_number_is_no_figure(value: Any) -> None:
    assert checked_reading(GOOD._replace(counter_j=value), NOW_S, "A").counter_j is None
    assert checked_reading(GOOD._replace(power_w=value), NOW_S, "A").power_w is None
    with pytest.raises(SourceError, match="neither an energy nor a power"):
        checked_reading(Reading(99.9, value, value, 99.95), NOW_S, "A")


@pytest.mark.parametrize(
    "reading",
    [
        None,
        (99.9, 12.5, 60.0, 99.95),
        GOOD._replace(until_s=101.0),
        GOOD._replace(moment_s=99.96),
        GOOD._replace(power_w=-0.1),
        GOOD._replace(power_w=2e7),
    ],
)
def test_a_reading_that_cannot_be_is_refused_with_a_sentence(reading: Any) -> None:
    with pytest.raises(SourceError, match=r"^A gave .*; it is asked again later\.$") as refused:
        checked_reading(reading, NOW_S, "A")
    assert refused.value.state == "failed"


def test_an_error_has_a_state_that_there_is() -> None:
    good = SourceError("lost", "Gone.", "Come back.")
    assert checked_error(good) is good
    odd = checked_error(SourceError("odd", "Odd."))  # type: ignore[arg-type]
    assert (odd.state, str(odd), odd.remedy) == ("failed", "Odd.", "")


def test_good_sources_pass_as_they_are() -> None:
    source, missing = Made(), NotMeasured("B", "gpu", "It is off.")
    found = checked_discovery(Discovery((source,), (missing,)), (), "a", "Update a.")
    assert found == Discovery((source,), (missing,))


class Raising(Made):
    @property
    def info(self) -> Any:
        raise ValueError("no info")

    @info.setter
    def info(self, value: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, "its description raised"),
        (Raising(), "no info"),
        (Made(None), "no description"),
        (Made(replace(INFO, id="")), "no id and name"),
        (Made(replace(INFO, id=3)), "no id and name"),  # type: ignore[arg-type]
        (Made(replace(INFO, name=None)), "no id and name"),  # type: ignore[arg-type]
        (Made(replace(INFO, kind="tpu")), "kind"),  # type: ignore[arg-type]
        (Made(replace(INFO, provenance="counter")), "provenance"),  # type: ignore[arg-type]
        (Made(replace(INFO, host=None)), "host"),  # type: ignore[arg-type]
        (Made(replace(INFO, low_factor=1.1)), "range"),
        (Made(replace(INFO, low_factor=-0.1)), "range"),
        (Made(replace(INFO, high_factor=0.9)), "range"),
        (Made(replace(INFO, high_factor=math.inf)), "range"),
        (Made(replace(INFO, low_factor=math.nan)), "range"),
        (Made(replace(INFO, power_window_s=-1.0)), "no time"),
        (Made(replace(INFO, counter_step_s=math.nan)), "no time"),
        (type("Bare", (), {"info": INFO})(), "read and closed"),
    ],
)
def test_a_source_that_cannot_be_used_is_named(source: Any, told: str) -> None:
    good = Made(replace(INFO, id="other:good"))
    found = checked_discovery(Discovery((source, good)), (), "a", "Update a.")
    assert found.sources == (good,)
    (missing,) = found.not_measured
    assert told in missing.reason
    assert missing.remedy == "Update a."

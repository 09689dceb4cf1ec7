"""Moments as people write them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.ledger.span import Span, SpanError, day_bounds, parse_moment, parse_span

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a zone of its own")


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


NOW = "2026-11-30T15:30"


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-11-01", "2026-11-01", "2026-11-02"),
        (" 2026-02-28 ", "2026-02-28", "2026-03-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("today", "2026-11-30", "2026-12-01"),
        ("Yesterday", "2026-11-29", "2026-11-30"),
        ("7d", "2026-11-23T15:30", "2026-11-23T15:30"),
        ("0d", NOW, NOW),
    ],
)
def test_moments(text: str, begin: str, end: str) -> None:
    now_s = _at(NOW)
    assert parse_moment(text, now_s) == _at(begin)
    assert parse_moment(text, now_s, is_end=True) == _at(end)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026", "2026-13", "2026-02-30", "2026-1-1", "11/01/2026", "-7d", "7", "7h",
     "1.5d", "1969-12-31", "0000-01", "9999-12-31", "٧d", "2026-11-01T10:00", "today; drop table",
     "99999d\n--"],
)  # fmt: skip
def test_what_is_no_moment_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(SpanError) as refused:
        parse_moment(text, _at(NOW), is_end=True)
    sentence = str(refused.value)
    assert "is no date" in sentence
    assert "7d" in sentence
    assert "\n" not in sentence


@given(st.text())
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(SpanError):
        parse_moment(text, 1.7e9)


def test_a_span_takes_in_the_day_that_ends_it() -> None:
    span = parse_span("2026-11-01", "2026-11-30", _at(NOW))
    assert span == Span(_at("2026-11-01"), _at("2026-12-01"))
    assert parse_span(None, None) == Span()
    assert parse_span(None, None).is_all


@pytest.mark.parametrize(("since", "until"), [("2026-11-02", "2026-11-01"), ("today", "7d")])
def test_a_span_the_wrong_way_round_is_refused(since: str, until: str) -> None:
    with pytest.raises(SpanError, match="does not come after"):
        parse_span(since, until, _at(NOW))


def test_days_have_the_hours_that_the_clock_gives_them() -> None:
    def hours(first: str, last: str) -> list[float]:
        bounds = day_bounds(_at(first), _at(last))
        return [(after - before) / 3600 for before, after in pairwise(bounds)]

    assert hours("2026-03-28T12:00", "2026-03-30T12:00") == [24, 23, 24]
    assert hours("2026-10-24T12:00", "2026-10-26T12:00") == [24, 25, 24]
    assert hours("2026-11-30", "2026-11-30") == [24]

"""From when to when, as people say it: "2026-11-01", "2026-11", "7d", "yesterday", "today"."""

from __future__ import annotations

import math
import re
import time
from datetime import date, datetime, timedelta
from typing import NamedTuple

from jupyter_carbon.units import quoted

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_DAYS_AGO = re.compile(r"([0-9]{1,5}) ?d")
_FIRST_YEAR = 1970
_DAY_S = 86_400.0


class SpanError(ValueError):
    """A text that names no moment; the message is a sentence for the user."""


class Span(NamedTuple):
    """From one moment to another, in seconds since the epoch; without end where none is named."""

    since: float = -math.inf
    until: float = math.inf

    @property
    def is_all(self) -> bool:
        """True if nothing lies outside of it."""
        return self == Span()

    def holds(self, since: float, until: float) -> bool:
        """True if a time lies within it from its beginning to its end."""
        return self.since <= since and until <= self.until

    def meets(self, since: float, until: float) -> bool:
        """True if a time has a part in it; of an instant, if it lies in it."""
        return since < self.until and (until > self.since or since >= self.since)


def parse_span(since: str | None, until: str | None, now_s: float | None = None) -> Span:
    """Reads both ends; a day or a month that ends a span belongs to it.

    Days are those of the clock on the wall here.

    Raises:
        SpanError: if one of them is no moment, or they are the wrong way round.
    """
    now_s = time.time() if now_s is None else now_s
    span = Span(
        -math.inf if since is None else parse_moment(since, now_s),
        math.inf if until is None else parse_moment(until, now_s, is_end=True),
    )
    if span.until <= span.since:
        raise SpanError(
            f"{quoted(until or '')} does not come after {quoted(since or '')}; nothing lies between"
            " them. Give the earlier one with --since."
        )
    return span


def parse_moment(text: str, now_s: float, *, is_end: bool = False) -> float:
    """Reads a moment: the beginning of what is named or, if `is_end`, its end.

    "7d" is a moment in any case: seven times 24 hours before now.

    Returns:
        Seconds since the epoch.

    Raises:
        SpanError: if it is none.
    """
    said = text.strip().lower()
    ago = _DAYS_AGO.fullmatch(said)
    if ago is not None:
        return now_s - int(ago[1]) * _DAY_S
    try:
        first, after = _days(said, datetime.fromtimestamp(now_s).date())
        return _midnight_s(after if is_end else first)
    except (ValueError, OverflowError, OSError):
        raise SpanError(
            f"{quoted(text)} is no date; write a day (2026-11-01), a month (2026-11), today,"
            " yesterday, or days before now (7d)."
        ) from None


def day_bounds(since: float, until: float) -> list[float]:
    """The local midnights from the one before `since` to the one after `until`.

    A day has 23 or 25 hours where the clocks are changed.
    """
    day = datetime.fromtimestamp(since).date()
    bounds = [_midnight_s(day)]
    while bounds[-1] <= until:
        day += timedelta(days=1)
        bounds.append(_midnight_s(day))
    return bounds


def day_of(moment_s: float) -> date:
    """The local day that a moment lies in."""
    return datetime.fromtimestamp(moment_s).date()


def _days(said: str, today: date) -> tuple[date, date]:
    """The first day that is named, and the one after the last.

    Raises:
        ValueError: if none is.
    """
    if said in ("today", "yesterday"):
        day = today if said == "today" else today - timedelta(days=1)
        return day, day + timedelta(days=1)
    found = _DAY.fullmatch(said)
    if found is not None:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        after = day + timedelta(days=1)
    else:
        found = _MONTH.fullmatch(said)
        if found is None:
            raise ValueError(said)
        day = date(int(found[1]), int(found[2]), 1)
        after = (day + timedelta(days=31)).replace(day=1)
    if day.year < _FIRST_YEAR:
        raise ValueError(said)
    return day, after


def _midnight_s(day: date) -> float:
    return datetime(day.year, day.month, day.day).timestamp()

"""Reads what the sums of sessions need: of most the session's own row, of others their slices."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.ledger import queries
from jupyter_carbon.ledger.overlap import Times, rest, shared, union
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.ledger.sums import (
    Ask,
    Cost,
    Course,
    Part,
    Sum,
    Tally,
    asks,
    counting,
    is_cut,
    mostly,
    parted,
    without,
)

_NOT_COUNTED = " was not counted: "
"""What stands between a source's name and the reason where a gap is of that source alone."""
_SLACK_S = 1.0
"""So much of a source's time may be missing between its slices before it is told of."""


class Totals:
    """The sums of one look at a ledger; what was read once is kept."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._parts: dict[Span, list[Part]] = {}
        self._shares_j: dict[int, dict[str, float]] | None = None
        self._courses: dict[int, list[Course]] = {}

    def parts(self, span: Span) -> list[Part]:
        """The sessions that have a part in a span, in the order in which they began."""
        if span not in self._parts:
            rows = self._all(queries.RUNS, span._asdict())
            self._parts[span] = [_part(row) for row in rows]
        return self._parts[span]

    def sums(self, parts: list[Part], bounds: list[float]) -> list[Sum]:
        """What sessions cost between each two moments, each machine's energy once."""
        tallies = [Tally() for _ in bounds[1:]]
        cut = {rank for rank, part in enumerate(parts) if is_cut(part, bounds)}
        beside = shared([part.run for part in parts])
        courses = self._courses_of(parts[rank] for rank in cut | beside)
        counts = counting(parts, beside, courses)
        shares_j = self._shares()
        asked: list[Ask] = []
        for rank, part in enumerate(parts):
            shares = _shares_of(part, bounds)
            for place, share in shares:
                tallies[place].count += 1
                tallies[place].duration_s += share * part.duration_s
            own = counts.get(rank)
            if rank in cut or (own is not None and not mostly(own, courses[part.key])):
                asked += asks(part, bounds, own, courses[part.key])
                continue
            ((place, _),) = shares
            tallies[place].add(part.cost, part.duration_s, shares_j.get(part.key))
            if own is not None:
                asked += without(place, part.key, own, courses[part.key])
        self._add_pieces(tallies, [ask for ask in asked if not ask.gaps])
        for ask in asked:
            if ask.gaps:
                self._add_gapped(tallies[ask.place], ask)
        return [tally.sum() for tally in tallies]

    def _add_pieces(self, tallies: list[Tally], asked: list[Ask]) -> None:
        counted_s = [0.0] * len(asked)
        wanted = json.dumps([[ask.key, ask.number, ask.since, ask.until] for ask in asked])
        for number, origin, time_s, *figures in self._all(queries.PIECES, {"asks": wanted}):
            ask = asked[number]
            energy_j, low_j, high_j, *masses_g = figures
            cost = Cost(energy_j, low_j, high_j, origin, *masses_g)
            tallies[ask.place].add(cost.scaled(ask.sign), ask.sign * time_s)
            counted_s[number] += time_s
        for ask, time_s in zip(asked, counted_s, strict=True):
            _tell_of_gap(tallies[ask.place], ask, time_s)

    def _add_gapped(self, tally: Tally, ask: Ask) -> None:
        """The same of a source that was not counted all the time within its slices."""
        time_s = 0.0
        for since, until, *cost in self._all(queries.SLICES, (ask.key, ask.number)):
            spans = [*rest(ask.gaps, since, until)] or [(since, until)]
            whole_s = sum(end_s - begin_s for begin_s, end_s in spans)
            here_s = sum(
                max(0.0, min(end_s, ask.until) - max(begin_s, ask.since))
                for begin_s, end_s in spans
            )
            if here_s > 0:
                tally.add(Cost(*cost).scaled(ask.sign * here_s / whole_s), ask.sign * here_s)
            time_s += here_s
        _tell_of_gap(tally, ask, time_s)

    def _courses_of(self, parts: Iterable[Part]) -> Mapping[int, list[Course]]:
        """When the sources of sessions were counted.

        That was all the time, unless the figure of the whole says that it has a gap:
        only then the slices and gaps are looked through.
        """
        new = {part.key: part for part in parts if part.key not in self._courses}
        self._courses |= {key: [] for key in new}
        uneven = set()
        for row in self._all(queries.DEVICES, {"keys": json.dumps([*new])}):
            key, number, host, source, origin = row
            part = new[key]
            if origin == Provenance.MIXED or _was_set_back(part):
                uneven.add(key)
            spans = [] if origin == Provenance.MISSING else [(part.since, part.until)]
            self._courses[key].append(Course(number, (host, source), spans))
        self._courses |= {key: [] for key in uneven}
        for row in self._all(queries.COURSES, {"keys": json.dumps([*uneven])}):
            key, number, host, source, name, gaps_text, since, until, time_s = row
            spans = [] if since is None else [(since, until)]
            if since is not None and abs(until - since - time_s) > _SLACK_S:
                spans = self._all(queries.SPANS, (key, number))
            gaps = _gaps_of(gaps_text, name, new[key].until)
            counted = [each for span in spans for each in rest(gaps, *span)]
            self._courses[key].append(Course(number, (host, source), counted, gaps))
        return self._courses

    def _shares(self) -> Mapping[int, Mapping[str, float]]:
        if self._shares_j is None:
            self._shares_j = {}
            for key, origin, energy_j in self._connection.execute(queries.ORIGINS):
                self._shares_j.setdefault(key, {})[origin] = energy_j
        return self._shares_j

    def _all(self, query: str, parameters: Any) -> list[Any]:
        return self._connection.execute(query, parameters).fetchall()


def _part(row: tuple[Any, ...]) -> Part:
    key, host, boot, notebook, project, since, until, duration_s, *cost, _ = row
    # What counts the processes of a container is no other machine.
    machine = host, boot.partition(" ")[0]
    return Part(key, machine, notebook, project, since, until, duration_s, Cost(*cost))


def _was_set_back(part: Part) -> bool:
    """True if the clock was, so that parts of a session lie before its beginning."""
    return part.duration_s > part.until - part.since + _SLACK_S


def _shares_of(part: Part, bounds: list[float]) -> list[tuple[int, float]]:
    """Between which bounds a session lies, and how much of it: (place, share)."""
    span_s = part.until - part.since
    return [
        (place, (until - since) / span_s if span_s > 0 else 1.0)
        for place, since, until in parted(part.since, part.until, bounds)
    ]


def _tell_of_gap(tally: Tally, ask: Ask, counted_s: float) -> None:
    if ask.time_s - counted_s > _SLACK_S:
        tally.miss(ask.time_s - counted_s)


def _gaps_of(text: str, name: str, until: float) -> list[Times]:
    """A source's gaps among those of its session, as disjoint spans in order."""
    found = []
    try:
        for gap in json.loads(text):
            reason = str(gap["reason"])
            if _NOT_COUNTED in reason and not reason.startswith(f"{name}{_NOT_COUNTED}"):
                continue
            end_s = until if gap["to"] is None else datetime.fromisoformat(gap["to"]).timestamp()
            found.append((datetime.fromisoformat(gap["from"]).timestamp(), end_s))
    except (ValueError, TypeError, KeyError):
        return []
    return union(found)

"""Reads what the sums of sessions need: of most the session's own row, of others their slices."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.ledger import queries
from jupyter_carbon.ledger.overlap import shared
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.ledger.sums import Ask, Cost, Course, Part, Sum, Tally, asks, cut_up, parted

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
        cut = cut_up(parts, bounds)
        shares_j = self._shares()
        for rank, part in enumerate(parts):
            span_s = part.until - part.since
            for place, since, until in parted(part.since, part.until, bounds):
                tally = tallies[place]
                tally.count += 1
                share = (until - since) / span_s if span_s > 0 else 1.0
                tally.duration_s += share * part.duration_s
                if rank not in cut:
                    tally.add(part.cost, part.duration_s, shares_j.get(part.key))
        if cut:
            beside = shared([part.run for part in parts])
            courses = self._courses_of(parts[place] for place in cut | beside)
            self._add_pieces(tallies, asks(parts, bounds, sorted(cut), beside, courses))
        return [tally.sum() for tally in tallies]

    def _add_pieces(self, tallies: list[Tally], asked: list[Ask]) -> None:
        counted_s = [0.0] * len(asked)
        wanted = json.dumps([[ask.key, ask.number, ask.since, ask.until] for ask in asked])
        found = self._connection.execute(queries.PIECES, {"asks": wanted})
        for place, origin, time_s, energy_j, low_j, high_j, *masses_g in found:
            cost = Cost(energy_j, low_j, high_j, origin, *masses_g)
            tallies[asked[place].place].add(cost, time_s)
            counted_s[place] += time_s
        for ask, time_s in zip(asked, counted_s, strict=True):
            if ask.time_s - time_s > _SLACK_S:
                tallies[ask.place].miss(ask.time_s - time_s)

    def _courses_of(self, parts: Iterable[Part]) -> Mapping[int, list[Course]]:
        """When the sources of sessions were counted.

        That was all the time, unless the figure of the whole says that it has a gap:
        only then the slices are looked through.
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
            key, number, host, source, since, until, time_s = row
            spans = [] if since is None else [(since, until)]
            if since is not None and abs(until - since - time_s) > _SLACK_S:
                spans = self._all(queries.SPANS, (key, number))
            self._courses[key].append(Course(number, (host, source), spans))
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

"""What the ledger tells: sessions, and what they came to in all, by day, notebook and label."""

from __future__ import annotations

import json
import math
import platform
import sqlite3
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from jupyter_carbon.ledger import queries
from jupyter_carbon.ledger.life import Life, is_over
from jupyter_carbon.ledger.overlap import AtOnce, Run, at_once
from jupyter_carbon.ledger.records import CellRow, LabelRow, RateRow, SessionRow, SourceRow
from jupyter_carbon.ledger.rows import reader
from jupyter_carbon.ledger.span import Span, day_bounds, day_of
from jupyter_carbon.ledger.sums import Cost, Part, Sum, Tally
from jupyter_carbon.ledger.totals import Totals

State = Literal["running", "ended", "lost"]
"""A lost session is one whose kernel died without a word."""

ALL = Span()
"""All the time there is."""
_SILENT_S = 60.0
"""Of a kernel on another machine only its silence is known."""
_FEW_CELLS = 50_000
_FARTHEST = 20_000
"""So many runs are looked at, at most, for the costliest of different code."""

_session = reader(SessionRow)
_source = reader(SourceRow)
_rate = reader(RateRow)
_cell = reader(CellRow)
_label = reader(LabelRow)


class Entry(NamedTuple):
    """A session with its sources and what turned its energy into CO2e."""

    key: int
    session: SessionRow
    sources: list[SourceRow]
    rates: list[RateRow]
    state: State


class Trace(NamedTuple):
    """The course of a source's power, in watts, in equal steps from a moment on."""

    source: int
    since: float
    step_s: float
    powers_w: array[float]

    def at(self, moment_s: float) -> float | None:
        """The power at a moment; None where nothing was counted."""
        place = math.floor((moment_s - self.since) / self.step_s) if self.step_s > 0 else -1
        power_w = self.powers_w[place] if 0 <= place < len(self.powers_w) else math.nan
        return power_w if math.isfinite(power_w) else None


class Size(NamedTuple):
    """How much is in a ledger, and from when to when."""

    sessions: int
    running: int
    cells: int
    first: float | None
    last: float | None


class Group(NamedTuple):
    """What belongs together and what it cost; `name` is None where there is none."""

    name: str | None
    sum: Sum


class Day(NamedTuple):
    """A local day and what it cost."""

    day: date
    sum: Sum


class TopCell(NamedTuple):
    """A cell that cost much, and what all runs of the same code came to.

    Where the code is not known to be the same, `together` is of this run alone.
    """

    cell: CellRow
    notebook: str | None
    host: str
    project: str | None
    together: Sum


class History:
    """One look at a ledger: all that is asked of it is of the same moment.

    Args:
        connection: to the ledger; its owner closes it.
        now_s: the wall clock, in seconds since the epoch.
    """

    def __init__(self, connection: sqlite3.Connection, now_s: float | None = None) -> None:
        self._connection = connection
        self._now_s = time.time() if now_s is None else now_s
        self._totals = Totals(connection)
        if not connection.in_transaction:
            connection.execute("BEGIN")

    def sessions(self, span: Span = ALL) -> Iterator[Entry]:
        """The sessions that have a part in a span, each whole, oldest first."""
        for key, *values in self._all(queries.SESSIONS, span._asdict()):
            yield self._entry(key, values)

    def newest_of(self, notebook: str, host: str, own: str) -> SessionRow | None:
        """The session of a notebook on a host that was heard of last, but for the one that asks."""
        rows = self._all(queries.NEWEST_OF, (notebook, host, own))
        return _session(rows[0]) if rows else None

    def first_parts(self, id_: str) -> list[str]:
        """The first parts of the sessions whose ids begin so."""
        return [first for (first,) in self._all(queries.FIRST_PARTS, (id_, id_))]

    def chain(self, id_: str) -> list[Entry]:
        """The session of this id, and those that go on with it, oldest first."""
        return [self._entry(key, values) for key, *values in self._all(queries.CHAIN, (id_,))]

    def cells(self, key: int) -> Iterator[CellRow]:
        """The cells of a session, as they began."""
        return map(_cell, self._connection.execute(queries.CELLS, (key,)))

    def labels(self, key: int) -> Iterator[LabelRow]:
        """The labelled blocks of a session, as they began."""
        return map(_label, self._connection.execute(queries.LABELS, (key,)))

    def traces(self, key: int) -> list[Trace]:
        """The courses of power that are kept of a session."""
        traces = []
        for source, since, step_s, blob in self._all(queries.TRACES, (key,)):
            powers_w = array("f")
            powers_w.frombytes(blob[: len(blob) // powers_w.itemsize * powers_w.itemsize])
            if sys.byteorder == "big":
                powers_w.byteswap()
            traces.append(Trace(source, since, step_s, powers_w))
        return traces

    def size(self) -> Size:
        """How much there is."""
        ((sessions, cells, first, last),) = self._all(queries.SIZE, ())
        running = sum(
            self._state(_session(row)) == "running" for row in self._all(queries.OPEN, ())
        )
        return Size(sessions, running, cells, first, last)

    def source_ids(self, span: Span = ALL) -> list[str]:
        """The ids of all sources of the sessions that have a part in a span."""
        keys = _json([part.key for part in self._totals.parts(span)])
        return [row[0] for row in self._all(queries.SOURCE_IDS, {"keys": keys})]

    # What it came to

    def total(self, span: Span = ALL) -> Sum:
        """What all sessions cost in a span, each machine's energy once."""
        return self._totals.sums(self._totals.parts(span), [*span])[0]

    def at_once(self, span: Span = ALL) -> list[AtOnce]:
        """Where several kernels ran at once on a machine; `machine` is its name and its boot."""
        runs = (part.run for part in self._totals.parts(span))
        return at_once(
            Run(run.machine, max(run.since, span.since), min(run.until, span.until)) for run in runs
        )

    def by_day(self, span: Span = ALL) -> list[Day]:
        """The same by day, oldest first; days on which no session was are left out."""
        parts = self._totals.parts(span)
        moments: set[float] = set()
        begin_s = end_s = -math.inf
        for part in parts:
            since, until = max(part.since, span.since), min(part.until, span.until)
            if since < begin_s or until >= end_s:
                edges = day_bounds(since, max(since, until))
                begin_s, end_s = edges[-2:]
                moments.update(edges)
        bounds = sorted(moment_s for moment_s in moments if span.since < moment_s < span.until)
        bounds = [max(span.since, min(moments, default=0.0)), *bounds]
        bounds = sorted({*bounds, min(span.until, max(moments, default=0.0))})
        sums = self._totals.sums(parts, bounds)
        days = [day_of(moment_s) for moment_s in bounds]
        return [Day(*each) for each in zip(days, sums, strict=False) if each[1].count]

    def by_notebook(self, span: Span = ALL) -> list[Group]:
        """The same by notebook, the costliest first.

        Each is what the machine drew while the notebook's kernels ran, so notebooks
        whose kernels ran at once have that time in common.
        """
        return self._by(span, lambda part: part.notebook)

    def by_project(self, span: Span = ALL) -> list[Group]:
        """The same by project; projects may have time in common as notebooks may."""
        return self._by(span, lambda part: part.project)

    def by_host(self, span: Span = ALL) -> list[Group]:
        """The same by machine."""
        return self._by(span, lambda part: part.host)

    def by_label(self, span: Span = ALL) -> list[Group]:
        """What the labelled blocks cost that began in a span, by label, the costliest first.

        Of a block that runs within another both tell its energy.
        """
        parts = self._totals.parts(span)
        whole = _json([part.key for part in parts if span.holds(part.since, part.until)])
        cut = _json([part.key for part in parts if not span.holds(part.since, part.until)])
        tallies: dict[str, Tally] = {}
        totals = queries.ALL_LABEL_TOTALS if span.is_all else queries.LABEL_TOTALS
        for query, keys in ((totals, whole), (queries.LABEL_RUNS, cut)):
            for label, origin, *sums in self._all(query, {"keys": keys, **span._asdict()}):
                _add_runs(tallies.setdefault(label, Tally()), origin, *sums)
        return _ranked({label: tally.sum() for label, tally in tallies.items()})

    def top_cells(self, most: int = 10, span: Span = ALL) -> list[TopCell]:
        """The costliest runs of cells that began in a span, one for each code."""
        keys = _json([part.key for part in self._totals.parts(span)])
        ((cells,),) = self._all(queries.CELLS_IN, {"keys": keys})
        query = queries.TOP_OF_FEW if cells <= _FEW_CELLS else queries.TOP_OF_ALL
        top: list[TopCell] = []
        seen: set[bytes] = set()
        found = self._connection.execute(query, {"keys": keys, **span._asdict()})
        for looked_at, (key, number, code_hash) in enumerate(found):
            if len(top) == most or looked_at == _FARTHEST:
                break
            if code_hash is not None and code_hash in seen:
                continue
            seen |= set() if code_hash is None else {code_hash}
            top.append(self._top_cell(key, number, span))
        found.close()
        return top

    def _top_cell(self, key: int, number: int, span: Span) -> TopCell:
        ((notebook, host, project, *values),) = self._all(queries.CELL, (key, number))
        cell = _cell(values)
        tally = Tally()
        if cell.code_hash is None:
            energy_j, co2e_g = cell.energy_j, cell.co2e_g
            _add_runs(
                tally, energy_j.provenance.value, 1, cell.duration_s,
                energy_j.value, energy_j.low, energy_j.high,
                co2e_g.value, co2e_g.low, co2e_g.high,
            )  # fmt: skip
        else:
            asked = {"code_hash": cell.code_hash, **span._asdict()}
            for row in self._all(queries.RERUNS, asked):
                _add_runs(tally, *row)
        return TopCell(cell, notebook, host, project, tally.sum())

    def _by(self, span: Span, name_of: Callable[[Part], str | None]) -> list[Group]:
        groups: dict[str | None, list[Part]] = {}
        for part in self._totals.parts(span):
            groups.setdefault(name_of(part), []).append(part)
        return _ranked(
            {name: self._totals.sums(parts, [*span])[0] for name, parts in groups.items()}
        )

    def _entry(self, key: int, values: list[Any]) -> Entry:
        session = _session(values)
        return Entry(
            key,
            session,
            [_source(row) for row in self._all(queries.SOURCES, (key,))],
            [_rate(row) for row in self._all(queries.RATES, (key,))],
            self._state(session),
        )

    def _state(self, session: SessionRow) -> State:
        if session.ended is not None:
            return "lost" if session.ending == "lost" else "ended"
        if session.host == platform.node():
            life = Life(session.host, session.boot, session.pid, session.pid_started)
            return "lost" if is_over(life, session.beat, self._now_s) else "running"
        return "lost" if abs(self._now_s - session.beat) > _SILENT_S else "running"

    def _all(self, query: str, parameters: object) -> list[tuple]:  # type: ignore[type-arg]
        return self._connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]


def _add_runs(
    tally: Tally,
    origin: str,
    runs: int,
    duration_s: float,
    energy_j: float | None,
    *rest: float | None,
) -> None:
    """Adds what runs came to whose energy was got in the same way."""
    tally.count += runs
    tally.duration_s += duration_s
    if origin == "missing":
        tally.unmeasured += runs
        energy_j = None
    low_j, high_j, *masses = rest
    tally.add(Cost(energy_j, low_j, high_j, origin, *masses), duration_s)


def _ranked(sums: Mapping[str, Sum] | Mapping[str | None, Sum]) -> list[Group]:
    """The costliest first; what was not measured comes last."""
    groups = [Group(name, sum_) for name, sum_ in sums.items()]
    return sorted(
        groups,
        key=lambda group: (
            1.0 if group.sum.energy_j.value is None else -group.sum.energy_j.value,
            group.name or "",
        ),
    )


def _json(keys: list[int]) -> str:
    return json.dumps(keys)

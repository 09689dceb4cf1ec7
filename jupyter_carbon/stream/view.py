"""What the meter says now, computed once for all front ends, and what of it has changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from jupyter_carbon.account import Account
from jupyter_carbon.carbon import Rate
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.cells import CellLog
from jupyter_carbon.stream.columns import recent_columns, recent_end, whole_columns
from jupyter_carbon.stream.messages import (
    VERSION,
    Budget,
    Cell,
    Columns,
    Grid,
    Message,
    Meter,
    NotMeasured,
    Now,
    SessionFigures,
    Source,
    State,
)
from jupyter_carbon.stream.parts import (
    budgets_part,
    cell_part,
    grid_part,
    meter_part,
    not_measured_part,
    now_part,
    session_part,
    sources_part,
    state_part,
)
from jupyter_carbon.summary.document import notes
from jupyter_carbon.summary.plain import well_formed
from jupyter_carbon.units import MassUnit

MOST_CELLS = 2000
"""So many of the newest cells are told of one by one."""
_CHUNK = 32
"""So many cells are computed at a time, so that nobody waits long for the account."""
_MANY = 200
"""Where more cells have ended meanwhile, all are told of anew."""
_SOURCES_EVERY_S = 1.0
_TRIES = 3


class _Basis(NamedTuple):
    """What figures that are final rest on; where it changes, all is told anew."""

    session: str
    sources: tuple[str, ...]
    caught: tuple[str | None, ...]
    first_rate: Rate
    unit: MassUnit


class Parts(NamedTuple):
    """The parts of a message that are the same for everybody."""

    meter: Meter
    state: State
    now: Now
    session: SessionFigures
    running: list[Cell]
    grid: Grid
    budgets: list[Budget]
    not_measured: list[NotMeasured]
    notes: list[str]
    sources: list[Source]
    end: int
    """The first second of which the power is not told yet."""
    span_s: float


class View:
    """The meter as front ends are told of it; its user makes sure of one thread at a time.

    Args:
        meter: what is looked at.
        wall_clock: seconds since the epoch.
    """

    def __init__(self, meter: CarbonMeter, wall_clock: Callable[[], float]) -> None:
        self.generation = 0
        """Rises when all is to be told anew."""
        self.version = 0
        """Rises with every update."""
        self.forgotten = 0
        """Changes of this version and earlier ones are not known any more."""
        self._meter = meter
        self._wall_clock = wall_clock
        self._basis: _Basis | None = None
        self._log: CellLog | None = None
        self._changes: dict[int, tuple[int, Cell]] = {}
        """By the cell's place: the version with which it changed last, and the cell; by version."""
        self._sources: list[Source] = []
        self._sources_s = -math.inf
        self._states: list[tuple[str, str]] = []
        self._end = 0
        self._parts: Parts | None = None
        self._whole: Columns | None = None

    @property
    def parts(self) -> Parts:
        """The parts as of the last update."""
        assert self._parts is not None, "update comes first"
        return self._parts

    @property
    def is_moving(self) -> bool:
        """True while the figure of a cell that has ended is not final."""
        return self._log is not None and self._log.is_moving

    def forget(self) -> None:
        """Holds nothing any more, until the next update."""
        self._basis = self._log = self._parts = self._whole = None
        self._sources = []
        self._changes.clear()

    def update(self, *, resting: bool) -> None:
        """Looks at the meter."""
        with self._meter.look() as account:
            self._follow(account)
            self._compute(account, resting=resting)

    def changed_since(self, version: int) -> list[Cell]:
        """Cells that have ended or become final since a version, and those that run."""
        cells = []
        for changed, cell in reversed(self._changes.values()):
            if changed <= version:
                break
            cells.append(cell)
        return [*reversed(cells), *self.parts.running]

    def recent(self, first: int | None = None) -> Columns:
        """The power of the newest seconds, from one on."""
        with self._meter.look() as account:
            return recent_columns(account, first, self.parts.end)

    def whole(self) -> Columns:
        """The power over the whole session, as of this version."""
        if self._whole is None:
            with self._meter.look() as account:
                self._whole = whole_columns(account)
        return self._whole

    def snapshot(self) -> Message:
        """All that there is to tell, as of a new version."""
        cells = [*self._ended_cells(), *self.parts.running]
        parts = self.parts
        return {
            "v": VERSION,
            "kind": "snapshot",
            "meter": parts.meter,
            "state": parts.state,
            "now": parts.now,
            "session": parts.session,
            "sources": parts.sources,
            "not_measured": parts.not_measured,
            "cells": sorted(cells, key=lambda cell: cell["key"]),
            "cells_left_out": parts.session["cells"] - len(cells),
            "power": {"recent": self.recent(), "whole": self.whole()},
            "grid": parts.grid,
            "budgets": parts.budgets,
            "notes": parts.notes,
        }

    def _ended_cells(self) -> list[Cell]:
        """The newest cells that have ended, computed a few at a time."""
        tries = 0
        cells: dict[int, Cell] = {}
        basis: _Basis | None = None
        place = 0
        while True:
            with self._meter.look() as account:
                end = len(account.session.cells)
                if basis is None or basis != _basis(self._meter, account):
                    basis = _basis(self._meter, account)
                    cells, place, tries = {}, max(0, end - MOST_CELLS), tries + 1
                stop = end if tries > _TRIES else min(end, place + _CHUNK)
                for number in range(place, stop):
                    cells[number] = self._cell(account, number)
                place = stop
                if place < end:
                    continue
                resting = self.parts.state["resting"]
                self._follow(account)
                for number, (version, cell) in self._changes.items():
                    if version == self.version:
                        cells[number] = cell
                if self._log is not None:
                    for number, cell in cells.items():
                        self._log.note(number, cell)
                self._compute(account, resting=resting)
                return list(cells.values())

    def _follow(self, account: Account) -> None:
        """Notes which cells have changed, or that everything has."""
        self.version += 1
        self._whole = None
        basis = _basis(self._meter, account)
        if self._log is None or basis != self._basis or self._log.unseen(account) > _MANY:
            self.generation += 1
            self._basis, self._log = basis, CellLog(account)
            self._changes.clear()
            self._sources_s, self._end = -math.inf, 0
        for place in self._log.changed(account):
            cell = self._cell(account, place)
            self._log.note(place, cell)
            self._changes.pop(place, None)
            self._changes[place] = self.version, cell
        while len(self._changes) > MOST_CELLS:
            place = next(iter(self._changes))
            self.forgotten, _ = self._changes.pop(place)

    def _compute(self, account: Account, *, resting: bool) -> None:
        meter, unit = self._meter, self._meter.mass_unit
        now_s = self._wall_clock()
        running = [cell_part(account, window, unit, now_s) for window in account.running.cells]
        largest_j = None if self._log is None else self._log.largest_j(running)
        self._end = max(self._end, recent_end(account))
        self._parts = Parts(
            meter_part(meter, account),
            state_part(account, now_s, resting=resting),
            now_part(account),
            session_part(account, unit, largest_j, meter.resumable),
            running,
            grid_part(account.rate, unit),
            budgets_part(meter, account),
            not_measured_part(account),
            [well_formed(note) for note in notes(meter, account)],
            self._sources_now(account, anew=resting),
            self._end,
            account.duration_s(account.session.start, account.session.end),
        )

    def _sources_now(self, account: Account, *, anew: bool) -> list[Source]:
        """The sources; their energies, which always change, only now and then."""
        states = [(source.state, source.message) for source in account.sources.values()]
        if anew or states != self._states or account.now_s >= self._sources_s + _SOURCES_EVERY_S:
            self._sources, self._states = sources_part(account), states
            self._sources_s = account.now_s
        return self._sources

    def _cell(self, account: Account, place: int) -> Cell:
        window = account.session.cells.get(place, "cell")
        return cell_part(account, window, self._meter.mass_unit, 0.0)


def _basis(meter: CarbonMeter, account: Account) -> _Basis:
    return _Basis(
        account.session.id,
        tuple(account.sources),
        tuple(source.curve.caught for source in account.sources.values()),
        account.rates(account.session)[0].rate,
        meter.mass_unit,
    )

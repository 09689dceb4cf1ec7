"""One session on its way into the ledger: what is to be written next, and how far that leads."""

from __future__ import annotations

import math
from typing import NamedTuple

from jupyter_carbon.account import NOW, Account, Session
from jupyter_carbon.carbon import Rate
from jupyter_carbon.ledger.records import Batch
from jupyter_carbon.recording.progress import Allowance, Progress
from jupyter_carbon.recording.rows import (
    Moment,
    Origin,
    cell_row,
    gaps_text,
    label_row,
    rate_rows,
    session_row,
    slice_ends,
    slice_rows,
    source_rows,
    trace_row,
)

_TRACE_EVERY_S = 60.0


class Basis(NamedTuple):
    """What final figures rest on; where it changes, they change."""

    rates: tuple[Rate, ...]
    caught: tuple[str | None, ...]

    @classmethod
    def of(cls, account: Account, session: Session) -> Basis:
        """As it is now."""
        rates = tuple(period.rate for period in account.rates(session))
        return cls(rates, tuple(source.curve.caught for source in account.sources.values()))

    def goes_on_as(self, later: Basis) -> bool:
        """True if what was final before is so still: there are only more rates and sources."""
        return (
            later.rates[: len(self.rates)] == self.rates
            and later.caught[: len(self.caught)] == self.caught
        )


class Marks(NamedTuple):
    """How far a session is written."""

    basis: Basis | None = None
    cells: Progress = Progress()
    labels: Progress = Progress()
    slices: int = 0
    """So many slices are written with their final figures."""
    traced_s: float = -math.inf
    """When the traces were last begun with, on the account's clock."""
    traces: tuple[int, ...] = ()
    """The sources whose traces are still to be written then."""
    has_end: bool = False
    """True if the session's end is written."""
    is_whole: bool = False
    """True if all of it is, and nothing will move."""


class SessionLog:
    """Follows a session until it is in the ledger as a whole.

    Args:
        session: the session.
        begin_s: when it began, on the account's clock.
    """

    def __init__(self, session: Session, begin_s: float) -> None:
        self.session = session
        self.marks = Marks(traced_s=begin_s)
        """As far as it is written; whoever has written a batch sets what came with it."""
        self.notebook: str | None = None
        self._gaps_key: object = None
        self._gaps = ""

    def start_over(self) -> None:
        """Nothing of it is written any more: the ledger is another one."""
        self.marks = Marks(traced_s=-math.inf)

    def is_outdated(self, account: Account) -> bool:
        """True if what is written of it does not hold any more."""
        basis = self.marks.basis
        return basis is not None and not basis.goes_on_as(Basis.of(account, self.session))

    def has_backlog(self, account: Account, marks: Marks | None = None) -> bool:
        """True if there is more to write than the newest figures of what runs.

        Args:
            account: where the session is.
            marks: how far it will be written; by default, how far it is.
        """
        marks, session = self.marks if marks is None else marks, self.session
        if marks.cells.has_backlog(session.cells) or marks.labels.has_backlog(session.labels):
            return True
        if session.end == NOW:
            return False
        if marks.is_whole:
            return self.is_outdated(account)
        return not marks.has_end or account.is_final(session.end)

    def collect(
        self,
        account: Account,
        origin: Origin,
        notes: list[str],
        wall_s: float,
        allowance: Allowance,
        *,
        is_last: bool = False,
    ) -> tuple[Batch, Marks]:
        """What is to be written now, and the marks when that is done.

        Args:
            account: where the session is, as of now.
            origin: where its figures are from.
            notes: sentences on what was not measured, and on what went wrong.
            wall_s: now, in seconds since the epoch.
            allowance: how many rows of windows there may be.
            is_last: True if the session ends here, though the account does not know it.
        """
        session = self.session
        marks = self._based(account)
        at = Moment(wall_s, self.notebook, notes, self._gaps_now(account, wall_s), is_last)
        whole = account.cost([(session.start, session.end)])
        batch = Batch(session_row(account, session, whole, origin, at), source_rows(account, whole))
        batch.rates += rate_rows(account, session)

        def write_cell(place: int) -> None:
            batch.cells.append(cell_row(account, session.cells.get(place, "cell"), wall_s))

        def write_label(place: int) -> None:
            batch.labels.append(label_row(account, session.labels.get(place, "label"), wall_s))

        cells = marks.cells.go_on(account, session.cells, allowance, write_cell)
        labels = marks.labels.go_on(account, session.labels, allowance, write_label)
        if session is account.session:
            batch.cells += [cell_row(account, each, wall_s) for each in account.running.cells]
            batch.labels += [label_row(account, each, wall_s) for each in account.running.labels]
        slices = self._collect_slices(account, batch, marks.slices, wall_s)
        has_end = batch.session.ended is not None
        traced_s, traces = self._collect_traces(account, batch, marks, all_of_them=has_end)
        is_whole = (
            has_end
            and cells.is_all_of(session.cells)
            and labels.is_all_of(session.labels)
            and (is_last or account.is_final(session.end))
        )
        basis = Basis.of(account, session)
        return batch, Marks(basis, cells, labels, slices, traced_s, traces, has_end, is_whole)

    def _based(self, account: Account) -> Marks:
        """The marks, moved back where what was written does not hold any more."""
        marks = self.marks
        if not self.is_outdated(account):
            return marks
        return marks._replace(cells=marks.cells.again, labels=marks.labels.again, slices=0)

    def _collect_slices(self, account: Account, batch: Batch, first: int, wall_s: float) -> int:
        """Adds the slices that are not final; returns how many are, from the first one on."""
        ends = slice_ends(self.session)
        for place in range(first, len(ends) - 1):
            batch.slices += slice_rows(account, ends, place, wall_s)
            if place == first and account.is_final(ends[place + 1]):
                first += 1
        return first

    def _collect_traces(
        self, account: Account, batch: Batch, marks: Marks, *, all_of_them: bool
    ) -> tuple[float, tuple[int, ...]]:
        """Adds the trace of a source or, at the end, of all."""
        traced_s, due = marks.traced_s, marks.traces
        if all_of_them or (not due and account.now_s >= traced_s + _TRACE_EVERY_S):
            traced_s, due = account.now_s, tuple(range(len(account.sources)))
        now, later = (due, ()) if all_of_them else (due[:1], due[1:])
        rows = (trace_row(account, self.session, number) for number in now)
        batch.traces += [row for row in rows if row is not None]
        return traced_s, later

    def _gaps_now(self, account: Account, wall_s: float) -> str:
        """The session's gaps as JSON, which seldom change."""
        curves = [source.curve for source in account.sources.values()]
        key = (
            self.session.pauses[-1:],
            [(len(curve.gaps), curve.gaps[-1:]) for curve in curves],
            self.session.end,
        )
        if key != self._gaps_key:
            self._gaps_key, self._gaps = key, gaps_text(account, self.session, wall_s)
        return self._gaps

"""The account as rows of the ledger.

Every figure is a difference of curves at edges, as everywhere: so the rows of a
session add up as the session does.
"""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from jupyter_carbon.account import NOW, Account, Cost, Session
from jupyter_carbon.carbon import co2e_g
from jupyter_carbon.estimate import Estimate, Provenance, total
from jupyter_carbon.ledger.records import (
    CellRow,
    LabelRow,
    RateRow,
    SessionRow,
    SliceRow,
    SourceRow,
    TraceRow,
    sources_text,
)
from jupyter_carbon.summary.difference import difference
from jupyter_carbon.summary.document import between, gaps
from jupyter_carbon.summary.plain import well_formed
from jupyter_carbon.summary.power import mean_power_w
from jupyter_carbon.windows import Window

_STEPS = 600
"""A trace has at most so many."""
_GAPS = 200
"""So many of the newest gaps of a session are told of."""


class Origin(NamedTuple):
    """Where a session's figures are from, as far as the account does not know it.

    `boot`, `pid` and `pid_started` are those of `ledger.life.Life`.
    """

    host: str
    boot: str
    pid: int
    pid_started: float
    kernel: str
    package: str


class Moment(NamedTuple):
    """When rows are made, and what then holds of the whole session.

    `wall_s` is in seconds since the epoch; `gaps` is what `gaps_text` wrote; `is_last`
    says that the session ends here.
    """

    wall_s: float
    notebook: str | None
    notes: list[str]
    gaps: str
    is_last: bool = False


def session_row(
    account: Account, session: Session, whole: Cost, origin: Origin, at: Moment
) -> SessionRow:
    """The session, which cost `whole`."""
    inside = account.inside_cells(session, whole)
    started_s = account.wall_s(session.start, at.wall_s)
    duration_s = account.duration_s(session.start, session.end)
    is_over = at.is_last or session.end != NOW
    runs = 0 if session.end != NOW else len(account.running.cells)
    end_s = max(started_s, account.wall_s(session.end, at.wall_s))
    return SessionRow(
        id=session.id,
        chain=session.id if session.earlier is None else session.earlier.id,
        host=well_formed(origin.host),
        boot=origin.boot,
        pid=origin.pid,
        pid_started=origin.pid_started,
        kernel=well_formed(origin.kernel),
        package=origin.package,
        notebook=None if at.notebook is None else well_formed(at.notebook),
        project=well_formed(session.project) or None,
        started=started_s,
        beat=end_s,
        ended=end_s if is_over else None,
        ending="ended" if is_over else None,
        duration_s=duration_s,
        cells=len(session.cells) + runs,
        energy_j=whole.energy_j,
        inside_j=inside.energy_j,
        between_j=between(account, whole, inside),
        co2e_g=whole.co2e_g,
        inside_g=inside.co2e_g,
        between_g=difference(whole.co2e_g, inside.co2e_g),
        gaps=at.gaps,
        notes=_text(at.notes),
    )


def gaps_text(account: Account, session: Session, wall_s: float) -> str:
    """The times in which something was not counted, as JSON; `wall_s` is now."""
    return _text(gaps(account, session, wall_s)[-_GAPS:])


def source_rows(account: Account, whole: Cost) -> list[SourceRow]:
    """The sources, each with its energy in the session, which cost `whole`."""
    rows = []
    for number, source in enumerate(account.sources.values()):
        info = source.info
        energy_j = whole.by_source_j[info.id]
        provenance = energy_j.provenance
        if provenance is Provenance.MISSING and source.state in ("ok", "starting"):
            provenance = info.provenance
        rows.append(
            SourceRow(
                number=number,
                id=well_formed(info.id),
                name=well_formed(info.name),
                kind=info.kind,
                host=well_formed(info.host),
                state=source.state,
                provenance=provenance.value,
                note=well_formed(info.note),
                energy_j=energy_j,
            )
        )
    return rows


def rate_rows(account: Account, session: Session) -> list[RateRow]:
    """The intensities and PUEs in force, oldest first."""
    return [
        RateRow(
            number=number,
            since=account.wall_s(period.start, 0.0),
            place=well_formed(period.rate.intensity.place),
            intensity_g_per_kwh=period.rate.intensity.g_per_kwh,
            basis=period.rate.intensity.basis,
            kind=period.rate.intensity.kind,
            year=period.rate.intensity.year,
            source=period.rate.intensity.source,
            assumed=period.rate.intensity.assumed,
            pue=period.rate.pue,
        )
        for number, period in enumerate(account.rates(session))
    ]


def cell_row(account: Account, window: Window, wall_s: float) -> CellRow:
    """A cell's run, without the energy of cells nested in it; `wall_s` is now."""
    cost = account.cost(window.spans)
    started_s, ended_s, duration_s = _times(account, window, wall_s)
    return CellRow(
        number=window.number,
        id=well_formed(window.id),
        execution_count=window.execution_count,
        label=None if window.label is None else well_formed(window.label),
        status=window.status,
        started=started_s,
        ended=ended_s,
        duration_s=duration_s,
        overlapped=window.overlapped,
        energy_j=cost.energy_j,
        co2e_g=cost.co2e_g,
        sources=_sources(account, cost.by_source_j),
        code_hash=None if window.fingerprint is None else window.fingerprint.digest,
        code=well_formed(window.code) if window.code else None,
    )


def label_row(account: Account, window: Window, wall_s: float) -> LabelRow:
    """A labelled block's run, with all that was drawn while it lasted; `wall_s` is now."""
    cost = account.cost([(window.start, window.end)])
    started_s, ended_s, duration_s = _times(account, window, wall_s)
    return LabelRow(
        number=window.number,
        label=well_formed(window.label or ""),
        execution_count=window.execution_count,
        status=window.status,
        started=started_s,
        ended=ended_s,
        duration_s=duration_s,
        overlapped=window.overlapped,
        energy_j=cost.energy_j,
        co2e_g=cost.co2e_g,
        sources=_sources(account, cost.by_source_j),
    )


def slice_ends(session: Session) -> list[int]:
    """The edges between which the slices of a session lie, one more than there are slices."""
    return [session.start, *session.cuts, session.end]


def slice_rows(account: Account, ends: list[int], place: int, wall_s: float) -> Iterator[SliceRow]:
    """The energy of each source in a slice; none of one that counted nothing in it."""
    start, end = ends[place], ends[place + 1]
    since_s = account.wall_s(start, wall_s)
    duration_s = account.duration_s(start, end)
    if duration_s <= 0:
        return
    periods = list(account.periods(start, end))
    for number, source in enumerate(account.sources.values()):
        energy_j = account.parts(source, start, end).energy
        if energy_j.is_missing:
            continue
        if len(periods) == 1:
            mass_g = co2e_g(energy_j, periods[0][2])
        else:
            mass_g = total(
                co2e_g(account.parts(source, begin, stop).energy, rate)
                for begin, stop, rate in periods
            )
        # A wall clock that was set meanwhile does not make the slice longer or shorter.
        yield SliceRow(number, since_s, since_s + duration_s, energy_j, mass_g)


def trace_row(account: Account, session: Session, number: int) -> TraceRow | None:
    """The course of a source's power in some hundred steps; None if it has none yet."""
    source = list(account.sources.values())[number]
    start_s, end_s = account.moment_s(session.start), account.moment_s(session.end)
    step_s = max(1.0, source.curve.trace_step_s)
    while (end_s - start_s) / step_s > _STEPS:
        step_s *= 2
    count = math.floor((end_s - start_s) / step_s)
    moments_s = [start_s + step_s * place for place in range(count + 1)]
    powers_w = mean_power_w(source.curve.trace(), source.curve.gaps, moments_s)
    if not any(power_w is not None for power_w in powers_w):
        return None
    column = array("f", [math.nan if power_w is None else power_w for power_w in powers_w])
    if sys.byteorder == "big":
        column.byteswap()
    return TraceRow(number, account.wall_s(session.start, 0.0), step_s, column.tobytes())


def _times(account: Account, window: Window, wall_s: float) -> tuple[float, float | None, float]:
    """When a window began and ended, and how long it was."""
    started_s = account.wall_s(window.start, wall_s)
    duration_s = account.duration_s(window.start, window.end)
    if window.end == NOW:
        return started_s, None, duration_s
    return started_s, max(started_s, account.wall_s(window.end, wall_s)), duration_s


def _sources(account: Account, by_source_j: dict[str, Estimate]) -> str:
    numbers = {source_id: number for number, source_id in enumerate(account.sources)}
    return sources_text({numbers[key]: energy_j for key, energy_j in by_source_j.items()})


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))

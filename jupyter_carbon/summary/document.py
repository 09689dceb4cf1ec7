"""The one document: everything that is exported or printed is a form of it."""

from __future__ import annotations

import math
import socket
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from jupyter_carbon.account import NOW, Account, Cost, Parts, Session, SourceAccount
from jupyter_carbon.estimate import Estimate, Provenance, total
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.continued import continued
from jupyter_carbon.summary.difference import difference
from jupyter_carbon.summary.keys import (
    SCHEMA,
    BudgetDict,
    CellDict,
    GapDict,
    GridDict,
    PowerDict,
    SessionDict,
    SourceDict,
    SummaryDict,
)
from jupyter_carbon.summary.power import mean_power_w
from jupyter_carbon.windows import Window

_POINTS = 600


def build_document(meter: CarbonMeter, session: Session | None = None) -> SummaryDict:
    """The document of a session, by default the one that runs, with what earlier kernels ran."""
    with meter.look() as account:
        session = account.session if session is None else session
        own = _own_document(meter, account, session)
    return own if session.earlier is None else continued(session.earlier.documents, own)


def _own_document(meter: CarbonMeter, account: Account, session: Session) -> SummaryDict:
    now_s = time.time()
    whole = account.cost([(session.start, session.end)])
    inside = account.inside_cells(session)
    return {
        "schema": SCHEMA,
        "tool": {"name": "jupyter_carbon", "version": tool_version()},
        "session": _session(account, session, whole, inside, meter.notebook, now_s),
        "sources": [
            _source(account, source, session, inside) for source in account.sources.values()
        ],
        "cells": [cell_dict(account, window, now_s) for window in account.windows(session, "cell")],
        "labels": [
            cell_dict(account, window, now_s) for window in account.windows(session, "label")
        ],
        "grid": _grid(account, session, now_s),
        "power": _power(account, session, now_s),
        "notes": notes(meter, account),
        "budgets": _budgets(meter) if session is account.session else [],
    }


def cell_dict(account: Account, window: Window, now_s: float) -> CellDict:
    """A cell's or a label's keys; `now_s` is the wall clock, for one that still runs.

    A cell's energy is without that of cells nested in it, so that cells add up.
    """
    own = account.cost(window.spans if window.kind == "cell" else [(window.start, window.end)])
    cell = _costed(account, window, own, now_s)
    if window.kind == "cell" and window.owned is not None:
        whole = account.cost([(window.start, window.end)])
        cell["nested_j"] = difference(whole.energy_j, own.energy_j).as_dict()
    return cell


def inclusive_dict(account: Account, window: Window, now_s: float) -> CellDict:
    """The same keys with the energy of nested cells in them: what running it cost."""
    return _costed(account, window, account.cost([(window.start, window.end)]), now_s)


def _costed(account: Account, window: Window, cost: Cost, now_s: float) -> CellDict:
    running = window.end == NOW
    return {
        "id": window.id,
        "execution_count": window.execution_count,
        "label": window.label,
        "status": window.status,
        "started": _time(account.wall_s(window.start, now_s)),
        "ended": None if running else _time(account.wall_s(window.end, now_s)),
        "duration_s": account.duration_s(window.start, window.end),
        "energy_j": cost.energy_j.as_dict(),
        "kernel_energy_j": None,
        "co2e_g": cost.co2e_g.as_dict(),
        "kernel_co2e_g": None,
        "overlapped": window.overlapped,
        "sources": {key: energy_j.as_dict() for key, energy_j in cost.by_source_j.items()},
        "range_parts": {"sensor_j": cost.sensor_j, "edge_j": cost.edge_j},
        "nested_j": None,
    }


def notes(meter: CarbonMeter, account: Account) -> list[str]:
    """Sentences on what was not measured and why, and on what went wrong."""
    found = [
        f"{part.name}: not measured. {part.reason} {part.remedy}".strip()
        if part.kind != "cpu" or not _has(account, "cpu")
        else f"{part.name}: {part.reason} {part.remedy}".strip()
        for part in account.not_measured
    ]
    for source in account.sources.values():
        if source.curve.caught is not None:
            found.append(
                f"{source.info.name}: {source.curve.caught}; its power is integrated instead."
            )
        if source.message:
            found.append(f"{source.info.name}: {source.message} {source.remedy}".strip())
    if not account.sources:
        found.append("Nothing is measured: no source of energy figures was found yet.")
    return found + meter.budget_notes + list(meter.complaints)


def _budgets(meter: CarbonMeter) -> list[BudgetDict]:
    return [
        {
            "scope": use.scope,
            "measure": use.measure,
            "limit": use.limit,
            "used": use.used,
            "fraction": use.fraction,
            "level": use.level,
            "stops": use.stops,
        }
        for use in meter.budgets
    ]


def _has(account: Account, kind: str) -> bool:
    return any(source.info.kind == kind for source in account.sources.values())


def _session(
    account: Account,
    session: Session,
    whole: Cost,
    inside: Cost,
    notebook: str | None,
    now_s: float,
) -> SessionDict:
    running = session.end == NOW
    return {
        "id": session.id,
        "started": _time(account.wall_s(session.start, now_s)),
        "ended": None if running else _time(account.wall_s(session.end, now_s)),
        "duration_s": account.duration_s(session.start, session.end),
        "notebook": notebook,
        "host": socket.gethostname(),
        "scope": "machine",
        "energy_j": whole.energy_j.as_dict(),
        "kernel_energy_j": None,
        "between_cells_j": between(account, whole, inside).as_dict(),
        "co2e_g": whole.co2e_g.as_dict(),
        "kernel_co2e_g": None,
        "in_cells_j": inside.energy_j.as_dict(),
        "in_cells_co2e_g": inside.co2e_g.as_dict(),
        "between_cells_co2e_g": difference(whole.co2e_g, inside.co2e_g).as_dict(),
        "gaps": gaps(account, session, now_s),
    }


def between(account: Account, whole: Cost, inside: Cost) -> Estimate:
    """The session without its cells, source by source, so that each adds up."""
    return total(
        difference(whole.by_source_j[key], inside.by_source_j[key]) for key in account.sources
    )


def _source(account: Account, source: SourceAccount, session: Session, inside: Cost) -> SourceDict:
    parts: Parts = account.parts(source, session.start, session.end)
    info = source.info
    provenance = parts.energy.provenance
    if provenance is Provenance.MISSING and source.state in ("ok", "starting"):
        provenance = info.provenance
    between = difference(parts.energy, inside.by_source_j[info.id])
    return {
        "id": info.id,
        "name": info.name,
        "kind": info.kind,
        "host": info.host,
        "state": source.state,
        "provenance": provenance.value,
        "energy_j": parts.energy.as_dict(),
        "kernel_energy_j": None,
        "note": info.note,
        "between_cells_j": between.as_dict(),
        "details": dict(info.details),
    }


def _grid(account: Account, session: Session, now_s: float) -> list[GridDict]:
    return [
        {
            "from": _time(account.wall_s(period.start, now_s)),
            "place": period.rate.intensity.place,
            "intensity_g_per_kwh": period.rate.intensity.g_per_kwh,
            "basis": period.rate.intensity.basis,
            "kind": period.rate.intensity.kind,
            "year": period.rate.intensity.year,
            "source": period.rate.intensity.source,
            "assumed": period.rate.intensity.assumed,
            "pue": period.rate.pue,
        }
        for period in account.rates(session)
    ]


def gaps(account: Account, session: Session, now_s: float) -> list[GapDict]:
    """Pauses of the meter, and each source's own gaps, within the session."""
    start_s, end_s = account.moment_s(session.start), account.moment_s(session.end)
    offset_s = account.wall_s(session.start, now_s) - start_s
    found: list[GapDict] = [
        {
            "from": _time(account.wall_s(begin, now_s)),
            "to": None if end == NOW else _time(account.wall_s(end, now_s)),
            "reason": "The meter was paused; nothing was counted.",
        }
        for begin, end in session.pauses
    ]
    for source in account.sources.values():
        for gap in source.curve.gaps:
            over = gap.to_s is not None and gap.to_s <= start_s
            if over or gap.from_s >= end_s or gap.reason == "the meter was paused":
                continue
            found.append(
                {
                    "from": _time(offset_s + gap.from_s),
                    "to": None if gap.to_s is None else _time(offset_s + gap.to_s),
                    "reason": f"{source.info.name} was not counted: {gap.reason}",
                }
            )
    return found


def _power(account: Account, session: Session, now_s: float) -> PowerDict:
    """Mean power over at most some hundreds of equal steps; None where nothing was counted."""
    start_s, end_s = account.moment_s(session.start), account.moment_s(session.end)
    offset_s = account.wall_s(session.start, now_s) - start_s
    step_s = max((source.curve.trace_step_s for source in account.sources.values()), default=1.0)
    step_s = max(step_s, (end_s - start_s) / _POINTS)
    count = math.floor((end_s - start_s) / step_s)
    columns: PowerDict = {
        "resolution_s": step_s,
        "times": [_time(offset_s + start_s + step_s * place) for place in range(count)],
    }
    moments_s = [start_s + step_s * place for place in range(count + 1)]
    for source_id, source in account.sources.items():
        curve = source.curve
        columns[f"{source_id}_w"] = mean_power_w(curve.trace(), curve.gaps, moments_s)
    return columns


def _time(wall_s: float) -> str:
    return (
        datetime.fromtimestamp(wall_s, UTC)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


@cache
def tool_version() -> str:
    """The version of this package."""
    try:
        return version("jupyter-carbon")
    except PackageNotFoundError:
        return "unknown"

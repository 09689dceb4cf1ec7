"""The parts of a message, each from the account as it is."""

from __future__ import annotations

import socket
from functools import cache

from jupyter_carbon.account import NOW, Account, Cost, SourceAccount
from jupyter_carbon.budget import BudgetUse
from jupyter_carbon.carbon import Rate
from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.grid.tables import source_name
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.messages import (
    Budget,
    Cell,
    Grid,
    Meter,
    NotMeasured,
    Now,
    SessionFigures,
    Source,
    State,
)
from jupyter_carbon.stream.past import has_history
from jupyter_carbon.stream.words import (
    common_mark,
    energy_shown,
    mark_of,
    mass_shown,
    title_of,
    watts,
)
from jupyter_carbon.summary.difference import difference
from jupyter_carbon.summary.document import between, tool_version
from jupyter_carbon.summary.figures import assumed_text, mean_power_words, provenance_words
from jupyter_carbon.summary.plain import well_formed
from jupyter_carbon.units import MassUnit, duration_text, intensity_text
from jupyter_carbon.windows import Window


def meter_part(meter: CarbonMeter, account: Account) -> Meter:
    """Who meters what."""
    session = account.session
    return {
        "version": tool_version(),
        "session_id": session.id,
        "started_ms": account.wall_s(session.start, 0.0) * 1e3,
        "notebook": None if meter.notebook is None else well_formed(meter.notebook),
        "host": _host(),
        "scope": "machine",
        "co2e_unit": meter.mass_unit,
        "history": has_history(meter.ledger),
    }


def state_part(account: Account, now_s: float, *, resting: bool) -> State:
    """What the meter does; `now_s` is the wall clock."""
    return {
        "searching": account.is_searching,
        "busy": bool(account.running.cells or account.running.labels),
        "paused": account.paused,
        "resting": resting,
        "time_ms": now_s * 1e3,
    }


def now_part(account: Account) -> Now:
    """Power now; a source that gives none at present is not measured, and in no sum."""
    sources = {
        source_id: watts(_power_w(account, source), mark_of(source.info.provenance))
        for source_id, source in account.sources.items()
    }
    known = [source for source in sources.values() if source["value_w"] is not None]
    total_w = sum(source["value_w"] or 0.0 for source in known) if known else None
    mark = common_mark(source["mark"] for source in known)
    return {"total": watts(total_w, mark), "sources": sources}


def session_part(
    account: Account, unit: MassUnit, largest_cell_j: float | None, resumable: str = ""
) -> SessionFigures:
    """The session so far, with what earlier kernels ran of it.

    Args:
        account: what is told of.
        unit: of CO2e.
        largest_cell_j: the most that one cell took.
        resumable: what an earlier session cost, if this one may go on with it.
    """
    session = account.session
    whole = account.cost([(session.start, session.end)])
    inside = account.inside_cells(session)
    between_j = between(account, whole, inside)
    between_g = difference(whole.co2e_g, inside.co2e_g)
    duration_s = account.duration_s(session.start, session.end)
    cells = len(session.cells) + len(account.running.cells)
    in_cells_j, in_cells_g = inside.energy_j, inside.co2e_g
    earlier = session.earlier
    if earlier is not None:
        whole = account.session_cost(session)
        in_cells_j, in_cells_g = earlier.inside_j + in_cells_j, earlier.inside_g + in_cells_g
        between_j, between_g = earlier.between_j + between_j, earlier.between_g + between_g
        duration_s += earlier.duration_s
        cells += earlier.cells
    inside_j, whole_j = in_cells_j.value, whole.energy_j.value
    share = min(1.0, inside_j / whole_j) if whole_j and inside_j is not None else None
    return {
        "duration_s": duration_s,
        "duration": duration_text(duration_s),
        "energy_j": energy_shown(whole.energy_j),
        "co2e_g": mass_shown(whole.co2e_g, unit),
        "in_cells_j": energy_shown(in_cells_j),
        "in_cells_g": mass_shown(in_cells_g, unit),
        "between_cells_j": energy_shown(between_j),
        "between_cells_g": mass_shown(between_g, unit),
        "in_cells_share": share,
        "largest_cell_j": largest_cell_j,
        "cells": cells,
        "provenance": _provenance_words(whole),
        "earlier": None if earlier is None else earlier.text,
        "resumable": resumable or None,
    }


def sources_part(account: Account) -> list[Source]:
    """The sources, and the energy of each in the session."""
    return [_source(account, source) for source in account.sources.values()]


def not_measured_part(account: Account) -> list[NotMeasured]:
    """What is there and not measured."""
    return [
        {
            "name": well_formed(part.name),
            "kind": part.kind,
            "reason": well_formed(part.reason),
            "remedy": well_formed(part.remedy),
        }
        for part in account.not_measured
    ]


def cell_part(account: Account, window: Window, unit: MassUnit, now_s: float) -> Cell:
    """A cell's run, with the energy of cells nested in it; `now_s` is the wall clock."""
    running = window.end == NOW
    cost = account.cost([(window.start, window.end)])
    duration_s = account.duration_s(window.start, window.end)
    return {
        "key": window.number,
        "id": well_formed(window.id),
        "execution_count": window.execution_count,
        "label": None if window.label is None else well_formed(window.label),
        "title": title_of(window.title),
        "code_crc32": None if window.fingerprint is None else window.fingerprint.crc32,
        "status": window.status,
        "started_ms": account.wall_s(window.start, now_s) * 1e3,
        "ended_ms": None if running else account.wall_s(window.end, now_s) * 1e3,
        "duration_s": duration_s,
        "duration": duration_text(duration_s),
        "energy_j": energy_shown(cost.energy_j),
        "co2e_g": mass_shown(cost.co2e_g, unit),
        "mean_w": "" if window.overlapped else mean_power_words(cost.energy_j, duration_s),
        "provenance": _provenance_words(cost),
        "overlapped": window.overlapped,
        "final": account.is_final(window.end),
    }


def grid_part(rate: Rate, unit: MassUnit) -> Grid:
    """What turns energy into CO2e now."""
    intensity = rate.intensity
    return {
        "place": intensity.place,
        "code": intensity.code,
        "assumed": intensity.assumed,
        "words": assumed_text(intensity.place) if intensity.assumed else intensity.place,
        "intensity_g_per_kwh": intensity.g_per_kwh,
        "intensity": intensity_text(intensity.g_per_kwh, unit),
        "basis": intensity.basis,
        "kind": intensity.kind,
        "year": intensity.year,
        "source": source_name(intensity.source),
        "pue": rate.pue,
    }


def budgets_part(meter: CarbonMeter, _account: Account) -> list[Budget]:
    """The budgets in force."""
    return [budget_part(use) for use in meter.budgets]


def budget_part(use: BudgetUse) -> Budget:
    """One budget."""
    return {
        "scope": use.scope,
        "cell_key": use.cell_key,
        "measure": use.measure,
        "limit": use.limit,
        "used": use.used,
        "fraction": use.fraction,
        "level": use.level,
        "stops": use.stops,
    }


def _source(account: Account, source: SourceAccount) -> Source:
    session, info = account.session, source.info
    energy_j = account.parts(source, session.start, session.end).energy
    if session.earlier is not None and info.id in session.earlier.by_source_j:
        energy_j = session.earlier.by_source_j[info.id] + energy_j
    provenance = energy_j.provenance
    if provenance is Provenance.MISSING and source.state in ("ok", "starting"):
        provenance = info.provenance
    return {
        "id": info.id,
        "name": well_formed(info.name),
        "kind": info.kind,
        "host": info.host,
        "provenance": provenance.value,
        "mark": "not measured" if provenance is Provenance.MISSING else mark_of(info.provenance),
        "state": source.state,
        "message": well_formed(source.message),
        "remedy": well_formed(source.remedy),
        "note": well_formed(info.note),
        "energy_j": energy_shown(energy_j),
    }


def _power_w(account: Account, source: SourceAccount) -> float | None:
    if account.paused or source.state != "ok":
        return None
    return source.curve.power_w


def _provenance_words(cost: Cost) -> str:
    parts: list[Estimate] = list(cost.by_source_j.values())
    return provenance_words(
        cost.energy_j.provenance.value, ((part.provenance.value, part.value) for part in parts)
    )


@cache
def _host() -> str:
    return socket.gethostname()

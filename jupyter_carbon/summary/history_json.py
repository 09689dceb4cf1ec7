"""Sessions of the ledger as documents: the same keys as a summary has, and some of the ledger's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NotRequired, TypedDict, cast

from jupyter_carbon.estimate import Estimate, EstimateDict
from jupyter_carbon.ledger.history import Day, Entry, Group, History, State
from jupyter_carbon.ledger.records import CellRow, LabelRow, RateRow, SourceRow, sources_of
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.ledger.sums import Sum
from jupyter_carbon.ledger.ways import By
from jupyter_carbon.summary.figures import iso_time
from jupyter_carbon.summary.json_form import to_json
from jupyter_carbon.summary.keys import (
    SCHEMA,
    CellDict,
    GapDict,
    GridDict,
    PowerDict,
    SessionDict,
    SourceDict,
    Status,
    SummaryDict,
)

_STATUSES: tuple[Status, ...] = ("ok", "error", "interrupted", "running")
_KINDS = ("gpu", "cpu", "memory", "other")


class PastSessionDict(SessionDict):
    """A session as the ledger has it."""

    state: State
    last_heard_of: str
    goes_on_with: str | None
    kernel: str
    cell_count: int


class PastCellDict(CellDict):
    """A cell as the ledger has it: the mark that runs of the same code have in common."""

    code_mark: NotRequired[str]
    code: NotRequired[str]


class PastDict(TypedDict):
    """A session, its sources, what turned its energy into CO2e, and what was not measured."""

    session: PastSessionDict
    sources: list[SourceDict]
    grid: list[GridDict]
    notes: list[str]


class GroupDict(TypedDict):
    """What a day, a notebook, a project, a machine or a label came to."""

    by: By
    name: str | None
    energy_j: EstimateDict
    co2e_g: EstimateDict
    duration_s: float
    count: int
    unmeasured: int


def past_document(entry: Entry) -> PastDict:
    """The document of one session."""
    return {
        "session": _session(entry),
        "sources": [_source(source) for source in entry.sources],
        "grid": [_grid(rate) for rate in entry.rates],
        "notes": [note for note in _list(entry.session.notes) if isinstance(note, str)],
    }


def group_document(by: By, group: Group | Day) -> GroupDict:
    """The document of one day, or of one of whatever else."""
    name = group.day.isoformat() if isinstance(group, Day) else group.name
    sum_: Sum = group.sum
    return {
        "by": by,
        "name": name,
        "energy_j": sum_.energy_j.as_dict(),
        "co2e_g": sum_.co2e_g.as_dict(),
        "duration_s": sum_.duration_s,
        "count": sum_.count,
        "unmeasured": sum_.unmeasured,
    }


def summaries(history: History, span: Span) -> Iterator[SummaryDict]:
    """The whole summary of each session that has a part in a span, one after the other."""
    for entry in history.sessions(span):
        yield summary_of(history, entry)


def summary_of(history: History, entry: Entry) -> SummaryDict:
    """The whole summary of a session."""
    past = past_document(entry)
    ids = {source.number: source.id for source in entry.sources}
    return {
        "schema": SCHEMA,
        "tool": {"name": "jupyter_carbon", "version": entry.session.package},
        "session": past["session"],
        "sources": past["sources"],
        "cells": [_cell(cell, ids, entry.state) for cell in history.cells(entry.key)],
        "labels": [
            _ran(label, f"label-{label.number}", ids, entry.state)
            for label in history.labels(entry.key)
        ],
        "grid": past["grid"],
        "power": _power(history, entry),
        "notes": past["notes"],
    }


def json_list(documents: Iterable[Any]) -> Iterator[str]:
    """A list of documents as pieces of JSON text, so that not all of them are held at once."""
    opening = "[\n"
    for document in documents:
        yield opening + to_json(document).rstrip("\n")
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _session(entry: Entry) -> PastSessionDict:
    session = entry.session
    ended = session.ended
    if ended is None and entry.state == "lost":
        ended = session.beat
    return {
        "id": session.id,
        "started": iso_time(session.started),
        "ended": None if ended is None else iso_time(ended),
        "duration_s": session.duration_s,
        "notebook": session.notebook,
        "host": session.host,
        "scope": "machine",
        "energy_j": session.energy_j.as_dict(),
        "kernel_energy_j": None,
        "between_cells_j": session.between_j.as_dict(),
        "co2e_g": session.co2e_g.as_dict(),
        "kernel_co2e_g": None,
        "in_cells_j": session.inside_j.as_dict(),
        "in_cells_co2e_g": session.inside_g.as_dict(),
        "between_cells_co2e_g": session.between_g.as_dict(),
        "gaps": [cast(GapDict, gap) for gap in _list(session.gaps) if isinstance(gap, dict)],
        "state": entry.state,
        "last_heard_of": iso_time(session.beat),
        "goes_on_with": None if session.chain == session.id else session.chain,
        "project": session.project,
        "kernel": session.kernel,
        "cell_count": session.cells,
    }


def _source(source: SourceRow) -> SourceDict:
    kind: Any = source.kind if source.kind in _KINDS else "other"
    return {
        "id": source.id,
        "name": source.name,
        "kind": kind,
        "host": source.host,
        "state": source.state,
        "provenance": source.provenance,
        "energy_j": source.energy_j.as_dict(),
        "kernel_energy_j": None,
        "note": source.note,
    }


def _grid(rate: RateRow) -> GridDict:
    return {
        "from": iso_time(rate.since),
        "place": rate.place,
        "intensity_g_per_kwh": rate.intensity_g_per_kwh,
        "basis": rate.basis,
        "kind": rate.kind,
        "year": rate.year,
        "source": rate.source,
        "assumed": bool(rate.assumed),
        "pue": rate.pue,
    }


def _cell(row: CellRow, ids: dict[int, str], state: State) -> PastCellDict:
    cell = cast(PastCellDict, _ran(row, row.id, ids, state))
    if row.code_hash is not None:
        cell["code_mark"] = row.code_hash.hex()
    if row.code is not None:
        cell["code"] = row.code
    return cell


def _ran(row: CellRow | LabelRow, key: str, ids: dict[int, str], state: State) -> CellDict:
    """What ran when its kernel died was interrupted, as far as it was heard of."""
    status: Status = next((each for each in _STATUSES if each == row.status), "error")
    ended = row.ended
    if ended is None and state != "running":
        status, ended = "interrupted", row.started + row.duration_s
    return {
        "id": key,
        "execution_count": row.execution_count,
        "label": row.label,
        "status": status,
        "started": iso_time(row.started),
        "ended": None if ended is None else iso_time(ended),
        "duration_s": row.duration_s,
        "energy_j": row.energy_j.as_dict(),
        "kernel_energy_j": None,
        "co2e_g": row.co2e_g.as_dict(),
        "kernel_co2e_g": None,
        "overlapped": bool(row.overlapped),
        "sources": {
            ids.get(number, str(number)): energy_j.as_dict()
            for number, energy_j in _by_source(row.sources).items()
        },
    }


def _by_source(text: str) -> dict[int, Estimate]:
    try:
        return sources_of(text)
    except (ValueError, TypeError):
        return {}


def _power(history: History, entry: Entry) -> PowerDict:
    """The courses that are kept, on the steps of the coarsest of them."""
    ids = {source.number: source.id for source in entry.sources}
    traces = [trace for trace in history.traces(entry.key) if trace.source in ids]
    if not traces:
        return {"resolution_s": 0.0, "times": []}
    first = max(traces, key=lambda trace: trace.step_s)
    step_s = first.step_s
    count = len(first.powers_w)
    columns: PowerDict = {
        "resolution_s": step_s,
        "times": [iso_time(first.since + step_s * place) for place in range(count)],
    }
    for trace in traces:
        middles_s = (first.since + step_s * (place + 0.5) for place in range(count))
        columns[f"{ids[trace.source]}_w"] = [trace.at(moment_s) for moment_s in middles_s]
    return columns


def _list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else []

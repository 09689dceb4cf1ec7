"""The rows of the ledger, named as its columns are.

Rows are written whole, with the newest figures, under a key that stays the
same: writing a row twice is writing it once, and what could not be written
needs no diary, only to be asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jupyter_carbon.estimate import Estimate, Provenance


class SessionRow(NamedTuple):
    """A session. `ended` is None while it runs; `beat` is when it was last heard of.

    `chain` is the id of the session that this one goes on with, or its own.
    `ending` is "ended", or "lost" where its kernel died without a word. `boot`,
    `pid` and `pid_started` tell whether the kernel still runs. `gaps` and `notes`
    are JSON, as in the summary.
    """

    id: str
    chain: str
    host: str
    boot: str
    pid: int
    pid_started: float
    kernel: str
    package: str
    notebook: str | None
    project: str | None
    started: float
    beat: float
    ended: float | None
    ending: str | None
    duration_s: float
    cells: int
    energy_j: Estimate
    inside_j: Estimate
    between_j: Estimate
    co2e_g: Estimate
    inside_g: Estimate
    between_g: Estimate
    gaps: str
    notes: str


class SourceRow(NamedTuple):
    """A source of a session; `number` is its own within the session."""

    number: int
    id: str
    name: str
    kind: str
    host: str
    state: str
    provenance: str
    note: str
    energy_j: Estimate


class RateRow(NamedTuple):
    """An intensity and a PUE, in force from `since` on."""

    number: int
    since: float
    place: str
    intensity_g_per_kwh: float
    basis: str
    kind: str
    year: int | None
    source: str
    assumed: bool
    pue: float


class CellRow(NamedTuple):
    """A cell's run; its energy is without that of cells nested in it, so that cells add up.

    `sources` is JSON, as `sources_text` writes it. `code_hash` is handed in as the
    account's digest of the code and written as a hash of it with the ledger's salt.
    `code` is None unless the user wants it kept.
    """

    number: int
    id: str
    execution_count: int | None
    label: str | None
    status: str
    started: float
    ended: float | None
    duration_s: float
    overlapped: bool
    energy_j: Estimate
    co2e_g: Estimate
    sources: str
    code_hash: bytes | None = None
    code: str | None = None


class LabelRow(NamedTuple):
    """A run of a labelled block, with all that was drawn while it lasted."""

    number: int
    label: str
    execution_count: int | None
    status: str
    started: float
    ended: float | None
    duration_s: float
    overlapped: bool
    energy_j: Estimate
    co2e_g: Estimate
    sources: str


class SliceRow(NamedTuple):
    """A source's energy between two moments of a session, at most a quarter of an hour apart."""

    source: int
    since: float
    until: float
    energy_j: Estimate
    co2e_g: Estimate


class TraceRow(NamedTuple):
    """The course of a source's power from `since` on, in equal steps."""

    source: int
    since: float
    step_s: float
    powers_w: bytes


Row = SessionRow | SourceRow | RateRow | CellRow | LabelRow | SliceRow | TraceRow
"""Any row."""


@dataclass(slots=True)
class Batch:
    """What is written of one session in one transaction.

    `rates` are all of the session's, since the past may be counted anew; of the
    others those that have changed since the last batch that was written.
    """

    session: SessionRow
    sources: list[SourceRow] = field(default_factory=list)
    rates: list[RateRow] = field(default_factory=list)
    cells: list[CellRow] = field(default_factory=list)
    labels: list[LabelRow] = field(default_factory=list)
    slices: list[SliceRow] = field(default_factory=list)
    traces: list[TraceRow] = field(default_factory=list)


WITHOUT_ORIGIN = frozenset(
    {("cell", "co2e_g"), ("label", "co2e_g"), ("slice", "co2e_g")},
)
"""(table, field) of the masses whose provenance is that of the energy beside them."""


def sources_text(by_source_j: Mapping[int, Estimate]) -> str:
    """The energies of a cell by source, as JSON: [[number, value, low, high, provenance], ...]."""
    rows = [
        [number, *map(_short, (each.value, each.low, each.high)), each.provenance.value]
        for number, each in by_source_j.items()
        if not each.is_missing
    ]
    return json.dumps(rows, separators=(",", ":"))


def sources_of(text: str) -> dict[int, Estimate]:
    """What `sources_text` wrote."""
    return {
        number: Estimate(value, low, high, Provenance(origin))
        for number, value, low, high, origin in json.loads(text)
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")

"""The keys of the exported summary, and their types.

The document is a plain dict. What each key means, its unit and its place are a
contract between the meter, the exports and everybody's scripts: a key may be
added, none may change its meaning while `SCHEMA` stays the same. Times are ISO
8601, UTC, with microseconds. An estimate of None was not asked for (a kernel's
share that is unknown); one whose value is None was not measured.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from jupyter_carbon.estimate import EstimateDict

SCHEMA = "jupyter_carbon/summary/1"
"""Names this set of keys; the number rises when a key changes its meaning."""

Status = Literal["ok", "error", "interrupted", "running"]
"""How a cell ended, or that it has not."""


class ToolDict(TypedDict):
    """What wrote the document."""

    name: str
    version: str


GapDict = TypedDict("GapDict", {"from": str, "to": str | None, "reason": str})
"""A span that is not part of any figure; `to` is None while it lasts."""


class SessionDict(TypedDict):
    """The whole session. `energy_j` is the machine's, before PUE; `co2e_g` includes PUE."""

    id: str
    started: str
    ended: str | None
    duration_s: float
    notebook: str | None
    project: NotRequired[str | None]
    host: str
    scope: Literal["machine", "kernel"]
    energy_j: EstimateDict
    kernel_energy_j: EstimateDict | None
    between_cells_j: EstimateDict
    co2e_g: EstimateDict
    kernel_co2e_g: EstimateDict | None
    in_cells_j: NotRequired[EstimateDict]
    in_cells_co2e_g: NotRequired[EstimateDict]
    between_cells_co2e_g: NotRequired[EstimateDict]
    between_cells_s: NotRequired[float]
    gaps: NotRequired[list[GapDict]]


class SourceDict(TypedDict):
    """One source, over the session. `state` is "ok" or says why there is no figure now."""

    id: str
    name: str
    kind: Literal["gpu", "cpu", "memory", "other"]
    host: str
    state: str
    provenance: str
    energy_j: EstimateDict
    kernel_energy_j: EstimateDict | None
    note: str
    between_cells_j: NotRequired[EstimateDict]
    details: NotRequired[dict[str, str]]


class RangePartsDict(TypedDict):
    """Half-widths of an energy's range: what the sensor adds, and what the edges add."""

    sensor_j: float | None
    edge_j: float | None


class CellDict(TypedDict):
    """One cell, or one labelled span. `sources` maps a source's id to its energy in J."""

    id: str
    execution_count: int | None
    label: str | None
    status: Status
    started: str
    ended: str | None
    duration_s: float
    energy_j: EstimateDict
    kernel_energy_j: EstimateDict | None
    co2e_g: EstimateDict
    kernel_co2e_g: EstimateDict | None
    overlapped: bool
    sources: dict[str, EstimateDict]
    range_parts: NotRequired[RangePartsDict]
    nested_j: NotRequired[EstimateDict | None]


GridDict = TypedDict(
    "GridDict",
    {
        "from": str,
        "place": str,
        "intensity_g_per_kwh": float,
        "basis": str,
        "kind": str,
        "year": int | None,
        "source": str,
        "assumed": bool,
        "pue": float,
    },
)
"""What turned energy into CO2e from a moment on."""

PowerDict = dict[str, float | list[str] | list[float | None]]
"""`resolution_s`, `times`, and `<source id>_w` for each source: equally long columns."""


class BudgetDict(TypedDict):
    """A budget in force; `fraction` is the used share, None where nothing was measured."""

    scope: Literal["session", "cell"]
    measure: Literal["energy", "co2e"]
    limit: str
    used: str
    fraction: float | None
    level: Literal["within", "near", "over"]
    stops: bool


class SummaryDict(TypedDict):
    """The whole document."""

    schema: str
    tool: ToolDict
    session: SessionDict
    sources: list[SourceDict]
    cells: list[CellDict]
    labels: list[CellDict]
    grid: list[GridDict]
    power: PowerDict
    notes: list[str]
    budgets: NotRequired[list[BudgetDict]]

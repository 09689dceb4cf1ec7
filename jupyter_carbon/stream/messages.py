"""The messages as types: the mirror of `schema.json`, which says what each key means."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

VERSION = 1
"""The version of the format; it rises when a key changes its meaning or is taken away."""
TARGET = "jupyter_carbon"
"""The comm target that front ends open."""

Mark = Literal["measured", "estimated", "mixed", "not measured"]
Message = dict[str, Any]
"""A message from the kernel, of one of the four kinds below."""


class Shown(TypedDict):
    """A figure and the words in which every surface shows it."""

    value: float | None
    low: float | None
    high: float | None
    provenance: str
    number: str
    unit: str
    range: str


class Watts(TypedDict):
    """A power now."""

    value_w: float | None
    number: str
    unit: str
    mark: Mark


class Now(TypedDict):
    """Power now."""

    total: Watts
    sources: dict[str, Watts]


class State(TypedDict):
    """What the meter does."""

    searching: bool
    busy: bool
    paused: bool
    resting: bool
    time_ms: float


class Meter(TypedDict):
    """Who meters what."""

    version: str
    session_id: str
    started_ms: float
    notebook: str | None
    host: str
    scope: Literal["machine", "kernel"]
    co2e_unit: Literal["kg", "lb"]
    history: NotRequired[bool]


class SessionFigures(TypedDict):
    """The session so far."""

    duration_s: float
    duration: str
    energy_j: Shown
    co2e_g: Shown
    in_cells_j: Shown
    in_cells_g: Shown
    between_cells_j: Shown
    between_cells_g: Shown
    in_cells_share: float | None
    largest_cell_j: float | None
    cells: int
    provenance: str
    earlier: NotRequired[str | None]
    resumable: NotRequired[str | None]


class Source(TypedDict):
    """A source of figures."""

    id: str
    name: str
    kind: Literal["gpu", "cpu", "memory", "other"]
    host: str
    provenance: str
    mark: Mark
    state: str
    message: str
    remedy: str
    note: str
    energy_j: Shown


class NotMeasured(TypedDict):
    """What is there and not measured."""

    name: str
    kind: str
    reason: str
    remedy: str


class Cell(TypedDict):
    """One run of a cell."""

    key: int
    id: str
    execution_count: int | None
    label: str | None
    title: str
    code_crc32: int | None
    status: Literal["ok", "error", "interrupted", "running"]
    started_ms: float
    ended_ms: float | None
    duration_s: float
    duration: str
    energy_j: Shown
    co2e_g: Shown
    mean_w: str
    provenance: str
    overlapped: bool
    final: bool


class Columns(TypedDict):
    """Mean power over equal steps."""

    step_ms: float
    times_ms: list[float]
    sources: dict[str, list[float | None]]


class Power(TypedDict):
    """The course of the power."""

    recent: Columns
    whole: NotRequired[Columns]


class Grid(TypedDict):
    """What turns energy into CO2e now."""

    place: str
    code: str
    assumed: bool
    words: str
    intensity_g_per_kwh: float
    intensity: str
    basis: str
    kind: str
    year: int | None
    source: str
    pue: float


class Budget(TypedDict):
    """A budget and how much of it is used."""

    scope: Literal["session", "cell"]
    cell_key: int | None
    measure: Literal["energy", "co2e"]
    limit: str
    used: str
    fraction: float | None
    level: Literal["within", "near", "over"]
    stops: bool


class Place(TypedDict):
    """A place that may be chosen."""

    code: str
    name: str
    intensity: str


class Costs(TypedDict):
    """An energy and its CO2e."""

    energy_j: Shown
    co2e_g: Shown


class Day(TypedDict):
    """A local day; None where nothing was recorded."""

    day: str
    energy_j: Shown | None
    co2e_g: Shown | None


class Notebook(Costs):
    """What a notebook's kernels cost; it may not be known which one it was."""

    name: str | None


class History(TypedDict):
    """What all sessions cost."""

    total: Costs
    sessions: int
    days: list[Day]
    notebooks: list[Notebook]
    note: str


class Snapshot(TypedDict):
    """All that a surface shows."""

    v: Literal[1]
    kind: Literal["snapshot"]
    seq: int
    meter: Meter
    state: State
    now: Now
    session: SessionFigures
    sources: list[Source]
    not_measured: list[NotMeasured]
    cells: list[Cell]
    cells_left_out: int
    power: Power
    grid: Grid
    budgets: list[Budget]
    notes: list[str]


class Tick(TypedDict):
    """What has changed."""

    v: Literal[1]
    kind: Literal["tick"]
    seq: int
    state: State
    now: Now
    session: SessionFigures
    cells: list[Cell]
    power: Power
    ping: NotRequired[bool]
    meter: NotRequired[Meter]
    sources: NotRequired[list[Source]]
    not_measured: NotRequired[list[NotMeasured]]
    cells_left_out: NotRequired[int]
    grid: NotRequired[Grid]
    budgets: NotRequired[list[Budget]]
    notes: NotRequired[list[str]]


class Notice(TypedDict):
    """Something to tell the user once."""

    v: Literal[1]
    kind: Literal["notice"]
    seq: int
    id: str
    level: Literal["info", "warning", "error"]
    text: str


class Reply(TypedDict):
    """The answer to a command."""

    v: Literal[1]
    kind: Literal["reply"]
    seq: int
    id: str | None
    ok: bool
    text: str
    places: NotRequired[list[Place]]
    history: NotRequired[History]

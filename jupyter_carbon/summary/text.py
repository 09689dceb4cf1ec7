"""The summary as lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from jupyter_carbon.budget import BudgetUse, standing
from jupyter_carbon.estimate import Estimate
from jupyter_carbon.summary.figures import (
    between_cells,
    energy_and_mass_text,
    energy_of,
    in_cells,
    mean_power_text,
    moment_text,
    place_text,
    provenance_text,
)
from jupyter_carbon.summary.keys import CellDict, GapDict, GridDict, SourceDict, SummaryDict
from jupyter_carbon.summary.plain import display_width, fitted, one_line
from jupyter_carbon.units import (
    MassUnit,
    duration_text,
    energy_text,
    intensity_text,
)

_COLUMNS = 78
LONGEST_NAME = 60
_LABEL_COLUMNS = 28
BETWEEN = " · "


def cell_line(cell: CellDict, *, co2e_unit: MassUnit = "kg") -> str:
    """The line after a cell: "0.92 Wh ± 6 % · 0.42 g CO2e · 38.0 s · 87 W mean · counter".

    The label stands first if there is one. Below the resolution the energy is a
    bound and there is no mean power; what was not measured is called that.
    """
    return BETWEEN.join([*name_of(cell), *figures_of(cell, co2e_unit)])


def status_text(document: SummaryDict, *, co2e_unit: MassUnit = "kg") -> str:
    """The session's account on a few lines: figures, sources, place, what is not measured."""
    lines = [
        f"Session     {BETWEEN.join(session_figures(document, co2e_unit))}",
        f"  in cells  {_part(*in_cells(document), co2e_unit)}{_count(len(document['cells']))}",
        f"  between   {_part(*between_cells(document), co2e_unit)}",
        *_gaps(document),
        "Sources" if document["sources"] else "Sources     none yet",
    ]
    for source in document["sources"]:
        lines += _source_lines(source)
    for index, grid in enumerate(document["grid"]):
        first = "Grid" if index == 0 else ""
        lines += wrapped(grid_text(grid, co2e_unit), f"{first:12}", " " * 14)
    for budget in budget_texts(document):
        lines += wrapped(budget, f"{'Budget':12}", " " * 14)
    if document["notes"]:
        lines.append("Notes")
        for note in document["notes"]:
            lines += wrapped(note, "  - ", "    ")
    return "\n".join(lines)


def session_figures(document: SummaryDict, co2e_unit: MassUnit = "kg") -> list[str]:
    """The session's figures in words, energy and CO2e first."""
    session = document["session"]
    energy_j, co2e_g = (Estimate.from_dict(session[key]) for key in ("energy_j", "co2e_g"))
    return [
        _part(energy_j, co2e_g, co2e_unit),
        duration_text(session["duration_s"]),
        *(
            []
            if energy_j.is_missing
            else [
                provenance_text(
                    session["energy_j"], (source["energy_j"] for source in document["sources"])
                )
            ]
        ),
        "this kernel's share" if session["scope"] == "kernel" else "the whole machine",
    ]


def cells_text(document: SummaryDict, limit: int | None = 20, *, co2e_unit: MassUnit = "kg") -> str:
    """The last `limit` cells (None: all) as an aligned table for a terminal."""
    cells = document["cells"]
    shown = cells if limit is None else cells[max(0, len(cells) - limit) :]
    if not shown:
        return "No cell has been metered yet." if not cells else f"{len(cells)} cells, none shown."
    table = aligned(
        [
            ("cell", "label", "energy", "CO2e", "duration", "power", "got by", ""),
            *(_cell_row(cell, co2e_unit) for cell in shown),
        ]
    )
    earlier = len(cells) - len(shown)
    if earlier:
        table += f"\n{earlier} earlier cell{'' if earlier == 1 else 's'} not shown."
    return table


def name_of(cell: CellDict) -> list[str]:
    """The cell's label, on one line, if it has one."""
    label = one_line(cell["label"] or "", LONGEST_NAME)
    return [label] if label else []


def figures_of(cell: CellDict, co2e_unit: MassUnit) -> list[str]:
    """The figures of the line, the energy first."""
    energy_j = energy_of(cell)
    duration = duration_text(cell["duration_s"])
    if cell["status"] == "running":
        duration += " so far"
    if energy_j.is_missing:
        return [energy_text(energy_j), duration]
    power = mean_power_text(cell)
    return [
        *energy_and_mass_text(energy_j, Estimate.from_dict(cell["co2e_g"]), co2e_unit),
        duration,
        *([f"{power} mean"] if power else []),
        provenance_text(cell["energy_j"], cell["sources"].values()),
    ]


def _part(energy_j: Estimate, co2e_g: Estimate | None, co2e_unit: MassUnit) -> str:
    if co2e_g is None or energy_j.is_missing:
        return energy_text(energy_j)
    return BETWEEN.join(energy_and_mass_text(energy_j, co2e_g, co2e_unit))


def _count(cells: int) -> str:
    return f" · {cells} cell{'' if cells == 1 else 's'}"


def gap_text(gap: GapDict) -> str:
    """A span in which nothing was counted, and why."""
    until = moment_text(gap["to"]) if gap["to"] else "now"
    return f"{moment_text(gap['from'])} to {until}: {gap['reason']}"


def budget_texts(document: SummaryDict) -> list[str]:
    """How the budgets in force stand, the session's first."""
    return [
        ("" if budget["scope"] == "session" else "of a running cell: ")
        + standing(BudgetUse(cell_key=None, **budget))
        for budget in document.get("budgets", [])
    ]


def _gaps(document: SummaryDict) -> list[str]:
    lines = []
    for gap in document["session"].get("gaps", []):
        lines += wrapped(gap_text(gap), "  gap       ", "            ")
    return lines


def _source_lines(source: SourceDict) -> Iterable[str]:
    figures = [
        one_line(source["name"], LONGEST_NAME),
        energy_text(Estimate.from_dict(source["energy_j"])),
        one_line(source["provenance"]),
    ]
    if source["state"] != "ok":
        figures.append(one_line(source["state"]))
    return [f"  {BETWEEN.join(figures)}", *wrapped(source["note"], "    ", "    ")]


def grid_text(grid: GridDict, co2e_unit: MassUnit) -> str:
    """What turned energy into CO2e from a moment on."""
    parts = [
        one_line(place_text(grid)),
        intensity_text(grid["intensity_g_per_kwh"], co2e_unit),
        *([] if grid["year"] is None else [str(grid["year"])]),
        f"{one_line(grid['basis'])} {one_line(grid['kind'])} ({one_line(grid['source'])})",
        f"PUE {grid['pue']:g}",
        f"from {one_line(moment_text(grid['from']))}",
    ]
    return BETWEEN.join(parts)


def _cell_row(cell: CellDict, co2e_unit: MassUnit) -> tuple[str, ...]:
    count = cell["execution_count"]
    energy, mass = energy_and_mass_text(
        energy_of(cell), Estimate.from_dict(cell["co2e_g"]), co2e_unit
    )
    return (
        "" if count is None else f"[{count}]",
        fitted(one_line(cell["label"] or "", LONGEST_NAME), _LABEL_COLUMNS).rstrip(),
        energy,
        mass.replace(" CO2e", ""),
        duration_text(cell["duration_s"]),
        mean_power_text(cell),
        cell["energy_j"]["provenance"],
        " ".join(remarks_on(cell)),
    )


def remarks_on(cell: CellDict) -> Iterable[str]:
    """What is unusual about a cell: how it ended, that others shared its time."""
    if cell["status"] != "ok":
        yield cell["status"]
    if cell["overlapped"]:
        yield "overlapped"


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows as lines; a column that is empty in all rows but the first is left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(display_width, column)) for column in columns]
    lines = (
        "  ".join(fitted(text, width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )
    return "\n".join(lines)


def wrapped(text: str, first: str, rest: str) -> list[str]:
    """The text on lines for a terminal, which begin with `first`, and then with `rest`."""
    return textwrap.wrap(
        one_line(text),
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )

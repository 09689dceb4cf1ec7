"""The same figures as HTML for a notebook: no style sheet, no script, colours from the page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.summary.figures import (
    between_cells,
    energy_and_mass_text,
    energy_of,
    in_cells,
    mean_power_text,
    provenance_text,
)
from jupyter_carbon.summary.keys import CellDict, SourceDict, SummaryDict
from jupyter_carbon.summary.markup import SMALL, details, framed, small, table, text_html
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.text import (
    BETWEEN,
    budget_texts,
    figures_of,
    gap_text,
    grid_text,
    name_of,
    remarks_on,
    session_figures,
)
from jupyter_carbon.units import MassUnit, duration_text, energy_text

_SHOWN_CELLS = 200


def cell_html(
    cell: CellDict,
    *,
    co2e_unit: MassUnit = "kg",
    names: Mapping[str, str] | None = None,
    instead: str = "",
) -> str:
    """The line after a cell, which opens to the energy of each source.

    `names` maps a source's id to its name for people; `instead` says why there
    are no figures yet.
    """
    if instead:
        return framed("Energy of this cell", text_html(instead))
    energy, *others = figures_of(cell, co2e_unit)
    items = [
        *(f"<b>{text_html(name)}</b>" for name in name_of(cell)),
        f"<b>{escape(energy)}</b>",
        *map(escape, others),
    ]
    line = BETWEEN.join(items)
    if len(cell["sources"]) < 2:
        return framed("Energy of this cell", line)
    rows = [
        (
            text_html((names or {}).get(key, key)),
            escape(energy_text(Estimate.from_dict(energy_j))),
            escape(one_line(energy_j["provenance"])),
        )
        for key, energy_j in cell["sources"].items()
    ]
    return framed("Energy of this cell", details(line, table(rows)))


def cells_html(document: SummaryDict, *, co2e_unit: MassUnit = "kg") -> str:
    """The session's last cells as a table."""
    cells = document["cells"]
    if not cells:
        return framed("Energy of the cells", "No cell has been metered yet.")
    rows = [_cell_row(cell, co2e_unit) for cell in cells[-_SHOWN_CELLS:]]
    heads = ("cell", "label", "energy", "CO2e", "duration", "mean power", "how it was got", "")
    earlier = len(cells) - len(rows)
    more = f'<div style="{SMALL}">{earlier} earlier cells not shown.</div>' if earlier else ""
    return framed("Energy of the cells", table(rows, heads) + more)


def status_html(document: SummaryDict, *, co2e_unit: MassUnit = "kg") -> str:
    """The session's account: figures, sources, place, what is not measured."""
    energy, *others = session_figures(document, co2e_unit)
    parts = [
        ("in cells", *_pair(*in_cells(document), co2e_unit), _count(len(document["cells"]))),
        ("between cells", *_pair(*between_cells(document), co2e_unit), ""),
    ]
    blocks = [
        BETWEEN.join([f"<b>{escape(energy)}</b>", *map(escape, others)]),
        table([tuple(map(escape, part)) for part in parts]),
        *(small(gap_text(gap)) for gap in document["session"].get("gaps", [])),
        *map(_source, document["sources"]),
        *(small(grid_text(grid, co2e_unit)) for grid in document["grid"]),
        *(small(f"Budget: {budget}") for budget in budget_texts(document)),
        *(small(note) for note in document["notes"]),
    ]
    return framed("Energy of this session", "".join(f"<div>{block}</div>" for block in blocks))


def _cell_row(cell: CellDict, co2e_unit: MassUnit) -> tuple[str, ...]:
    count = cell["execution_count"]
    energy, mass = energy_and_mass_text(
        energy_of(cell), Estimate.from_dict(cell["co2e_g"]), co2e_unit
    )
    texts = (
        energy,
        mass.replace(" CO2e", ""),
        duration_text(cell["duration_s"]),
        mean_power_text(cell),
        provenance_text(cell["energy_j"], cell["sources"].values()),
        " ".join(remarks_on(cell)),
    )
    number = "" if count is None else f"[{count}]"
    return (number, "".join(map(text_html, name_of(cell))), *map(escape, texts))


def _source(source: SourceDict) -> str:
    state = [] if source["state"] == "ok" else [text_html(source["state"])]
    line = BETWEEN.join(
        [
            text_html(source["name"]),
            f"<b>{escape(energy_text(Estimate.from_dict(source['energy_j'])))}</b>",
            text_html(source["provenance"]),
            *state,
        ]
    )
    return details(line, small(source["note"])) if source["note"] else line


def _pair(energy_j: Estimate, co2e_g: Estimate | None, co2e_unit: MassUnit) -> tuple[str, str]:
    if co2e_g is None:
        return energy_text(energy_j), ""
    return energy_and_mass_text(energy_j, co2e_g, co2e_unit)


def _count(cells: int) -> str:
    return f"{cells} cell{'' if cells == 1 else 's'}"

"""The summary as lines for a terminal, and a cell's figures as a line under the cell."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape

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
from jupyter_carbon.summary.keys import CellDict, GridDict, SourceDict, SummaryDict
from jupyter_carbon.summary.plain import display_width, fitted, one_line
from jupyter_carbon.units import (
    MassUnit,
    duration_text,
    energy_text,
    intensity_text,
    mass_text,
)

_COLUMNS = 96
_LONGEST_NAME = 60
_LABEL_COLUMNS = 28
_BETWEEN = " · "


def cell_line(cell: CellDict, *, co2e_unit: MassUnit = "kg") -> str:
    """The line after a cell: "0.92 Wh ± 6 % · 0.42 g CO2e · 38.0 s · 87 W mean · counter".

    The label stands first if there is one. Below the resolution the energy is a
    bound and there is no mean power; what was not measured is called that.
    """
    return _BETWEEN.join([*_named(cell), *_figures(cell, co2e_unit)])


def cell_html(
    cell: CellDict, *, co2e_unit: MassUnit = "kg", names: Mapping[str, str] | None = None
) -> str:
    """The same line as HTML for a notebook, which opens to the energy of each source.

    It needs no style sheet or script and takes its colours from the page, light
    or dark. `names` maps a source's id to its name for people.
    """
    energy, *others = _figures(cell, co2e_unit)
    items = [
        *(f"<span {_LITERAL}><b>{escape(name)}</b></span>" for name in _named(cell)),
        f"<b>{escape(energy)}</b>",
        *map(escape, others),
    ]
    line = _BETWEEN.join(items)
    if len(cell["sources"]) < 2:
        return f"<div {_FRAME}>{line}</div>"
    rows = "".join(
        f'<tr><td style="{_CELL}" {_LITERAL}>'
        f"{escape(one_line((names or {}).get(key, key), _LONGEST_NAME))}</td>"
        f'<td style="{_CELL}">{escape(energy_text(Estimate.from_dict(energy_j)))}</td>'
        f'<td style="{_CELL}">{escape(one_line(energy_j["provenance"]))}</td></tr>'
        for key, energy_j in cell["sources"].items()
    )
    return (
        f'<div {_FRAME}><details><summary style="cursor: pointer">{line}</summary>'
        f'<table style="margin: 0.3em 0 0 1em; border-collapse: collapse; background: none">'
        f"<tbody>{rows}</tbody></table></details></div>"
    )


_FRAME = (
    'role="group" aria-label="Energy of this cell" style="border-left: 3px solid #2f9e62; '
    'padding-left: 0.6em; color: inherit; font-variant-numeric: tabular-nums"'
)
_CELL = "text-align: left; padding: 0.1em 1em 0.1em 0; border: none; background: none"
# A page that typesets formulas looks for dollar signs in output too, but not in these classes.
_LITERAL = 'class="mathjax_ignore tex2jax_ignore" dir="auto"'


def status_text(document: SummaryDict, *, co2e_unit: MassUnit = "kg") -> str:
    """The session's account on a few lines: figures, sources, place, what is not measured."""
    session = document["session"]
    energy_j, co2e_g = (Estimate.from_dict(session[key]) for key in ("energy_j", "co2e_g"))
    figures = [
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
    lines = [
        f"Session     {_BETWEEN.join(figures)}",
        f"  in cells  {_part(*in_cells(document), co2e_unit)}{_count(len(document['cells']))}",
        f"  between   {_part(*between_cells(document), co2e_unit)}",
        *_gaps(document),
        "Sources" if document["sources"] else "Sources     none yet",
    ]
    for source in document["sources"]:
        lines += _source_lines(source)
    for index, grid in enumerate(document["grid"]):
        first = "Grid" if index == 0 else ""
        lines += _wrapped(_grid(grid, co2e_unit), f"{first:12}", " " * 14)
    if document["notes"]:
        lines.append("Notes")
        for note in document["notes"]:
            lines += _wrapped(note, "  - ", "    ")
    return "\n".join(lines)


def cells_text(document: SummaryDict, limit: int | None = 20, *, co2e_unit: MassUnit = "kg") -> str:
    """The last `limit` cells (None: all) as an aligned table for a terminal."""
    cells = document["cells"]
    shown = cells if limit is None else cells[max(0, len(cells) - limit) :]
    if not shown:
        return "No cell has been metered yet." if not cells else f"{len(cells)} cells, none shown."
    table = _aligned(
        [
            ("cell", "label", "energy", "CO2e", "duration", "mean power", "how it was got", ""),
            *(_cell_row(cell, co2e_unit) for cell in shown),
        ]
    )
    earlier = len(cells) - len(shown)
    if earlier:
        table += f"\n{earlier} earlier cell{'' if earlier == 1 else 's'} not shown."
    return table


def _named(cell: CellDict) -> list[str]:
    label = one_line(cell["label"] or "", _LONGEST_NAME)
    return [label] if label else []


def _figures(cell: CellDict, co2e_unit: MassUnit) -> list[str]:
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
    return _BETWEEN.join(energy_and_mass_text(energy_j, co2e_g, co2e_unit))


def _count(cells: int) -> str:
    return f" · {cells} cell{'' if cells == 1 else 's'}"


def _gaps(document: SummaryDict) -> list[str]:
    lines = []
    for gap in document["session"].get("gaps", []):
        start = one_line(moment_text(gap["from"]))
        until = one_line(moment_text(gap["to"])) if gap["to"] else "now"
        lines += _wrapped(f"{start} to {until}: {gap['reason']}", "  gap       ", "            ")
    return lines


def _source_lines(source: SourceDict) -> Iterable[str]:
    figures = [
        one_line(source["name"], _LONGEST_NAME),
        energy_text(Estimate.from_dict(source["energy_j"])),
        one_line(source["provenance"]),
    ]
    if source["state"] != "ok":
        figures.append(one_line(source["state"]))
    return [f"  {_BETWEEN.join(figures)}", *_wrapped(source["note"], "    ", "    ")]


def _grid(grid: GridDict, co2e_unit: MassUnit) -> str:
    parts = [
        one_line(place_text(grid)),
        intensity_text(grid["intensity_g_per_kwh"], co2e_unit),
        *([] if grid["year"] is None else [str(grid["year"])]),
        f"{one_line(grid['basis'])} {one_line(grid['kind'])} ({one_line(grid['source'])})",
        f"PUE {grid['pue']:g}",
        f"from {one_line(moment_text(grid['from']))}",
    ]
    return _BETWEEN.join(parts)


def _cell_row(cell: CellDict, co2e_unit: MassUnit) -> tuple[str, ...]:
    count = cell["execution_count"]
    energy, mass = energy_text(energy_of(cell)), Estimate.from_dict(cell["co2e_g"])
    return (
        "" if count is None else f"[{count}]",
        fitted(one_line(cell["label"] or "", _LONGEST_NAME), _LABEL_COLUMNS).rstrip(),
        energy,
        mass_text(mass, co2e_unit),
        duration_text(cell["duration_s"]),
        mean_power_text(cell),
        provenance_text(cell["energy_j"], cell["sources"].values()),
        " ".join(_remarks(cell)),
    )


def _remarks(cell: CellDict) -> Iterable[str]:
    if cell["status"] != "ok":
        yield cell["status"]
    if cell["overlapped"]:
        yield "overlapped"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows as lines; a column that is empty in all rows but the first is left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(display_width, column)) for column in columns]
    lines = (
        "  ".join(fitted(text, width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )
    return "\n".join(lines)


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )

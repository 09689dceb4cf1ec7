"""The summary as Markdown: a page to read, to put beside a notebook or into a merge request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.summary.figures import (
    between_cells,
    energy_of,
    in_cells,
    mean_power_text,
    moment_text,
    place_text,
)
from jupyter_carbon.summary.keys import CellDict, SummaryDict
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.text import budget_texts
from jupyter_carbon.units import (
    MassUnit,
    duration_text,
    energy_text,
    intensity_text,
    mass_text,
)

_LONGEST_NAME = 120
_LONGEST_NOTE = 1000
_WORD = "[0-9A-Za-z\u00a1-\U0010ffff]+"
_HARMLESS = re.compile(
    rf"""[("']*(?:{_WORD}(?:(?:[-'/]|(?<=\d)[.,](?=\d)){_WORD})*|%|\d\d:\d\d:\d\d)[%.,;:!?)"']*"""
)
_LIST_NUMBER = re.compile(r"\d+[.)]")


def to_markdown(document: SummaryDict, co2e_unit: MassUnit = "kg") -> str:
    """The document as a page of Markdown with tables (GFM).

    Text from users, drivers and hosts appears as it is and is no Markdown, HTML,
    link or formula; names are cut after 120 characters.
    """
    sections = [
        _headline(document, co2e_unit),
        _parts_table(document, co2e_unit),
        _cells_section("Cells", document["cells"], co2e_unit),
        _cells_section("Labels", document["labels"], co2e_unit),
        _sources_section(document),
        _grid_section(document, co2e_unit),
        _list_section("Budgets", map(literal, budget_texts(document))),
        _list_section("Notes", (literal(note, _LONGEST_NOTE) for note in document["notes"])),
        _list_section("Gaps", _gaps(document)),
        _footer(document),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def literal(text: str, limit: int = _LONGEST_NAME) -> str:
    """The text as Markdown that shows just this text, on one line.

    Words of letters and digits stay; a run of words with any other character in
    it becomes a code span, since that is the one place in which no renderer looks
    for emphasis, HTML, links, addresses, mentions, emoji or formulas. A bar would
    end a table's cell even there and stands outside, as a character reference.
    """
    parts: list[str] = []
    run: list[str] = []
    for index, word in enumerate(one_line(text, limit).split(" ")):
        if _HARMLESS.fullmatch(word) and not (index == 0 and _LIST_NUMBER.fullmatch(word)):
            parts += [*_code(run), word]
            run = []
        elif word:
            run.append(word)
    return " ".join([*parts, *_code(run)])


def _code(words: list[str]) -> Iterator[str]:
    """The words as one code span, or several with bars between them; nothing for no words."""
    if not words:
        return
    text = " ".join(words)
    ending = text[-1] if text[-1] in ".,;" and len(text) > 1 else ""
    text = text.removesuffix(ending) if ending else text
    yield "&#124;".join(_code_span(piece) for piece in text.split("|")) + ending


def _code_span(text: str) -> str:
    if not text:
        return ""
    # The shortest fence that does not occur: a reader may give up on very long ones.
    runs = {len(run) for run in re.findall("`+", text)}
    fence = "`" * next(length for length in range(1, len(runs) + 2) if length not in runs)
    # A blank at both ends is taken off by the reader; a backtick must not touch the fence.
    pad = " " if "`" in (text[0], text[-1]) or (text[0] == text[-1] == " " != text) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _figure(text: str) -> str:
    """A figure of ours; only the sign of a bound could be read as HTML."""
    return text.replace("<", "&lt;")


def _headline(document: SummaryDict, co2e_unit: MassUnit) -> str:
    session = document["session"]
    energy_j = Estimate.from_dict(session["energy_j"])
    co2e_g = Estimate.from_dict(session["co2e_g"])
    name = literal(session["notebook"]) if session["notebook"] else "a session"
    ended = session["ended"]
    until = f"to {literal(moment_text(ended))}" if ended else "and still running"
    return (
        f"# Energy and carbon of {name}\n\n"
        f"**{_figure(energy_text(energy_j))}** of energy and "
        f"**{_figure(mass_text(co2e_g, co2e_unit))}** "
        f"in {duration_text(session['duration_s'])} on {literal(session['host'])}, "
        f"from {literal(moment_text(session['started']))} {until}. "
        f"{_SCOPES[session['scope']]}"
    )


_SCOPES = {
    "machine": "The energy is that of the whole machine, as far as it is measured.",
    "kernel": "The energy is this kernel's share.",
}


def _parts_table(document: SummaryDict, co2e_unit: MassUnit) -> str:
    session = document["session"]
    count = len(document["cells"])
    rows = [
        (f"in {count} cell{'' if count == 1 else 's'}", *in_cells(document)),
        ("between cells", *between_cells(document)),
        ("session", Estimate.from_dict(session["energy_j"]), Estimate.from_dict(session["co2e_g"])),
    ]
    return _table(
        "part | energy: | CO2e: | how it was got",
        (
            (
                part,
                _figure(energy_text(energy_j)),
                "" if co2e_g is None else _figure(mass_text(co2e_g, co2e_unit)),
                energy_j.provenance.value,
            )
            for part, energy_j, co2e_g in rows
        ),
    )


def _cells_section(title: str, cells: list[CellDict], co2e_unit: MassUnit) -> str:
    if not cells:
        return ""
    table = _table(
        "number: | label | energy: | CO2e: | duration: | mean power: | how it was got | status",
        (_cell_row(cell, co2e_unit) for cell in cells),
    )
    return f"## {title}\n\n{table}"


def _cell_row(cell: CellDict, co2e_unit: MassUnit) -> tuple[str, ...]:
    count = cell["execution_count"]
    return (
        "" if count is None else str(count),
        literal(cell["label"] or ""),
        _figure(energy_text(energy_of(cell))),
        _figure(mass_text(Estimate.from_dict(cell["co2e_g"]), co2e_unit)),
        duration_text(cell["duration_s"]),
        mean_power_text(cell),
        cell["energy_j"]["provenance"],
        cell["status"],
    )


def _sources_section(document: SummaryDict) -> str:
    if not document["sources"]:
        return ""
    table = _table(
        "source | energy: | how it was got | state | note",
        (
            (
                literal(source["name"]),
                _figure(energy_text(Estimate.from_dict(source["energy_j"]))),
                literal(source["provenance"]),
                literal(source["state"]),
                literal(source["note"], _LONGEST_NOTE),
            )
            for source in document["sources"]
        ),
    )
    return f"## Sources\n\n{table}"


def _grid_section(document: SummaryDict, co2e_unit: MassUnit) -> str:
    if not document["grid"]:
        return ""
    table = _table(
        "from | place | intensity: | year | basis | source | PUE:",
        (
            (
                literal(moment_text(grid["from"])),
                literal(place_text(grid)),
                intensity_text(grid["intensity_g_per_kwh"], co2e_unit),
                "" if grid["year"] is None else str(grid["year"]),
                literal(f"{grid['basis']}, {grid['kind']}"),
                literal(grid["source"]),
                f"{grid['pue']:g}",
            )
            for grid in document["grid"]
        ),
    )
    return f"## Grid\n\n{table}"


def _gaps(document: SummaryDict) -> Iterator[str]:
    for gap in document["session"].get("gaps", []):
        until = literal(moment_text(gap["to"])) if gap["to"] else "now"
        yield (
            f"{literal(moment_text(gap['from']))} to {until}: {literal(gap['reason'])}. "
            "In no figure above."
        )


def _footer(document: SummaryDict) -> str:
    tool = document["tool"]
    return f"Written by {literal(tool['name'])} {literal(tool['version'])}."


def _list_section(title: str, items: Iterable[str]) -> str:
    lines = [f"- {item}" for item in items if item]
    return "\n".join([f"## {title}", "", *lines]) if lines else ""


def _table(header: str, rows: Iterable[tuple[str, ...]]) -> str:
    """A table; a column whose name ends in a colon is aligned to the right."""
    names = header.split(" | ")
    rules = ["---:" if name.endswith(":") else "---" for name in names]
    lines = [[name.removesuffix(":") for name in names], rules, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

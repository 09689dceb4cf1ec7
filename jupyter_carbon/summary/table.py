"""The summary as a table: CSV (RFC 4180), a row a cell, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from jupyter_carbon.estimate import EstimateDict
from jupyter_carbon.summary.keys import CellDict, SummaryDict
from jupyter_carbon.summary.plain import well_formed

_J_PER_WH = 3600.0

_COLUMNS = (
    "kind",
    "id",
    "execution_count",
    "label",
    "status",
    "started",
    "ended",
    "duration_s",
    "energy_j",
    "energy_low_j",
    "energy_high_j",
    "energy_provenance",
    "energy_wh",
    "co2e_g",
    "co2e_low_g",
    "co2e_high_g",
    "overlapped",
)
"""Before one column `<source id>_j` for each source."""

# A spreadsheet set to semicolons or tabs splits a field there, quoted or not, so
# what follows one can become a cell of its own. Invisible characters before the
# sign do not hide it from every spreadsheet; the wide signs count as signs in some.
_UNSEEN = (
    "(?:[^\\S\t\r\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])"
)
_FORMULA = re.compile(f"(?:^|(?<=[;\t\r\n]))(?={_UNSEEN}*[=+\\-@＝＋－＠])")
_FIRST_BREAK = re.compile("^(?=[\t\r\n])")

Field = str | int | float | None
"""What a field of the table may hold."""


def to_csv(document: SummaryDict) -> str:
    """The document as CSV text with a header line, lines ending in CR LF.

    `kind` is "cell", or "between" and "session" in the last two rows: the cells
    and `between` add up to `session`. Energies are in J before PUE, and once in
    Wh; CO2e in g with PUE. A figure that was not measured is an empty field.

    A text that a spreadsheet would run as a formula is led by an apostrophe, which
    is the one change to it besides replacement characters for what a text file
    cannot hold; numbers are written as they are.
    """
    ids = [source["id"] for source in document["sources"]]
    return csv_lines([heads(ids), *rows_of(document, ids)])


def csv_lines(rows: Iterable[Sequence[Field]]) -> str:
    """Rows as lines of CSV, their texts guarded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_field(value) for value in row] for row in rows)
    return out.getvalue()


def heads(ids: Iterable[str]) -> list[Field]:
    """The names of the columns, where there are sources of these ids."""
    return [*_COLUMNS, *(f"{key}_j" for key in ids)]


def rows_of(document: SummaryDict, ids: list[str]) -> Iterator[list[Field]]:
    """The cells of a document, what lies between them, and the session."""
    yield from (_cell_row(cell, ids) for cell in document["cells"])
    yield _between_row(document, ids)
    yield _session_row(document, ids)


def _cell_row(cell: CellDict, ids: list[str]) -> list[Field]:
    return [
        "cell",
        cell["id"],
        cell["execution_count"],
        cell["label"],
        cell["status"],
        cell["started"],
        cell["ended"],
        cell["duration_s"],
        *_energy_fields(cell["energy_j"]),
        *_mass_fields(cell["co2e_g"]),
        "true" if cell["overlapped"] else "false",
        *(_value(cell["sources"].get(key)) for key in ids),
    ]


def _between_row(document: SummaryDict, ids: list[str]) -> list[Field]:
    session = document["session"]
    sources = {source["id"]: source for source in document["sources"]}
    return [
        "between",
        *[None] * 6,
        session.get("between_cells_s"),
        *_energy_fields(session["between_cells_j"]),
        *_mass_fields(session.get("between_cells_co2e_g")),
        None,
        *(_value(sources[key].get("between_cells_j") if key in sources else None) for key in ids),
    ]


def _session_row(document: SummaryDict, ids: list[str]) -> list[Field]:
    session = document["session"]
    sources = {source["id"]: source for source in document["sources"]}
    return [
        "session",
        session["id"],
        None,
        session["notebook"],
        None,
        session["started"],
        session["ended"],
        session["duration_s"],
        *_energy_fields(session["energy_j"]),
        *_mass_fields(session["co2e_g"]),
        None,
        *(_value(sources[key]["energy_j"] if key in sources else None) for key in ids),
    ]


def _energy_fields(energy_j: EstimateDict) -> list[Field]:
    value_j = energy_j["value"]
    value_wh = None if value_j is None else value_j / _J_PER_WH
    return [value_j, energy_j["low"], energy_j["high"], energy_j["provenance"], value_wh]


def _mass_fields(co2e_g: EstimateDict | None) -> list[Field]:
    return [None] * 3 if co2e_g is None else [co2e_g["value"], co2e_g["low"], co2e_g["high"]]


def _value(estimate: EstimateDict | None) -> float | None:
    return None if estimate is None else estimate["value"]


def _field(value: Field) -> Field:
    return _guarded(value) if isinstance(value, str) else value


def _guarded(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would begin a formula."""
    text = _FORMULA.sub("'", well_formed(text).replace("\0", "\ufffd"))
    return _FIRST_BREAK.sub("'", text)

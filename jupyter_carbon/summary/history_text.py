"""A ledger's history as lines for a terminal."""

from __future__ import annotations

from jupyter_carbon.summary.history_report import Report, Section
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.text import BETWEEN, aligned, wrapped

_BAR_COLUMNS = 24
_FULL, _HALF, _LEAST = "█", "▌", "▏"
_INDENT = "  "


def history_text(report: Report) -> str:
    """The report as lines; bars show the energy of each row beside the others'."""
    lines = wrapped(BETWEEN.join(report.headline), "", _INDENT)
    for remark in report.remarks:
        lines += wrapped(remark, _INDENT, _INDENT)
    for section in report.sections:
        lines += ["", section.title, *_section(section)]
    return "\n".join(lines)


def bar(share: float | None) -> str:
    """A bar of a length from 0 to 1; what is more than nothing can be seen, an unknown is "?"."""
    if share is None:
        return "?"
    halves = round(share * 2 * _BAR_COLUMNS)
    if not halves:
        return _LEAST if share > 0 else ""
    return _FULL * (halves // 2) + _HALF * (halves % 2)


def _section(section: Section) -> list[str]:
    heads, rows = section.heads, [tuple(map(one_line, row)) for row in section.rows]
    if section.bars is not None:
        # Beside the name, so that they stand below one another.
        heads = (heads[0], "", *heads[1:])
        bars = (
            bar(share) if share is not None or any(row[1:]) else "–"
            for share, row in zip(section.bars, rows, strict=True)
        )
        rows = [(row[0], drawn, *row[1:]) for row, drawn in zip(rows, bars, strict=True)]
    lines = [_INDENT + line for line in aligned([heads, *rows]).splitlines()]
    for remark in section.remarks:
        lines += wrapped(remark, _INDENT, _INDENT)
    return lines

"""A ledger's history as HTML for a notebook: no style sheet, no script, colours from the page."""

from __future__ import annotations

from html import escape

from jupyter_carbon.summary.history_report import Report, Section
from jupyter_carbon.summary.markup import GREEN, framed, small, table, text_html
from jupyter_carbon.summary.text import BETWEEN

_BAR_EM = 12.0


def history_html(report: Report) -> str:
    """The report as tables; bars show the energy of each row beside the others'."""
    first, *others = report.headline
    blocks = [
        BETWEEN.join([f"<b>{escape(first)}</b>", *map(escape, others)]),
        *map(small, report.remarks),
        *map(_section, report.sections),
    ]
    return framed("Energy on record", "".join(f"<div>{block}</div>" for block in blocks))


def _section(section: Section) -> str:
    heads = section.heads
    rows = [tuple(map(text_html, row)) for row in section.rows]
    if section.bars is not None:
        heads = (heads[0], "", *heads[1:])
        rows = [
            (row[0], _bar(share), *row[1:]) for row, share in zip(rows, section.bars, strict=True)
        ]
    remarks = "".join(map(small, section.remarks))
    return f"<b>{escape(section.title)}</b>{table(rows, heads)}{remarks}"


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    width_em = max(0.1 if share > 0 else 0.0, share * _BAR_EM)
    return (
        f'<div aria-hidden="true" style="width: {width_em:.2f}em; height: 0.8em;'
        f' background: {GREEN}"></div>'
    )

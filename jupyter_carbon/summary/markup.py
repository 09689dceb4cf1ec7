"""Pieces of HTML that the rich forms are made of: no style sheet, colours from the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.text import LONGEST_NAME

_CELL = (
    "text-align: left; white-space: nowrap; padding: 0.1em 1em 0.1em 0; border: none;"
    " background: none"
)
_TABLE = "margin: 0.3em 0 0 1em; border-collapse: collapse; background: none"
GREEN = "#2f9e62"
"""The meter's colour."""
SMALL = "opacity: 0.75; font-size: 90%"
"""The style of what stands back."""
# A page that typesets formulas looks for dollar signs in output too, but not in these classes.
LITERAL = 'class="mathjax_ignore tex2jax_ignore" dir="auto"'


def text_html(text: str) -> str:
    """A text from outside, on one line, which a page shows as it stands."""
    return f"<span {LITERAL}>{escape(one_line(text, LONGEST_NAME))}</span>"


def small(text: str) -> str:
    """A sentence that stands back."""
    return f'<div {LITERAL} style="{SMALL}">{escape(one_line(text))}</div>'


def table(rows: Iterable[Sequence[str]], heads: Sequence[str] = ()) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(text)}</th>' for text in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<table style="{_TABLE}">{head}<tbody>{body}</tbody></table>'


def details(line: str, rest: str) -> str:
    """A line of HTML that opens to more."""
    return f'<details><summary style="cursor: pointer">{line}</summary>{rest}</details>'


def framed(label: str, inside: str) -> str:
    """HTML beside the meter's green line; `label` is what it is called where it is read aloud."""
    return (
        f'<div role="group" aria-label="{escape(label)}" style="border-left: 3px solid {GREEN};'
        " padding-left: 0.6em; color: inherit; font-variant-numeric: tabular-nums; overflow-x: auto"
        f'">{inside}</div>'
    )

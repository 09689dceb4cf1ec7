"""The table of figures, for people, for programs and for the page of results."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.accuracy.figure import Figure

Found = Mapping[str, Sequence[Figure]]
"""Figures by subject."""
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"


def table(found: Found) -> str:
    """Columns: figure, measured, limit, and whether it is kept."""
    rows = [("figure", "measured", "limit", "")]
    for subject, figures in found.items():
        rows.append((f"[{subject}]", "", "", ""))
        rows += [_row(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def as_json(found: Found) -> dict[str, Any]:
    """The same with the machine, ready to be written."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "figures": [
            {
                "subject": subject,
                "figure": figure.name,
                "measured": figure.measured,
                "unit": figure.unit,
                "limit": figure.limit,
                "ok": figure.is_ok,
            }
            for subject, figures in found.items()
            for figure in figures
        ],
    }


def put_into(page: Path, found: Found) -> None:
    """Replaces the part of a Markdown page between its two result marks.

    Raises:
        ValueError: if it has none.
    """
    text = page.read_text()
    head, begin, rest = text.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{page} has no {_BEGIN} ... {_END}")
    page.write_text(f"{head}{begin}\n{_markdown(found)}\n{end}{tail}")


def machine() -> str:
    """The machine in words that identify none."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )


def _markdown(found: Found) -> str:
    lines = [f"Measured {datetime.now(UTC):%Y-%m-%d} on a machine with {machine()}."]
    for subject, figures in found.items():
        lines += [
            "",
            f"### {subject}",
            "",
            "| figure | measured | limit | |",
            "|---|---:|---:|---|",
        ]
        lines += [f"| {' | '.join(_row(figure))} |" for figure in figures]
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, str, str, str]:
    measured = f"{figure.measured:.3g} {figure.unit}".strip()
    return figure.name, measured, figure.limit_text, figure.verdict

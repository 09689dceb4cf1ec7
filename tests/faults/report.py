"""The table of what was injected, how often, and what was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import machine
from tests.accuracy.figure import Figure
from tests.faults.injection import Injection

_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_HEAD = ("injected", "times", "lost, at worst", "", "bound", "")


@dataclass(frozen=True)
class Suffered:
    """An injection's figures; or why it cannot be here, or how it failed."""

    injection: Injection
    figures: Sequence[Figure] = ()
    skipped: str = ""
    failed: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.failed and all(figure.is_ok for figure in self.figures)


def rows(suffered: Suffered) -> list[tuple[str, ...]]:
    """An injection's rows: its name and number in the first one only."""
    injection = suffered.injection
    head = (f"{injection.subject}: {injection.name}", str(injection.soak))
    if suffered.skipped or suffered.failed:
        verdict = "skipped" if suffered.skipped else "FAILED"
        text = (suffered.skipped or suffered.failed).splitlines()[0]
        return [(*head, text, "", "", verdict)]
    found = [
        (
            figure.name,
            f"{figure.measured:.3g} {figure.unit}".strip(),
            "" if figure.limit is None else f"{figure.limit_text} {figure.unit}".strip(),
            figure.verdict,
        )
        for figure in suffered.figures
    ]
    return [((*head, *row) if k == 0 else ("", "", *row)) for k, row in enumerate(found)]


def table(found: Sequence[Suffered]) -> str:
    """For a terminal."""
    lines = [_HEAD, *(row for suffered in found for row in rows(suffered))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def put_into(page: Path, found: Sequence[Suffered]) -> None:
    """Replaces the part of a Markdown page between its two result marks.

    Raises:
        ValueError: if it has none.
    """
    text = page.read_text()
    head, begin, rest = text.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{page} has no {_BEGIN} ... {_END}")
    lines = [
        f"Run on {datetime.now(UTC):%Y-%m-%d} on a machine with {machine()}.",
        "",
        f"| {' | '.join(_HEAD)} |",
        "|---|---:|---|---:|---:|---|",
        *(f"| {' | '.join(row)} |" for suffered in found for row in rows(suffered)),
    ]
    page.write_text("\n".join([f"{head}{begin}", *lines, f"{end}{tail}"]))

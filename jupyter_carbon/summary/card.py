"""The card of a `%%carbon` cell as HTML that needs no script: what stays in a saved notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.summary.figures import (
    energy_and_mass_text,
    energy_of,
    mean_power_text,
    provenance_text,
)
from jupyter_carbon.summary.keys import CellDict
from jupyter_carbon.summary.markup import GREEN, SMALL, details, small, table, text_html
from jupyter_carbon.summary.text import BETWEEN, remarks_on
from jupyter_carbon.units import (
    MassUnit,
    Words,
    duration_text,
    energy_text,
    energy_words,
    mass_words,
    power_text,
)

_FEWEST_STEPS = 3
_WIDTH, _HEIGHT = 640, 64
_FRAME = (
    "box-sizing: border-box; max-width: 46em; margin: 0.3em 0; padding: 0.6em 0.9em;"
    f" border: 1px solid rgba(128, 128, 128, 0.4); border-left: 3px solid {GREEN};"
    " border-radius: 3px; color: inherit; font-variant-numeric: tabular-nums; overflow-x: auto"
)
_ROW = "display: flex; flex-wrap: wrap; gap: 0.3em 2.5em; justify-content: space-between"
_NUMBER = "font-size: 150%; font-weight: 700; line-height: 1.2"

RUNNING = "is metered; its energy and CO2e will stand here"
"""What is said of a cell that runs."""


def card_html(
    cell: CellDict,
    *,
    name: str,
    course_w: Sequence[float | None] = (),
    co2e_unit: MassUnit = "kg",
    names: Mapping[str, str] | None = None,
    remarks: Iterable[str] = (),
    instead: str = "",
) -> str:
    """The card of a cell that has ended.

    Args:
        cell: its figures.
        name: what it is called: its label or the beginning of its code.
        course_w: its power over equal steps, None where nothing was counted.
        co2e_unit: the unit of CO2e.
        names: from a source's id to its name for people.
        remarks: what else is to be said of it, such as its budget.
        instead: why there are no figures yet.
    """
    head = [f"<b>{text_html(name)}</b>" if name else "", *map(escape, remarks_on(cell))]
    time = _figure("time", _parted(duration_text(cell["duration_s"])))
    if instead:
        body = [_block(time, _ROW), small(instead)]
    else:
        figures = [
            _figure("energy", energy_words(energy_of(cell))),
            _figure("CO2e", _mass_words(cell, co2e_unit)),
            time,
            _figure("mean power", _parted(mean_power_text(cell))),
        ]
        body = [_chart(course_w), _block("".join(figures), _ROW), _origin(cell, names or {})]
    parts = [_block(BETWEEN.join(filter(None, head)), ""), *body, *map(small, remarks)]
    return _framed("".join(parts))


def running_html(name: str) -> str:
    """What stands in the card's place while the cell runs, where nothing live can be shown."""
    head = f"<b>{text_html(name)}</b>{BETWEEN}" if name else ""
    return _framed(f'{head}<span style="{SMALL}">{RUNNING}</span>')


def _framed(inside: str) -> str:
    return f'<div role="group" aria-label="Energy of this cell" style="{_FRAME}">{inside}</div>'


def _chart(course: Sequence[float | None]) -> str:
    known_w = [power_w for power_w in course if power_w is not None]
    if len(known_w) < _FEWEST_STEPS:
        return ""
    most_w = max(known_w) or 1.0
    said = f"Power over the cell's time, at most {power_text(max(known_w))}"
    step = _WIDTH / len(course)
    paths = []
    for first, run_w in _runs(course):
        points = []
        for place, power_w in enumerate(run_w, first):
            y = f"{_HEIGHT - 1 - (_HEIGHT - 3) * power_w / most_w:.1f}"
            points += [f"{place * step:.1f},{y}", f"{(place + 1) * step:.1f},{y}"]
        left, right = f"{first * step:.1f}", f"{(first + len(run_w)) * step:.1f}"
        paths += [
            f'<polygon points="{left},{_HEIGHT} {" ".join(points)} {right},{_HEIGHT}"'
            f' fill="{GREEN}" fill-opacity="0.25"/>',
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{GREEN}"'
            ' stroke-width="1.5" vector-effect="non-scaling-stroke"/>',
        ]
    return (
        f'<div style="{SMALL}">{escape(power_text(max(known_w)))} at most</div>'
        f'<svg role="img" aria-label="{escape(said)}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' preserveAspectRatio="none" style="display: block; width: 100%; height: {_HEIGHT}px;'
        f' margin-bottom: 0.5em">{"".join(paths)}</svg>'
    )


def _runs(course: Sequence[float | None]) -> Iterable[tuple[int, list[float]]]:
    """The unbroken parts of a course, each with its first place."""
    run: list[float] = []
    for place, power_w in enumerate([*course, None]):
        if power_w is not None:
            run.append(power_w)
        elif run:
            yield place - len(run), run
            run = []


def _figure(caption: str, words: Words | None) -> str:
    if words is None:
        return ""
    range_ = words.range if words.range.startswith("±") else f"({words.range})"
    rest = escape(" ".join(filter(None, (words.unit, range_ if words.range else ""))))
    return (
        f'<div><div style="{SMALL}">{escape(caption)}</div>'
        f'<div><span style="{_NUMBER}">{escape(words.number)}</span>'
        f' <span style="{SMALL}">{rest}</span></div></div>'
    )


def _mass_words(cell: CellDict, unit: MassUnit) -> Words | None:
    """Without " CO2e", which is the caption; None where the energy was not measured either."""
    mass = Estimate.from_dict(cell["co2e_g"])
    if mass.is_missing:
        return None
    words = mass_words(mass, unit)
    _, text = energy_and_mass_text(energy_of(cell), mass, unit)
    range_ = words.range if words.range in text else ""
    return words._replace(unit=words.unit.removesuffix(" CO2e"), range=range_)


def _parted(text: str) -> Words | None:
    number, _, unit = text.rpartition(" ")
    return Words(number, unit) if number else None


def _origin(cell: CellDict, names: Mapping[str, str]) -> str:
    """How the energy was got, which opens to the energy of each source."""
    got = provenance_text(cell["energy_j"], cell["sources"].values())
    if len(cell["sources"]) < 2:
        return small(got)
    rows = [
        (
            text_html(names.get(key, key)),
            escape(energy_text(Estimate.from_dict(energy_j))),
            text_html(energy_j["provenance"]),
        )
        for key, energy_j in cell["sources"].items()
    ]
    return details(f'<span style="{SMALL}">{text_html(got)}</span>', table(rows))


def _block(inside: str, style: str) -> str:
    if not inside:
        return ""
    return f'<div style="{style}">{inside}</div>' if style else f"<div>{inside}</div>"

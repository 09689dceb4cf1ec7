"""What a ledger's history says, in words and tables that each form draws in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.ledger.history import ALL, Day, Entry, Group, History, TopCell
from jupyter_carbon.ledger.overlap import AtOnce
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.ledger.sums import Sum
from jupyter_carbon.ledger.ways import By
from jupyter_carbon.summary.figures import energy_and_mass_text, provenance_words
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.text import LONGEST_NAME
from jupyter_carbon.units import MassUnit, duration_text, energy_text

NOTHING = "Nothing has been recorded"
_TREND_DAYS = 14
_FEW = 5
_UNNAMED = {"notebook": "(not known)", "project": "(none)", "host": "(not known)"}
_NOT_APART = {
    "notebook": "Kernels of several notebooks ran at once on a machine. Each row has that time's"
    " energy, so that together they say more than the total.",
    "project": "Kernels of several projects ran at once on a machine. Each row has that time's"
    " energy, so that together they say more than the total.",
    "label": "A label's row is what the machine drew while its blocks ran. Blocks may lie within"
    " one another, so the rows need not add up to the total.",
}


class Section(NamedTuple):
    """A table; `bars` has a length from 0 to 1 for each row, None where nothing was recorded."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    bars: list[float | None] | None = None
    remarks: tuple[str, ...] = ()


class Report(NamedTuple):
    """The figures in all, what is to be said of them, and the tables. Names are not escaped."""

    headline: list[str]
    remarks: list[str]
    sections: list[Section]


def history_report(
    history: History, span: Span = ALL, by: By | None = None, co2e_unit: MassUnit = "kg"
) -> Report:
    """The total of a span and, `by` something, each one's part; else the most telling of all."""
    whole = history.total(span)
    if not whole.count:
        return Report([f"{NOTHING}{'' if span.is_all else ' in that time'}."], [], [])
    days = history.by_day(span)
    headline = [
        *_figures(whole, co2e_unit),
        *([] if whole.energy_j.is_missing else [got_by(whole)]),
    ]
    told = (
        f"{_count(whole.count, 'session')} of {duration_text(whole.duration_s)} in all,"
        f" {_span_text(days)}."
    )
    remarks = [told, *at_once_texts(history.at_once(span))]
    if by == "day":
        sections = [_day_section(days, co2e_unit, title="By day")]
    elif by is not None:
        groups = _GROUPS[by](history, span)
        sections = [_group_section(by, groups, whole, co2e_unit)]
    else:
        sections = _overview(history, span, days, whole, co2e_unit)
    return Report(headline, remarks, sections)


def groups_by(history: History, by: By, span: Span = ALL) -> Sequence[Day | Group]:
    """What each day, notebook, ... came to."""
    return history.by_day(span) if by == "day" else _GROUPS[by](history, span)


def at_once_texts(found: Iterable[AtOnce]) -> list[str]:
    """Where kernels ran at once, in sentences, one for each machine's name."""
    hosts: dict[str, tuple[int, float]] = {}
    for each in found:
        host = each.machine[0] if isinstance(each.machine, tuple) else str(each.machine)
        most, time_s = hosts.get(host, (0, 0.0))
        hosts[host] = max(most, each.kernels), time_s + each.time_s
    return [
        f"{'' if most == 2 else 'Up to '}{most} kernels ran at once on"
        f" {one_line(host, LONGEST_NAME)}; what {'both' if most == 2 else 'several'} metered is"
        f" counted once ({duration_text(time_s)})."
        for host, (most, time_s) in hosts.items()
    ]


def got_by(sum_: Sum) -> str:
    """How a sum's energy was got: a word, or the share of each way."""
    return provenance_words(sum_.energy_j.provenance.value, sum_.shares_j.items())


def moment_words(moment_s: float) -> str:
    """A moment on the clock on the wall here, to the minute."""
    try:
        return f"{datetime.fromtimestamp(moment_s):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return "an unknown time"


_GROUPS: dict[By, Callable[[History, Span], list[Group]]] = {
    "notebook": History.by_notebook,
    "label": History.by_label,
    "project": History.by_project,
    "host": History.by_host,
}


def _overview(
    history: History, span: Span, days: list[Day], whole: Sum, unit: MassUnit
) -> list[Section]:
    newest = [day for day in days if day.day > days[-1].day - timedelta(days=_TREND_DAYS)]
    sections = [_day_section(newest, unit, title="Trend", filled=True)]
    for by in ("project", "notebook", "label", "host"):
        groups = _GROUPS[by](history, span)
        named = [group for group in groups if group.name is not None]
        if len(named) > (1 if by == "host" else 0):
            sections.append(_group_section(by, groups, whole, unit, most=_FEW))
    top = history.top_cells(_FEW, span)
    if top:
        sections.append(_top_section(top, unit))
    sections.append(_session_section(list(history.sessions(span)), unit))
    return sections


def _day_section(
    days: Sequence[Day], unit: MassUnit, *, title: str, filled: bool = False
) -> Section:
    """A row a day; `filled` has days on which nothing was recorded, too."""
    known = {each.day: each.sum for each in days}
    shown = list(known)
    if filled:
        between = (days[-1].day - days[0].day).days
        shown = [days[0].day + timedelta(days=place) for place in range(between + 1)]
    most_j = max((sum_.energy_j.value or 0.0 for sum_ in known.values()), default=0.0) or 1.0
    rows = [
        (day.isoformat(), *_sum_words(known[day], unit)) if day in known else (day.isoformat(),)
        for day in shown
    ]
    bars = [
        known[day].energy_j.value / most_j  # type: ignore[operator]
        if day in known and not known[day].energy_j.is_missing
        else None
        for day in shown
    ]
    return Section(title, ("day", *_heads("sessions")), _even(rows), bars)


def _group_section(
    by: By, groups: list[Group], whole: Sum, unit: MassUnit, most: int | None = None
) -> Section:
    shown = groups[:most]
    rows = [
        (
            _UNNAMED.get(by, "") if group.name is None else _name(group.name),
            *_sum_words(group.sum, unit),
        )
        for group in shown
    ]
    remarks = []
    if len(shown) < len(groups):
        remarks.append(f"{len(groups) - len(shown)} more: history --by {by}.")
    in_all_j = sum(group.sum.energy_j.value or 0.0 for group in groups)
    if by in _NOT_APART and (by == "label" or in_all_j > 1.001 * (whole.energy_j.value or 0.0)):
        remarks.append(_NOT_APART[by])
    title = f"By {by}" if most is None else f"{by.capitalize()}s"
    heads = (by, *_heads("runs" if by == "label" else "sessions"))
    return Section(title, heads, rows, None, tuple(remarks))


def _top_section(top: list[TopCell], unit: MassUnit) -> Section:
    rows = []
    for place in top:
        cell, together = place.cell, place.together
        runs = "1" if together.count == 1 else f"{together.count}: {energy_text(together.energy_j)}"
        rows.append(
            (
                cell_name(place),
                *_pair(cell.energy_j, cell.co2e_g, unit),
                duration_text(cell.duration_s),
                moment_words(cell.started),
                cell.energy_j.provenance.value,
                runs,
            )
        )
    heads = ("cell", "energy", "CO2e", "time", "began", "got by", "runs in all")
    return Section("Top cells", heads, rows)


def _session_section(entries: list[Entry], unit: MassUnit) -> Section:
    rows = []
    for entry in reversed(entries[-_FEW:]):
        session = entry.session
        state = {"running": "running", "ended": ""}.get(
            entry.state, f"lost, last heard of {moment_words(session.beat)}"
        )
        rows.append(
            (
                moment_words(session.started),
                _UNNAMED["notebook"] if session.notebook is None else _name(session.notebook),
                *_pair(session.energy_j, session.co2e_g, unit),
                duration_text(session.duration_s),
                str(session.cells),
                state,
            )
        )
    heads = ("began", "notebook", "energy", "CO2e", "time", "cells", "")
    return Section("Newest sessions", heads, rows)


def cell_name(place: TopCell) -> str:
    """What a cell is called: its label, the beginning of its code, or where it stood."""
    cell = place.cell
    if cell.label and (label := _name(cell.label)):
        return label
    lines = (one_line(line, LONGEST_NAME) for line in (cell.code or "")[:2000].splitlines())
    code = next((line for line in lines if line and not line.startswith("%%carbon")), "")
    number = "" if cell.execution_count is None else f"[{cell.execution_count}]"
    where = "" if place.notebook is None else f"of {_name(place.notebook)}"
    return code or " ".join(filter(None, (number, where))) or "a cell"


def _sum_words(sum_: Sum, unit: MassUnit) -> tuple[str, ...]:
    count = str(sum_.count)
    if sum_.unmeasured:
        count += f", {sum_.unmeasured} not measured"
    return (
        *_pair(sum_.energy_j, sum_.co2e_g, unit),
        count,
        duration_text(sum_.duration_s),
        "" if sum_.energy_j.is_missing else got_by(sum_),
    )


def _pair(energy_j: Estimate, co2e_g: Estimate, unit: MassUnit) -> tuple[str, str]:
    if energy_j.is_missing:
        return energy_text(energy_j), ""
    energy, mass = energy_and_mass_text(energy_j, co2e_g, unit)
    return energy, mass.replace(" CO2e", "")


def _figures(sum_: Sum, unit: MassUnit) -> list[str]:
    if sum_.energy_j.is_missing:
        return [energy_text(sum_.energy_j)]
    return list(energy_and_mass_text(sum_.energy_j, sum_.co2e_g, unit))


def _heads(what: str) -> tuple[str, ...]:
    return ("energy", "CO2e", what, "time", "got by")


def _even(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows of one length; what a short one lacks is empty."""
    length = max(map(len, rows), default=0)
    return [(*row, *[""] * (length - len(row))) for row in rows]


def _name(text: str) -> str:
    return one_line(text, LONGEST_NAME)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _span_text(days: list[Day]) -> str:
    first, last = days[0].day, days[-1].day
    return f"{first}" if first == last else f"{first} to {last}"

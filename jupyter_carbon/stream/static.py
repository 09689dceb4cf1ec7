"""The figures of one cell as they stay in a saved notebook: a card and a line."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from jupyter_carbon.account import Account
from jupyter_carbon.budget import Budget, standing
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.excerpt import course, total_w, use_of
from jupyter_carbon.summary.card import card_html
from jupyter_carbon.summary.document import inclusive_dict
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.rich import cell_html
from jupyter_carbon.summary.text import BETWEEN, LONGEST_NAME, cell_line
from jupyter_carbon.units import duration_text
from jupyter_carbon.windows import Window


class Forms(NamedTuple):
    """One output in its two forms."""

    text: str
    html: str

    def bundle(self) -> dict[str, str]:
        """By MIME type."""
        return {"text/plain": self.text, "text/html": self.html}


def cell_text(meter: CarbonMeter, window: Window) -> str:
    """What a window cost, on one line."""
    with meter.look() as account:
        if account.is_searching:
            return _too_early(account, window)
        cell = inclusive_dict(account, window, time.time())
    return cell_line(cell, co2e_unit=meter.mass_unit)


def cell_forms(
    meter: CarbonMeter, window: Window, *, as_card: bool, budget: Budget | None = None
) -> Forms:
    """What a window cost, as a line and as a card or a line of HTML."""
    unit = meter.mass_unit
    with meter.look() as account:
        names = {key: source.info.name for key, source in account.sources.items()}
        cell = inclusive_dict(account, window, time.time())
        use = use_of(account, window, budget, unit)
        early = _too_early(account, window) if account.is_searching else ""
        course_w = _course_w(account, window) if as_card and not early else []
    text = early or cell_line(cell, co2e_unit=unit)
    if as_card:
        html = card_html(
            cell,
            name=window.label or "",
            course_w=course_w,
            co2e_unit=unit,
            names=names,
            remarks=[] if use is None else [f"Budget {standing(use)}"],
            instead=_NOT_YET if early else "",
        )
    else:
        html = cell_html(cell, co2e_unit=unit, names=names, instead=early)
    return Forms(text, html)


def _course_w(account: Account, window: Window) -> list[float | None]:
    """The power over the window's whole seconds; the last of them may not be known yet."""
    columns = course(account, window)
    found = total_w(columns)
    start_s, end_s = account.moment_s(window.start), account.moment_s(window.end)
    steps = math.floor((math.floor(end_s) - math.ceil(start_s)) / columns["step_ms"] * 1e3)
    return [*found, *[None] * (steps - len(found))]


_NOT_YET = "not known yet, since the sources of its energy are still being looked for"


def _too_early(account: Account, window: Window) -> str:
    """The line of a cell that ended before the first source was found; %carbon cells has it."""
    duration = duration_text(account.duration_s(window.start, window.end))
    label = [one_line(window.label, LONGEST_NAME)] if window.label else []
    return BETWEEN.join([*label, _NOT_YET, duration])

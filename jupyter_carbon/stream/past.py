"""What the ledger tells a panel: the last days in all, by day, and the costliest notebooks.

SQLite is imported when it is asked, since most kernels never are.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_carbon.ledger.place import MEMORY, OFF, find_place
from jupyter_carbon.stream.messages import Costs, Day, History
from jupyter_carbon.stream.words import energy_shown, mass_shown
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.units import MassUnit

if TYPE_CHECKING:
    from jupyter_carbon.ledger.sums import Sum

MOST_DAYS = 366
_MOST_NOTEBOOKS = 5
_LONGEST_NAME = 200


def has_history(setting: str) -> bool:
    """True if a ledger lies on the disk, as the setting `ledger` says."""
    return setting.strip().lower() not in (OFF, MEMORY)


def history_part(setting: str, days: int, unit: MassUnit) -> History:
    """What all sessions of the last days cost, today's included; reads the disk.

    Args:
        setting: where the ledger lies, as the setting `ledger` has it.
        days: how many.
        unit: of CO2e.

    Raises:
        LedgerError: if the ledger cannot be read.
        OSError, RuntimeError: where there is no home folder to find it in.
    """
    import sqlite3

    from jupyter_carbon.ledger.beside import open_all_for_reading
    from jupyter_carbon.ledger.errors import explain
    from jupyter_carbon.ledger.history import History as Ledger
    from jupyter_carbon.ledger.span import parse_span
    from jupyter_carbon.summary.history_report import at_once_texts

    place = find_place(setting)
    if place is None or place.path is None:
        raise ValueError(setting)
    today = date.today()
    asked = [today - timedelta(days=before) for before in reversed(range(days))]
    span = parse_span(asked[0].isoformat(), None)
    try:
        with closing(open_all_for_reading(place)) as connection:
            ledger = Ledger(connection)
            whole = ledger.total(span)
            known = {each.day: each.sum for each in ledger.by_day(span)}
            notebooks = ledger.by_notebook(span)
            note = " ".join(at_once_texts(ledger.at_once(span)))
    except sqlite3.Error as error:
        raise explain(error, place.path or Path(setting)) from error
    return {
        "total": _costs(whole, unit),
        "sessions": whole.count,
        "days": [_day(day, known.get(day), unit) for day in asked],
        "notebooks": [
            {
                "name": None if group.name is None else one_line(group.name, _LONGEST_NAME),
                **_costs(group.sum, unit),
            }
            for group in notebooks[:_MOST_NOTEBOOKS]
        ],
        "note": note,
    }


def _day(day: date, found: Sum | None, unit: MassUnit) -> Day:
    if found is None:
        return {"day": day.isoformat(), "energy_j": None, "co2e_g": None}
    return {"day": day.isoformat(), **_costs(found, unit)}


def _costs(found: Sum, unit: MassUnit) -> Costs:
    return {"energy_j": energy_shown(found.energy_j), "co2e_g": mass_shown(found.co2e_g, unit)}

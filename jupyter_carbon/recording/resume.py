"""Finds a notebook's earlier session in the ledger, so that a restarted kernel goes on with it."""

from __future__ import annotations

import platform
import time
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_carbon.earlier import Earlier
from jupyter_carbon.estimate import Estimate, total
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.units import duration_text, energy_text, quoted

if TYPE_CHECKING:
    from jupyter_carbon.ledger.history import History

NO_NOTEBOOK = (
    "The meter does not know which notebook this is, so it finds no earlier session of it;"
    " `jupyter carbon history --json` lists sessions, and %carbon resume-session ID takes one."
)
NO_EARLIER = "The ledger has no earlier session of this notebook; nothing was changed."
_SHORTEST_ID = 6
_TODAY_S = 43_200.0


class ResumeError(ValueError):
    """There is no session to go on with; the message is a sentence for the user."""


def resume(meter: CarbonMeter, session: str = "") -> str:
    """Has a meter's session go on with an earlier one; returns a sentence on it.

    Args:
        meter: whose session it is; its notebook's newest earlier one is meant...
        session: ... unless this is the id of one, or the beginning of it.

    Raises:
        ResumeError: if there is none to go on with; nothing has changed then.
    """
    with meter.look() as account:
        own, is_resumed = account.session.id, account.session.earlier is not None
    if not is_resumed:
        earlier = load_earlier(
            meter.ledger, notebook=meter.notebook, session=session.strip(), own=own
        )
        is_resumed = not meter.go_on_with(earlier)
    if is_resumed:
        raise ResumeError("The session goes on with an earlier one already; nothing was changed.")
    return f"The session goes on with the earlier one: {earlier.text}."


def load_earlier(
    ledger: str, *, notebook: str | None = None, session: str = "", own: str = ""
) -> Earlier:
    """An earlier session, with all of its parts.

    Args:
        ledger: the meter's setting of that name.
        notebook: the notebook whose newest session on this machine is meant...
        session: ... unless this is the id of one, or the beginning of it.
        own: the id of the session that asks, which is not meant.

    Raises:
        ResumeError: if there is none, it still runs, or the ledger cannot be read.
    """
    # Here, since most kernels never read a ledger.
    from jupyter_carbon.ledger.beside import open_all_for_reading
    from jupyter_carbon.ledger.errors import LedgerError, NoLedgerError
    from jupyter_carbon.ledger.history import History
    from jupyter_carbon.ledger.place import find_place

    try:
        place = find_place(ledger)
    except (OSError, RuntimeError, ValueError) as error:
        raise ResumeError(f"There is no place for a ledger ({error}).") from None
    if place is None or place.path is None:
        raise ResumeError(
            "The ledger is off, or in memory only, so no earlier session is kept in it; the"
            " setting `ledger` names a file."
        )
    try:
        with closing(open_all_for_reading(place)) as connection:
            return _load(History(connection), notebook, session, own)
    except NoLedgerError:
        raise ResumeError(NO_EARLIER) from None
    except LedgerError as error:
        raise ResumeError(str(error)) from None


def _load(history: History, notebook: str | None, session: str, own: str) -> Earlier:
    from jupyter_carbon.summary.history_json import summary_of

    if session:
        firsts = history.first_parts(session) if len(session) >= _SHORTEST_ID else []
        if len(firsts) != 1:
            count = "several sessions" if firsts else "no session"
            raise ResumeError(
                f"The ledger has {count} whose id begins with {quoted(session)};"
                " `jupyter carbon history --json` lists them."
            )
        id_ = firsts[0]
    elif notebook:
        found = history.newest_of(notebook, platform.node(), own)
        if found is None:
            raise ResumeError(NO_EARLIER)
        id_ = found.chain
    else:
        raise ResumeError(NO_NOTEBOOK)
    entries = history.chain(id_)
    if any(entry.state == "running" for entry in entries):
        raise ResumeError(
            "The earlier session of this notebook still runs, in another kernel; it can be gone"
            " on with when that has ended."
        )
    rows = [entry.session for entry in entries]
    by_source_j: dict[str, Estimate] = {}
    for entry in entries:
        for source in entry.sources:
            before = by_source_j.get(source.id)
            by_source_j[source.id] = source.energy_j if before is None else before + source.energy_j
    ended_s = rows[-1].beat if rows[-1].ended is None else rows[-1].ended
    duration_s = sum(row.duration_s for row in rows)
    energy_j = total(row.energy_j for row in rows)
    return Earlier(
        id=id_,
        started_s=rows[0].started,
        ended_s=ended_s,
        duration_s=duration_s,
        restarts=len(rows),
        cells=sum(row.cells for row in rows),
        by_source_j=by_source_j,
        energy_j=energy_j,
        inside_j=total(row.inside_j for row in rows),
        co2e_g=total(row.co2e_g for row in rows),
        inside_g=total(row.inside_g for row in rows),
        between_j=total(row.between_j for row in rows),
        between_g=total(row.between_g for row in rows),
        text=_text(energy_j, duration_s, ended_s),
        documents=tuple(dict(summary_of(history, entry)) for entry in entries),
    )


def _text(energy_j: Estimate, duration_s: float, ended_s: float) -> str:
    """As "1.2 Wh in 3 min, until 14:03", with the day where that is not of today."""
    format_ = "%H:%M" if time.time() - ended_s < _TODAY_S else "%Y-%m-%d %H:%M"
    when = datetime.fromtimestamp(ended_s).strftime(format_)
    return f"{energy_text(energy_j)} in {duration_text(duration_s)}, until {when}"

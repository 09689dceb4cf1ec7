"""`%carbon history`: what all sessions cost, as the ledger has it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from jupyter_carbon.kernel.display import Answer
from jupyter_carbon.kernel.options import Command, OptionError
from jupyter_carbon.ledger.beside import open_all_for_reading
from jupyter_carbon.ledger.errors import LedgerError, LockedError, explain
from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.place import Place, find_place
from jupyter_carbon.ledger.span import Span, SpanError, parse_span
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.history_html import history_html
from jupyter_carbon.summary.history_report import Report, history_report
from jupyter_carbon.summary.history_text import history_text

_PATIENCE_S = 2.0
_PAUSE_S = 0.02


def history_answer(meter: CarbonMeter, command: Command, place: Place | None = None) -> Answer:
    """The history that a command asks for.

    Args:
        meter: says where the ledger lies, and the unit of CO2e.
        command: with `by`, `since` and `until`.
        place: where the kernel writes its ledger, if it is known; one in memory is no other way.

    Raises:
        OptionError: if a date is none, or the ledger cannot be read.
    """
    try:
        span = parse_span(command.since or None, command.until or None)
        report = _report(meter, command, span, place or _place_of(meter))
    except (SpanError, LedgerError) as error:
        raise OptionError(str(error)) from None
    return Answer(history_text(report), history_html(report))


def _place_of(meter: CarbonMeter) -> Place:
    try:
        place = find_place(meter.ledger)
    except (OSError, RuntimeError, ValueError) as error:
        raise OptionError(
            f"There is no place for a ledger ({error}). The setting `ledger` names one."
        ) from None
    if place is None:
        raise OptionError(
            "The ledger is off, so that there is no history. The setting `ledger` turns it on."
        )
    return place


def _report(meter: CarbonMeter, command: Command, span: Span, place: Place) -> Report:
    """What the ledger says; within this process one in memory may be locked for a moment."""
    until_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with closing(open_all_for_reading(place)) as connection:
                return history_report(History(connection), span, command.by, meter.mass_unit)
        except sqlite3.Error as error:
            reason = explain(error, place.path or Path(str(place)))
            if not isinstance(reason, LockedError) or time.monotonic() >= until_s:
                raise reason from error
        except LockedError:
            if time.monotonic() >= until_s:
                raise
        time.sleep(_PAUSE_S)

"""Sessions of the ledger as one CSV table: a row a cell, and whose it is before it."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.summary.history_json import summaries
from jupyter_carbon.summary.table import csv_lines, heads, rows_of

_WHOSE = ("session_id", "notebook", "project", "host")


def history_csv(history: History, span: Span) -> Iterator[str]:
    """The sessions that have a part in a span, as pieces of text.

    After the columns that say whose a row is come those of `to_csv`, with one for
    each source that any of the sessions has. The rows of each session's cells and
    its row `between` add up to its row `session`.
    """
    ids = history.source_ids(span)
    yield csv_lines([[*_WHOSE, *heads(ids)]])
    for document in summaries(history, span):
        session = document["session"]
        whose = [session["id"], session["notebook"], session.get("project"), session["host"]]
        yield csv_lines([*whose, *row] for row in rows_of(document, ids))

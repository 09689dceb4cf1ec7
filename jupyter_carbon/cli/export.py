"""`jupyter carbon export`: the sessions of a time with their cells, as JSON or CSV."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from jupyter_carbon.cli.output import CommandError, laid_by, say_pieces
from jupyter_carbon.cli.reading import add_ledger, add_span, looking, path_of, span_of
from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.span import Span
from jupyter_carbon.summary.form import ExportError, ending_of, write_pieces
from jupyter_carbon.summary.history_json import json_list, summaries
from jupyter_carbon.summary.history_table import history_csv


def _json(history: History, span: Span) -> Iterable[str]:
    return json_list(summaries(history, span))


_FORMS: dict[str, Callable[[History, Span], Iterable[str]]] = {".json": _json, ".csv": history_csv}


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may follow the command."""
    add_span(parser)
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="the file, which ends in .json or .csv; without one JSON is printed",
    )
    add_ledger(parser)


def run(options: argparse.Namespace) -> None:
    """Writes the file, or prints."""
    span = span_of(options)
    with ExitStack() as laid:
        with looking(path_of(options)) as history:
            if options.path is None:
                pieces = laid.enter_context(laid_by(_json(history, span)))
            else:
                pieces = [_written(options.path, history, span)]
        say_pieces(pieces)


def _written(path: str, history: History, span: Span) -> str:
    """Writes the file; returns a line on it."""
    try:
        form = _FORMS[ending_of(path, _FORMS)]
        written = write_pieces(path, lambda: form(history, span))
    except ExportError as error:
        raise CommandError(str(error)) from error
    count = history.total(span).count
    return f"{count} session{' is' if count == 1 else 's are'} in {written}.\n"

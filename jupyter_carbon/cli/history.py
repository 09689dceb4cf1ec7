"""`jupyter carbon history`: what all sessions cost."""

from __future__ import annotations

import argparse
import os

from jupyter_carbon.cli.output import say_pieces
from jupyter_carbon.cli.reading import add_ledger, add_span, looking, path_of, span_of
from jupyter_carbon.ledger.ways import WAYS
from jupyter_carbon.settings import PREFIX
from jupyter_carbon.summary.history_json import group_document, json_list, past_document
from jupyter_carbon.summary.history_report import groups_by, history_report
from jupyter_carbon.summary.history_text import history_text
from jupyter_carbon.units import MassUnit


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may follow the command."""
    parser.add_argument("--by", choices=WAYS, help="a row for each day, notebook, ...")
    add_span(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a list of the sessions, each whole; with --by, of what each came to",
    )
    add_ledger(parser)


def run(options: argparse.Namespace) -> None:
    """Prints the history."""
    span = span_of(options)
    with looking(path_of(options)) as history:
        if not options.json:
            text = history_text(history_report(history, span, options.by, co2e_unit())) + "\n"
        elif options.by is None:
            text = "".join(json_list(map(past_document, history.sessions(span))))
        else:
            groups = groups_by(history, options.by, span)
            text = "".join(json_list(group_document(options.by, group) for group in groups))
    say_pieces([text])


def co2e_unit() -> MassUnit:
    """The unit that the environment asks for."""
    return "lb" if os.environ.get(f"{PREFIX}CO2E_UNIT", "").strip().lower() == "lb" else "kg"

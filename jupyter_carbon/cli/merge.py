"""`jupyter carbon merge`: takes the sessions of other ledgers over, each once."""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_carbon.cli.output import CommandError, say
from jupyter_carbon.cli.reading import add_ledger, path_of
from jupyter_carbon.cli.writing import writing
from jupyter_carbon.ledger.errors import LedgerError
from jupyter_carbon.ledger.merge import merge


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may follow the command."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a ledger of another machine, or a copy of one"
    )
    add_ledger(parser)


def run(options: argparse.Namespace) -> None:
    """Merges one file after the other; one that cannot be ends it."""
    path = path_of(options)
    with writing(path) as connection:
        for name in options.files:
            try:
                found = merge(connection, Path(name).expanduser().absolute())
            except LedgerError as error:
                raise CommandError(str(error)) from error
            say(
                f"{name}: {found.new} new session{'' if found.new == 1 else 's'},"
                f" {found.newer} newer than here, {found.known} known already."
            )
    say(f"They are in {path}.")

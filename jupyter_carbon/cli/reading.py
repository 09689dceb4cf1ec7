"""The ledger that a command is about, and the time that it is asked for."""

from __future__ import annotations

import argparse
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_carbon.cli.output import CommandError
from jupyter_carbon.ledger.beside import open_all_for_reading
from jupyter_carbon.ledger.errors import LedgerError, explain
from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.place import Place, find_place
from jupyter_carbon.ledger.span import Span, SpanError, parse_span
from jupyter_carbon.settings import PREFIX

VARIABLE = f"{PREFIX}LEDGER"


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """The option that names another ledger."""
    parser.add_argument(
        "--ledger", metavar="PATH", help="another ledger than yours on this machine"
    )


def add_span(parser: argparse.ArgumentParser) -> None:
    """The options that name a time."""
    for name, what in (("since", "from then on"), ("until", "until then")):
        parser.add_argument(
            f"--{name}",
            metavar="DATE",
            help=f"{what}: 2026-11-01, 2026-11, today, yesterday, or 7d for seven days before now",
        )


def path_of(options: argparse.Namespace) -> Path:
    """The file of the ledger that is meant.

    Raises:
        CommandError: if there is none.
    """
    setting = os.environ.get(VARIABLE, "") if options.ledger is None else options.ledger
    try:
        place = find_place(setting)
    except (OSError, RuntimeError, ValueError) as error:
        raise CommandError(
            f"There is no place for a ledger ({error}). Name a file with --ledger."
        ) from error
    if place is None or place.path is None:
        what = "off" if place is None else "in the memory of each kernel"
        raise CommandError(
            f"The ledger is {what}, as {VARIABLE} says, so there is no file of it."
            " Name one with --ledger."
        )
    return place.path


def span_of(options: argparse.Namespace) -> Span:
    """The time that is meant.

    Raises:
        CommandError: if a date is none.
    """
    try:
        return parse_span(options.since, options.until)
    except SpanError as error:
        raise CommandError(str(error)) from error


@contextmanager
def looking(path: Path) -> Iterator[History]:
    """A look at a ledger, as long as the block lasts.

    Raises:
        CommandError: if it cannot be read.
    """
    try:
        connection = open_all_for_reading(Place(path))
    except LedgerError as error:
        raise CommandError(str(error)) from error
    try:
        yield History(connection)
    except sqlite3.Error as error:
        raise CommandError(str(explain(error, path))) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise CommandError(f"The ledger {path} holds what no meter writes ({error}).") from error
    finally:
        connection.close()

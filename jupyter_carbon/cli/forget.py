"""`jupyter carbon forget`: deletes what is recorded of a notebook, or from before a day."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from jupyter_carbon.cli.output import CommandError, say
from jupyter_carbon.cli.reading import add_ledger, looking, path_of
from jupyter_carbon.cli.writing import writing
from jupyter_carbon.ledger.forget import (
    Choice,
    before,
    forget,
    notebooks_meant,
    of_notebook,
    set_aside_beside,
)
from jupyter_carbon.ledger.history import Entry
from jupyter_carbon.ledger.span import SpanError, parse_moment
from jupyter_carbon.summary.history_report import moment_words
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.units import quoted

_LONGEST = 200


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may follow the command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "notebook", nargs="?", metavar="NOTEBOOK", help="its path, or the end of it, as recorded"
    )
    what.add_argument(
        "--before",
        metavar="DATE",
        help="sessions that ended before 2026-11-01, 2026-11, today, yesterday or 7d",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_ledger(parser)


def run(options: argparse.Namespace) -> None:
    """Says what it would delete, asks, and deletes."""
    path = path_of(options)
    with looking(path) as history:
        entries = list(history.sessions())
    choice, what = _chosen(options, entries)
    for sentence in _kept(choice):
        say(sentence)
    if not choice.doomed:
        say(f"There is nothing to delete {what}.")
        return
    say(f"{_described(choice.doomed)} {what}: figures, cells, labels and courses of power.")
    if not options.yes and not _agrees():
        raise CommandError("Nothing was deleted.")
    with writing(path) as connection:
        is_gone = forget(connection, [entry.session.id for entry in choice.doomed])
    count = len(choice.doomed)
    say(f"{count} session{' is' if count == 1 else 's are'} deleted.")
    if not is_gone:
        say(
            "Another program was at the ledger, so that its log could not be emptied yet: until"
            " that program closes the ledger, traces may be left in it. The same command again"
            " after that makes sure."
        )
    _tell_of_others(path)


def _chosen(options: argparse.Namespace, entries: list[Entry]) -> tuple[Choice, str]:
    if options.before is not None:
        try:
            moment_s = parse_moment(options.before, time.time())
        except SpanError as error:
            raise CommandError(f"{error} Nothing was deleted.") from error
        return before(entries, moment_s), f"from before {moment_words(moment_s)}"
    found = notebooks_meant(entries, options.notebook)
    if not found:
        raise CommandError(
            f"No session of {quoted(options.notebook)} is recorded, so nothing was deleted."
            " `jupyter carbon history --by notebook` lists those that are."
        )
    if len(found) > 1:
        names = ", ".join(one_line(name, _LONGEST) for name in found)
        raise CommandError(
            f"{quoted(options.notebook)} may mean several notebooks, so nothing was deleted."
            f" Give the whole path of one: {names}."
        )
    return of_notebook(entries, found[0]), f"of {one_line(found[0], _LONGEST)}"


def _kept(choice: Choice) -> list[str]:
    running = len(choice.running)
    if not running:
        return []
    return [
        f"{running} session{' still runs and is' if running == 1 else 's still run and are'} kept."
        " To delete it, shut its kernel down and give the command again."
    ]


def _described(doomed: list[Entry]) -> str:
    count, cells = len(doomed), sum(entry.session.cells for entry in doomed)
    first = min(entry.session.started for entry in doomed)
    last = max(entry.session.beat for entry in doomed)
    return (
        f"This deletes {count} session{'' if count == 1 else 's'} with {cells}"
        f" cell{'' if cells == 1 else 's'}, {moment_words(first)} to {moment_words(last)},"
    )


def _agrees() -> bool:
    sys.stdout.write("It cannot be undone. Delete? [y/N] ")
    sys.stdout.flush()
    try:
        answer = input()
    except EOFError:
        say("")
        raise CommandError(
            "Nothing was deleted: nobody was there to be asked. --yes deletes without asking."
        ) from None
    return answer.strip().lower() in ("y", "yes")


def _tell_of_others(path: Path) -> None:
    for kept in set_aside_beside(path):
        say(f"{kept} was set aside when it was damaged and may hold it still; delete it by hand.")

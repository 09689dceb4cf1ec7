"""The words after `%carbon` and `%%carbon`, read into values or refused in a sentence."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_carbon.budget import Budget, BudgetError, parse_budget
from jupyter_carbon.ledger.ways import WAYS, By
from jupyter_carbon.units import quoted

COMMANDS = (
    "status",
    "cells",
    "history",
    "pause",
    "resume",
    "reset",
    "resume-session",
    "region",
    "pue",
    "budget",
    "project-name",
    "export",
    "doctor",
)
_NAME = 200
HISTORY_OPTIONS = ("--by", "--since", "--until")
CELL_OPTIONS = ("--label", "--no-sync", "--quiet", "--budget", "--stop")


class OptionError(ValueError):
    """Words that cannot be followed; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class CellOptions:
    """What `%%carbon` was asked for."""

    label: str | None = None
    synchronize: bool = True
    quiet: bool = False
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What `%carbon` was asked for: a command, its argument and its options."""

    name: str
    argument: str = ""
    everything: bool = False
    stops: bool = False
    by: By | None = None
    since: str = ""
    until: str = ""


def parse_cell_options(line: str) -> CellOptions:
    """Reads the words after `%%carbon`.

    A label is the word after `--label`, in quotes if it has blanks, or what
    follows `--label=`. An empty one is none.

    Raises:
        OptionError: if one is not known, or lacks its value.
    """
    label, synchronize, quiet, limit, stops = "", True, False, None, False
    try:
        words = iter(_split(line))
        for word in words:
            name, equals, value = word.partition("=")
            if name == "--label":
                label = value if equals else _value(words, "--label needs a name")
            elif name == "--budget":
                limit = value if equals else _value(words, "--budget needs a limit, as in 0.5kWh")
            elif word == "--stop":
                stops = True
            elif word == "--no-sync":
                synchronize = False
            elif word == "--quiet":
                quiet = True
            else:
                raise OptionError(f"{quoted(word)} is not one of them")
        if stops and limit is None:
            raise OptionError("--stop needs a --budget")
        budget = None if limit is None else parse_budget(limit, "cell", stops=stops)
    except (OptionError, BudgetError) as error:
        why = str(error).rstrip(".")
        raise OptionError(
            f"%%carbon cannot follow its options: {why}. The cell runs and is metered without"
            f" them; %%carbon takes {', '.join(CELL_OPTIONS[:-1])} and {CELL_OPTIONS[-1]}."
        ) from None
    return CellOptions(label.strip() or None, synchronize, quiet, budget)


def _value(words: Iterator[str], wanted: str) -> str:
    """The word after an option."""
    value = next(words, None)
    if value is None or value.partition("=")[0] in CELL_OPTIONS:
        raise OptionError(f"{wanted} after it")
    return value


def parse_command(line: str) -> Command:
    """Reads the words after `%carbon`; none are `status`.

    Raises:
        OptionError: if the command is not known, or its argument is missing or too much.
    """
    name, _, tail = line.strip().partition(" ")
    if not name:
        return Command("status")
    if name == "export":
        return _export(tail.strip())
    try:
        rest = _split(tail)
    except OptionError as error:
        raise OptionError(f"%carbon cannot be followed: {error}; nothing was done.") from None
    if name not in COMMANDS:
        raise OptionError(
            f"%carbon knows no command {quoted(name)}, so nothing was done; it knows"
            f" {', '.join(COMMANDS[:-1])} and {COMMANDS[-1]}."
        )
    if name == "budget":
        return _budget(rest)
    if name == "history":
        return _history(rest)
    if name == "resume-session" and len(rest) <= 1:
        _refuse_options(name, rest)
        return Command(name, "".join(rest))
    if name == "project-name":
        return _project(rest)
    if name in ("region", "pue"):
        everything = "--all" in rest
        rest = [word for word in rest if word != "--all"]
        _refuse_options(name, rest)
        if not rest:
            wanted = (
                "a place, such as DE or Germany" if name == "region" else "a number, such as 1.2"
            )
            raise OptionError(f"%carbon {name} needs {wanted}; nothing was changed.")
        return Command(name, " ".join(rest), everything)
    if rest:
        raise OptionError(
            f"%carbon {name} takes no more words, and {quoted(rest[0])} follows; nothing was done."
        )
    return Command(name)


def _history(words: list[str]) -> Command:
    """What it is ordered by, and from when to when; each is the word after its option."""
    values = dict.fromkeys(HISTORY_OPTIONS, "")
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if option not in values:
            raise OptionError(
                f"%carbon history takes {_listed(HISTORY_OPTIONS)}, not {quoted(word)}; nothing was"
                " done."
            )
        values[option] = value if equals else next(rest, "")
        if not values[option]:
            raise OptionError(f"%carbon history needs a word after {option}; nothing was done.")
    by = next((way for way in WAYS if way == values["--by"]), None)
    if by is None and values["--by"]:
        raise OptionError(
            f"A history is ordered by {_listed(WAYS, 'or')}, not by {quoted(values['--by'])};"
            " nothing was done."
        )
    return Command("history", by=by, since=values["--since"], until=values["--until"])


def _listed(words: Sequence[str], last: str = "and") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _budget(words: list[str]) -> Command:
    """A limit or `off`, or neither, which asks how the budget stands."""
    stops = "--stop" in words
    words = [word for word in words if word != "--stop"]
    _refuse_options("budget", words, "--stop")
    limit = " ".join(words)
    if stops and (not limit or limit.lower() == "off"):
        raise OptionError(
            "%carbon budget needs a limit for --stop, as in `%carbon budget 0.5kWh --stop`;"
            " nothing was changed."
        )
    return Command("budget", "off" if limit.lower() == "off" else limit, stops=stops)


def _project(words: list[str]) -> Command:
    """A name, which may have blanks, or `off`, or neither, which asks for it."""
    name = " ".join(words).strip()
    if len(name) > _NAME:
        raise OptionError(
            f"A project's name has at most {_NAME} characters, and this one {len(name)};"
            " nothing was changed."
        )
    return Command("project-name", name)


def _export(path: str) -> Command:
    """A path as it stands, blanks and backslashes included, without quotes around it."""
    if len(path) > 1 and path[0] == path[-1] and path[0] in "\"'":
        path = path[1:-1]
    if not path.strip():
        raise OptionError(
            "%carbon export needs a path that ends in .json, .csv or .md; nothing was written."
        )
    return Command("export", path)


def _refuse_options(name: str, words: list[str], only: str = "--all") -> None:
    for word in words:
        if word.startswith("--"):
            raise OptionError(
                f"%carbon {name} has no option {quoted(word)}, only {only}; nothing was changed."
            )


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise OptionError("a quotation mark is not closed") from None

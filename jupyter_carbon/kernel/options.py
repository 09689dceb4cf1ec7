"""The words after `%carbon` and `%%carbon`, read into values or refused in a sentence."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_carbon.units import quoted

COMMANDS = ("status", "cells", "pause", "resume", "reset", "region", "pue", "export", "doctor")
CELL_OPTIONS = ("--label", "--no-sync", "--quiet")


class OptionError(ValueError):
    """Words that cannot be followed; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class CellOptions:
    """What `%%carbon` was asked for."""

    label: str | None = None
    synchronize: bool = True
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What `%carbon` was asked for: a command, its argument, and `--all`."""

    name: str
    argument: str = ""
    everything: bool = False


def parse_cell_options(line: str) -> CellOptions:
    """Reads the words after `%%carbon`.

    A label is the word after `--label`, in quotes if it has blanks, or what
    follows `--label=`. An empty one is none.

    Raises:
        OptionError: if one is not known, or lacks its value.
    """
    label, synchronize, quiet = "", True, False
    try:
        words = iter(_split(line))
        for word in words:
            name, equals, value = word.partition("=")
            if name == "--label":
                label = value if equals else _label(words)
            elif word == "--no-sync":
                synchronize = False
            elif word == "--quiet":
                quiet = True
            else:
                raise OptionError(f"{quoted(word)} is not one of them")
    except OptionError as error:
        raise OptionError(
            f"%%carbon cannot follow its options: {error}. The cell runs and is metered without"
            f" them; %%carbon takes {', '.join(CELL_OPTIONS[:-1])} and {CELL_OPTIONS[-1]}."
        ) from None
    return CellOptions(label.strip() or None, synchronize, quiet)


def _label(words: Iterator[str]) -> str:
    label = next(words, None)
    if label is None or label.partition("=")[0] in CELL_OPTIONS:
        raise OptionError("--label needs a name after it")
    return label


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


def _export(path: str) -> Command:
    """A path as it stands, blanks and backslashes included, without quotes around it."""
    if len(path) > 1 and path[0] == path[-1] and path[0] in "\"'":
        path = path[1:-1]
    if not path.strip():
        raise OptionError(
            "%carbon export needs a path that ends in .json, .csv or .md; nothing was written."
        )
    return Command("export", path)


def _refuse_options(name: str, words: list[str]) -> None:
    for word in words:
        if word.startswith("--"):
            raise OptionError(
                f"%carbon {name} has no option {quoted(word)}, only --all; nothing was changed."
            )


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise OptionError("a quotation mark is not closed") from None

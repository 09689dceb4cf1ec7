"""`jupyter carbon …` on the command line: a file a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from jupyter_carbon.cli.output import CommandError

_COMMANDS: Mapping[str, str] = {
    "doctor": "say how this machine's energy is measured, what is missing, and what would help",
    "history": "say what all sessions cost, in all and by day, notebook, label, project or machine",
    "export": "write the sessions of a time, with their cells, as JSON or CSV",
    "merge": "take over the sessions of other ledgers, each once",
    "forget": "delete what is recorded of a notebook, or from before a day",
    "ledger": "say where the ledger lies, how large it is and what it holds",
}
_INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    try:
        return _run(arguments)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read has read enough; nothing is to be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="jupyter carbon", description="The energy and carbon meter for notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: import_module(f"jupyter_carbon.cli.{name}") for name in _COMMANDS}
    for name, help_ in _COMMANDS.items():
        modules[name].add_options(commands.add_parser(name, help=help_, description=f"{help_}."))
    options = parser.parse_args(arguments)
    modules[options.command].run(options)
    return 0

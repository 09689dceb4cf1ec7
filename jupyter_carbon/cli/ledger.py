"""`jupyter carbon ledger`: where it lies, how large it is, what it holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_carbon.cli.output import say
from jupyter_carbon.cli.reading import add_ledger, looking, path_of
from jupyter_carbon.ledger.access import beside
from jupyter_carbon.ledger.forget import set_aside_beside
from jupyter_carbon.ledger.schema import VERSION
from jupyter_carbon.summary.history_report import moment_words


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may follow the command."""
    add_ledger(parser)


def run(options: argparse.Namespace) -> None:
    """Prints a few lines on the ledger."""
    path = path_of(options)
    lines = [f"Ledger     {path}"]
    if not path.exists():
        lines.append("           It is not there yet: it is made when a kernel is metered.")
    else:
        with looking(path) as history:
            size = history.size()
        lines += [
            f"Size       {_size_text(path)}",
            f"Tables     version {VERSION}",
            f"Sessions   {size.sessions}, of them {size.running} running",
            f"Cells      {size.cells}",
        ]
        if size.first is not None and size.last is not None:
            lines.append(f"Time       {moment_words(size.first)} to {moment_words(size.last)}")
    lines += [f"Set aside  {kept}" for kept in set_aside_beside(path)]
    say("\n".join(lines))


def _size_text(path: Path) -> str:
    """The size of the file and of those that SQLite keeps beside it."""
    size = sum(each.stat().st_size for each in (path, *beside(path)) if each.exists())
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"

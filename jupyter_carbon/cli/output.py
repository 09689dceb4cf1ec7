"""What commands print, and how they end where they cannot be followed."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_PIECE = 65_536


class CommandError(Exception):
    """A command that cannot be followed; the message says why and what helps."""


@contextmanager
def laid_by(pieces: Iterable[str]) -> Iterator[Iterable[str]]:
    """The same pieces from a file of its own: who reads the output slowly holds up nothing else."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
        file.seek(0)
        yield iter(lambda: file.read(_PIECE), "")


def say(text: str) -> None:
    """Prints a text and a line break."""
    say_pieces([text, "\n"])


def say_pieces(pieces: Iterable[str]) -> None:
    """Prints a text as its pieces come; a letter that the terminal lacks is replaced."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.flush()

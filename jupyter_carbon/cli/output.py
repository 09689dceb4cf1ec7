"""What commands print, and how they end where they cannot be followed."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable


class CommandError(Exception):
    """A command that cannot be followed; the message says why and what helps."""


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

"""One kind of thing that goes wrong, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.accuracy.figure import Figure


class ImpossibleError(Exception):
    """This machine cannot have it injected; says why."""


@dataclass(frozen=True)
class Injection:
    """Something that goes wrong.

    `run` is given how often, and an empty folder; it returns what was lost in the
    worst case, each beside its bound, and raises AssertionError for what must
    not be at all. `short` and `soak` say how often in the two forms; 0: not there.
    """

    subject: str
    name: str
    run: Callable[[int, Path], Iterable[Figure]]
    short: int = 1
    soak: int = 1


def lost(what: str, worst: float, bound: float, unit: str) -> Figure:
    """What was lost of something in the worst case, beside what may be."""
    return Figure(what, worst, bound, unit)


def none_lost(what: str, count: int) -> Figure:
    """Of something nothing may be lost."""
    return Figure(what, count, 0, "")

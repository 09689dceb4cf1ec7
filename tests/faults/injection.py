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
    `is_virtual`: it has a clock of its own, or none, so that a busy machine is no matter.
    `waits`: it takes long and does next to nothing, so that others can run meanwhile.
    """

    subject: str
    name: str
    run: Callable[[int, Path], Iterable[Figure]]
    short: int = 1
    soak: int = 1
    is_virtual: bool = False
    waits: bool = False


@dataclass(frozen=True)
class Timed(Figure):
    """A figure that a machine which is busy with other things may spoil."""


def suffer(injection: Injection, times: int, folder: Path) -> list[Figure]:
    """Injects so often, and once more where the machine may have been too busy for it.

    Raises:
        ImpossibleError: where it cannot be injected.
        AssertionError: where something happened that must not.
    """
    for turn in ("first", "second"):
        place = folder / turn
        place.mkdir()
        figures = list(injection.run(times, place))
        over = [figure for figure in figures if not figure.is_ok]
        if not over or not all(isinstance(figure, Timed) for figure in over):
            return figures
    return figures


def lost(what: str, worst: float, bound: float, unit: str) -> Figure:
    """What was lost of something in the worst case, beside what may be."""
    return Figure(what, worst, bound, unit)


def none_lost(what: str, count: int) -> Figure:
    """Of something nothing may be lost."""
    return Figure(what, count, 0, "")

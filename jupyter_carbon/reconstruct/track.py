"""What every kind of track answers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from jupyter_carbon.reading import Reading


class Located(NamedTuple):
    """The energy drawn up to a moment, in joules.

    `error_j` is the part of the range that comes from where the energy lies in
    time; what the sensor itself is worth is not in it. `final` is False while a
    later reading may still move the figure.
    """

    energy_j: float
    error_j: float
    final: bool


class Track(Protocol):
    """Readings in, energy at a moment out: joules since the first reading."""

    @property
    def known_s(self) -> float:
        """No figure for a moment after this one is final yet; minus infinity if none is."""

    @property
    def drawn_s(self) -> float:
        """Up to this moment a figure costs no more than looking it up."""

    def add_edge(self, moment_s: float, turn: int = 0) -> None:
        """Notes that work begins (`turn` 1) or ends (-1), or that either may be (0).

        In any order, but before later readings.
        """

    def add_reading(self, reading: Reading) -> None:
        """Takes the next reading; readings come in the order of their moments."""

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment, be it before the first reading, or after the last."""

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help an edge; None if none would."""

    def suits(self, due_s: float) -> float:
        """A moment near `due_s` at which a reading says most."""

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""

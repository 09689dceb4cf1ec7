"""What every kind of track answers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from jupyter_carbon.reading import Reading


class Located(NamedTuple):
    """The energy drawn up to a moment, in joules since the track began.

    `error_j` is the part of the range that comes from where the energy lies in
    time; what the sensor itself is worth is not in it. `final` is False while a
    later reading may still move the figure.
    """

    energy_j: float
    error_j: float
    final: bool


class Track(Protocol):
    """Readings in, energy at a moment out."""

    def add_edge(self, moment_s: float) -> None:
        """Notes that a window begins or ends; in any order, before later readings."""

    def add_reading(self, reading: Reading) -> None:
        """Takes the next reading; readings come in the order of their moments."""

    def energy_at(self, moment_s: float) -> Located:
        """The energy up to a moment between the first reading and now."""

    def wants(self, now_s: float) -> float | None:
        """The moment from which one more reading would help an edge; None if none would."""

    def forget(self, before_s: float) -> None:
        """Drops what is needed only for moments before this one."""

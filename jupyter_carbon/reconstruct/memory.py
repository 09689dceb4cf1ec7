"""What is remembered of the last while, for the case that a counter is caught."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.edge_energies import Waiting

_REMEMBER_S = 90.0
_REMEMBER_EDGES = 4000


class Memory:
    """Raw readings, edges, and anchors: moments at which the account's energy was known.

    Args:
        moment_s: the first anchor's moment, that of the first reading.
        energy_j: the account's energy there.
    """

    def __init__(self, moment_s: float, energy_j: float) -> None:
        self._readings: deque[Reading] = deque()
        self._edges: deque[tuple[int, Waiting]] = deque(maxlen=_REMEMBER_EDGES)
        self._anchors = deque([(moment_s, energy_j)])

    @property
    def oldest(self) -> tuple[float, float]:
        """The oldest moment from which the account can be replaced, and its energy."""
        return self._anchors[0]

    @property
    def newest_s(self) -> float:
        """The newest anchor."""
        return self._anchors[-1][0]

    def add_reading(self, reading: Reading) -> None:
        """Takes the next reading."""
        self._readings.append(reading)

    def add_edge(self, number: int, edge: Waiting) -> None:
        """Takes the next edge."""
        self._edges.append((number, edge))

    def powers_around(self, since_s: float) -> list[Reading]:
        """The readings with a power, from the last one up to a moment on."""
        readings = [reading for reading in self._readings if reading.power_w is not None]
        first = sum(reading.moment_s <= since_s for reading in readings)
        return readings[max(0, first - 1) :]

    def edges_from(self, since_s: float) -> Iterator[tuple[int, Waiting]]:
        """The edges from a moment on, with their numbers."""
        return ((number, edge) for number, edge in self._edges if edge.moment_s >= since_s)

    def add_anchor(self, moment_s: float, energy_j: float, now_s: float) -> None:
        """Takes a later anchor, and forgets what is too old."""
        self._anchors.append((moment_s, energy_j))
        while len(self._anchors) > 1 and self._anchors[0][0] < now_s - _REMEMBER_S:
            self._anchors.popleft()
        oldest_s = self._anchors[0][0]
        while len(self._readings) > 1 and self._readings[1].moment_s < oldest_s:
            self._readings.popleft()
        while self._edges and self._edges[0][1].moment_s < oldest_s:
            self._edges.popleft()

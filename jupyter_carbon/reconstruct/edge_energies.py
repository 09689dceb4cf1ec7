"""The energy at every edge, kept for good in a few bytes, and signed sums of it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, ItemsView, Iterable, Mapping
from typing import NamedTuple

from jupyter_carbon.reconstruct.track import Located

Shares = tuple[tuple[int, int], ...]
"""For an edge, (bucket, sign) pairs: its energy counts to a bucket's sum with that sign."""


class Waiting(NamedTuple):
    """An edge whose energy is not kept: 1 in `turn` begins work, -1 ends it, 0 may do either."""

    moment_s: float
    turn: int
    shares: Shares


class EdgeEnergies:
    """Energies in joules by the number of the edge; those that wait are not known yet.

    No edge lies below the one before, so that no energy is ever negative.
    """

    def __init__(self) -> None:
        self.reached_j = -math.inf
        """The energy at the last edge that was kept."""
        self._energy_j = array("d")
        self._error_j = array("f")
        self._waiting: dict[int, Waiting] = {}
        self._guesses: dict[int, Located] | None = None
        self._sums_j: dict[int, float] = {}
        self._sums_squared_error: dict[int, float] = {}

    def wait(self, number: int, edge: Waiting) -> None:
        """Takes an edge whose energy is not known yet; numbers come in order, once each."""
        missing = number + 1 - len(self._energy_j)
        if missing > 0:
            self._energy_j.extend([math.nan] * missing)
            self._error_j.extend([0.0] * missing)
        self._waiting[number] = edge
        self._guesses = None

    def keep(self, number: int, located: Located) -> None:
        """Keeps the energy at an edge that waited; edges are kept in the order of their moments."""
        shares = self._waiting.pop(number).shares
        self.reached_j = max(self.reached_j, located.energy_j)
        self._energy_j[number] = self.reached_j
        self._error_j[number] = min(located.error_j, 1e30)
        self._count(number, shares, 1)
        self._guesses = None

    def reopen(self, edges: Iterable[tuple[int, Waiting]], reached_j: float) -> None:
        """Takes back what was kept for edges: they wait again.

        Args:
            edges: the edges with their numbers.
            reached_j: the energy at the last edge before them.
        """
        for number, edge in edges:
            if number not in self._waiting:
                self._count(number, edge.shares, -1)
                self._waiting[number] = edge
        in_order = sorted(self._waiting.items(), key=lambda item: (item[1].moment_s, item[0]))
        self._waiting = dict(in_order)
        self.reached_j = reached_j
        self._guesses = None

    def forget_guesses(self) -> None:
        """The figures of edges that wait are to be looked up anew: there was a reading."""
        self._guesses = None

    def guesses(self, look_up: Callable[[float], Located]) -> Mapping[int, Located]:
        """The best figure so far for every edge that waits.

        Args:
            look_up: gives the energy at a moment.
        """
        if self._guesses is None:
            found: dict[int, Located] = {}
            reached_j = self.reached_j
            for number, edge in self._waiting.items():
                located = look_up(edge.moment_s)
                reached_j = max(reached_j, located.energy_j)
                found[number] = located._replace(energy_j=reached_j)
            self._guesses = found
        return self._guesses

    def move(self, not_before_s: float) -> None:
        """Moves edges that wait to a moment if they are before it."""
        for number, edge in self._waiting.items():
            if edge.moment_s < not_before_s:
                self._waiting[number] = edge._replace(moment_s=not_before_s)

    def waiting(self) -> ItemsView[int, Waiting]:
        """The edges that wait by their numbers, in the order in which they came."""
        return self._waiting.items()

    def has(self, number: int) -> bool:
        """True if the energy at an edge is kept."""
        return number < len(self._energy_j) and number not in self._waiting

    def at(self, number: int, look_up: Callable[[float], Located]) -> Located:
        """The energy at an edge: kept, or the best figure so far."""
        if number in self._waiting:
            return self.guesses(look_up)[number]
        return Located(self._energy_j[number], self._error_j[number], True)

    def sum(self, bucket: int, look_up: Callable[[float], Located]) -> tuple[float, float]:
        """The signed sum of a bucket's edges in joules, and its error.

        Edges are off independently of each other: their squares add.
        """
        energy_j = self._sums_j.get(bucket, 0.0)
        squared = max(0.0, self._sums_squared_error.get(bucket, 0.0))
        guesses = self.guesses(look_up)
        for number, edge in self._waiting.items():
            for owner, sign in edge.shares:
                if owner == bucket:
                    energy_j += sign * guesses[number].energy_j
                    squared += guesses[number].error_j ** 2
        return energy_j, math.sqrt(squared)

    def _count(self, number: int, shares: Shares, times: int) -> None:
        for bucket, sign in shares:
            kept_j = times * sign * self._energy_j[number]
            self._sums_j[bucket] = self._sums_j.get(bucket, 0.0) + kept_j
            squared = times * self._error_j[number] ** 2
            self._sums_squared_error[bucket] = self._sums_squared_error.get(bucket, 0.0) + squared

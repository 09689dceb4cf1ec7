"""Adds up what sessions cost, each machine's energy once. Nothing is read here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jupyter_carbon.estimate import Estimate, Provenance, merge
from jupyter_carbon.ledger.overlap import Claim, Run, counted, shared
from jupyter_carbon.ledger.rows import estimate_of

_MISSING = Provenance.MISSING.value
_TELLING = 0.001
"""A part of the time in which nothing was measured is told of from so much of it on."""


class Cost(NamedTuple):
    """An energy in joules and its CO2e in grams, as the columns of a row have them."""

    energy_j: float | None
    energy_j_low: float | None
    energy_j_high: float | None
    origin: str
    co2e_g: float | None
    co2e_g_low: float | None
    co2e_g_high: float | None


class Piece(NamedTuple):
    """What one device of a session cost between two moments."""

    device: tuple[str, str] | None
    since: float
    until: float
    cost: Cost


class Part(NamedTuple):
    """A session as the sums need it. `pieces` is asked for where it is not counted whole."""

    key: int
    machine: tuple[str, str]
    notebook: str | None
    project: str | None
    since: float
    until: float
    duration_s: float
    cost: Cost

    @property
    def host(self) -> str:
        """The machine's name."""
        return self.machine[0]

    @property
    def run(self) -> Run:
        """The time in which it metered its machine."""
        return Run(self.machine, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Sum:
    """What several things cost together.

    `count` is how many things, `unmeasured` of how many nothing was measured;
    `shares_j` says of the energy how much was got in which way.
    """

    energy_j: Estimate
    co2e_g: Estimate
    duration_s: float
    count: int
    unmeasured: int
    shares_j: Mapping[str, float]


class Tally:
    """A sum that grows."""

    def __init__(self) -> None:
        self.count = self.unmeasured = 0
        self.duration_s = 0.0
        self._energy = (0.0, 0.0, 0.0)
        self._mass = (0.0, 0.0, 0.0)
        self._origins: dict[str, float] = {}
        self._counted_s = self._missing_s = 0.0
        self._is_measured = False

    def add(
        self,
        cost: Cost,
        span_s: float,
        part: float = 1.0,
        shares_j: Mapping[str, float] | None = None,
    ) -> None:
        """Adds a part of what lasted so many seconds."""
        energy_j, low_j, high_j, origin, co2e_g, low_g, high_g = cost
        if energy_j is None:
            self._missing_s += span_s
            return
        self._is_measured = True
        self._counted_s += span_s
        value, low, high = self._energy
        self._energy = (
            value + part * energy_j,
            low + part * (energy_j if low_j is None else low_j),
            high + part * (energy_j if high_j is None else high_j),
        )
        if co2e_g is not None:
            value, low, high = self._mass
            self._mass = (
                value + part * co2e_g,
                low + part * (co2e_g if low_g is None else low_g),
                high + part * (co2e_g if high_g is None else high_g),
            )
        origins = self._origins
        if shares_j is None:
            origins[origin] = origins.get(origin, 0.0) + part * energy_j
        else:
            # A mixed sum stays one, whatever its parts are: it may have a gap.
            origins.setdefault(origin, 0.0)
            for kind, share_j in shares_j.items():
                origins[kind] = origins.get(kind, 0.0) + part * share_j

    def sum(self) -> Sum:
        """What it has come to."""
        shares_j = {kind: share_j for kind, share_j in self._origins.items() if share_j > 0}
        energy_j = co2e_g = Estimate.missing()
        if self._is_measured:
            whole_s = self._counted_s + self._missing_s
            has_gap = self._missing_s > _TELLING * whole_s
            kinds = [*self._origins, *([_MISSING] if has_gap else [])]
            origin = merge(estimate_of(0.0, 0.0, 0.0, kind).provenance for kind in kinds)
            if has_gap:
                origin = Provenance.MIXED
            energy_j = estimate_of(*self._energy, origin)
            co2e_g = estimate_of(*self._mass, origin)
        return Sum(energy_j, co2e_g, self.duration_s, self.count, self.unmeasured, shares_j)


def add_up(
    sessions: Sequence[Part],
    bounds: Sequence[float],
    shares_j: Mapping[int, Mapping[str, float]],
    pieces: Mapping[int, Sequence[Piece]],
) -> list[Sum]:
    """What sessions cost between each two neighbouring moments, each machine's energy once.

    Where several ran at once on a machine, of every instant the one counts that
    began first: what it says of the machine is as good as what the others say.

    Args:
        sessions: in the order in which they began.
        bounds: the moments, ascending.
        shares_j: by session's key, how much of its energy was got in which way.
        pieces: by session's key, of those that `cut_up` names.
    """
    tallies = [Tally() for _ in bounds[1:]]
    cut = cut_up(sessions, bounds)
    claims: list[Claim] = []
    claimed: list[tuple[int, Cost, float]] = []
    for rank, session in enumerate(sessions):
        for place, since, until in _within(session.since, session.until, bounds):
            tally = tallies[place]
            tally.count += 1
            span_s = session.until - session.since
            part = (until - since) / span_s if span_s > 0 else 1.0
            tally.duration_s += part * session.duration_s
            if rank not in cut:
                tally.add(session.cost, session.duration_s, 1.0, shares_j.get(session.key))
        if rank not in cut:
            continue
        own = pieces.get(session.key) or [Piece(None, session.since, session.until, session.cost)]
        for piece in own:
            span_s = piece.until - piece.since
            for place, since, until in _within(piece.since, piece.until, bounds):
                if piece.cost.energy_j is None:
                    tallies[place].add(piece.cost, until - since)
                    continue
                claims.append(Claim(rank, (session.machine, piece.device), since, until))
                part = (until - since) / span_s if span_s > 0 else 1.0
                claimed.append((place, piece.cost, part))
    for (place, cost, part), left, claim in zip(claimed, counted(claims), claims, strict=True):
        if left > 0:
            tallies[place].add(cost, left * (claim.until - claim.since), part * left)
    return [tally.sum() for tally in tallies]


def cut_up(sessions: Sequence[Part], bounds: Sequence[float]) -> set[int]:
    """The places of the sessions that do not count whole: others ran too, or a bound cuts them."""
    cut = shared([session.run for session in sessions])
    for place, session in enumerate(sessions):
        first = bisect_right(bounds, session.since) - 1
        if first < 0 or first + 1 >= len(bounds) or session.until > bounds[first + 1]:
            cut.add(place)
    return cut


def _within(
    since: float, until: float, bounds: Sequence[float]
) -> Iterator[tuple[int, float, float]]:
    """The parts of a span between each two neighbouring moments: (place, since, until)."""
    first = bisect_right(bounds, since) - 1
    if until <= since:
        if 0 <= first < len(bounds) - 1:
            yield first, since, since
        return
    last = bisect_left(bounds, until)
    for place in range(max(0, first), min(last, len(bounds) - 1)):
        yield place, max(since, bounds[place]), min(until, bounds[place + 1])

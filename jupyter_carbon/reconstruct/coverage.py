"""Which times a source's account covers, and how the energy of each was got."""

from __future__ import annotations

from typing import NamedTuple

from jupyter_carbon.estimate import Provenance


class Gap(NamedTuple):
    """A time in which nothing was counted, and why. `to_s` is None while it lasts."""

    from_s: float
    to_s: float | None
    reason: str


class Coverage:
    """Gaps and provenances along an account that begins with its first reading.

    Args:
        backward_s: so long before the first reading the account reaches back.
    """

    def __init__(self, backward_s: float) -> None:
        self.gaps: list[Gap] = []
        self.first_s: float | None = None
        """The moment of the first reading."""
        self._backward_s = backward_s
        self._provenances: list[tuple[float, Provenance]] = []

    @property
    def has_open_gap(self) -> bool:
        """True while a gap lasts."""
        return bool(self.gaps) and self.gaps[-1].to_s is None

    def not_before_s(self, moment_s: float) -> float:
        """A moment, or where the account begins if it lies before that."""
        return moment_s if self.first_s is None else max(moment_s, self.first_s - self._backward_s)

    def begin(self, moment_s: float) -> None:
        """A reading begins the account, or ends the gap that lasts."""
        if self.first_s is None:
            self.first_s = moment_s
        if self.has_open_gap:
            self.gaps[-1] = self.gaps[-1]._replace(to_s=max(moment_s, self.gaps[-1].from_s))

    def open_gap(self, moment_s: float, reason: str) -> None:
        """Nothing is counted from a moment on."""
        self.gaps.append(Gap(moment_s, None, reason))

    def enter(self, provenance: Provenance, since_s: float) -> None:
        """Energy is got in a way from a moment on, whatever was said of later ones before."""
        while self._provenances and self._provenances[-1][0] >= since_s:
            self._provenances.pop()
        if not self._provenances or self._provenances[-1][1] is not provenance:
            self._provenances.append((since_s, provenance))

    def between(self, from_s: float, to_s: float) -> Provenance:
        """How the energy between two moments was got."""
        if not self._provenances:
            return Provenance.MISSING
        inside = {
            provenance
            for place, (since_s, provenance) in enumerate(self._provenances)
            if since_s <= to_s
            and (place + 1 == len(self._provenances) or self._provenances[place + 1][0] > from_s)
        }
        if not inside:
            return self._provenances[0][1]
        return inside.pop() if len(inside) == 1 else Provenance.MIXED

    def missing_s(self, from_s: float, to_s: float) -> float:
        """Seconds between two moments in which nothing was counted."""
        if self.first_s is None:
            return to_s - from_s
        total_s = max(0.0, min(to_s, self.first_s - self._backward_s) - from_s)
        for gap in self.gaps:
            end_s = to_s if gap.to_s is None else min(gap.to_s, to_s)
            total_s += max(0.0, end_s - max(gap.from_s, from_s))
        return total_s

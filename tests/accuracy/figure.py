"""One thing measured, beside what it may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Something measured beside its limit; None where it is told for knowledge only.

    `at_least`: it may not be less than the limit, instead of more.
    """

    name: str
    measured: float
    limit: float | None
    unit: str = "%"
    at_least: bool = False

    @property
    def is_ok(self) -> bool:
        """True within the limit; never for a figure that is not a number."""
        if self.limit is None:
            return True
        if self.at_least:
            return self.measured >= self.limit
        return self.measured <= self.limit

    @property
    def limit_text(self) -> str:
        """The limit with its sign, empty where there is none."""
        if self.limit is None:
            return ""
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"

    @property
    def verdict(self) -> str:
        """A word for people, empty where there is no limit."""
        if self.limit is None:
            return ""
        if self.is_ok:
            return "ok"
        return "under" if self.at_least else "over"

    def __str__(self) -> str:
        text = f"{self.name}: {self.measured:.3g} {self.unit}"
        return text if self.limit is None else f"{text} ({self.limit_text}) {self.verdict}"

"""From what SQLite gives back to the rows of `records`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, get_type_hints

from jupyter_carbon.estimate import Estimate, Provenance
from jupyter_carbon.ledger.records import CellRow, LabelRow, RateRow, SessionRow, SourceRow
from jupyter_carbon.ledger.statements import TABLES, columns_of

R = TypeVar("R", SessionRow, SourceRow, RateRow, CellRow, LabelRow)

_ORIGINS = {origin.value: origin for origin in Provenance}


def columns(kind: type[R]) -> list[str]:
    """The columns that a kind of row takes, in the order in which `reader` wants them."""
    table = TABLES[kind]
    return [column for field in kind._fields for column in columns_of(table, field)]


def reader(kind: type[R]) -> Callable[[Sequence[Any]], R]:
    """A function that makes rows of one kind from the values of their columns."""
    places = {name: place for place, name in enumerate(columns(kind))}
    hints = get_type_hints(kind)
    # For each field the place of its value, and what makes of the values the field.
    plan: list[tuple[int, Callable[[Sequence[Any], int], Any]]] = []
    for name in kind._fields:
        make: Callable[[Sequence[Any], int], Any] = _plain
        if hints[name] is Estimate:
            origin = places.get(f"{name}_from", places.get("energy_j_from", -1))
            make = partial(_estimate, origin)
        elif hints[name] is bool:
            make = _truth
        plan.append((places[name], make))
    return lambda values: kind._make(make(values, place) for place, make in plan)


def estimate_of(
    value: float | None, low: float | None, high: float | None, origin: str | None
) -> Estimate:
    """The estimate that four columns hold; an end that lies beyond the value is moved to it."""
    if value is None:
        return Estimate.missing()
    low = value if low is None else min(low, value)
    high = value if high is None else max(high, value)
    provenance = _ORIGINS.get(origin or "", Provenance.MIXED)
    if provenance is Provenance.MISSING:
        provenance = Provenance.MIXED
    return Estimate(value, low, high, provenance)


def _plain(values: Sequence[Any], place: int) -> Any:
    return values[place]


def _truth(values: Sequence[Any], place: int) -> bool:
    return bool(values[place])


def _estimate(origin: int, values: Sequence[Any], place: int) -> Estimate:
    return estimate_of(values[place], values[place + 1], values[place + 2], values[origin])

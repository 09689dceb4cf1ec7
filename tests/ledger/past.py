"""A past made up for tests: sessions whose sources drew powers that are known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from jupyter_carbon.estimate import Estimate, total
from jupyter_carbon.ledger.history import History
from jupyter_carbon.ledger.opening import open_for_reading
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch, CellRow, LabelRow, SliceRow
from jupyter_carbon.ledger.store import Store
from tests.ledger.made import MISSING, cell, counted, label, session, source

QUARTER_S = 900.0
G_PER_J = 1e-4
POWERS_W: Mapping[str, float | None] = {"gpu:0": 100.0}
_numbers = count()


def past(
    since: float,
    until: float,
    powers_w: Mapping[str, float | None] = POWERS_W,
    *,
    cells: list[CellRow] | None = None,
    labels: list[LabelRow] | None = None,
    **changes: Any,
) -> Batch:
    """A session in which sources drew such powers; of one without a power nothing was counted."""
    span_s = until - since
    energies_j = [_energy(power_w, span_s) for power_w in powers_w.values()]
    whole_j = total(energies_j)
    mass_g = whole_j.scaled(G_PER_J)
    row = session(
        f"{next(_numbers):032x}",
        started=since,
        beat=until,
        ended=until,
        ending="ended",
        duration_s=span_s,
        cells=len(cells or ()),
    )._replace(
        energy_j=whole_j,
        inside_j=whole_j.scaled(0.75),
        between_j=whole_j.scaled(0.25),
        co2e_g=mass_g,
        inside_g=mass_g.scaled(0.75),
        between_g=mass_g.scaled(0.25),
        **changes,
    )
    sources = [
        source(number, id=name, host=row.host)._replace(energy_j=energy_j)
        for number, (name, energy_j) in enumerate(zip(powers_w, energies_j, strict=True))
    ]
    slices = [
        SliceRow(number, begin, end, energy_j, energy_j.scaled(G_PER_J))
        for number, power_w in enumerate(powers_w.values())
        for begin, end in quarters(since, until)
        if not (energy_j := _energy(power_w, end - begin)).is_missing
    ]
    return Batch(row, sources, [], cells or [], labels or [], slices)


def quarters(since: float, until: float) -> Iterator[tuple[float, float]]:
    """A span cut where the quarters of an hour begin."""
    while since < until:
        end = min(until, (math.floor(since / QUARTER_S) + 1) * QUARTER_S)
        yield since, end
        since = end


def ran(number: int, energy_j: float | None, **changes: Any) -> CellRow:
    """A cell with a code of its own."""
    return cell(number, energy_j, code_hash=number.to_bytes(8, "big"))._replace(**changes)


def block(number: int, name: str, energy_j: float | None, **changes: Any) -> LabelRow:
    """A labelled block."""
    return label(number, name, energy_j)._replace(**changes)


@contextmanager
def remembered(*batches: Batch, now_s: float | None = None) -> Iterator[History]:
    """A history of such sessions."""
    place = Place.in_memory()
    store = Store(place)
    try:
        store.open()
        for batch in batches:
            store.write(batch)
        connection = open_for_reading(place)
        try:
            yield History(connection, now_s)
        finally:
            connection.close()
    finally:
        store.close()


def _energy(power_w: float | None, span_s: float) -> Estimate:
    return MISSING if power_w is None else counted(power_w * span_s)

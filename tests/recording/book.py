"""What a ledger would hold: the newest row under each key, and the sums that must agree."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.ledger.records import Batch, SessionRow


def value(estimate: Estimate) -> float:
    return estimate.value or 0.0


class Book:
    """Takes batches of one session, as a ledger does."""

    def __init__(self) -> None:
        self.session: SessionRow | None = None
        self.rows: dict[str, dict[Any, Any]] = {}

    def take(self, batch: Batch) -> None:
        assert self.session is None or self.session.id == batch.session.id
        self.session = batch.session
        for kind in ("sources", "rates", "cells", "labels"):
            self._put(kind, {row.number: row for row in getattr(batch, kind)})
        self._put("slices", {(row.source, row.since): row for row in batch.slices})
        self._put("traces", {row.source: row for row in batch.traces})

    def __getattr__(self, kind: str) -> list[Any]:
        return list(self.rows.get(kind, {}).values())

    def assert_adds_up(self, rel: float = 1e-6) -> None:
        """Cells and between, sources, and slices are the session, in joules and grams."""
        session = self.session
        assert session is not None
        for whole, inside, between, of in (
            (session.energy_j, session.inside_j, session.between_j, "energy_j"),
            (session.co2e_g, session.inside_g, session.between_g, "co2e_g"),
        ):
            whole_of = pytest.approx(value(whole), rel=rel, abs=1e-9)
            cells = sum(value(getattr(row, of)) for row in self.cells)
            assert cells == pytest.approx(value(inside), rel=rel, abs=1e-9)
            assert cells + value(between) == whole_of
            assert sum(value(getattr(row, of)) for row in self.slices) == whole_of
        assert sum(value(row.energy_j) for row in self.sources) == pytest.approx(
            value(session.energy_j), rel=rel
        )

    def _put(self, kind: str, rows: dict[Any, Any]) -> None:
        self.rows.setdefault(kind, {}).update(rows)

"""Cells and what lies between them make up the session, for every source and in all."""

from __future__ import annotations

from typing import Any

import pytest

SHARE = 0.001


def assert_adds_up(document: dict[str, Any]) -> None:
    """Joules by source, joules in all, and grams; to 0.1 % of the session."""
    session, cells = document["session"], document["cells"]
    for source in document["sources"]:
        parts = [cell["sources"].get(source["id"]) for cell in cells]
        _assert_is_sum(source["id"], source["energy_j"], [*parts, source["between_cells_j"]])
    for key in ("energy_j", "co2e_g"):
        between = session[f"between_cells_{key.removeprefix('energy_')}"]
        _assert_is_sum(key, session[key], [*(cell[key] for cell in cells), between])


def _assert_is_sum(what: str, whole: dict[str, Any], parts: list[dict[str, Any] | None]) -> None:
    values = [(part or {}).get("value") or 0.0 for part in parts]
    expected = whole["value"] or 0.0
    assert sum(values) == pytest.approx(expected, rel=SHARE), f"{what}: {values} of {expected}"

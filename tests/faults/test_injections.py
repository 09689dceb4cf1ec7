"""The short form of the table; `make soak` is the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.injection import ImpossibleError, Injection
from tests.faults.table import TABLE


@pytest.mark.parametrize(
    "injection",
    [injection for injection in TABLE if injection.short],
    ids=lambda injection: f"{injection.subject}: {injection.name}",
)
def test_what_is_lost_is_within_its_bound(injection: Injection, tmp_path: Path) -> None:
    try:
        figures = list(injection.run(injection.short, tmp_path))
    except ImpossibleError as reason:
        pytest.skip(str(reason))
    assert all(figure.is_ok for figure in figures), "; ".join(map(str, figures))

"""The short form of the table; `make soak` is the whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.accuracy.figure import Figure
from tests.faults.injection import ImpossibleError, Injection, suffer
from tests.faults.table import TABLE

SHORT = [injection for injection in TABLE if injection.short]
Early = dict[str, Future[list[Figure]]]


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Early]:
    """Those that wait most of the time, begun beside the others."""
    with ThreadPoolExecutor(1) as lane:
        yield {
            injection.name: lane.submit(
                suffer, injection, injection.short, tmp_path_factory.mktemp("early")
            )
            for injection in SHORT
            if injection.waits
        }


@pytest.mark.parametrize(
    "injection",
    sorted(SHORT, key=lambda injection: injection.waits),
    ids=lambda injection: f"{injection.subject}: {injection.name}",
)
def test_what_is_lost_is_within_its_bound(
    injection: Injection, early: Early, tmp_path: Path
) -> None:
    try:
        figures = (
            early[injection.name].result()
            if injection.waits
            else suffer(injection, injection.short, tmp_path)
        )
    except ImpossibleError as reason:
        pytest.skip(str(reason))
    assert all(figure.is_ok for figure in figures), "; ".join(map(str, figures))

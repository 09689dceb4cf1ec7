"""No message may be wrong, whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stream.front import Front


@pytest.fixture(autouse=True)
def _no_message_is_wrong() -> Iterator[None]:
    Front.faults.clear()
    yield
    for fault in Front.faults:
        raise fault

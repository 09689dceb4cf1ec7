"""What a history can be ordered by. Apart, since the kernel knows it without reading any."""

from __future__ import annotations

from typing import Literal

By = Literal["day", "notebook", "label", "project", "host"]
"""A row for each of these."""
WAYS: tuple[By, ...] = ("day", "notebook", "label", "project", "host")

"""The bundled table of processors is one that names can be found in."""

from __future__ import annotations

import csv

from jupyter_carbon.sources.cpu_model import TABLE


def test_every_key_can_be_typed() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        keys = [row[0] for row in csv.reader(file)]
    assert len(keys) > 1000
    assert [key for key in keys if not (key.isascii() and key.isprintable())] == []

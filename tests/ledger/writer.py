"""Writes a session in a ledger until it is stopped: `python -m tests.ledger.writer PATH SESSION`.

The n-th batch says that the session has come to n joules, has n cells of one joule, ended,
and one that runs. What was written is told on the standard output, after it was. With
`--journal` the file counts as one on another machine; `--cells N` ends after so many.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import psutil

from jupyter_carbon.ledger.errors import LedgerError, LockedError
from jupyter_carbon.ledger.place import Place
from jupyter_carbon.ledger.records import Batch
from jupyter_carbon.ledger.store import Store
from tests.ledger.made import (
    NOW_S,
    Mount,
    cell,
    label,
    part,
    rate,
    running,
    session,
    source,
)


def batch_of(session_id: str, number: int) -> Batch:
    """The n-th batch of a session."""
    return Batch(
        session(session_id, float(number), beat=NOW_S + number, cells=number + 1),
        [source(0, float(number))],
        [rate()],
        [*([cell(number - 1, 1.0)] if number else []), running(number, 0.0)],
        [label(number, "step", 1.0)],
        [part(0, 0, float(number))],
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("session")
    parser.add_argument("--journal", action="store_true")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--pause", type=float, default=0.0)
    options = parser.parse_args()
    if options.journal:
        psutil.disk_partitions = lambda **_all: [Mount("d", options.path.anchor, "nfs", "rw")]
    store = Store(Place(options.path))
    number = 0
    while number < options.cells:
        try:
            store.write(batch_of(options.session, number))
        except LockedError as error:
            os.write(2, f"locked: {error}\n".encode())
            continue
        except LedgerError as error:
            os.write(2, f"{error}\n".encode())
            raise SystemExit(1) from error
        os.write(1, f"{number}\n".encode())
        number += 1
        if options.pause:
            time.sleep(options.pause)
    store.close()


if __name__ == "__main__":
    main()

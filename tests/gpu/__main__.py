"""`python -m tests.gpu`: the measuring stick on this machine's first NVIDIA GPU."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.gpu.boards import first_board
from tests.gpu.stick import run, table


def main() -> int:
    """Prints the table; writes JSON where `--json` says."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="such as docs/gpu/h100.json")
    options = parser.parse_args()
    uuid, reason = first_board()
    if uuid is None:
        sys.stderr.write(f"{reason}\n")
        return 1
    found = run(uuid)
    sys.stdout.write(table(found) + "\n")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Speed, memory and accuracy, each figure beside its limit: `python -m benchmarks`."""

import atexit
import os
import tempfile
from pathlib import Path

if "JUPYTER_CARBON_LEDGER" not in os.environ:
    # The meter is measured with its ledger, and what is measured is none of the user's work.
    _folder = tempfile.TemporaryDirectory(prefix="jupyter-carbon-")
    atexit.register(_folder.cleanup)
    os.environ["JUPYTER_CARBON_LEDGER"] = str(Path(_folder.name) / "ledger.sqlite3")

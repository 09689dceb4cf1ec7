"""Speed, memory and accuracy, each figure beside its limit: `python -m benchmarks`."""

import os

# What is measured here is none of the user's work.
os.environ.setdefault("JUPYTER_CARBON_LEDGER", "off")

"""The tests, and what else runs on them: pictures, measurements on real devices."""

import os

# What runs here is none of the user's work.
os.environ.setdefault("JUPYTER_CARBON_LEDGER", "off")

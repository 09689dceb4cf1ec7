"""Hostile conditions, as a table of what is injected, how often, and what may be lost.

`test_injections.py` runs the table's short form, `python -m tests.faults` (`make soak`)
the whole one, and prints it.
"""

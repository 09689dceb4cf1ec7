"""`%%carbon` without touching the cell: its line is blanked, and the rest runs as it would.

Running the body from inside a magic would break top-level await, move the
lines of tracebacks and hide the displayed value. The hooks read the options
from the cell's own source.
"""

from __future__ import annotations

from jupyter_carbon.kernel.options import cell_magic_line


def blank_magic_line(lines: list[str]) -> list[str]:
    """An input transformer: the cell without `%%carbon`, its other lines where they were.

    Where another cell magic follows, the blank line goes too: IPython looks
    for it in the first line only.
    """
    if not lines or cell_magic_line(lines[0]) is None:
        return lines
    rest = lines[1:]
    for place, line in enumerate(rest):
        if line.strip():
            return rest[place:] if line.startswith("%%") else ["\n", *rest]
    return ["\n", *rest]

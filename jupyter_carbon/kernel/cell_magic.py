"""`%%carbon` without touching the cell: its line is blanked, and the rest runs as it would.

Running the body from inside a magic would break top-level await, move the
lines of tracebacks and hide the displayed value. The hooks read the options
from the cell's own source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_LINE = re.compile(r"%%carbon(?=\s|$)(?P<words>.*)", re.DOTALL)
_WRAPPER = re.compile(r"%%(time|timeit|prun)\b")
"""Magics of IPython that transform their body as a cell, so that `%%carbon` may be its head."""


def blank_magic_line(lines: list[str]) -> list[str]:
    """An input transformer: the cell without `%%carbon`, its other lines where they were.

    Where another cell magic follows, the blank line goes too: IPython looks
    for it in the first line only.
    """
    if not lines or _LINE.match(lines[0]) is None:
        return lines
    rest = lines[1:]
    for place, line in enumerate(rest):
        if line.strip():
            return rest[place:] if line.startswith("%%") else ["\n", *rest]
    return ["\n", *rest]


# Without this a terminal would take the line alone for a whole cell, and not wait for its body.
blank_magic_line.has_side_effects = True  # type: ignore[attr-defined]


def magic_words(
    source: str, transforms: Sequence[Callable[[list[str]], list[str]]] = ()
) -> str | None:
    """The words after `%%carbon` where that heads a cell, else None.

    Args:
        source: the cell as the user wrote it.
        transforms: the shell's own of the input, in order: those before
            `blank_magic_line` take prompts and leading blank lines away.
    """
    if "%%carbon" not in source:
        return None
    lines = source.splitlines(keepends=True)
    for transform in transforms:
        if transform is blank_magic_line:
            break
        if not getattr(transform, "has_side_effects", False):
            lines = transform(lines)
    for line in lines:
        found = _LINE.match(line)
        if found is not None:
            return found["words"].strip()
        if line.strip() and not _WRAPPER.match(line):
            return None
    return None

"""The summary as JSON: every key, nothing rounded, laid out for people too."""

from __future__ import annotations

import json
from typing import Any

from jupyter_carbon.summary.keys import SummaryDict
from jupyter_carbon.summary.plain import well_formed

_LINE_LENGTH = 100
_LONGEST_TIME = len("2026-01-01T00:00:00.000000+00:00")
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def to_json(document: SummaryDict) -> str:
    """The document as JSON text, indented by two blanks, ending in a line break.

    An estimate, and a column of the power curve, stays on one line. A surrogate
    without its partner, which UTF-8 cannot hold, becomes a replacement character.

    Raises:
        ValueError: for a figure that is infinite or not a number.
    """
    return well_formed(_laid_out(document, "")) + "\n"


def _laid_out(value: Any, indent: str) -> str:
    """The value's text; lines after the first begin with the indent."""
    if not value or not isinstance(value, dict | list):
        return _encode(value)
    members = list(value.values()) if isinstance(value, dict) else value
    if not any(isinstance(member, dict | list) for member in members):
        line = _encode(value)
        if len(line) <= _LINE_LENGTH or _is_column(value):
            return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{_encode(key)}: {_laid_out(item, inner)}" for key, item in value.items()]
        opening, closing = "{}"
    else:
        parts = [_laid_out(item, inner) for item in value]
        opening, closing = "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def _is_column(value: dict[str, Any] | list[Any]) -> bool:
    """True for a list of figures or times, as opposed to one of sentences."""
    return isinstance(value, list) and not any(
        isinstance(member, str) and len(member) > _LONGEST_TIME for member in value
    )

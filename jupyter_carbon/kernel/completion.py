"""What may follow `%carbon` and `%%carbon`, offered on the tab key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from jupyter_carbon.kernel.options import CELL_OPTIONS, COMMANDS

_LINE = re.compile(r"\s*%?carbon\s+(?P<words>.*)")
_CELL = re.compile(r"%%carbon\s+(?:.*\s)?(?P<word>\S*)")
_CHANGE = re.compile(r"(?P<command>region|pue)\s+(?P<rest>.*)")
_PRIORITY = 1000.0

Offers = tuple[str, list[str]]
"""The text before the cursor that is to be replaced, and by what."""


def offers_for(line: str, places: Callable[[], Iterable[str]]) -> Offers | None:
    """What may stand at the end of a line that `%carbon` or `%%carbon` begins.

    Args:
        line: up to the cursor.
        places: the names that `region` knows.

    Returns:
        None for any other line, and where words of any kind may follow.
    """
    cell = _CELL.fullmatch(line)
    if cell is not None:
        return cell["word"], _starting(cell["word"], CELL_OPTIONS)
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    change = _CHANGE.fullmatch(found["words"])
    if change is not None:
        words, _, option = change["rest"].rpartition(" ")
        if option.startswith("-"):
            return option, [] if "--all" in words.split() else _starting(option, ["--all"])
        if change["command"] == "pue":
            return None
        # A place may have several words; the quotation mark before it is not replaced.
        place = change["rest"].lstrip("\"'")
        return place, _starting(place, places())
    if " " in found["words"]:
        return None
    return found["words"], _starting(found["words"], COMMANDS)


def make_matcher(places: Callable[[], Iterable[str]]) -> Callable[[Any], dict[str, Any]]:
    """`offers_for` as IPython's completer asks for it (its matcher API, version 2)."""

    def carbon_matcher(context: Any) -> dict[str, Any]:
        from IPython.core.completer import SimpleCompletion

        offers = offers_for(context.text_until_cursor, places)
        if offers is None:
            return {"completions": []}
        fragment, texts = offers
        return {
            "completions": [SimpleCompletion(text=text, type="keyword") for text in texts],
            "matched_fragment": fragment,
            "ordered": True,
            # Nothing else makes sense there, so that what jedi and others offer is left out.
            "suppress": True,
        }

    for name, value in (
        ("matcher_api_version", 2),
        ("matcher_identifier", "jupyter_carbon"),
        ("matcher_priority", _PRIORITY),
    ):
        setattr(carbon_matcher, name, value)
    return carbon_matcher


def _starting(begin: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.casefold().startswith(begin.casefold())]

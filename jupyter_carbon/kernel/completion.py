"""What may follow `%carbon` and `%%carbon`, offered on the tab key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from jupyter_carbon.kernel.options import CELL_OPTIONS, COMMANDS, HISTORY_OPTIONS
from jupyter_carbon.ledger.ways import WAYS

_LINE = re.compile(r"\s*%?carbon\s+(?P<words>.*)")
_CELL = re.compile(r"%%carbon\s+(?:.*\s)?(?P<word>\S*)")
_BUDGET = re.compile(r"budget\s+(?P<rest>.*)")
_CHANGE = re.compile(r"(?P<command>region|pue)\s+(?P<rest>.*)")
_HISTORY = re.compile(r"history\s+(?P<rest>.*)")
_PRIORITY = 1000.0

_DATES = ("today", "yesterday", "7d", "30d")
_AFTER = {"--by": WAYS, "--since": _DATES, "--until": _DATES}

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
    budget = _BUDGET.fullmatch(found["words"])
    if budget is not None:
        return _budget_offers(budget["rest"])
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
    history = _HISTORY.fullmatch(found["words"])
    if history is not None:
        return _history_offers(history["rest"])
    if " " in found["words"]:
        return None
    return found["words"], _starting(found["words"], COMMANDS)


class Completion:
    """`offers_for` as an IPython completer asks for it.

    Args:
        completer: the shell's; None where it has none.
        places: the names that `region` knows.
    """

    def __init__(self, completer: Any, places: Callable[[], Iterable[str]]) -> None:
        self._matchers: list[Any] = getattr(completer, "custom_matchers", [])
        self._completer = completer
        self._places = places
        self._matcher: Callable[[Any], Any] | None = None

    def register(self) -> None:
        """Begins to offer."""
        from IPython.core import completer

        has_contexts = hasattr(completer, "SimpleCompletion")

        def carbon_matcher(asked: Any) -> Any:
            return self._in_context(asked) if has_contexts else self._plain(asked)

        for name, value in (
            ("matcher_api_version", 2),
            ("matcher_identifier", "jupyter_carbon"),
            ("matcher_priority", _PRIORITY),
        ):
            setattr(carbon_matcher, name, value)
        self._matcher = carbon_matcher
        self._matchers.append(carbon_matcher)

    def unregister(self) -> None:
        """Offers no more."""
        if self._matcher in self._matchers:
            self._matchers.remove(self._matcher)

    def _in_context(self, context: Any) -> dict[str, Any]:
        """IPython's matcher API, version 2."""
        from IPython.core.completer import SimpleCompletion

        offers = offers_for(context.text_until_cursor, self._places)
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

    def _plain(self, token: str) -> list[str]:
        """The API before IPython 8.6: what may replace the last word alone."""
        offers = offers_for(self._completer.text_until_cursor, self._places)
        if offers is None:
            return []
        fragment, texts = offers
        kept = max(0, len(fragment) - len(token))
        return [text[kept:] for text in texts]


def _history_offers(rest: str) -> Offers:
    """The options that are not there yet, and what may follow them."""
    *words, last = rest.split(" ")
    if words and words[-1] in _AFTER:
        return last, _starting(last, _AFTER[words[-1]])
    return last, [each for each in _starting(last, HISTORY_OPTIONS) if each not in words]


def _budget_offers(rest: str) -> Offers | None:
    """After a limit its option, before one the word that takes it away."""
    words, _, last = rest.rpartition(" ")
    if last.startswith("-") and words:
        return last, [] if "--stop" in words.split() else _starting(last, ["--stop"])
    return None if words or last[:1].isdigit() else (last, _starting(last, ["off"]))


def _starting(begin: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.casefold().startswith(begin.casefold())]

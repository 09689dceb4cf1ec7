"""Makes text that came from users, drivers and hosts fit to be shown on a line.

A label may hold anything: escape sequences that recolour a terminal, overrides
that turn the reading order round, half a surrogate pair. What is shown keeps the
letters and drops the commands. The JSON export keeps the text as it was.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]P^_X]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC
    r"|\x1b[ -/]*[0-~]"
)
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS_AND_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\s]+")


def well_formed(text: str) -> str:
    """The text with a replacement character for each surrogate, so that UTF-8 can hold it."""
    return _SURROGATES.sub("\ufffd", text)


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line, without control characters, escape sequences and bidi overrides.

    Line breaks and runs of blanks become one blank. A text longer than `limit`
    characters is cut and ends in an ellipsis.
    """
    # A label of megabytes is not searched to its end for the sake of its first words.
    if limit is not None:
        text = text[: 16 * limit + 256]
    text = _INVISIBLE.sub("", _ESCAPE_SEQUENCES.sub("", text))
    text = _CONTROLS_AND_BLANKS.sub(" ", well_formed(text)).strip(" ")
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip(" ") + "…"
    return text


def display_width(text: str) -> int:
    """Columns that a terminal gives to the text: 2 for wide characters, 0 for combining ones."""
    return sum(_character_width(character) for character in text)


def fitted(text: str, columns: int) -> str:
    """The text cut to the columns, with an ellipsis, and filled with blanks to that width."""
    if display_width(text) > columns:
        used = 0
        kept: list[str] = []
        for character in text:
            used += _character_width(character)
            if used > columns - 1:
                break
            kept.append(character)
        text = "".join(kept) + "…"
    return text + " " * (columns - display_width(text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

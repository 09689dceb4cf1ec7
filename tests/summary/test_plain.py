from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.summary.plain import display_width, fitted, one_line, well_formed
from tests.summary.sample import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("train", "train"),
        ("a\nb\r\n c\t\td", "a b c d"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://example.com\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("a\x1b]unfinished", "aunfinished"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\x00b\x7fc\x85d", "a b c d"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("  \n ", ""),
    ],
)
def test_keeps_letters_and_drops_commands(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text())
def test_what_is_shown_is_one_encodable_line_without_controls(text: str) -> None:
    shown = one_line(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(c < " " or "\x7f" <= c <= "\x9f" or "\u202a" <= c <= "\u202e" for c in shown)
    assert one_line(shown) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert one_line("x" * 10_000, 60) == "x" * 59 + "…"
    assert one_line("x" * 60, 60) == "x" * 60


@pytest.mark.parametrize("piece", ["\x1b]", "\x9d", "\x1b[", "\x1b[1", "\n", "\u200b", "\ud800"])
def test_takes_linear_time_on_a_long_text_of_openings(piece: str) -> None:
    before_s = time.process_time()
    one_line(piece * 300_000)
    assert time.process_time() - before_s < 2


def test_well_formed_keeps_all_but_surrogates() -> None:
    assert well_formed("a\x00\u202e\ud83d") == "a\x00\u202e\ufffd"


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("文字", 4), ("e\u0301", 1), ("", 0)])
def test_display_width(text: str, columns: int) -> None:
    assert display_width(text) == columns


@pytest.mark.parametrize("text", [one_line(text) for text in HOSTILE])
def test_fitted_text_has_the_asked_width(text: str) -> None:
    for columns in (1, 2, 7, 28):
        assert display_width(fitted(text, columns)) == columns

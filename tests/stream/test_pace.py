"""When ticks are sent: often in a cell, seldom between cells, and after a while not at all."""

from __future__ import annotations

import pytest

from jupyter_carbon.stream.pace import Beat, Presence, Rate, Rest


def ticks(
    beat: Beat, from_s: float, to_s: float, *, lively: bool, resting: bool = False
) -> list[float]:
    """The moments at which ticks are sent, with a look every tenth of a second."""
    sent = []
    for tenth in range(round(from_s * 10), round(to_s * 10)):
        now_s = tenth / 10
        if beat.due(now_s, lively=lively, resting=resting):
            beat.sent(now_s, resting=resting)
            sent.append(now_s)
    return sent


@pytest.mark.parametrize(
    ("rate", "lively", "least", "most"),
    [
        ("live", True, 30, 40),
        ("live", False, 9, 10),
        ("slow", True, 9, 10),
        ("slow", False, 9, 10),
        ("off", True, 0, 0),
        ("off", False, 0, 0),
    ],
)
def test_at_most_four_a_second_live_and_one_a_second_else(
    rate: Rate, lively: bool, least: int, most: int
) -> None:
    beat = Beat()
    beat.rate = rate
    assert least <= len(ticks(beat, 0.0, 10.0, lively=lively)) <= most


def test_no_second_has_more_than_four() -> None:
    moments_s = ticks(Beat(), 0.0, 30.0, lively=True)
    for begin_s in moments_s:
        assert sum(begin_s <= moment_s < begin_s + 0.999 for moment_s in moments_s) <= 4


def test_one_last_tick_says_that_it_rests_and_the_first_after_it_comes_at_once() -> None:
    beat = Beat()
    ticks(beat, 0.0, 5.0, lively=False)
    assert ticks(beat, 5.0, 60.0, lively=False, resting=True) == [5.0]
    assert ticks(beat, 60.0, 60.1, lively=True) == [60.0]


def test_who_asks_is_answered_at_once_and_who_asks_without_end_now_and_then() -> None:
    beat = Beat()
    beat.rate = "off"
    sent = 0
    for hundredth in range(1000):
        beat.owe()
        if beat.due(hundredth / 100, lively=True, resting=False):
            beat.sent(hundredth / 100, resting=False)
            sent += 1
            assert hundredth >= sent - 1
            assert sent > 8 or hundredth == sent - 1
    assert 40 <= sent <= 50
    # What was asked last is still answered, and then nothing more.
    assert beat.due(20.0, lively=True, resting=False)
    beat.sent(20.0, resting=False)
    assert not beat.due(40.0, lively=True, resting=False)


def test_it_rests_after_so_long_without_a_cell_and_not_before() -> None:
    rest = Rest(60.0, 100.0)
    assert not rest.rests(160.0)
    assert rest.rests(160.1)
    rest.stir(170.0)
    assert not rest.rests(230.0)
    assert rest.rests(231.0)
    rest.stir(150.0)
    assert rest.rests(231.0)


def test_who_does_not_answer_is_silent_and_not_any_more_once_it_speaks() -> None:
    presence = Presence(answers=True)
    presence.heard(0.0, apart=True)
    assert not presence.asks(59.0)
    assert presence.asks(60.0)
    presence.look(89.0)
    assert not presence.is_silent
    assert presence.asks(90.0)
    presence.look(91.0)
    assert presence.is_silent
    presence.heard(500.0, apart=True)
    assert not presence.is_silent
    presence.look(559.0)
    assert not presence.is_silent


def test_nothing_follows_from_the_silence_of_who_may_not_be_able_to_speak() -> None:
    never_asked = Presence(answers=False)
    never_asked.heard(0.0, apart=True)
    behind_the_cell = Presence(answers=True)
    behind_the_cell.heard(0.0, apart=False)
    for presence in (never_asked, behind_the_cell, Presence(answers=True)):
        for now_s in range(0, 10_000, 50):
            assert not presence.asks(now_s)
            presence.look(now_s)
            assert not presence.is_silent

"""When a tick is due: often in a cell, seldom between cells, and after a while not at all."""

from __future__ import annotations

import math
from typing import Literal

Rate = Literal["live", "slow", "off"]
RATES: tuple[Rate, ...] = ("live", "slow", "off")
"""How closely somebody watches: four ticks a second, one a second, none."""

_LIVE_S = 0.25
_MOST_AT_ONCE = 8.0
"""So many answers to commands may follow each other faster than that."""
_SLOW_S = 0.95
"""One a second: readings between cells come at that pace, some a little early."""


class Rest:
    """Knows whether the stream rests: no cell ran, and nobody asked, for so long.

    Messages count as activity of the kernel: were there no rest, no idle
    kernel would ever be culled.

    Args:
        after_s: how long.
        now_s: when the stream begins.
    """

    def __init__(self, after_s: float, now_s: float) -> None:
        self._after_s = after_s
        self._stirred_s = now_s

    def stir(self, now_s: float) -> None:
        """A cell runs, or somebody asked."""
        self._stirred_s = max(self._stirred_s, now_s)

    def rests(self, now_s: float) -> bool:
        """True if it is quiet."""
        return now_s - self._stirred_s > self._after_s


_ASK_AFTER_S = 60.0
_DOUBT_AFTER_S = 30.0


class Presence:
    """Knows whether a front end is still there: it is asked now and then, and answers.

    A machine that was shut with a page open says no farewell, and what is sent to
    it then piles up in the server. What a front end says while a cell runs is only
    heard where it does not wait for the cell's end: nothing follows from its
    silence elsewhere.

    Args:
        answers: it has said that it will.
    """

    def __init__(self, *, answers: bool) -> None:
        self.is_silent = False
        """True when it was asked and did not answer."""
        self._answers = answers
        self._heard_s: float | None = None
        self._asked_s: float | None = None

    def heard(self, now_s: float, *, apart: bool) -> None:
        """It said something; `apart`: on another way than the one that cells come by."""
        self._heard_s = now_s if apart else None
        self._asked_s, self.is_silent = None, False

    def look(self, now_s: float) -> None:
        """Concludes from silence."""
        if self._asked_s is not None and now_s - self._asked_s > _DOUBT_AFTER_S:
            self.is_silent = True

    def asks(self, now_s: float) -> bool:
        """True if the message that is sent now is to ask."""
        if not self._answers or self._heard_s is None or now_s - self._heard_s < _ASK_AFTER_S:
            return False
        if self._asked_s is None:
            self._asked_s = now_s
        return True


class Beat:
    """Knows when the next message for one front end is due."""

    def __init__(self) -> None:
        self.rate: Rate = "live"
        self._sent_s = -math.inf
        self._resting = False
        self._is_owed = False
        self._credit = _MOST_AT_ONCE

    def owe(self) -> None:
        """One is due beyond the rate: somebody asked, or changed something.

        It is sent at once, unless there were many of the kind: then it waits a little.
        """
        self._is_owed = True

    def due(self, now_s: float, *, lively: bool, resting: bool) -> bool:
        """True if one is due; the first of a rest still is, and the first after it.

        Args:
            now_s: the moment.
            lively: figures of cells are changing.
            resting: it is quiet.
        """
        if self._is_owed and self._credit_at(now_s) >= 1.0:
            return True
        if self.rate == "off":
            return False
        if resting or self._resting:
            return resting is not self._resting
        step_s = _LIVE_S if lively and self.rate == "live" else _SLOW_S
        return now_s - self._sent_s >= step_s

    def sent(self, now_s: float, *, resting: bool) -> None:
        """A tick or a snapshot was sent."""
        self._credit = self._credit_at(now_s) - self._is_owed
        self._sent_s, self._resting, self._is_owed = now_s, resting, False

    def _credit_at(self, now_s: float) -> float:
        return min(_MOST_AT_ONCE, self._credit + (now_s - self._sent_s) / _LIVE_S)

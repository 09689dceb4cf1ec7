"""How far windows that have ended are written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from jupyter_carbon.account import Account
from jupyter_carbon.windows import ClosedWindows

_MOVING = 20
"""So many of the newest figures that may still move are written each time."""


class Allowance:
    """How many rows may still be made, and until when; a few may be made in any case.

    Args:
        rows: so many.
        span_s: for so long from now on.
        clock: seconds.
    """

    _FREE = 16

    def __init__(
        self, rows: int, span_s: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._rows = rows
        self._taken = 0
        self._clock = clock
        self._until_s = clock() + span_s

    def take(self) -> bool:
        """Takes one row from it; False if there is none left."""
        if self._taken >= self._rows:
            return False
        if self._taken >= self._FREE and self._clock() > self._until_s:
            return False
        self._taken += 1
        return True


class Progress(NamedTuple):
    """How far the windows of one kind, in the order of their ends, are written.

    Those before `done` are; of these, the figures of those in `moving` were not
    final, and those before `anew` are to be written once more, newest first.
    """

    done: int = 0
    moving: tuple[int, ...] = ()
    anew: int = 0

    @property
    def again(self) -> Progress:
        """The same where the figures of all that was written have changed."""
        return self._replace(anew=self.done)

    def is_all_of(self, closed: ClosedWindows) -> bool:
        """True if all is written with its final figure."""
        return self.done == len(closed) and not self.moving and not self.anew

    def has_backlog(self, closed: ClosedWindows) -> bool:
        """True if something can be written now that was not."""
        return self.done < len(closed) or self.anew > 0

    def go_on(
        self,
        account: Account,
        closed: ClosedWindows,
        allowance: Allowance,
        write: Callable[[int], None],
    ) -> Progress:
        """Writes what is new or has become final, as far as is allowed.

        Args:
            account: where the windows are.
            closed: the windows.
            allowance: what may be written.
            write: is given the place of each window to be written.

        Returns:
            The progress when that is written.
        """
        settled = 0
        for place in self.moving:
            if not account.is_final(closed.end_of(place)) or not allowance.take():
                break
            write(place)
            settled += 1
        moving = list(self.moving[settled:])
        for place in moving[-_MOVING:]:
            write(place)
        done = self.done
        while done < len(closed) and allowance.take():
            write(done)
            if not account.is_final(closed.end_of(done)):
                moving.append(done)
            done += 1
        anew = self.anew
        while anew > 0 and allowance.take():
            anew -= 1
            write(anew)
            if not account.is_final(closed.end_of(anew)) and anew not in moving:
                moving.append(anew)
        if anew < self.anew:
            moving.sort()
        return Progress(done, tuple(moving), anew)

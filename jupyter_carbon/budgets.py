"""The budgets in force: looked at after each round of readings, told of once, and obeyed.

Who sets a budget only puts it down. The sampler's thread compares it with the
account, tells who listens, and says that a run is to stop; the stopping itself
is done where the run is (`Measurement`, the kernel's `Stopper`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple

from jupyter_carbon.account import NOW, Account
from jupyter_carbon.budget import (
    NEAR,
    Budget,
    BudgetExceeded,
    BudgetUse,
    Level,
    exceeded,
    used_up,
    warning,
)
from jupyter_carbon.units import MassUnit
from jupyter_carbon.windows import Window

NoticeLevel = Literal["warning", "error"]
"""How grave a notice is: a budget nearly used up, and one that is."""

NoticeTaker = Callable[[NoticeLevel, str], object]
"""What `CarbonMeter.on_notice` takes."""

_ORDER: tuple[Level, ...] = ("within", "near", "over")
_KEPT_ENDED = 64
"""Budgets of so many cells are looked at after their end, until their figures are final."""
_KEPT_NOTES = 100
_SELDOM_S = 1.0
"""A budget is looked at again after this at the latest..."""
_AHEAD = 0.25
"""... and after this share of the time in which it would be nearly, or wholly, used up."""


class Due(NamedTuple):
    """A budget that stops runs and is used up; `window` is a cell's, None for the session."""

    watched: Watched
    window: Window | None

    @property
    def error(self) -> BudgetExceeded:
        """What is to be raised."""
        use = self.watched.use
        assert use is not None
        return exceeded(use, self.watched.owner)

    def served(self) -> None:
        """It was raised, which for a session's budget is enough."""
        self.watched.is_served = self.window is None


class Watched:
    """A budget, its newest use, and what was said of it.

    Args:
        budget: the limit.
        window: the cell; None for the session.
    """

    __slots__ = (
        "_seen",
        "_seen_s",
        "budget",
        "is_served",
        "is_withdrawn",
        "next_s",
        "told",
        "use",
        "window",
    )

    def __init__(self, budget: Budget, window: Window | None = None) -> None:
        self.budget = budget
        self.window = window
        self.use: BudgetUse | None = None
        self.told: Level = "within"
        self.next_s = -math.inf
        """When it is to be looked at again."""
        self._seen: float | None = None
        self._seen_s = 0.0
        self.is_served = False
        """True when its run has been stopped."""
        self.is_withdrawn = False
        """True when another budget, or none, has taken its place."""

    @property
    def is_ahead(self) -> bool:
        """True while the account has not heard of its cell yet."""
        return self.window is not None and self.window.start < 0

    def is_to_be_seen(self, now_s: float) -> bool:
        """True where it is time for a look, and always when its cell has ended."""
        if self.window is not None and self.window.end != NOW:
            return True
        return self.told != "over" and now_s >= self.next_s

    @property
    def owner(self) -> str:
        """Whose budget it is, in words."""
        if self.window is None:
            return "the session"
        count = self.window.execution_count
        return "the cell" if count is None else f"cell [{count}]"

    @property
    def is_due(self) -> bool:
        """True while a run is to be stopped for it."""
        return self.budget.stops and self.told == "over" and not self.is_served

    def news(self, use: BudgetUse, now_s: float) -> bool:
        """Takes its newest use; True where that is to be told, which it is once a level."""
        self.use = use
        is_news = _ORDER.index(use.level) > _ORDER.index(self.told)
        if is_news:
            self.told = use.level
        self._plan(use.fraction, now_s)
        return is_news

    def _plan(self, fraction: float | None, now_s: float) -> None:
        """The next look: soon where the use comes near to what is to be told, else seldom."""
        wait_s = _SELDOM_S
        if fraction is not None and self._seen is None:
            wait_s = 0.0
        elif fraction is not None and self._seen is not None and fraction > self._seen:
            goal = 1.0 if self.told == "near" else NEAR
            left_s = (goal - fraction) * (now_s - self._seen_s) / (fraction - self._seen)
            wait_s = min(_SELDOM_S, _AHEAD * max(0.0, left_s))
        self._seen, self._seen_s = fraction, now_s
        self.next_s = now_s + wait_s


class Budgets:
    """The session's budget and those of cells.

    Args:
        look: the account behind its lock.
        clock: monotonic seconds.
        complain: takes a sentence on what went wrong.
    """

    def __init__(
        self,
        look: Callable[[], AbstractContextManager[Account]],
        clock: Callable[[], float],
        complain: Callable[[str], None],
    ) -> None:
        self.co2e_unit: MassUnit = "kg"
        self.notes: list[str] = []
        """Sentences on budgets of this session that were used up."""
        self._look = look
        self._clock = clock
        self._complain = complain
        self._session: Watched | None = None
        self._cells: list[Watched] = []
        self._takers: list[NoticeTaker] = []

    # What anybody may call; it takes no lock

    def set_session(self, budget: Budget | None) -> None:
        """Another budget holds for the session, or none; what was told is told anew."""
        before, self._session = self._session, None if budget is None else Watched(budget)
        if before is not None:
            before.is_withdrawn = True

    def renew(self) -> None:
        """A new session began: its budget is unused."""
        self.notes = []
        session = self._session
        self.set_session(None if session is None else session.budget)

    def add_cell(self, window: Window, budget: Budget) -> None:
        """A cell's budget holds until the cell has ended."""
        self._cells.append(Watched(budget, window))

    def observe(self, taker: NoticeTaker) -> Callable[[], None]:
        """Has a function called with every notice; returns what ends that."""
        self._takers.append(taker)

        def off() -> None:
            if taker in self._takers:
                self._takers.remove(taker)

        return off

    def due(self) -> list[Due]:
        """The budgets for which a run is to be stopped, by the newest look."""
        return [Due(watched, watched.window) for watched in self._watched() if watched.is_due]

    def take_stop(self) -> BudgetExceeded | None:
        """What a measured block raises where no cells run: once a budget of the session."""
        session = self._session
        if session is None or not session.is_due:
            return None
        session.is_served = True
        return Due(session, None).error

    # What asks the account

    def uses(self) -> list[BudgetUse]:
        """How the session's budget and those of running cells stand."""
        with self._look() as account:
            return [
                _use(account, watched, self.co2e_unit)
                for watched in self._watched()
                if not watched.is_ahead
            ]

    def check(self) -> None:
        """Compares budgets with the account, and tells; called after each round."""
        now_s = self._clock()
        if not any(watched.is_to_be_seen(now_s) for watched in self._watched()):
            return
        told = []
        with self._look() as account:
            for watched in self._watched():
                if not watched.is_to_be_seen(now_s) or watched.is_ahead or watched.told == "over":
                    continue
                use = _use(account, watched, self.co2e_unit)
                if watched.news(use, now_s):
                    told.append((use, watched.owner))
            self._forget_ended(account)
        for use, owner in told:
            self._tell(use, owner)

    def _watched(self) -> Iterator[Watched]:
        session = self._session
        if session is not None:
            yield session
        yield from list(self._cells)

    def _forget_ended(self, account: Account) -> None:
        """Lets go of the budgets of cells that have ended, once their figures are final."""
        ended = [cell for cell in self._cells if cell.window is not None and cell.window.end != NOW]
        crowd = len(ended) - _KEPT_ENDED
        for place, cell in enumerate(ended):
            assert cell.window is not None
            if cell.told == "over" or place < crowd or account.is_final(cell.window.end):
                self._cells.remove(cell)

    def _tell(self, use: BudgetUse, owner: str) -> None:
        text = warning(use, owner)
        level: NoticeLevel = "error" if use.level == "over" else "warning"
        if use.level == "over" and len(self.notes) < _KEPT_NOTES:
            self.notes.append(used_up(use, owner))
        for taker in list(self._takers):
            try:
                taker(level, text)
            except Exception as error:  # noqa: BLE001  # who listens has its fault to itself
                if taker in self._takers:
                    self._takers.remove(taker)
                self._complain(
                    f"A function that listens to the meter's notices raised {error!r} and is no"
                    " longer called; the meter goes on."
                )


def _use(account: Account, watched: Watched, unit: MassUnit) -> BudgetUse:
    """How a budget stands; a cell's counts all that was drawn since it began."""
    window = watched.window
    if window is None:
        cost, key = account.session_cost(account.session), None
    else:
        cost = account.cost([(window.start, window.end)])
        key = account.running_part(window).number
    return watched.budget.use(cost.energy_j, cost.co2e_g, unit=unit, cell_key=key)

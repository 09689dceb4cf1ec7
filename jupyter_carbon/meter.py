"""The meter: opens and closes windows, holds what is in force, answers, notifies.

The user's thread only notes down what happened and when; the sampler's thread
enters it in the account. Who asks for figures waits for the lock, never who
runs a cell.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from traitlets import Bunch, observe, validate

from jupyter_carbon.account import Account, Cost, Session
from jupyter_carbon.budget import Budget, BudgetError, BudgetExceeded, BudgetUse, parse_budget
from jupyter_carbon.budgets import Budgets, Due, NoticeTaker
from jupyter_carbon.carbon import CarbonError, Intensity, Rate, check_pue
from jupyter_carbon.earlier import Earlier
from jupyter_carbon.figure import Figure, Observer, figure_of
from jupyter_carbon.grid.place import Lookup, UnknownPlace
from jupyter_carbon.grid.tables import CountryTable, world_average
from jupyter_carbon.intake import Intake
from jupyter_carbon.measurement import Measurement
from jupyter_carbon.sampler import Sampler
from jupyter_carbon.settings import MeterSettings
from jupyter_carbon.sources.base import Discovery
from jupyter_carbon.sources.discovery import discover_all
from jupyter_carbon.windows import Window, WindowStatus

if TYPE_CHECKING:
    from jupyter_carbon.widget import CarbonWidget

__all__ = ["CarbonError", "CarbonMeter", "UnknownPlace"]

_POLL_S = 0.01
_EXIT_WAIT_S = 0.5
_ALL: weakref.WeakSet[CarbonMeter] = weakref.WeakSet()


class CarbonMeter(MeterSettings):
    """Meters this machine from `start` to `stop`.

    Cells come from whoever calls `open_cell` and `close_cell` (the IPython
    extension does); `measure` meters a block or a function under a label. In a
    forked child the meter is dead: it answers for what was counted before the
    fork, notes nothing, and reads nothing.

    Args:
        discover: finds the sources; by default all that are installed.
        lookup: knows the intensity of places.
        clock: monotonic seconds.
        wall_clock: seconds since the epoch.
        asleep: seconds of suspend so far; None: asks the system.
    """

    def __init__(
        self,
        *,
        discover: Callable[[], Discovery] = discover_all,
        lookup: Lookup | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        asleep: Callable[[], float] | None = None,
        **kwargs: Any,
    ) -> None:
        self._is_made = False
        super().__init__(**kwargs)
        self.lookup: Lookup = CountryTable() if lookup is None else lookup
        self.notebook: str | None = None
        """The notebook's path, where something knows it."""
        self.resumable = ""
        """What an earlier session of the notebook cost, where this one may go on with it."""
        self.before_end: Callable[[], None] | None = None
        """Called before a labelled block ends: waits for asynchronous work."""
        self.is_forked = False
        """True in a child that was forked from the process that meters."""
        self._clock = clock
        self._wall_clock = wall_clock
        # Not a method: the thread must not keep a meter that nobody else holds.
        self._complain = partial(_add, self.complaints)
        rate = Rate(self._configured_intensity(), self.pue)
        account = Account(clock(), wall_clock(), rate)
        account.session.project = self.project
        self._intake = Intake(account, clock, self._complain)
        self._budgets = Budgets(self._intake.look, clock, self._complain)
        self._budgets.co2e_unit = self.mass_unit
        self._intake.watch(self._budgets.check)
        self.find_stop: Callable[[], BudgetExceeded | None] = self._budgets.take_stop
        """Asked when a measured block ends: what it is to raise, so that the run stops there."""
        extra = {} if asleep is None else {"asleep": asleep}
        self.sampler = Sampler(
            discover,
            self._intake,
            clock=clock,
            idle_s=self.idle_interval_s,
            busy_s=self.busy_interval_s,
            **extra,
        )
        # A meter that nobody holds any more, or that is left at the end, leaves no thread.
        weakref.finalize(self, self.sampler.stop, _EXIT_WAIT_S)
        _ALL.add(self)
        self._set_configured_budget()
        self._is_made = True

    def start(self) -> None:
        """Begins to read; returns at once, the sources are found on the meter's own thread.

        After a `stop` it begins again: the time between is a gap.
        """
        if self.is_forked:
            return
        self._intake.start()
        if not self.sampler.start():
            self._complain(
                "The system gives the meter no thread, so nothing is measured. Ending other"
                " programs and reloading the extension may help."
            )

    def stop(self, wait_s: float = 2.0) -> None:
        """Ends reading; every figure stays as it is now and can still be asked for.

        Args:
            wait_s: how long to wait, at most, for a device that is just being read.
        """
        self.sampler.stop(wait_s)
        if not self.is_forked:
            self._intake.stop()

    @property
    def is_running(self) -> bool:
        """True while the meter reads, in this process."""
        return self.sampler.is_running and not self.is_forked

    @property
    def is_busy(self) -> bool:
        """True while a cell or a label runs."""
        with self.look():
            return self._intake.is_busy

    # Windows: these return at once and never raise into the user's code.

    def open_cell(
        self,
        cell_id: str,
        execution_count: int | None,
        label: str | None = None,
        code: str = "",
    ) -> Window:
        """A cell begins now; its code is kept while it runs."""
        return self._note(Window("cell", cell_id, label, execution_count, code=code), None)

    def begin(self, window: Window) -> None:
        """A cell or a labelled span begins now, whose window was made beforehand."""
        self._note(window, None)

    def close_cell(self, window: Window, status: WindowStatus) -> None:
        """A cell ends now; its execution count may have been corrected meanwhile."""
        self._note(window, status)

    def open_label(
        self, label: str, cell_id: str = "", execution_count: int | None = None
    ) -> Window:
        """A labelled span begins now."""
        return self._note(Window("label", cell_id or label, label, execution_count), None)

    def close_label(self, window: Window, status: WindowStatus) -> None:
        """A labelled span ends now."""
        self._note(window, status)

    def measure(self, label: str) -> Measurement:
        """Meters a block (`with meter.measure("train"):`) or, as a decorator, each call."""
        return Measurement(lambda: self, label)

    def finish_work(self) -> None:
        """Waits for what runs asynchronously and belongs to the block that ends."""
        if self.before_end is not None and not self.is_forked:
            self.before_end()

    # What is in force

    def set_region(self, place: str, *, everything: bool = False) -> Intensity:
        """Another place's intensity applies from now on, or to the whole session.

        Raises:
            UnknownPlace: if the place is not known; nothing has changed then.
        """
        intensity = self.lookup.find(place)
        self._change_rate(intensity=intensity, everything=everything)
        return intensity

    def set_pue(self, pue: float, *, everything: bool = False) -> None:
        """Another PUE applies from now on, or to the whole session.

        Raises:
            CarbonError: if it is not between 1 and 10; nothing has changed then.
        """
        self._change_rate(pue=check_pue(pue), everything=everything)

    @validate("region")
    def _follow_region(self, proposal: Bunch) -> str:
        """`meter.region = "DE"` is `meter.set_region("DE")`; no place is the world average."""
        place = str(proposal.value)
        if self._is_made and place:
            self.set_region(place)
        elif self._is_made:
            self._change_rate(intensity=world_average(assumed=True), everything=False)
        return place

    @validate("pue")
    def _follow_pue(self, proposal: Bunch) -> float:
        """`meter.pue = 1.2` is `meter.set_pue(1.2)`."""
        if self._is_made:
            self.set_pue(proposal.value)
        return float(proposal.value)

    def pause(self) -> bool:
        """Counts nothing until `resume`.

        The time between is a gap of every source: it belongs to no sum, neither
        of a cell nor of the session, and exports name it. A cell that lies
        within it is missing, not 0; of one that reaches into it the part outside
        is counted. Durations go on.

        Returns:
            False if the meter was paused already.
        """
        with self.look() as account:
            if account.paused:
                return False
            account.pause(self._clock(), self._wall_clock())
        self.sampler.wake()
        return True

    def resume(self) -> bool:
        """Counts again after `pause`.

        Returns:
            False if the meter was not paused.
        """
        with self.look() as account:
            if not account.paused:
                return False
            account.resume(self._clock(), self._wall_clock())
        self.sampler.wake()
        return True

    def reset(self) -> Session:
        """Begins a new session with nothing counted; returns the one that ended.

        Place, PUE and a pause stay in force. A cell or label that is running is
        divided: what it cost so far stays with the old session, the rest is the
        new one's; who holds its `Window` or `Measurement` is told the whole.
        """
        with self.look() as account:
            old = account.reset(self._clock(), self._wall_clock())
            self._budgets.renew()
            return old

    def set_budget(self, limit: str | None, *, stops: bool = False) -> None:
        """Sets the session's budget, such as "0.5kWh" or "200gCO2e"; None takes it away.

        What the session has used so far counts. At four fifths and at the limit
        it is told, once each; what was told and raised before is told and raised
        anew. With `stops` the run is then ended by a `BudgetExceeded`, once: at the
        end of the next measured block, or in a notebook within the running cell
        (if none runs then, within the next one).

        Raises:
            BudgetError: if it is no budget; nothing has changed then.
        """
        self._budgets.set_session(None if limit is None else parse_budget(limit, stops=stops))

    def set_cell_budget(self, window: Window, budget: Budget) -> None:
        """A cell or label that has just been opened has a budget; it takes no lock."""
        self._budgets.add_cell(window, budget)

    @property
    def budgets(self) -> list[BudgetUse]:
        """How the budgets in force stand: the session's first, then those of running cells."""
        return self._budgets.uses()

    @property
    def budget_notes(self) -> list[str]:
        """Sentences on the budgets of this session that were used up."""
        return list(self._budgets.notes)

    def due_stops(self) -> list[Due]:
        """The budgets for which a run is to be stopped, by the newest round; takes no lock."""
        return self._budgets.due()

    @validate("budget")
    def _follow_budget(self, proposal: Bunch) -> str:
        """`meter.budget = "0.5kWh"` is `meter.set_budget("0.5kWh")`; an empty one is none."""
        limit = str(proposal.value)
        if self._is_made:
            self.set_budget(limit or None, stops=self.budget_stops)
        return limit

    @observe("project")
    def _follow_project(self, _change: Bunch) -> None:
        """`meter.project = "thesis"` holds for the session that runs, and for those after it."""
        if self._is_made:
            with self.look() as account:
                account.session.project = self.project

    @property
    def rate(self) -> Rate:
        """The intensity and the PUE in force."""
        with self.look() as account:
            return account.rate

    # Answers

    def look(self) -> AbstractContextManager[Account]:
        """The account as of now, for reading, while nothing is entered in it."""
        self.sampler.tend()
        return self._intake.look()

    def figure(self, window: Window) -> Figure:
        """What a window cost, or has cost so far; missing in a forked child."""
        with self.look() as account:
            return figure_of(account, window)

    def session_cost(self) -> Cost:
        """What the session has cost so far."""
        with self.look() as account:
            return account.session_cost(account.session)

    def go_on_with(self, earlier: Earlier) -> bool:
        """Has the session go on with what it had cost before the kernel was restarted.

        Returns:
            False if it goes on with an earlier one already; nothing has changed then.
        """
        with self.look() as account:
            if account.session.earlier is not None:
                return False
            account.session.earlier = earlier
            self.resumable = ""
            return True

    def wait_final(self, window: Window | None = None, timeout_s: float = 5.0) -> bool:
        """Waits until a window's figure, or that of all that ended, will not move any more.

        Returns:
            False if it still may: the time is over, or nobody reads.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            with self.look() as account:
                edges = _newest_ends(account) if window is None else [window.end]
                if all(account.is_final(edge) for edge in edges):
                    return True
            if time.monotonic() >= deadline_s or not self.is_running:
                return False
            time.sleep(_POLL_S)

    def on(self, observer: Observer) -> Callable[[], None]:
        """Has a function called with the final `Figure` of each cell and label that ends.

        It is called on the meter's thread and should return soon; one that
        raises is dropped and named in `complaints`.

        Returns:
            A function that ends the subscription.
        """
        return self._intake.observe(observer)

    def on_round(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Has a function called after each round of readings: some ten a second while a cell runs.

        It is called on the meter's thread, with no lock held, and should return
        at once; one that raises is dropped and named in `complaints`.

        Returns:
            A function that ends the subscription.
        """
        return self._intake.watch(watcher)

    def widget(self) -> CarbonWidget:
        """The session's figures as a widget: live where it is displayed, its traits anywhere.

        The same one each time, until it is closed.
        """
        from jupyter_carbon.widget import session_widget

        return session_widget(self)

    def on_notice(self, taker: NoticeTaker) -> Callable[[], None]:
        """Has a function called with what the user is to be told: (level, text).

        That is, of each budget, "warning" when four fifths are used and "error"
        when all is, each once; of one that leaps over both at once the latter
        only. It is called on the meter's thread and should return soon; one that
        raises is dropped and named in `complaints`.

        Returns:
            A function that ends the subscription.
        """
        return self._budgets.observe(taker)

    def _set_configured_budget(self) -> None:
        if not self.budget:
            return
        try:
            self.set_budget(self.budget, stops=self.budget_stops)
        except BudgetError as error:
            self._complain(f"{error} The configured budget is not used: there is none.")

    def _configured_intensity(self) -> Intensity:
        if not self.region:
            return world_average(assumed=True)
        try:
            return self.lookup.find(self.region)
        except UnknownPlace as error:
            self._complain(
                f"{error} The configured region is not used: CO2e is counted at the world average."
            )
            return world_average(assumed=True)

    def _change_rate(
        self,
        *,
        intensity: Intensity | None = None,
        pue: float | None = None,
        everything: bool,
    ) -> None:
        with self.look() as account:
            rate = account.rate
            changed = Rate(
                rate.intensity if intensity is None else intensity,
                rate.pue if pue is None else pue,
            )
            account.change_rate(changed, self._clock(), self._wall_clock(), everything=everything)

    def _note(self, window: Window, status: WindowStatus | None) -> Window:
        if not self.is_forked:
            self._intake.note((window, self._clock(), self._wall_clock(), status))
            self.sampler.wake()
        return window

    def _forget_parent(self) -> None:
        self.is_forked = True
        self.find_stop = _no_stop
        self._intake.forget_lock()


def _no_stop() -> None:
    """In a forked child no run is ended: its parent's is."""


def _add(complaints: list[str], sentence: str) -> None:
    if sentence not in complaints:
        complaints.append(sentence)


def _newest_ends(account: Account) -> list[int]:
    """The edges at which the cell and the label that ended last did so."""
    cells, labels = account.session.cells, account.session.labels
    ends = [cells.get(len(cells) - 1, "cell").end] if len(cells) else []
    return [*ends, labels.get(len(labels) - 1, "label").end] if len(labels) else ends


def _after_fork() -> None:
    for meter in list(_ALL):
        meter._forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

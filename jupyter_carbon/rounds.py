"""Which source to read when, and what to do when it gives nothing.

Rounds are run by the sampler's thread, which comes late where the user's code
holds the interpreter. Nothing here relies on being in time: readings carry their
own moments, and curves are differences of counters.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import (
    BufferedSource,
    Discovery,
    NotMeasured,
    Source,
    SourceError,
)
from jupyter_carbon.sources.checks import checked_error, checked_reading
from jupyter_carbon.sources.discovery import with_newcomers

_TOGETHER_S = 0.001
"""Sources due within this of each other are read in one round."""
_LATER = 0.3
"""Of an interval, so much longer waits a source that may be read in the round of another."""
_RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_TAIL_S = 0.5
"""After an edge the fast interval lasts this much longer, to see what outlives the cell."""
_ASLEEP_S = 0.5
_DITHER = 0.08
_CHANCES = 2**31
_DEVICE_SHARE = 0.25
"""Of the fast interval that calls may take; more devices than that are read less often."""
_IDLE_DEVICE_SHARE = 0.008
"""The same of the idle interval, which counters bridge anyway, up to _SELDOM_S."""
_SELDOM_S = 2.0
SILENT_S = 10.0
"""A source that has not answered for so long is left to a thread of its own."""
_LOOK_S = 60.0
"""So often those who watch for new sources are asked."""
_DENSE_PER_S = 200.0
"""Calls a second that edges may cause for one source in the long run."""
_DENSE_BURST = 200.0
"""As many of them may come at once: edges are seldom for long as dense as that."""


class Sink(Protocol):
    """Who takes what was read; its methods are called on the sampler's thread."""

    def found(self, discovery: Discovery) -> None:
        """Sources were found; later again, with those that have come since."""

    def take(self, source_id: str, reading: Reading, kept: Sequence[tuple[float, float]]) -> None:
        """A source was read; `kept` are (moment, watts) that its driver kept over a gap."""

    def fail(self, source_id: str, moment_s: float, error: SourceError) -> None:
        """A source could not be read."""

    def slept(self) -> None:
        """The machine was suspended since the last round."""

    def broke(self, error: BaseException) -> None:
        """A round failed by a fault of the meter's own."""

    def next_read(self, source_id: str, now_s: float, due_s: float) -> tuple[float, float | None]:
        """The moment near `due_s` that suits a reading, and an earlier one that would help."""

    def catch_up(self) -> bool:
        """Enters what the user's thread noted down; True if it was an edge."""

    def rounded(self) -> None:
        """A round is over: what it brought has been taken."""

    @property
    def is_busy(self) -> bool:
        """True while a cell or a label runs."""

    @property
    def is_paused(self) -> bool:
        """True while nothing is to be read."""


@dataclass(slots=True)
class _Slot:
    source: Source
    due_s: float
    refilled_s: float
    last_s: float = -math.inf
    failures: int = 0
    call_s: float = 0.0
    joins_s: float = math.inf
    """From when on it may be read in a round that another slot has made due."""
    credit: float = _DENSE_BURST
    """Readings for an edge's sake that are still allowed."""

    def refill(self, now_s: float) -> None:
        gained = max(0.0, now_s - self.refilled_s) * _DENSE_PER_S
        self.credit = min(_DENSE_BURST, self.credit + gained)
        self.refilled_s = now_s


def asleep_s() -> float:
    """Seconds that the machine has been suspended since it started; 0 where unknown."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None:
        return 0.0
    return time.clock_gettime(clock) - time.clock_gettime(time.CLOCK_MONOTONIC)


class Rounds:
    """Reads the sources in turn, from `open` to `close`, and hands the readings to a sink.

    Args:
        discover: finds the sources.
        sink: takes the readings.
        clock: monotonic seconds.
        asleep: seconds of suspend so far.
        idle_s: between readings while nothing runs.
        busy_s: between readings while a cell or label runs.
    """

    def __init__(
        self,
        discover: Callable[[], Discovery],
        sink: Sink,
        *,
        clock: Callable[[], float],
        asleep: Callable[[], float],
        idle_s: float,
        busy_s: float,
    ) -> None:
        self.calls = 0
        """Readings asked of sources so far."""
        self.ended = False
        """Set from another thread: what a call returns after that is dropped."""
        self.listens = True
        """False while edges come so densely that the next round must not be hurried."""
        self._discover = discover
        self._sink = sink
        self._clock = clock
        self._asleep = asleep
        self._idle_s = idle_s
        self._busy_s = busy_s
        self._slept_s = asleep()
        self._slots: list[_Slot] = []
        self._all_join = True
        self._found = Discovery()
        self._look_s = math.inf
        self._asked: deque[tuple[_Slot, float]] = deque(maxlen=1)
        """What is being asked, since when; who takes it out owns it: the thread or an heir."""
        self._heir: Rounds | None = None
        self._silent: list[_Slot] = []
        self._returned: deque[_Slot] = deque()
        self._tail_until_s = -math.inf
        self._chance = 1

    def open(self) -> None:
        """Finds the sources; `step` reads them from then on."""
        try:
            found = self._discover()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the meter says so and goes on
            reason = f"The search for sources of energy figures failed: {error!r}."
            found = Discovery((), (NotMeasured("the machine", "other", reason),))
        self._add(found)

    def _add(self, found: Discovery) -> None:
        """Reads all that was found from now on, and what was read before as before."""
        now_s = self._clock()
        newcomers = found.sources[len(self._found.sources) :]
        self._slots += [_Slot(source, now_s, now_s) for source in newcomers]
        self._all_join = all(slot.source.info.counter_step_s == 0 for slot in self._slots)
        self._found = found
        self._look_s = now_s + _LOOK_S if found.watches else math.inf
        if not self.ended:
            self._sink.found(found)

    def _look_for_newcomers(self, now_s: float) -> None:
        if now_s < self._look_s:
            return
        self._look_s = now_s + _LOOK_S
        found = with_newcomers(self._found)
        if found is not self._found:
            self._add(found)

    @property
    def silent_for_s(self) -> float:
        """How long the source that is being asked has not answered."""
        try:
            return self._clock() - self._asked[0][1]
        except IndexError:
            return 0.0

    def take_over(self, other: Rounds) -> bool:
        """Goes on with the sources of rounds that have waited too long for one of them.

        Called from any thread. The source waited for comes back when it answers.

        Returns:
            False if it answered meanwhile: then nothing has changed.
        """
        if other.silent_for_s < SILENT_S:
            return False
        try:
            silent, _ = other._asked.pop()
        except IndexError:
            return False
        other._heir, other.ended = self, True
        self.calls = other.calls
        self._slots = [slot for slot in other._slots if slot is not silent]
        self._all_join = other._all_join
        self._found, self._look_s = other._found, other._look_s
        self._slept_s, self._tail_until_s = other._slept_s, other._tail_until_s
        self._silent.append(silent)
        return True

    def close(self) -> None:
        """Gives the sources back, or to the rounds that took over."""
        slots, self._slots = self._slots, []
        if self._heir is not None and not self._heir.ended:
            self._heir._returned.extend(slots)
            return
        for slot in slots:
            try:
                slot.source.close()
            except (Exception, SystemExit):  # noqa: BLE001  # must not keep the rest open
                continue

    def step(self) -> float:
        """Reads what is due; returns the moment of the next round."""
        now_s = self._clock()
        self._tell_silent(now_s)
        if self._sink.catch_up():
            self._tail_until_s = now_s + _TAIL_S
            for slot in self._slots:
                if not slot.failures:
                    self._hurry(slot, now_s)
        if self._sink.is_paused:
            self.listens = True
            for slot in self._slots:
                slot.due_s = now_s
            self._sink.rounded()
            return now_s + self._idle_s
        self._notice_sleep()
        self._look_for_newcomers(now_s)
        if any(slot.due_s <= now_s + _TOGETHER_S for slot in self._slots):
            for slot in self._slots:
                if not self.ended and (slot.due_s <= now_s + _TOGETHER_S or self._joins(slot)):
                    self._read(slot)
        if not self.ended:
            self._sink.rounded()
        now_s = self._clock()
        self.listens = all(slot.credit >= 1 for slot in self._slots)
        latest_s = now_s + (self._idle_s if self.listens else self._busy_s)
        return min((slot.due_s for slot in self._slots), default=latest_s)

    def _tell_silent(self, now_s: float) -> None:
        while self._silent:
            info = self._silent.pop().source.info
            sentence = (
                f"{info.name} has not answered for {SILENT_S:.0f} s; the others are read without"
                " it, and it again as soon as it answers."
            )
            self._sink.fail(info.id, now_s, SourceError("failed", sentence))
        while self._returned:
            slot = self._returned.popleft()
            slot.due_s = now_s
            self._slots.append(slot)

    def _joins(self, slot: _Slot) -> bool:
        """True if a slot may be read now though it is due later: each waking costs its own."""
        now_s = self._clock()
        if now_s < slot.joins_s:
            return False
        info = slot.source.info
        if info.counter_step_s == 0:
            return True
        suits_s, _ = self._sink.next_read(info.id, now_s, now_s)
        return suits_s <= now_s + _TOGETHER_S

    def _hurry(self, slot: _Slot, now_s: float) -> None:
        """An edge's reading comes at once, as long as edges are not too many."""
        slot.refill(now_s)
        wait_s = 0.0 if slot.credit >= 1 else self._busy_s
        slot.due_s = min(slot.due_s, now_s + wait_s)

    def _notice_sleep(self) -> None:
        slept_s = self._asleep()
        if slept_s - self._slept_s > _ASLEEP_S:
            self._sink.slept()
        self._slept_s = slept_s

    def _read(self, slot: _Slot) -> None:
        info = slot.source.info
        begin_s = self._clock()
        self.calls += 1
        slot.refill(begin_s)
        slot.credit -= 1
        try:
            answer = self._ask(slot)
            end_s = self._clock()
            reading = checked_reading(answer, end_s, info.name)
            kept = self._kept(slot, reading)
            if self.ended:
                return
            self._sink.take(info.id, reading, kept)
        except SourceError as error:
            self._failed(slot, checked_error(error))
            return
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a foreign source's fault
            self._failed(slot, SourceError("failed", f"{info.name} could not be read: {error!r}."))
            return
        slot.call_s = end_s - begin_s
        slot.failures = 0
        slot.last_s = reading.moment_s
        # A cell that began meanwhile counts as an edge of the next round.
        slot.due_s = self._next(slot, end_s)

    def _ask(self, slot: _Slot) -> Any:
        self._asked.append((slot, self._clock()))
        try:
            return slot.source.read()
        finally:
            try:
                self._asked.pop()
            except IndexError:
                # Others went on meanwhile with all but this one.
                self.ended, self._slots = True, [slot]

    def _next(self, slot: _Slot, now_s: float) -> float:
        if self._sink.is_busy or now_s < self._tail_until_s:
            # A congruential generator: steps that balance each other would keep the beat.
            self._chance = (self._chance * 1_103_515_245 + 12_345) % _CHANCES
            interval_s = max(self._busy_s, self._least_s(slot, _DEVICE_SHARE))
            # Readings at equal distances would beat with a load that repeats.
            due_s = now_s + interval_s * (1 + _DITHER * (2 * self._chance / _CHANCES - 1))
        else:
            seldom_s = min(_SELDOM_S, self._least_s(slot, _IDLE_DEVICE_SHARE))
            due_s = now_s + max(self._idle_s, seldom_s)
        slot.joins_s = (now_s + due_s) / 2
        if slot.source.info.counter_step_s == 0 and not self._all_join:
            # Due a little later than those that it can join: else both wake the thread.
            due_s += _LATER * (due_s - now_s)
        suits_s, wanted_s = self._sink.next_read(slot.source.info.id, now_s, due_s)
        if wanted_s is not None and slot.credit >= 1:
            suits_s = min(suits_s, wanted_s)
            slot.joins_s = math.inf
        return max(now_s, suits_s)

    def _least_s(self, slot: _Slot, share: float) -> float:
        """The interval at which calls to all sources take so much of the time together.

        Each has its part by the root of its call's length, which makes the waits
        least in all; a source whose calls are long does not keep the others from
        being read often.
        """
        roots = sum(math.sqrt(other.call_s) for other in self._slots)
        return math.sqrt(slot.call_s) * roots / share

    def _kept(self, slot: _Slot, reading: Reading) -> Sequence[tuple[float, float]]:
        """What the driver kept, where nobody came to read for long and no counter bridges it."""
        expected_s = self._busy_s if self._sink.is_busy else self._idle_s
        late = reading.moment_s - slot.last_s > 2.5 * expected_s
        if not late or reading.counter_j is not None or math.isinf(slot.last_s):
            return ()
        if not isinstance(slot.source, BufferedSource):
            return ()
        try:
            return [
                (moment_s, power_w)
                for moment_s, power_w in slot.source.recent_power(slot.last_s)
                if slot.last_s < moment_s < reading.moment_s and 0 <= power_w < math.inf
            ]
        except Exception:  # noqa: BLE001  # without the buffer the gap is bridged by a line
            return ()

    def _failed(self, slot: _Slot, error: SourceError) -> None:
        now_s = self._clock()
        wait_s = _RETRY_S[min(slot.failures, len(_RETRY_S) - 1)]
        slot.failures += 1
        slot.due_s = now_s + wait_s
        slot.joins_s = math.inf
        if not self.ended:
            self._sink.fail(slot.source.info.id, now_s, error)

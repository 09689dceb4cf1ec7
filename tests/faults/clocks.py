"""Clocks that jump: suspends, a wall clock that is set, summer time."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_carbon.summary.document import build_document
from tests.accuracy.figure import Figure
from tests.faults.boards import LOAD_W, Course
from tests.faults.injection import Injection, lost, none_lost

SUSPEND_S = 7200.0
ASLEEP_W = 10.0
DAY_S = 86_400.0
_ZONE = "Europe/Berlin"
_CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
"""When summer time began and ended there: an hour is missing, and one comes twice."""


class _Jumping:
    """A course in which a clock jumps between two samples, at a moment that chance picks."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.course = Course(self.rng)

    def run(self, jump: Any) -> None:
        course, kernel = self.course, self.course.kernel
        course.begin()
        if self.rng.random() < 0.5:
            kernel.cell(lambda: self._across(jump))
        else:
            self._across(jump)
        course.go_on(3.0)
        course.assert_adds_up()

    def _across(self, jump: Any) -> None:
        self.course.kernel.wait(self.rng.uniform(0.05, 2.0))
        jump(self.course)
        self.course.kernel.wait(self.rng.uniform(0.05, 2.0))

    def off_percent(self) -> float:
        """The worst cell of those that nothing jumped in."""
        course = self.course
        whole = [0, *range(len(course.kernel.cells) - 4, len(course.kernel.cells))]
        boards = (course.faulty, course.sound)
        return 100 * max(abs(course.error(place, board)) for place in whole for board in boards)


def negatives(document: Any) -> int:
    """Durations and energies below 0 that an exported summary has."""
    windows = [*document["cells"], *document["labels"]]
    values = [window["duration_s"] for window in windows]
    values.append(document["session"]["duration_s"])
    for each in [*windows, *document["sources"]]:
        values += [each["energy_j"][key] or 0.0 for key in ("value", "low", "high")]
    return sum(value < 0 for value in values)


def run_suspend(times: int, _: Path) -> Iterable[Figure]:
    """The machine sleeps for 2 h between two samples; its boards draw 10 W, the clock stands."""
    apart, phantom_j, negative, unsaid = 0.0, 0.0, 0, 0
    for seed in range(times):
        jumping = _Jumping(seed)

        def sleep(course: Course) -> None:
            course.kernel.slept_s += SUSPEND_S
            course.kernel.wall_shift_s += SUSPEND_S
            for board in (course.faulty, course.sound):
                # What the trace knows of the past: all its energies rise alike.
                board._energy_j = [energy + ASLEEP_W * SUSPEND_S for energy in board._energy_j]

        jumping.run(sleep)
        course = jumping.course
        apart = max(apart, jumping.off_percent())
        for board in (course.faulty, course.sound):
            phantom_j = max(phantom_j, abs(course.beyond_gaps_j(board)))
            gaps = course.gaps(board)
            unsaid += len(gaps) != 1 or gaps[0].reason != "the machine slept"
        negative += negatives(build_document(course.kernel.meter))
    return [
        lost("cells before and after, off by", apart, 1.5, "%"),
        lost("energy made up or lost", phantom_j, LOAD_W, "J"),
        none_lost("suspends of which nothing is said", unsaid),
        none_lost("durations and energies below 0", negative),
    ]


def run_set_back(times: int, _: Path) -> Iterable[Figure]:
    """The wall clock is set back by a day, or on, in a cell or between cells."""
    apart, phantom_j, negative = 0.0, 0.0, 0
    for seed in range(times):
        jumping = _Jumping(seed)
        jump_s = jumping.rng.choice((-DAY_S, -DAY_S, -3600.0, 3600.0, DAY_S))

        def shift(course: Course, jump_s: float = jump_s) -> None:
            course.kernel.wall_shift_s += jump_s

        jumping.run(shift)
        course = jumping.course
        apart = max(apart, jumping.off_percent())
        for board in (course.faulty, course.sound):
            assert not course.gaps(board)
            phantom_j = max(phantom_j, abs(course.beyond_gaps_j(board)))
        negative += negatives(build_document(course.kernel.meter))
    return [
        lost("cells, off by", apart, 1.5, "%"),
        lost("energy made up or lost", phantom_j, 0.005 * LOAD_W * 20, "J"),
        none_lost("durations and energies below 0", negative),
    ]


@contextmanager
def in_zone(zone: str) -> Iterator[None]:
    """This process's local time."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def run_summer_time(times: int, _: Path) -> Iterable[Figure]:
    """Summer time begins, or ends, while cells run."""
    apart, phantom_j, negative, wrong = 0.0, 0.0, 0, 0
    with in_zone(_ZONE):
        for seed in range(times):
            jumping = _Jumping(seed)
            course = jumping.course
            change = _CHANGES[seed % 2]
            # Half an hour on either side would do; the cells take some seconds.
            course.kernel.wall_shift_s = (
                change.timestamp() - jumping.rng.uniform(3.0, 8.0) - course.clock.now_s
            )
            course.kernel.meter.reset()
            course.kernel.began_s = course.clock.now_s
            jumping.run(lambda _: None)
            assert datetime.fromtimestamp(course.kernel.wall_s(), tz=UTC) > change
            apart = max(apart, jumping.off_percent())
            for board in (course.faulty, course.sound):
                phantom_j = max(phantom_j, abs(course.beyond_gaps_j(board)))
            document = build_document(course.kernel.meter)
            negative += negatives(document)
            wrong += sum(_is_off(cell) for cell in document["cells"])
    return [
        lost("cells, off by", apart, 1.5, "%"),
        lost("energy made up or lost", phantom_j, 0.005 * LOAD_W * 20, "J"),
        none_lost("durations and energies below 0", negative),
        none_lost("cells whose beginning and end are not as far apart as they lasted", wrong),
    ]


def _is_off(cell: Any) -> bool:
    begun, ended = (datetime.fromisoformat(cell[key]) for key in ("started", "ended"))
    return abs((ended - begun).total_seconds() - cell["duration_s"]) > 0.01


INJECTIONS = [
    Injection("time", "a suspend of 2 h between two samples", run_suspend, 4, 100, True),
    Injection("time", "the wall clock is set by an hour or a day", run_set_back, 4, 100, True),
    Injection("time", "summer time begins or ends", run_summer_time, 4, 50, True),
]

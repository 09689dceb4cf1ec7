"""Devices that go wrong, at chosen moments of a virtual clock: hundreds of faults in a minute."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jupyter_carbon.sources.base import Discovery, FailureState
from tests.accuracy.figure import Figure
from tests.faults.boards import LOAD_W, Course, FaultyBoard
from tests.faults.injection import Injection, lost, none_lost
from tests.loads import sources_of

_LOST_AFTER_S = 3.0
"""A failure longer than this is a gap, and so is any loss of the board."""

Spoil = Callable[[FaultyBoard, float], None]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a board.

    `caught`: its counter is to be convicted, with this word. `state`: it cannot be
    read meanwhile. Neither: nobody need notice.
    """

    spoil: Callable[[FaultyBoard, float, random.Random], float]
    """Told the board, the moment and some chance, it returns for how long."""
    caught: str = ""
    state: FailureState | None = None
    cell_percent: float = 1.5


def _refuse(
    state: FailureState, board: FaultyBoard, at_s: float, rng: random.Random, *, anew: bool = False
) -> float:
    span_s = rng.choice((0.3, 2.0, 5.0, 20.0))
    board.refused.append((at_s, at_s + span_s, state))
    if anew:
        board.resets_at_s.append(at_s + span_s / 2)
    return span_s


def _reset(board: FaultyBoard, at_s: float, _: random.Random) -> float:
    board.resets_at_s.append(at_s)
    return math.inf


def _freeze(board: FaultyBoard, at_s: float, _: random.Random) -> float:
    board.frozen_from_s = at_s
    return math.inf


def _go_back(board: FaultyBoard, at_s: float, _: random.Random) -> float:
    board.backward_s = (at_s, at_s + 2.0)
    return math.inf


def _no_number(board: FaultyBoard, at_s: float, rng: random.Random) -> float:
    span_s = rng.choice((0.3, 2.0, 5.0, 20.0))
    board.senseless_s = (at_s, at_s + span_s)
    return span_s


def _slow(board: FaultyBoard, at_s: float, _: random.Random) -> float:
    board.slow_s = (at_s, at_s + 20.0)
    return 20.0


FAULTS = {
    "a board is lost and comes back": Fault(partial(_refuse, "lost"), state="lost"),
    "a board comes back with its counter at 0": Fault(
        partial(_refuse, "lost", anew=True), state="lost"
    ),
    "permission is withdrawn and given back": Fault(partial(_refuse, "denied"), state="denied"),
    "a counter begins again": Fault(_reset, caught="went back"),
    "a counter stands still": Fault(_freeze, caught="stood still"),
    "a counter goes backward": Fault(_go_back, caught="went back"),
    "figures that are no number": Fault(_no_number, state="failed"),
    "calls of 5 s": Fault(_slow, cell_percent=3.0),
}


def run(fault: Fault, times: int, _: Path) -> Iterable[Figure]:
    """Injects a fault at that many moments, each in a course of its own."""
    apart, beyond_j, neighbour, unsaid = 0.0, 0.0, 0.0, 0
    for seed in range(times):
        rng = random.Random(seed)
        course = Course(rng)
        span_s = 0.0

        def spoil(board: FaultyBoard, at_s: float, rng: random.Random = rng) -> None:
            nonlocal span_s
            span_s = fault.spoil(board, at_s, rng)

        course.run(spoil)
        course.assert_adds_up()
        neighbour = max(neighbour, *(abs(course.error(k, course.sound)) for k in range(5)))
        apart = max(apart, *(abs(course.error(k, course.faulty)) for k in (0, 3, 4)))
        beyond_j = max(beyond_j, abs(course.beyond_gaps_j(course.faulty)))
        unsaid += not _is_said(fault, course, span_s)
    return [
        lost("cells before and after, off by", 100 * apart, fault.cell_percent, "%"),
        lost("energy besides what is said to be a gap", beyond_j, LOAD_W, "J"),
        lost("cells of the board beside it, off by", 100 * neighbour, fault.cell_percent, "%"),
        none_lost("faults of which nothing is said", unsaid),
    ]


def _is_said(fault: Fault, course: Course, span_s: float) -> bool:
    """True if the account tells of it: by the gap and its reason, or by why it left the counter."""
    (source,) = [each for each in sources_of(course.kernel) if each.info.id == "gpu:faulty"]
    if source.state != "ok" or course.gaps(course.sound):
        return False
    if fault.caught:
        return fault.caught in (source.curve.caught or "")
    gaps = course.gaps(course.faulty)
    if fault.state is None or (fault.state != "lost" and span_s < _LOST_AFTER_S):
        return True
    if span_s < 1.0 and not gaps:
        return True  # Nobody came to read meanwhile.
    end_s = course.at_s + span_s
    return bool(gaps) and all(
        gap.reason and gap.to_s is not None and gap.from_s < end_s and gap.to_s > course.at_s
        for gap in gaps
    )


def run_reload(times: int, _: Path) -> Iterable[Figure]:
    """The driver of all boards is unloaded and loaded again: every counter begins at 0."""
    apart, beyond_j, unsaid = 0.0, 0.0, 0
    for seed in range(times):
        rng = random.Random(seed)
        course = Course(rng)
        span_s = rng.choice((2.0, 8.0, 30.0))

        def spoil(_: FaultyBoard, at_s: float, course: Course = course, s: float = span_s) -> None:
            for board in (course.faulty, course.sound):
                board.refused.append((at_s, at_s + s, "lost"))
                board.resets_at_s.append(at_s + s / 2)

        course.run(spoil)
        course.assert_adds_up()
        for board in (course.faulty, course.sound):
            apart = max(apart, *(abs(course.error(k, board)) for k in (0, 3, 4)))
            beyond_j = max(beyond_j, abs(course.beyond_gaps_j(board)))
            unsaid += len(course.gaps(board)) != 1
        unsaid += any(source.curve.caught is not None for source in sources_of(course.kernel))
    return [
        lost("cells before and after, off by", 100 * apart, 1.5, "%"),
        lost("energy besides what is said to be a gap", beyond_j, LOAD_W, "J"),
        none_lost("boards without their gap, or whose counter is blamed", unsaid),
    ]


def run_hot_add(times: int, _: Path) -> Iterable[Figure]:
    """A board is plugged in while the meter runs."""
    apart, before_j, unsaid = 0.0, 0.0, 0
    for seed in range(times):
        rng = random.Random(seed)
        plugged: list[FaultyBoard] = []
        course = Course(rng, watches=(lambda new=plugged: Discovery(tuple(new)),))
        course.begin()
        course.kernel.wait(rng.uniform(10.0, 60.0))
        added = FaultyBoard(course.clock, name="added", counter_phase_s=0.1 * rng.random())
        plugged.append(added)
        course.kernel.boards += (added,)
        added_s = course.clock.now_s
        course.go_on(75.0)
        course.assert_adds_up()
        boards = (course.faulty, course.sound)
        apart = max(apart, *(abs(course.error(k, board)) for k in range(5) for board in boards))
        apart = max(apart, *(abs(course.error(k, added)) for k in (3, 4)))
        by_source_j = course.kernel.meter.session_cost().by_source_j
        drawn_j = added.true_j(added_s, course.clock.now_s)
        counted_j = by_source_j["gpu:added"].value or 0.0
        # Of the time until it is seen nothing is known, and nothing is made up.
        before_j = max(before_j, counted_j - drawn_j)
        with course.kernel.meter.look() as account:
            edge = account.session.start
            first_s = account.sources["gpu:added"].curve.first_s or math.inf
            unsaid += not account.energy(edge, edge + 2)["gpu:added"].is_missing
        unsaid += not added_s <= first_s <= added_s + 61.0
    return [
        lost("cells of all boards, off by", 100 * apart, 1.5, "%"),
        lost("energy made up for the time before", before_j, 0.0, "J"),
        none_lost("boards found later than in a minute, or said to have been there", unsaid),
    ]


INJECTIONS = [
    *(
        Injection("devices", name, partial(run, fault), 4, 50, True)
        for name, fault in FAULTS.items()
    ),
    Injection("devices", "the driver is reloaded", run_reload, 4, 50, True),
    Injection("devices", "a board is plugged in", run_hot_add, 4, 50, True),
]

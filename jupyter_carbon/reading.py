"""What a source said at a moment: the one value that travels up from hardware."""

from __future__ import annotations

from typing import NamedTuple


class Reading(NamedTuple):
    """A source's answer.

    `moment_s` is the monotonic clock just before the call: the clock after it
    may include a wait for the interpreter. `until_s` is the clock after the
    call, so that what was read was true at some moment between the two.
    `counter_j` is the cumulative energy since an arbitrary beginning, `power_w`
    the power; either is None where the source has no such figure.
    """

    moment_s: float
    counter_j: float | None
    power_w: float | None
    until_s: float

"""The course of the power: the last quarter of an hour finely, the whole session in some steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jupyter_carbon.account import Account
from jupyter_carbon.reconstruct.trace import RECENT_S
from jupyter_carbon.stream.messages import Columns
from jupyter_carbon.summary.power import mean_power_w

_POINTS = 600
_SLEPT_S = 1.0
"""By so much more the wall clock goes on in a step in which the machine sleeps."""


def recent_end(account: Account) -> int:
    """The first second, on the account's clock, whose power some source cannot tell yet."""
    ends = [source.curve.recent_end for source in account.sources.values()]
    latest_s = min([account.now_s, *ends])
    begin = math.ceil(account.moment_s(account.session.start))
    return begin if not ends or latest_s < begin else math.floor(latest_s)


def recent_columns(account: Account, first: int | None, end: int) -> Columns:
    """The seconds of the last quarter of an hour, from `first` on and before `end`."""
    begin = max(math.ceil(account.moment_s(account.session.start)), end - RECENT_S)
    seconds = range(begin if first is None else max(begin, first), end)
    return _columns(
        account,
        1.0,
        seconds,
        {
            source_id: [source.curve.recent_w(second) for second in seconds]
            for source_id, source in account.sources.items()
        },
    )


def whole_columns(account: Account) -> Columns:
    """The whole session in at most some hundred steps."""
    session = account.session
    start_s, end_s = account.moment_s(session.start), account.moment_s(session.end)
    step_s = max([1.0, *(source.curve.trace_step_s for source in account.sources.values())])
    while (end_s - start_s) / step_s > _POINTS:
        step_s *= 2
    count = math.floor((end_s - start_s) / step_s)
    moments_s = [start_s + step_s * place for place in range(count + 1)]
    return _columns(
        account,
        step_s,
        moments_s[:-1],
        {
            source_id: mean_power_w(source.curve.trace(), source.curve.gaps, moments_s)
            for source_id, source in account.sources.items()
        },
    )


def _columns(
    account: Account,
    step_s: float,
    moments_s: Sequence[float],
    powers_w: dict[str, list[float | None]],
) -> Columns:
    """The steps that begin at some moments; null where the machine slept within one."""
    times_s = [account.wall_at(moment_s) for moment_s in moments_s]
    slept = {
        place
        for place, (moment_s, time_s) in enumerate(zip(moments_s, times_s, strict=True))
        if account.wall_at(moment_s + step_s) - time_s > step_s + _SLEPT_S
    }
    return {
        "step_ms": step_s * 1e3,
        "times_ms": [round(time_s * 1e3) for time_s in times_s],
        "sources": {
            source_id: [
                None if power_w is None or place in slept else round(power_w, 2)
                for place, power_w in enumerate(column)
            ]
            for source_id, column in powers_w.items()
        },
    }

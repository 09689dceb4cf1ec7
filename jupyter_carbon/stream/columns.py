"""The course of the power: the last quarter of an hour finely, the whole session in some steps."""

from __future__ import annotations

import math

from jupyter_carbon.account import Account
from jupyter_carbon.reconstruct.trace import RECENT_S
from jupyter_carbon.stream.messages import Columns
from jupyter_carbon.summary.power import mean_power_w

_POINTS = 600


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
    offset_s = _offset_s(account)
    return {
        "step_ms": 1000.0,
        "times_ms": [round((offset_s + second) * 1e3) for second in seconds],
        "sources": {
            source_id: [_rounded(source.curve.recent_w(second)) for second in seconds]
            for source_id, source in account.sources.items()
        },
    }


def whole_columns(account: Account) -> Columns:
    """The whole session in at most some hundred steps."""
    session = account.session
    start_s, end_s = account.moment_s(session.start), account.moment_s(session.end)
    step_s = max([1.0, *(source.curve.trace_step_s for source in account.sources.values())])
    while (end_s - start_s) / step_s > _POINTS:
        step_s *= 2
    count = math.floor((end_s - start_s) / step_s)
    moments_s = [start_s + step_s * place for place in range(count + 1)]
    offset_s = _offset_s(account)
    return {
        "step_ms": step_s * 1e3,
        "times_ms": [round((offset_s + moment_s) * 1e3) for moment_s in moments_s[:-1]],
        "sources": {
            source_id: [
                _rounded(power_w)
                for power_w in mean_power_w(source.curve.trace(), source.curve.gaps, moments_s)
            ]
            for source_id, source in account.sources.items()
        },
    }


def _offset_s(account: Account) -> float:
    """From the account's clock to the epoch."""
    start = account.session.start
    return account.wall_s(start, 0.0) - account.moment_s(start)


def _rounded(power_w: float | None) -> float | None:
    return None if power_w is None else round(power_w, 2)

"""A snapshot of one cell, or of the session without its cells, and the course of its power.

The course has its own function, since it changes less often than the figures.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from jupyter_carbon.account import Account
from jupyter_carbon.budget import Budget, BudgetUse
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.reconstruct.trace import RECENT_S
from jupyter_carbon.stream.columns import recent_end
from jupyter_carbon.stream.messages import Columns, Snapshot
from jupyter_carbon.stream.parts import (
    budget_part,
    budgets_part,
    cell_part,
    grid_part,
    meter_part,
    not_measured_part,
    now_part,
    session_part,
    sources_part,
    state_part,
)
from jupyter_carbon.summary.power import mean_power_w
from jupyter_carbon.units import MassUnit
from jupyter_carbon.windows import Window

STEPS = 160
"""A course has at most so many."""


def excerpt(
    meter: CarbonMeter,
    account: Account,
    window: Window | None,
    seq: int,
    *,
    budget: Budget | None = None,
    resting: bool = False,
) -> Snapshot:
    """The snapshot of a cell's run, or of the session, without the course of the power.

    Args:
        meter: the meter.
        account: its account, which the caller looks at.
        window: the cell; None: the session.
        seq: the number of the message.
        budget: the cell's; the meter lets go of it when the cell has ended.
        resting: nothing more will be told until something happens.
    """
    now_s = time.time()
    unit = meter.mass_unit
    own = None if window is None else use_of(account, window, budget, unit)
    budgets = [each for each in budgets_part(meter, account) if each["cell_key"] is None]
    return {
        "v": 1,
        "kind": "snapshot",
        "seq": seq,
        "meter": meter_part(meter, account),
        "state": state_part(account, now_s, resting=resting),
        "now": now_part(account),
        "session": session_part(account, unit, None, meter.resumable),
        "sources": sources_part(account),
        "not_measured": not_measured_part(account),
        "cells": [] if window is None else [cell_part(account, window, unit, now_s)],
        "cells_left_out": 0,
        "power": {"recent": {"step_ms": 1000.0, "times_ms": [], "sources": {}}},
        "grid": grid_part(account.rate, unit),
        "budgets": budgets if own is None else [*budgets, budget_part(own)],
        "notes": [],
    }


def use_of(
    account: Account, window: Window, budget: Budget | None, unit: MassUnit
) -> BudgetUse | None:
    """How a cell's budget stands, while it runs and after; None if it has none."""
    if budget is None:
        return None
    cost = account.cost([(window.start, window.end)])
    return budget.use(cost.energy_j, cost.co2e_g, unit=unit, cell_key=window.number)


def course(account: Account, window: Window | None) -> Columns:
    """The power over the time of a cell, or of the session, in at most `STEPS` steps.

    Steps are whole seconds, or as many of them together as it takes; where the
    time reaches further back than the seconds do, they are equal parts of it.
    """
    span = account.session if window is None else window
    start_s, end_s = account.moment_s(span.start), account.moment_s(span.end)
    offset_s = account.wall_s(account.session.start, 0.0) - account.moment_s(account.session.start)
    if account.now_s - start_s < RECENT_S:
        step_s = max(1, math.ceil((end_s - start_s) / STEPS))
        first = math.ceil(start_s)
        last = min(math.floor(end_s), recent_end(account))
        begins = range(first, last - step_s + 1, step_s)
        columns = {
            source_id: [
                _mean([source.curve.recent_w(second) for second in range(begin, begin + step_s)])
                for begin in begins
            ]
            for source_id, source in account.sources.items()
        }
        return _columns(float(step_s), [offset_s + begin for begin in begins], columns)
    step = (end_s - start_s) / STEPS
    moments_s = [start_s + step * place for place in range(STEPS + 1)]
    columns = {
        source_id: mean_power_w(source.curve.trace(), source.curve.gaps, moments_s)
        for source_id, source in account.sources.items()
    }
    return _columns(step, [offset_s + moment_s for moment_s in moments_s[:-1]], columns)


def total_w(columns: Columns) -> list[float | None]:
    """All sources together; None in steps of which no source has a figure."""
    return [_sum(step) for step in zip(*columns["sources"].values(), strict=True)]


def _columns(
    step_s: float, walls_s: list[float], sources: dict[str, list[float | None]]
) -> Columns:
    return {
        "step_ms": step_s * 1e3,
        "times_ms": [round(wall_s * 1e3) for wall_s in walls_s],
        "sources": {
            source_id: [None if power_w is None else round(power_w, 2) for power_w in column]
            for source_id, column in sources.items()
        },
    }


def _sum(powers_w: Sequence[float | None]) -> float | None:
    known_w = [power_w for power_w in powers_w if power_w is not None]
    return sum(known_w) if known_w else None


def _mean(powers_w: Sequence[float | None]) -> float | None:
    known_w = [power_w for power_w in powers_w if power_w is not None]
    return sum(known_w) / len(known_w) if known_w else None

"""What a finished cell or label cost, as the meter answers it and as observers hear it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jupyter_carbon.account import Account
from jupyter_carbon.estimate import Estimate
from jupyter_carbon.windows import Window, WindowKind, WindowStatus


@dataclass(frozen=True, slots=True)
class Figure:
    """What a cell or a label cost.

    `energy_j` is the machine's, in joules, with nested cells; `co2e_g` is in
    grams and includes PUE; `is_final` is False while the next readings may still
    move it.
    """

    kind: WindowKind
    id: str
    label: str | None
    execution_count: int | None
    status: WindowStatus
    duration_s: float
    energy_j: Estimate
    co2e_g: Estimate
    by_source_j: dict[str, Estimate]
    is_final: bool


Observer = Callable[[Figure], object]
"""What `CarbonMeter.on` takes."""


def figure_of(account: Account, window: Window) -> Figure:
    """A window's figure; all is missing if the account never heard of it (a forked child)."""
    if window.start < 0:
        duration_s, energy_j, grams = 0.0, Estimate.missing(), Estimate.missing()
        by_source_j: dict[str, Estimate] = {}
        is_final = True
    else:
        cost = account.cost([(window.start, window.end)])
        duration_s = account.duration_s(window.start, window.end)
        energy_j, grams, by_source_j = cost.energy_j, cost.co2e_g, cost.by_source_j
        is_final = account.is_final(window.end)
    return Figure(
        window.kind,
        window.id,
        window.label,
        window.execution_count,
        window.status,
        duration_s,
        energy_j,
        grams,
        by_source_j,
        is_final,
    )

"""What a session had cost before its kernel was restarted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_carbon.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Earlier:
    """The parts of a session that earlier kernels ran, as one.

    Nothing was metered between one kernel and the next: that time belongs to no
    figure, neither to an energy nor to `duration_s`.

    Args:
        id: the session's id, which is that of its first part.
        started_s: when that began, in seconds since the epoch.
        ended_s: when the last part was last heard of, likewise.
        duration_s: how long the parts lasted together.
        restarts: how often the kernel was restarted, this time included.
        cells: how many cells the parts ran.
        by_source_j: energy of each source, in joules.
        energy_j: energy of all sources, in joules.
        inside_j: what of it was drawn in cells.
        co2e_g: the CO2e of `energy_j`, in grams.
        inside_g: the CO2e of `inside_j`.
        between_j: what of `energy_j` was drawn between cells.
        between_g: the CO2e of `between_j`.
        text: what they cost, how long they lasted and until when, in words.
        documents: the summary of each part, oldest first.
    """

    id: str
    started_s: float
    ended_s: float
    duration_s: float
    restarts: int
    cells: int
    by_source_j: Mapping[str, Estimate]
    energy_j: Estimate
    inside_j: Estimate
    co2e_g: Estimate
    inside_g: Estimate
    between_j: Estimate
    between_g: Estimate
    text: str = ""
    documents: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

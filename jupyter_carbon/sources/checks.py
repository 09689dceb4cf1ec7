"""What a source hands over is checked before it is believed: anybody may write one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any, get_args

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import (
    Discovery,
    FailureState,
    NotMeasured,
    Source,
    SourceError,
    SourceInfo,
    SourceKind,
)

MAX_POWER_W = 1e7
"""Above this a power is not believed: a rack of accelerators draws some 1e5 W."""
_EARLY_S = 0.001
_KINDS = get_args(SourceKind)
_STATES = get_args(FailureState)


def checked_reading(reading: Any, now_s: float, name: str) -> Reading:
    """A reading with plain numbers in it.

    Args:
        reading: what a source called `name` gave.
        now_s: the monotonic clock after the call.
        name: of the source, for people.

    Raises:
        SourceError: if it is no reading, has no figure, or one that cannot be.
    """
    if not isinstance(reading, Reading):
        raise _senseless(name, f"{type(reading).__name__} instead of a reading")
    moment_s, until_s = _number(reading.moment_s), _number(reading.until_s)
    if moment_s is None or until_s is None or not moment_s <= until_s <= now_s + _EARLY_S:
        raise _senseless(name, "a reading of another moment than now")
    counter_j, power_w = _number(reading.counter_j), _number(reading.power_w)
    if counter_j is None and power_w is None:
        raise _senseless(name, "neither an energy nor a power that is a number")
    if power_w is not None and not 0 <= power_w <= MAX_POWER_W:
        raise _senseless(name, f"a power of {power_w:g} W, which cannot be")
    return Reading(moment_s, counter_j, power_w, until_s)


def checked_error(error: SourceError) -> SourceError:
    """The error, with a state that the meter knows."""
    if error.state in _STATES and isinstance(error.remedy, str):
        return error
    return SourceError("failed", str(error))


def checked_discovery(found: Any, known: Iterable[Source], giver: str, remedy: str) -> Discovery:
    """The sources in an entry point's answer that can be used, the others as not measured.

    Args:
        found: what the entry point `giver` returned.
        known: the sources found before: an id may not come twice.
        giver: the entry point's name.
        remedy: what the user can do about a source that cannot be used.
    """
    if not isinstance(found, Discovery):
        reason = f"The source '{giver}' gave {type(found).__name__} instead of what it found."
        return Discovery((), (NotMeasured(f"source {giver}", "other", reason, remedy),))
    taken = {source.info.id for source in known}
    sources: list[Source] = []
    missing = [part for part in found.not_measured if isinstance(part, NotMeasured)]
    for source in found.sources:
        fault = _fault(source, taken)
        if fault is None:
            taken.add(source.info.id)
            sources.append(source)
        else:
            reason = f"A source of '{giver}' cannot be used: {fault}."
            missing.append(NotMeasured(f"source {giver}", "other", reason, remedy))
    watches = tuple(watch for watch in found.watches if callable(watch))
    return Discovery(tuple(sources), tuple(missing), watches)


def _fault(source: Any, taken: set[str]) -> str | None:
    """Why a source cannot be used; None if it can."""
    try:
        info = source.info
    except Exception as error:  # noqa: BLE001  # a foreign source may raise anything
        return f"its description raised {error!r}"
    if not isinstance(info, SourceInfo):
        return "it has no description"
    if not callable(getattr(source, "read", None)) or not callable(getattr(source, "close", None)):
        return "it cannot be read and closed"
    if not all(isinstance(text, str) and text for text in (info.id, info.name)):
        return "it has no id and name"
    if info.id in taken:
        return f"another source has its id, {info.id!r}"
    if info.kind not in _KINDS or not isinstance(info.provenance, Provenance):
        return "its kind or its provenance is none that there is"
    if not (isinstance(info.host, str) and isinstance(info.note, str)):
        return "its host or its note is no text"
    low, high = _number(info.low_factor), _number(info.high_factor)
    if low is None or high is None or not 0 <= low <= 1 <= high:
        return "its range does not hold its figure"
    window_s = _number(info.power_window_s)
    step_s = 0.0 if info.counter_step_s is None else _number(info.counter_step_s)
    if window_s is None or step_s is None or window_s < 0 or step_s < 0:
        return "its averaging window or its counter's step is no time"
    return None


def _number(value: Any) -> float | None:
    """A finite number as a float; None for anything else."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _senseless(name: str, what: str) -> SourceError:
    return SourceError("failed", f"{name} gave {what}; it is asked again later.")

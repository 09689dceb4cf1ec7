"""Finding sources: every entry point in the group `jupyter_carbon.sources`, in order."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from jupyter_carbon.sources.base import Discovery, NotMeasured
from jupyter_carbon.sources.checks import checked_discovery

GROUP = "jupyter_carbon.sources"

_FIRST = ("nvml", "rapl")
_LAST = ("cpu-model", "memory-model", "unmetered")
"""These fill in for what no other source measures, so they ask last."""


def discover_all(points: Iterable[EntryPoint] | None = None) -> Discovery:
    """Asks every installed source in turn; one that fails is named as not measured.

    Args:
        points: the entry points to ask; by default those installed.
    """
    found = Discovery()
    for point in sorted(entry_points(group=GROUP) if points is None else points, key=_rank):
        remedy = f"Update or uninstall the package that brings it ({point.value})."
        try:
            answer = point.load()(found)
            found = found + checked_discovery(answer, found.sources, point.name, remedy)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a foreign source's fault
            reason = f"The source '{point.name}' could not be started: {error!r}."
            missing = NotMeasured(f"source {point.name}", "other", reason, remedy)
            found = found + Discovery(not_measured=(missing,))
    return found


def _rank(point: EntryPoint) -> tuple[int, str]:
    if point.name in _FIRST:
        return _FIRST.index(point.name), point.name
    if point.name in _LAST:
        return len(_FIRST) + 1 + _LAST.index(point.name), point.name
    return len(_FIRST), point.name

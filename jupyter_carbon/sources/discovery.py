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


def with_newcomers(found: Discovery) -> Discovery:
    """What was found, and after it the sources that have come since.

    A watch that fails has seen nothing. What was not measured and is a source now
    is no longer named as missing.

    Returns:
        `found` itself where nothing has come.
    """
    all_found = found
    for watch in found.watches:
        try:
            seen = checked_discovery(watch(), all_found.sources, "a newcomer", "")
        except (Exception, SystemExit):  # noqa: BLE001  # a foreign watch's fault
            continue
        if not seen.sources:
            continue
        names = [source.info.name for source in seen.sources]
        missing = tuple(part for part in all_found.not_measured if not _is_named(part, names))
        all_found = Discovery(all_found.sources + seen.sources, missing, all_found.watches)
    return all_found


def _is_named(part: NotMeasured, names: Iterable[str]) -> bool:
    """True if a source is the part: "GPU 0" is "GPU 0 · NVIDIA A100", too."""
    return any(name == part.name or name.startswith(f"{part.name} · ") for name in names)


def _rank(point: EntryPoint) -> tuple[int, str]:
    if point.name in _FIRST:
        return _FIRST.index(point.name), point.name
    if point.name in _LAST:
        return len(_FIRST) + 1 + _LAST.index(point.name), point.name
    return len(_FIRST), point.name

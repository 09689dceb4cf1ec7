"""The document of a session that goes on over restarts of its kernel: its parts, as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from jupyter_carbon.estimate import Estimate, total
from jupyter_carbon.summary.difference import difference
from jupyter_carbon.summary.keys import GapDict, SourceDict, SummaryDict

RESTARTED = "The kernel was restarted; nothing was counted."
_SUMS = (
    "energy_j",
    "between_cells_j",
    "co2e_g",
    "in_cells_j",
    "in_cells_co2e_g",
    "between_cells_co2e_g",
)


def continued(parts: Sequence[Mapping[str, Any]], newest: SummaryDict) -> SummaryDict:
    """The document of all parts of a session; its id and beginning are the first one's.

    Figures add up; the time between two kernels is a gap. The course of the power is
    the newest part's only.

    Args:
        parts: the documents of the earlier parts, oldest first.
        newest: that of the part that runs, or ran last.
    """
    documents: list[Mapping[str, Any]] = [*parts, newest]
    sessions = [document["session"] for document in documents]
    session = {**newest["session"], "id": sessions[0]["id"], "started": sessions[0]["started"]}
    session["duration_s"] = sum(each["duration_s"] for each in sessions)
    for key in _SUMS:
        if all(each.get(key) is not None for each in sessions):
            session[key] = _sum(each[key] for each in sessions)
    session["gaps"] = _gaps(sessions)
    return {
        **newest,
        "session": cast(Any, session),
        "sources": _sources(documents),
        "cells": [cell for document in documents for cell in document["cells"]],
        "labels": [label for document in documents for label in document["labels"]],
        "grid": [rate for document in documents for rate in document["grid"]],
        "notes": [
            _note(len(parts)),
            *dict.fromkeys(note for document in documents for note in document["notes"]),
        ],
    }


def _note(restarts: int) -> str:
    often = "once" if restarts == 1 else f"{restarts} times"
    return f"The kernel was restarted {often} in this session; what came before is the ledger's."


def _gaps(sessions: Sequence[Mapping[str, Any]]) -> list[GapDict]:
    """Those of each part, and between them the restarts."""
    found: list[GapDict] = list(sessions[0].get("gaps", []))
    for before, after in pairwise(sessions):
        found.append({"from": before["ended"], "to": after["started"], "reason": RESTARTED})
        found += after.get("gaps", [])
    return found


def _sources(documents: Sequence[Mapping[str, Any]]) -> list[SourceDict]:
    """Each source once, as its newest part describes it."""
    found: dict[str, Any] = {}
    for document in documents:
        for source in document["sources"]:
            before = found.get(source["id"])
            between = source.get("between_cells_j") or _between(document, source)
            whole = {**source, "between_cells_j": between}
            if before is not None:
                for key in ("energy_j", "between_cells_j"):
                    whole[key] = _sum((before[key], whole[key]))
            found[source["id"]] = whole
    return list(found.values())


def _between(document: Mapping[str, Any], source: Mapping[str, Any]) -> Mapping[str, Any]:
    """A source's energy outside of the cells of a part, whose document does not say it."""
    id_ = source["id"]
    in_cells = [cell["sources"][id_] for cell in document["cells"] if id_ in cell["sources"]]
    inside_j = total(map(Estimate.from_dict, in_cells))
    return difference(Estimate.from_dict(source["energy_j"]), inside_j).as_dict()


def _sum(parts: Iterable[Any]) -> Any:
    return total(map(Estimate.from_dict, parts)).as_dict()

"""What a front end may ask: commands are checked, carried out, and answered with a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jupyter_carbon.budget import BudgetError, standing
from jupyter_carbon.carbon import CarbonError
from jupyter_carbon.grid.place import UnknownPlace
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.recording.resume import ResumeError, resume
from jupyter_carbon.stream.messages import VERSION, History, Place
from jupyter_carbon.stream.pace import RATES
from jupyter_carbon.stream.past import MOST_DAYS, has_history, history_part
from jupyter_carbon.summary.plain import well_formed
from jupyter_carbon.units import intensity_text, quoted

_LONGEST_ID = 200
_LONGEST_TEXT = 200
_MOST_PLACES = 12


class Command(NamedTuple):
    """A command that is well formed."""

    id: str
    name: str
    args: Mapping[str, Any]


class Answer(NamedTuple):
    """What comes back."""

    ok: bool
    text: str
    places: list[Place] | None = None
    history: History | None = None


class CommandError(ValueError):
    """A message that is no command, or a command that cannot be followed.

    The message is a sentence for the user; `id` is the command's if it has one.
    """

    def __init__(self, message: str, id_: str | None = None) -> None:
        super().__init__(message)
        self.id = id_


def parse(data: object) -> Command:
    """Reads a message from a front end; keys that are not known are left alone.

    Raises:
        CommandError: if it is no command.
    """
    if not isinstance(data, Mapping):
        raise CommandError("The meter was sent something that is no message; nothing has changed.")
    id_ = data.get("id")
    if not isinstance(id_, str) or len(id_) > _LONGEST_ID or id_ != well_formed(id_):
        raise CommandError("The meter was sent a command without an id; nothing has changed.")
    if not is_version(data.get("v")):
        raise CommandError(
            "The page and the meter in the kernel are of versions that do not fit together;"
            " reload the page, and restart the kernel if that does not help.",
            id_,
        )
    name, args = data.get("name"), data.get("args")
    if data.get("kind") != "command" or not isinstance(name, str) or name not in _CHECKS:
        what = quoted(name) if isinstance(name, str) else "a command without a name"
        raise CommandError(f"The meter knows no such command: {what}. Nothing has changed.", id_)
    if not isinstance(args, Mapping):
        raise CommandError(f"The command {name} came without arguments; nothing has changed.", id_)
    for key, (check, is_needed) in _CHECKS[name].items():
        if key not in args:
            if is_needed:
                raise CommandError(f"The command {name} lacks {key!r}; nothing has changed.", id_)
        elif not check(args[key]):
            raise CommandError(
                f"The command {name} cannot have that value of {key!r}; nothing has changed.", id_
            )
    return Command(id_, name, args)


def is_version(v: object) -> bool:
    """True for the version that is spoken here."""
    return isinstance(v, (int, float)) and not isinstance(v, bool) and v == VERSION


def carry_out(meter: CarbonMeter, command: Command) -> Answer:
    """Does what a command asks of the meter; `refresh` and `watch` are the stream's own.

    Raises:
        CommandError: if it cannot be; nothing has changed then.
    """
    try:
        return _ACTIONS[command.name](meter, command.args)
    except (UnknownPlace, CarbonError, BudgetError, ResumeError) as error:
        raise CommandError(str(error), command.id) from None


def _pause(meter: CarbonMeter, _args: Mapping[str, Any]) -> Answer:
    if meter.pause():
        return Answer(True, "The meter is paused: nothing is counted until it is resumed.")
    return Answer(True, "The meter was paused already.")


def _resume(meter: CarbonMeter, _args: Mapping[str, Any]) -> Answer:
    if meter.resume():
        return Answer(True, "The meter counts again.")
    return Answer(True, "The meter was not paused; it goes on counting.")


def _reset(meter: CarbonMeter, _args: Mapping[str, Any]) -> Answer:
    meter.reset()
    return Answer(True, "A new session has begun.")


def _resume_session(meter: CarbonMeter, _args: Mapping[str, Any]) -> Answer:
    return Answer(True, resume(meter))


def _region(meter: CarbonMeter, args: Mapping[str, Any]) -> Answer:
    everything = args.get("everything", False)
    intensity = meter.set_region(args["place"], everything=everything)
    text = intensity_text(intensity.g_per_kwh, meter.mass_unit)
    return Answer(True, f"CO2e of {_span(everything)} is counted at {text}: {intensity.place}.")


def _pue(meter: CarbonMeter, args: Mapping[str, Any]) -> Answer:
    everything = args.get("everything", False)
    pue = float(args["pue"])
    meter.set_pue(pue, everything=everything)
    return Answer(True, f"CO2e of {_span(everything)} is counted with a PUE of {pue:g}.")


def _budget(meter: CarbonMeter, args: Mapping[str, Any]) -> Answer:
    meter.set_budget(args["limit"], stops=args.get("stop", False))
    for use in meter.budgets:
        if use.scope == "session":
            return Answer(True, f"The session's budget: {standing(use)}.")
    return Answer(True, "The session has no budget.")


def _places(meter: CarbonMeter, args: Mapping[str, Any]) -> Answer:
    """Places whose name or code fits, the best first."""
    query = args["query"].strip()
    names = _known(meter, "names")
    wanted = query.casefold()
    candidates = [query] if query else []
    candidates += [name for name in names if name.casefold().startswith(wanted)]
    candidates += [name for name in names if wanted in name.casefold()]
    found: dict[str, Place] = {}
    for candidate in candidates:
        if len(found) >= _MOST_PLACES:
            break
        try:
            intensity = meter.lookup.find(candidate)
        except UnknownPlace as error:
            if candidate is query:
                candidates += error.suggestions
            continue
        found.setdefault(
            intensity.code,
            {
                "code": intensity.code,
                "name": intensity.place,
                "intensity": intensity_text(intensity.g_per_kwh, meter.mass_unit),
            },
        )
    text = "" if found else f"No place is called {quoted(query)}."
    return Answer(True, text, list(found.values()))


def _history(meter: CarbonMeter, args: Mapping[str, Any]) -> Answer:
    """Reads the disk: not for a thread that somebody waits for."""
    from jupyter_carbon.ledger.errors import LedgerError  # brings SQLite

    if not has_history(meter.ledger):
        return Answer(False, "No ledger is kept on the disk, as the setting `ledger` says.")
    try:
        return Answer(True, "", history=history_part(meter.ledger, args["days"], meter.mass_unit))
    except (LedgerError, OSError, RuntimeError) as error:
        return Answer(False, str(error))


def _known(meter: CarbonMeter, kind: str) -> tuple[str, ...]:
    tell: Callable[[], tuple[str, ...]] | None = getattr(meter.lookup, kind, None)
    return () if tell is None else tell()


def _span(everything: bool) -> str:
    return "the whole session" if everything else "what follows"


_ACTIONS: dict[str, Callable[[CarbonMeter, Mapping[str, Any]], Answer]] = {
    "pause": _pause,
    "resume": _resume,
    "reset": _reset,
    "resume_session": _resume_session,
    "region": _region,
    "pue": _pue,
    "budget": _budget,
    "places": _places,
    "history": _history,
}
SLOW = frozenset({"history"})
"""Commands that wait for the disk."""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_text_or_null(value: object) -> bool:
    return value is None or _is_text(value)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    # A JSON number may be an integer too large for a float.
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) < 1e9
        and math.isfinite(value)
    )


def _is_days(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_DAYS


def _is_rate(value: object) -> bool:
    return isinstance(value, str) and value in RATES


_Check = Callable[[object], bool]
_EVERYTHING: tuple[_Check, bool] = (_is_truth, False)
_CHECKS: dict[str, dict[str, tuple[_Check, bool]]] = {
    "refresh": {},
    "watch": {"rate": (_is_rate, True)},
    "pause": {},
    "resume": {},
    "reset": {},
    "resume_session": {},
    "region": {"place": (_is_text, True), "everything": _EVERYTHING},
    "pue": {"pue": (_is_number, True), "everything": _EVERYTHING},
    "budget": {"limit": (_is_text_or_null, True), "stop": (_is_truth, False)},
    "places": {"query": (_is_text, True)},
    "history": {"days": (_is_days, True)},
}
"""Of each command's arguments: what they may be, and whether they are needed."""

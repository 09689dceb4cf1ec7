"""What a user can set, where, and what wins.

Configuration (`c.CarbonMeter.region = "DE"`), then the environment
(`JUPYTER_CARBON_REGION=DE`), then the options and commands of the magics, in
rising precedence. A value that cannot be is reported in a sentence, and what
would hold without it is used.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from traitlets import Bool, Enum, Float, TraitError, Unicode
from traitlets.config import Config, Configurable
from traitlets.config.loader import DeferredConfig

from jupyter_carbon.units import MassUnit, quoted

PREFIX = "JUPYTER_CARBON_"
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class MeterSettings(Configurable):
    """The meter's settings; each has an environment variable of the same name in capitals.

    They are read when a meter is made. `region`, `pue` and `budget` can be set after that, too,
    and then apply from that moment on, as by the meter's methods; so can `project`, which then
    holds for the whole session.
    What a program gives by keyword comes before the environment.
    """

    region = Unicode(
        "", help="The place whose carbon intensity applies, such as DE or Germany; empty: world."
    ).tag(config=True)
    pue = Float(
        1.0, help="Power usage effectiveness: the building's energy over the machines', 1 to 10."
    ).tag(config=True)
    idle_interval_s = Float(
        1.0, help="Seconds between readings while no cell runs, 0.05 to 60."
    ).tag(config=True)
    busy_interval_s = Float(
        0.1, help="Seconds between readings while a cell runs, 0.01 to 10."
    ).tag(config=True)
    synchronize = Bool(
        True, help="Wait at a cell's end for GPU work of torch, cupy or jax, if they are in use."
    ).tag(config=True)
    rest_after_s = Float(
        60.0,
        help="Seconds without a cell after which surfaces are told nothing more until the next"
        " one, 1 to 86400.",
    ).tag(config=True)
    budget = Unicode(
        "", help="So much a session may use, such as 0.5kWh or 200gCO2e; empty: no budget."
    ).tag(config=True)
    budget_stops = Bool(
        False, help="End the run with a BudgetExceeded when the session's budget is used up."
    ).tag(config=True)
    co2e_unit = Enum(("kg", "lb"), "kg", help="The unit of CO2e: kg (metric) or lb.").tag(
        config=True
    )
    project = Unicode(
        "", help="What sessions are grouped under, such as a paper's name; empty: nothing."
    ).tag(config=True)
    ledger = Unicode(
        "",
        help="Where sessions are kept: a path, :memory: or off; empty: your data folder.",
    ).tag(config=True)
    resume_session = Bool(
        False, help="Go on with the notebook's earlier session when its kernel was restarted."
    ).tag(config=True)
    ledger_keep_code = Bool(
        False, help="Keep the code of cells in the ledger, too, not only a hash of it."
    ).tag(config=True)
    ledger_trace_days = Float(
        90.0,
        help="Days after which the ledger lets go of a session's course of power, 0 to 36500;"
        " totals stay.",
    ).tag(config=True)

    def __init__(self, *, environ: Mapping[str, str] = os.environ, **kwargs: Any) -> None:
        self.complaints: list[str] = []
        """Sentences on what could not be followed, and on what went wrong."""
        parent = kwargs.pop("parent", None)
        config = kwargs.pop("config", None)
        super().__init__()
        if config is None and parent is not None:
            config = parent.config
        if isinstance(config, Config):
            self._follow_config(config)
        self._follow_environment(environ)
        for name, value in kwargs.items():
            if name not in self.traits(config=True):
                raise TypeError(f"{type(self).__name__} has no setting {name!r}")
            self._set(name, value, name)

    @property
    def mass_unit(self) -> MassUnit:
        """The unit that CO2e is shown in."""
        return "lb" if self.co2e_unit == "lb" else "kg"

    def _follow_config(self, config: Config) -> None:
        """Sets what the configuration says, one setting at a time, so that one fault stays one."""
        for section in self.section_names():
            if section not in config:
                continue
            for name, value in config[section].items():
                where = f"c.{section}.{name}"
                if name not in self.traits(config=True):
                    self._refuse(where, "is no setting of the meter and is not used.")
                    continue
                self._set(name, value, where)

    def _follow_environment(self, environ: Mapping[str, str]) -> None:
        for name, parse in _PARSERS.items():
            text = environ.get(PREFIX + name.upper(), "").strip()
            if not text:
                continue
            try:
                value = parse(text)
            except ValueError:
                value = text
            self._set(name, value, PREFIX + name.upper())

    def _set(self, name: str, value: Any, where: str) -> None:
        """Sets one value, or says why it is not used."""
        before = getattr(self, name)
        trait = self.traits()[name]
        try:
            if isinstance(value, DeferredConfig):
                value = value.get_value(trait)
            setattr(self, name, value)
        except (TraitError, ValueError):
            self._refuse(
                where,
                f"is {quoted(str(value))}, which it cannot be; the meter uses {before!r}."
                f" {trait.help}",
            )
            return
        if name in _LIMITS and not self._is_within(name):
            setattr(self, name, before)
            low, high = _LIMITS[name]
            self._refuse(
                where, f"is {value:g}, not between {low:g} and {high:g}; the meter uses {before:g}."
            )

    def _is_within(self, name: str) -> bool:
        value = getattr(self, name)
        low, high = _LIMITS[name]
        return math.isfinite(value) and low <= value <= high

    def _refuse(self, where: str, why: str) -> None:
        self.complaints.append(f"{where} {why}")


def _boolean(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError(text)


_LIMITS = {
    "pue": (1.0, 10.0),
    "idle_interval_s": (0.05, 60.0),
    "busy_interval_s": (0.01, 10.0),
    "rest_after_s": (1.0, 86_400.0),
    "ledger_trace_days": (0.0, 36_500.0),
}
_PARSERS: dict[str, Callable[[str], object]] = {
    "region": str,
    "pue": float,
    "idle_interval_s": float,
    "busy_interval_s": float,
    "synchronize": _boolean,
    "budget": str,
    "budget_stops": _boolean,
    "rest_after_s": float,
    "co2e_unit": str.lower,
    "project": str,
    "ledger": str,
    "resume_session": _boolean,
    "ledger_keep_code": _boolean,
    "ledger_trace_days": float,
}

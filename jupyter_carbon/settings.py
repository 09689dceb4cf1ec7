"""What a user can set, where, and what wins.

Configuration (`c.CarbonMeter.region = "DE"`), then the environment
(`JUPYTER_CARBON_REGION=DE`), then the options of a magic, in rising precedence.
A value that cannot be is reported in a sentence and its default is used.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from traitlets import Bool, Enum, Float, Unicode
from traitlets.config import Configurable

from jupyter_carbon.units import MassUnit

PREFIX = "JUPYTER_CARBON_"
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class MeterSettings(Configurable):
    """The meter's settings; each has an environment variable of the same name in capitals."""

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
    co2e_unit = Enum(("kg", "lb"), "kg", help="Metric masses or pounds.").tag(config=True)

    def __init__(self, *, environ: Mapping[str, str] = os.environ, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.complaints: list[str] = []
        """Sentences on settings that could not be followed."""
        self._read_environment(environ)
        self._within("pue", 1.0, 10.0)
        self._within("idle_interval_s", 0.05, 60.0)
        self._within("busy_interval_s", 0.01, 10.0)

    @property
    def mass_unit(self) -> MassUnit:
        """The unit that CO2e is shown in."""
        return "lb" if self.co2e_unit == "lb" else "kg"

    def _read_environment(self, environ: Mapping[str, str]) -> None:
        parsers: dict[str, Callable[[str], object]] = {
            "region": str.strip,
            "pue": float,
            "idle_interval_s": float,
            "busy_interval_s": float,
            "synchronize": _boolean,
            "co2e_unit": _unit,
        }
        for name, parse in parsers.items():
            text = environ.get(PREFIX + name.upper())
            if text is None or not text.strip():
                continue
            try:
                setattr(self, name, parse(text.strip()))
            except ValueError:
                self.complaints.append(
                    f"{PREFIX}{name.upper()} is {text.strip()[:40]!r}, which is not a value it can"
                    f" have; the meter uses {getattr(self, name)!r}. {self.traits()[name].help}"
                )

    def _within(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if math.isfinite(value) and low <= value <= high:
            return
        default = self.traits()[name].default_value
        setattr(self, name, default)
        self.complaints.append(
            f"{name} is {value:g}, which is not between {low:g} and {high:g};"
            f" the meter uses {default:g}."
        )


def _boolean(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError(text)


def _unit(text: str) -> str:
    if text.lower() not in ("kg", "lb"):
        raise ValueError(text)
    return text.lower()

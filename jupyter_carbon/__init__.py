"""The energy and carbon meter for notebooks: every cell has its kWh and CO2e.

In a notebook `%load_ext jupyter_carbon` is all there is to do. In a script::

    from jupyter_carbon import measure

    with measure("train") as training:
        ...
    print(training.energy_j)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_carbon.budget import BudgetExceeded
    from jupyter_carbon.default import get_meter, measure
    from jupyter_carbon.estimate import Estimate, Provenance
    from jupyter_carbon.figure import Figure
    from jupyter_carbon.meter import CarbonMeter

__all__ = [
    "BudgetExceeded",
    "CarbonMeter",
    "Estimate",
    "Figure",
    "Provenance",
    "get_meter",
    "load_ipython_extension",
    "measure",
    "unload_ipython_extension",
]

_HOMES = {
    "BudgetExceeded": "jupyter_carbon.budget",
    "CarbonMeter": "jupyter_carbon.meter",
    "Estimate": "jupyter_carbon.estimate",
    "Figure": "jupyter_carbon.figure",
    "Provenance": "jupyter_carbon.estimate",
    "get_meter": "jupyter_carbon.default",
    "measure": "jupyter_carbon.default",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for: importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jupyter_carbon' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """IPython's entry for `%load_ext jupyter_carbon`."""
    from jupyter_carbon.kernel.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """IPython's entry for `%unload_ext jupyter_carbon`."""
    from jupyter_carbon.kernel.extension import unload

    unload(ipython)

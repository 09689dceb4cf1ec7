"""The few public names, and how light they are to import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

import jupyter_carbon


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    assert jupyter_carbon.__all__ == sorted(jupyter_carbon.__all__)
    for name in jupyter_carbon.__all__:
        thing = getattr(jupyter_carbon, name)
        assert inspect.getdoc(thing), name
        assert name in dir(jupyter_carbon)


def test_names_that_are_not_there_are_refused_as_ever() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jupyter_carbon.nothing
    assert not hasattr(jupyter_carbon, "_other")


def _modules(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    names: list[str] = json.loads(run.stdout)
    return set(names)


def test_importing_the_package_imports_nothing_else() -> None:
    added = _modules("import jupyter_carbon") - _modules("")
    assert "jupyter_carbon" in added
    assert not any(name.startswith("jupyter_carbon.") for name in added)
    # What an editable installation's finder brings is not the package's doing.
    assert len(added) < 10


def test_importing_every_public_name_imports_little() -> None:
    names = ", ".join(jupyter_carbon.__all__)
    added = _modules(f"from jupyter_carbon import {names}")
    roots = {name.partition(".")[0] for name in added}
    assert "jupyter_carbon" in roots
    heavy = {"IPython", "numpy", "pandas", "requests", "pynvml", "psutil", "asyncio", "ssl"}
    assert not roots & heavy


def test_the_public_methods_of_the_meter_have_docstrings_and_types() -> None:
    meter: Any = jupyter_carbon.CarbonMeter
    for name, member in vars(meter).items():
        if name.startswith("_") or not callable(member):
            continue
        assert inspect.getdoc(member), name
        assert "return" in member.__annotations__, name

"""What `%load_ext jupyter_carbon` costs a kernel: time, memory, modules."""

from __future__ import annotations

import asyncio
import compileall
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.child import ROOT, boards
from tests.accuracy.figure import Figure
from tests.accuracy.stick import execute, kernel

LOAD_MS = 100.0
IMPORT_MS = 60.0
MEMORY_MIB = 15.0
_RUNS = 7
_FORBIDDEN = (
    *("bokeh", "pandas", "torch", "sklearn", "numpy", "scipy", "anywidget", "ipywidgets"),
    *("requests", "httpx", "urllib3", "aiohttp", "http.client", "urllib.request"),
)

_BEFORE = """
import gc, json, os, sys, time
def memory_mib():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
found = {}
"""
_WARM = "memory_mib()"
_LOAD = """
modules, found["before_mib"] = set(sys.modules), memory_mib()
wall_s, cpu_s = time.perf_counter(), time.process_time()
get_ipython().run_line_magic("load_ext", "jupyter_carbon")
found["wall_ms"] = 1e3 * (time.perf_counter() - wall_s)
found["cpu_ms"] = 1e3 * (time.process_time() - cpu_s)
"""
_AFTER = 'found["after_mib"] = memory_mib()'
_SAVE = """
found["used_mib"] = memory_mib()
found["settled_cpu_ms"] = 1e3 * (time.process_time() - cpu_s)
found["modules"] = sorted(set(sys.modules) - modules)
with open({path!r}, "w") as file:
    json.dump(found, file)
"""

_IMPORT = """
import json, time
{first}
wall_s, cpu_s = time.perf_counter(), time.process_time()
{then}
print(json.dumps([1e3 * (time.perf_counter() - wall_s), 1e3 * (time.process_time() - cpu_s)]))
"""
_IN_A_KERNEL = "import ipykernel.ipkernel, IPython.core.interactiveshell"
_PACKAGE = "import jupyter_carbon"
_EVERYTHING = (
    "import jupyter_carbon.kernel.extension\n"
    "for name in jupyter_carbon.__all__: getattr(jupyter_carbon, name)"
)


def figures() -> list[Figure]:
    """Medians over some fresh kernels and processes, of a package compiled as pip leaves it."""
    compileall.compile_dir(ROOT / "jupyter_carbon", quiet=1)
    runs = [_in_a_kernel() for _ in range(_RUNS)]

    def median(key: str) -> float:
        return float(statistics.median(run[key] for run in runs))

    forbidden = {name for run in runs for name in run["modules"] if name in _FORBIDDEN}
    loaded = statistics.median(run["after_mib"] - run["before_mib"] for run in runs)
    used = statistics.median(run["used_mib"] - run["before_mib"] for run in runs)
    bare_ms, _ = _import("", _PACKAGE)
    script_ms, _ = _import("", _EVERYTHING)
    wall_ms, cpu_ms = _import(_IN_A_KERNEL, _EVERYTHING)
    return [
        Figure("%load_ext, wall", median("wall_ms"), LOAD_MS, "ms"),
        Figure("%load_ext, CPU", median("cpu_ms"), LOAD_MS, "ms"),
        Figure("import jupyter_carbon, bare Python", bare_ms, IMPORT_MS, "ms"),
        Figure("import of all of it, IPython loaded, wall", wall_ms, IMPORT_MS, "ms"),
        Figure("import of all of it, IPython loaded, CPU", cpu_ms, IMPORT_MS, "ms"),
        Figure("import of all of it, bare Python, with dependencies", script_ms, None, "ms"),
        Figure(
            "CPU until sources are found and 20 cells have run",
            median("settled_cpu_ms"),
            None,
            "ms",
        ),
        Figure("forbidden modules imported", len(forbidden), 0, ", ".join(sorted(forbidden))),
        Figure("memory, 2 s after loading", loaded, MEMORY_MIB, "MiB"),
        Figure("memory, after 20 cells and a summary", used, MEMORY_MIB, "MiB"),
    ]


def _import(first: str, then: str) -> tuple[float, float]:
    """Median wall and CPU time of an import in fresh interpreters, in milliseconds."""
    code = _IMPORT.format(first=first, then=then)
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(_RUNS)
    ]
    return statistics.median(f[0] for f in found), statistics.median(f[1] for f in found)


def _in_a_kernel() -> dict[str, Any]:
    return asyncio.run(_load_in_a_kernel())


async def _load_in_a_kernel() -> dict[str, Any]:
    with boards(1) as gpu, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        async with kernel(gpu, Path(folder)) as client:
            for code in (_BEFORE, _WARM, _LOAD):
                await execute(client, code)
            await asyncio.sleep(2.0)
            await execute(client, _AFTER)
            for _ in range(20):
                await execute(client, "pass")
            await execute(client, "%carbon status")
            await execute(client, f"%carbon export {Path(folder) / 'summary.json'}")
            await execute(client, _SAVE.format(path=str(path)))
        found: dict[str, Any] = json.loads(path.read_text())
        return found

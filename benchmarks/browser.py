"""What the meter costs a page, in a real JupyterLab and a real Chromium.

Sixteen sources (fourteen stand-in boards, processor, memory) and 2,000 cells
that have run; what is measured lasts a minute and not twenty, at the rate of a
running cell. The page's clock and the kernel's are the same machine's.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession

from benchmarks.child import answer, boards
from tests.accuracy.figure import Figure
from tests.browser.chromium import browser
from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tests.browser.start import MOST_KB, loaded_at_start

MEDIAN_MS, P95_MS = 150.0, 300.0
OPEN_PERCENT, CLOSED_PERCENT = 3.0, 0.5
MEMORY_MB = 5.0
OPENING = 1.1
_BOARDS = 14
_CELLS = 2000
_SPAN_S = 20.0
_WATCHED_S = 60.0
_OPENINGS = 6
_EXTENSION = "jupyter-carbon"

_LISTEN = """
(() => {
  const waiting = [];
  window.carbonDelays = [];
  const decoder = new TextDecoder('utf-8', { fatal: false });
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', ({ data }) => {
        const text = typeof data === 'string' ? data : decoder.decode(data);
        if (!/"kind": ?"tick"/.test(text)) return;
        const told = /"time_ms": ?([0-9.]+)/.exec(text);
        if (told) waiting.push(Number(told[1]));
      });
    }
  };
  const watch = () => {
    const node = document.querySelector('#jupyter-carbon .jp-carbon-main');
    if (!node) { setTimeout(watch, 200); return; }
    new MutationObserver(() => {
      const told = waiting.splice(0);
      if (told.length === 0) return;
      // A task that follows a frame comes after that frame has been painted.
      requestAnimationFrame(() => setTimeout(() => {
        for (const at of told) window.carbonDelays.push(Date.now() - at);
      }));
    }).observe(node, { subtree: true, childList: true, characterData: true });
  };
  watch();
})();
"""
"""Notes when a tick was told by the kernel, and when what it changed had been painted.

A tick that changes no word of the panel is counted when the next one does: late, never early.
"""
_MANY = f"""
shell = get_ipython()
for number in range({_CELLS}):
    shell.run_cell("pass")
"""
_SLEEP = "import time; time.sleep({})"
_WORK = """
import time
from tests.standin.nvml import Standin
gpu = Standin.attach()
for board in range({boards}):
    gpu.load(board, 300.0 + board)
time.sleep({span})
"""


def figures() -> list[Figure]:
    """Measures in a process of its own: the browser's driver keeps an event loop."""
    found = answer("benchmarks.browser")
    base = found["main_percent"]["no meter"]
    shown = f"{_BOARDS + 2} sources, {_CELLS:,} cells"
    opened = found["main_percent"]["panel open"] - base
    closed = found["main_percent"]["panel closed"] - base
    return [
        Figure("tick to painted figure: median", found["delay_ms"][0], MEDIAN_MS, "ms"),
        Figure("tick to painted figure: p95", found["delay_ms"][1], P95_MS, "ms"),
        Figure("tick to painted figure: ticks", found["delay_ms"][2], None, ""),
        Figure(f"main thread, {shown}, panel open", opened, OPEN_PERCENT, "% of a core"),
        Figure(f"main thread, {shown}, panel closed", closed, CLOSED_PERCENT, "% of a core"),
        Figure("main thread, the page without a meter", base, None, "% of a core"),
        Figure(f"page's memory, after {_WATCHED_S:g} s more", found["grown_mb"], MEMORY_MB, "MB"),
        Figure("what the sidebar loads at start, gzipped", found["start_kb"], MOST_KB, "kB"),
        Figure("opening a notebook, with / without", found["opening"], OPENING, ""),
    ]


def main() -> None:
    """Prints what was found, as JSON."""
    with tempfile.TemporaryDirectory() as name, boards(_BOARDS) as gpu, browser() as chrome:
        folder = Path(name)
        environment = gpu.environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
        with_it = _started(LabServer(folder / "with", environment))
        plain = LabServer(folder / "without", environment)
        plain.disable(_EXTENSION)
        without = _started(plain)
        try:
            found: dict[str, Any] = {"opening": _opening(chrome, with_it, without)}
            found |= {"start_kb": sum(loaded_at_start(chrome, with_it).values())}
            found |= _watched(chrome, with_it)
        finally:
            with_it.stop()
            without.stop()
    sys.stdout.write(json.dumps(found) + "\n")


def _started(server: LabServer) -> LabServer:
    server.start()
    return server


def _opening(chrome: Browser, with_it: LabServer, without: LabServer) -> float:
    """The time until a notebook's cells are there, as a ratio of medians; they take turns."""
    times_s: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(_OPENINGS + 1):
        for name, server in (("with", with_it), ("without", without)):
            notebook = server.notebook(f"opening-{number}.ipynb", ["a = 1"] * 20)
            context = chrome.new_context()
            lab = Lab(context, server)
            begin_s = time.perf_counter()
            lab.visit(notebook)
            if number:  # the first one warms the server up
                times_s[name].append(time.perf_counter() - begin_s)
            context.close()
            server.shut_kernels()
    return statistics.median(times_s["with"]) / statistics.median(times_s["without"])


def _watched(chrome: Browser, server: LabServer) -> dict[str, Any]:
    """Delays, the main thread's time and the growth of the page's memory, while a cell runs."""
    context = chrome.new_context(viewport={"width": 1400, "height": 900})
    lab = Lab(context, server)
    span_s = 5 * _SPAN_S + _WATCHED_S + 60
    cells = [_SLEEP.format(_SPAN_S + 10), _MANY, _WORK.format(boards=_BOARDS, span=span_s)]
    notebook = server.notebook("watched.ipynb", cells)
    lab.open(notebook)
    session = context.new_cdp_session(lab.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    percent = {}
    lab.start(0)
    time.sleep(2.0)
    percent["no meter"] = _main_percent(session)
    lab.finish(60_000)
    lab.load()
    lab.run(1, 120_000)
    lab.start(2)
    lab.wait_power(1000.0, 100_000.0)
    time.sleep(5.0)
    percent["panel open"] = _main_percent(session)
    before_mb = _heap_mb(session)
    time.sleep(_WATCHED_S)
    grown_mb = _heap_mb(session) - before_mb
    lab.command("application:toggle-right-area")
    time.sleep(3.0)
    percent["panel closed"] = _main_percent(session)
    context.close()
    delays_ms = _delays_ms(chrome, server, notebook)
    server.shut_kernels()
    if not delays_ms:
        raise RuntimeError("No tick was painted.")
    p95_ms = delays_ms[int(0.95 * (len(delays_ms) - 1))]
    return {
        "main_percent": percent,
        "delay_ms": (statistics.median(delays_ms), p95_ms, len(delays_ms)),
        "grown_mb": grown_mb,
    }


def _delays_ms(chrome: Browser, server: LabServer, notebook: str) -> list[float]:
    """From a tick in the kernel to the painted figure, in another page that listens for both."""
    context = chrome.new_context(viewport={"width": 1400, "height": 900})
    lab = Lab(context, server)
    lab.page.add_init_script(_LISTEN)
    lab.visit(notebook)
    lab.show_panel()
    lab.wait_live()
    time.sleep(5.0)
    lab.page.evaluate("() => { window.carbonDelays.length = 0; }")
    time.sleep(2 * _SPAN_S)
    delays_ms: list[float] = sorted(lab.page.evaluate("() => window.carbonDelays"))
    context.close()
    return delays_ms


def _main_percent(session: CDPSession) -> float:
    """The share of a core that tasks of the page's main thread take, in CPU time."""
    begin_s, busy_s = time.perf_counter(), _metric(session, "TaskDuration")
    time.sleep(_SPAN_S)
    return 100 * (_metric(session, "TaskDuration") - busy_s) / (time.perf_counter() - begin_s)


def _heap_mb(session: CDPSession) -> float:
    """What the page's objects take once those that nobody holds are gone."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return _metric(session, "JSHeapUsedSize") / 1e6


def _metric(session: CDPSession, name: str) -> float:
    found: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in found if metric["name"] == name))


if __name__ == "__main__":
    main()

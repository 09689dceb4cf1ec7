"""Budgets in a real kernel: told once, stopped in the very cell, and nothing leaks out of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kernel.real_kernel import Ran, RealKernel, real_kernel
from tests.standin.nvml import Standin

ENDLESS = {
    "a loop": "while True: pass",
    "a loop that sleeps": "import time\nwhile True: time.sleep(0.01)",
    "functions and comprehensions": (
        "def work(n):\n    return [i * i for i in range(n)]\nwhile True: work(1000)"
    ),
    "a loop within a measured function": (
        "from jupyter_carbon import measure\n"
        "@measure('work')\n"
        "def work():\n"
        "    while True: pass\n"
        "work()"
    ),
    "a loop that prints": "import time\nwhile True: print('.', end=''); time.sleep(0.001)",
    "a magic's body": "%%timeit -n 1 -r 1\nwhile True: pass",
    "a loop that awaits": "import asyncio\nwhile True: await asyncio.sleep(0.01)",
    "one long wait": "import asyncio\nawait asyncio.sleep(3600)",
    "a task that is awaited": (
        "import asyncio\n"
        "async def work():\n"
        "    while True: await asyncio.sleep(0.01)\n"
        "await asyncio.gather(asyncio.create_task(work()))"
    ),
    "an await that computes": "import asyncio\nawait asyncio.sleep(0)\nwhile True: pass",
    "a thread that is awaited": (
        "import asyncio, concurrent.futures.thread, time\nawait asyncio.to_thread(time.sleep, 4)"
    ),
    "a cell within": "get_ipython().run_cell('while True: pass')\nwhile True: pass",
}


def _statuses(kernel: RealKernel, folder: Path) -> list[str]:
    document = kernel.export(folder / "summary.json")
    return [cell["status"] for cell in document["cells"]]


@pytest.mark.parametrize("name", ENDLESS)
def test_the_sessions_budget_ends_the_running_cell_and_no_other(
    kernel: RealKernel, tmp_path: Path, name: str
) -> None:
    kernel.ok("%carbon budget 30J --stop")
    ran = kernel.run(ENDLESS[name])
    assert ran.status == "error"
    assert ran.reply["ename"] == "BudgetExceeded"
    assert "The session's budget of 8.33 mWh is used up" in ran.reply["evalue"]
    assert "%carbon budget off" in ran.reply["evalue"]
    assert "During handling" not in ran.traceback
    # Whoever begins another cell knows; it is not stopped.
    after = kernel.ok("import time\nfor _ in range(60): time.sleep(0.01)\n6 * 7")
    assert after.value == "42"
    statuses = _statuses(kernel, tmp_path)
    assert statuses[-3:] == ["error", "ok", "running"]


def test_it_can_be_caught_and_comes_once(kernel: RealKernel) -> None:
    kernel.ok("%carbon budget 30J --stop")
    ran = kernel.ok(
        "import time\n"
        "from jupyter_carbon import BudgetExceeded\n"
        "caught = 0\n"
        "for attempt in range(2):\n"
        "    try:\n"
        "        begin = time.monotonic()\n"
        "        while not caught or time.monotonic() < begin + 0.5: time.sleep(0.005)\n"
        "    except BudgetExceeded as error:\n"
        "        caught += 1\n"
        "caught"
    )
    assert ran.value == "1"


def test_a_measured_block_ends_the_run_at_its_end(kernel: RealKernel) -> None:
    kernel.ok("%carbon budget 30J --stop")
    ran = kernel.run(
        "import time\n"
        "from jupyter_carbon import BudgetExceeded, measure\n"
        "step = measure('step')\n"
        "ended = torn = 0\n"
        "while True:\n"
        "    with step:\n"
        "        try:\n"
        "            for _ in range(40): time.sleep(0.001)\n"
        "        except BudgetExceeded:\n"
        "            torn += 1\n"
        "            raise\n"
        "    ended += 1"
    )
    assert ran.reply["ename"] == "BudgetExceeded"
    status = kernel.ok("step.figure.status").value
    assert kernel.ok("(torn, step.figure.status)").value in ("(0, 'ok')", "(1, 'error')"), status
    labels = kernel.ask(
        "[w.label for w in __import__('jupyter_carbon').get_meter()"
        "._intake._account.running.labels]"
    )
    assert labels == []


def test_a_cells_own_budget_ends_it_with_those_within(kernel: RealKernel) -> None:
    kernel.ok("import time; time.sleep(1)")
    ran = kernel.run("%%carbon --budget 30J --stop\nwhile True: pass")
    assert ran.reply["ename"] == "BudgetExceeded"
    assert f"Cell [{ran.number}]'s budget of 8.33 mWh" in ran.reply["evalue"]
    assert "larger --budget" in ran.reply["evalue"]
    ran = kernel.run(
        "%%carbon --budget=30J --stop\n"
        "inner = get_ipython().run_cell('while True: pass')\n"
        "while True: pass"
    )
    assert ran.reply["ename"] == "BudgetExceeded"
    assert kernel.ok("type(inner.error_in_exec).__name__").value == "'BudgetExceeded'"
    ran = kernel.run("get_ipython().run_cell_magic('carbon', '--budget 30J --stop', 'while 1: 1')")
    assert ran.reply["ename"] == "BudgetExceeded"
    assert kernel.ok("6 * 7").value == "42"


def test_the_cells_of_another_thread_end_at_measured_blocks_only(kernel: RealKernel) -> None:
    shell_id = kernel.make_subshell()
    if shell_id is None:
        pytest.skip("this ipykernel has no subshells")
    kernel.ok("import time\nfrom jupyter_carbon import measure\n%carbon budget 30J --stop")
    ran = kernel.start_in_subshell(
        shell_id,
        "for _ in range(100): time.sleep(0.01)\n"
        "with measure('in a subshell'): pass\n"
        "assert False, 'not stopped'",
    )
    kernel.finish(ran)
    assert ran.reply["ename"] == "BudgetExceeded", ran.traceback


def test_warnings_are_printed_once_by_the_cell_that_runs(kernel: RealKernel) -> None:
    answer = kernel.ok("%carbon budget 60J")
    before = len(kernel.heard)
    assert "The session's budget: 0.0167 Wh" in answer.said
    ran = kernel.ok("import time\nfor _ in range(150): time.sleep(0.01)\nprint('done')")
    others = [
        message
        for message in kernel.heard[before:]
        if message["msg_type"] == "stream"
        and message["content"]["name"] == "stderr"
        and message["parent_header"].get("msg_id") != ran.id
    ]
    lines = ran.err.splitlines()
    assert not others
    assert lines
    assert lines[-1].startswith("jupyter_carbon: The session's budget of 0.0167 Wh is used up")
    assert all("budget of 0.0167 Wh" in line for line in lines)
    assert len(lines) <= 2
    assert ran.out == "done\n"
    assert not kernel.ok("import time; time.sleep(0.5)").err


def test_what_is_told_between_cells_is_printed_by_the_next(kernel: RealKernel) -> None:
    kernel.ok("%carbon budget 100J")
    time.sleep(4.0)
    ran = kernel.ok("6 * 7")
    assert "budget of 0.0278 Wh is" in ran.err
    assert ran.value == "42"


def test_where_a_panel_is_open_nothing_is_printed(kernel: RealKernel) -> None:
    client = kernel.client
    message = client.session.msg(
        "comm_open", {"comm_id": "panel", "target_name": "jupyter_carbon", "data": {"v": 1}}
    )
    client.shell_channel.send(message)
    before = len(kernel.heard)
    kernel.ok("%carbon budget 30J")
    ran = kernel.ok("import time; time.sleep(1.5)")
    assert not ran.err
    told = [
        sent["content"]["data"]
        for sent in kernel.heard[before:]
        if sent["msg_type"] == "comm_msg" and sent["content"]["data"].get("kind") == "notice"
    ]
    assert [notice["level"] for notice in told][-1:] == ["error"]
    assert len(told) <= 2
    client.shell_channel.send(client.session.msg("comm_close", {"comm_id": "panel", "data": {}}))
    kernel.ok("%carbon budget off")


def test_the_command(kernel: RealKernel) -> None:
    assert kernel.ok("%carbon budget").said == "The session has no budget."
    said = kernel.ok("%carbon budget 0.5 kWh --stop").said
    assert said.startswith("The session's budget: 0.5 kWh · ")
    assert said.endswith("stops the run.")
    refused = kernel.ok("%carbon budget 5 apples")
    assert "'5 apples' is no budget" in refused.err
    assert "The session's budget: 0.5 kWh" in refused.err
    assert "Budget      0.5 kWh · " in kernel.ok("%carbon status").said
    assert kernel.ok("%carbon budget off").said == "The session has no budget."
    assert "Budget" not in kernel.ok("%carbon status").said
    wrong = kernel.ok("%%carbon --budget 5 --stop\nx = 42\nx")
    assert wrong.value == "42"
    assert "'5' is no budget" in wrong.err
    assert "The cell runs" in wrong.err


def test_a_budget_that_is_taken_away_stops_nothing(kernel: RealKernel) -> None:
    kernel.ok("%carbon budget 30J --stop")
    time.sleep(2.5)  # it is used up while no cell runs
    kernel.ok("%carbon budget off")
    kernel.ok("import time\nfor _ in range(50): time.sleep(0.01)")
    kernel.ok("%carbon budget 30J --stop")
    ran = kernel.run("import time\nwhile True: time.sleep(0.01)")
    assert ran.reply["ename"] == "BudgetExceeded"


def test_hundreds_of_short_cells_at_the_limit_leak_nothing(gpu: Standin, tmp_path: Path) -> None:
    """Wherever the limit falls, the exception is a cell's own, or none at all."""
    with real_kernel(gpu.environment() | {"JUPYTER_CARBON_BUSY_INTERVAL_S": "0.01"}, tmp_path) as (
        kernel
    ):
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ok("import time\nfrom jupyter_carbon import get_meter\nn = 0")
        stopped = 0
        sent: list[Ran] = []
        for turn in range(200):
            code = (
                "before = n\n"
                "_ = get_meter().set_budget('1J', stops=True)\n"
                f"end = time.perf_counter() + {turn % 20} * 0.002\n"
                "while time.perf_counter() < end: n += 1"
            )
            sent.append(kernel.start(code))
        for ran in sent:
            kernel.finish(ran)
            assert set(ran.reply) >= {"status", "execution_count"}
            if ran.status == "error":
                assert ran.reply["ename"] == "BudgetExceeded", ran.traceback
                stopped += 1
            assert "Error in callback" not in ran.out + ran.err
            assert "Traceback" not in ran.err
        kernel.ok("get_meter().set_budget(None)")
        for _ in range(20):
            ran = kernel.ok("sum(i for i in range(1000))")
            assert not ran.err
        complaints = kernel.ask("__import__('jupyter_carbon').get_meter().complaints")
        assert complaints == []
        assert stopped > 0
        document = kernel.export(tmp_path / "summary.json")
        statuses = [cell["status"] for cell in document["cells"]]
        assert statuses.count("error") == stopped
        assert statuses.count("running") == 1
        log = kernel.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log
    assert "Exception in" not in log


HAMMER = """
import sys, threading
sys.setswitchinterval(1e-5)
from jupyter_carbon import BudgetExceeded
from jupyter_carbon.kernel import extension
loaded = list(extension._loaded.values())[-1]
class Always:
    window = None
    watched = type("Watched", (), {"is_withdrawn": False})
    error = property(lambda self: BudgetExceeded("at once"))
    def served(self): pass
goes_on = True
def hammer():
    while goes_on:
        loaded._stopper._round()
        __import__("time").sleep(1e-5)
thread = threading.Thread(target=hammer, daemon=True)
due_stops, loaded.meter.due_stops = loaded.meter.due_stops, lambda: [Always()]
thread.start()
"""
SHORT = [
    "n = 0\nfor i in range(2000): n += i",
    "import time; time.sleep(0.002)",
    "[i * i for i in range(3000)]",
    "print('a' * 100)\nprint('b')\n42",
    "1 / 0",
    "def broken(:",
    "import asyncio\nawait asyncio.sleep(0.002)\n42",
    "get_ipython().run_cell('for i in range(500): pass')\nfor i in range(500): pass",
    "%carbon budget",
    "%carbon cells",
    "%%carbon --label short\nfor i in range(500): pass\ni",
    "from jupyter_carbon import measure\nfor i in range(20):\n    with measure('m'): pass",
    "from IPython.display import display, HTML\nfor i in range(5): display(HTML(str(i)))",
    "class Noisy:\n    def __del__(self): sum(range(300))\nfor i in range(50): Noisy()",
]


def test_wherever_the_main_thread_is_asked_only_a_cells_own_code_is_ended(
    gpu: Standin, tmp_path: Path
) -> None:
    with real_kernel(gpu.environment(), tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        kernel.ask(f"exec({HAMMER!r}, globals()) or 0")
        ended = dict.fromkeys(SHORT, 0)
        for code in SHORT * 15:
            ran = kernel.run(code)
            if ran.reply.get("ename") == "BudgetExceeded":
                ended[code] += 1
                assert ran.reply["evalue"] == "at once"
            elif code == "1 / 0":
                assert ran.reply["ename"] == "ZeroDivisionError", ran.traceback
            elif "broken" in code:
                assert ran.reply["ename"] == "SyntaxError", ran.traceback
            else:
                assert ran.status == "ok", (code, ran.reply)
            if "%carbon " in code[:8]:
                assert ran.status == "ok"
            assert "Error in callback" not in ran.out + ran.err
            assert "Exception ignored" not in ran.err
        kernel.ask("exec('goes_on = False; thread.join()', globals()) or 0")
        kernel.ask("setattr(loaded.meter, 'due_stops', due_stops) or 0")
        assert ended["import time; time.sleep(0.002)"] > 0
        assert kernel.ask("loaded.meter.complaints") == []
        document = kernel.export(tmp_path / "summary.json")
        statuses = [cell["status"] for cell in document["cells"]]
        assert statuses.count("running") == 1
        assert all(label["status"] != "running" for label in document["labels"])
        log = kernel.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log
    assert "Exception" not in log


def test_bare_ipython_tells_after_the_cell_and_stops_in_it(gpu: Standin, tmp_path: Path) -> None:
    cells = [
        "%load_ext jupyter_carbon",
        "%carbon budget 60J --stop",
        "import time\nwhile True: time.sleep(0.01)",
        "print('next', 6 * 7); time.sleep(0.3)",
        "%carbon budget 61J --stop",
        "import asyncio\nwhile True: await asyncio.sleep(0.01)",
        "print('last', 6 * 7)",
    ]
    script = (
        "import json, sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "for source in json.loads(sys.argv[1]):\n"
        "    result = shell.run_cell(source, store_history=True)\n"
        "    print('ENDED', type(result.error_in_exec).__name__)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, json.dumps(cells)],
        env=gpu.environment(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    ended = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("ENDED")]
    exceeded = "BudgetExceeded"
    assert ended == ["NoneType", "NoneType", exceeded, "NoneType", "NoneType", exceeded, "NoneType"]
    assert "next 42" in run.stdout
    assert "last 42" in run.stdout
    assert run.stderr.count("jupyter_carbon: The session's budget of 0.0167 Wh is used up") == 1

"""`measure` in a script, in workers, and beside the extension."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin.nvml import Standin

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def gpu(tmp_path_factory: pytest.TempPathFactory) -> Standin:
    standin = Standin.create(tmp_path_factory.mktemp("nvml") / "state")
    standin.devices[0].counter.period_s = 0.02
    return standin


@pytest.fixture
def script(gpu: Standin, tmp_path: Path) -> Run:
    """Runs a script in a process of its own; its last line is its result, as JSON."""

    def run(code: str, *options: str, ok: bool = True, **environment: str) -> Any:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, *options, str(path)],
            env=gpu.environment() | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if not ok:
            return done
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_a_script_measures_without_ipython(script: Run) -> None:
    result = script(
        """
        import json, sys, time
        from jupyter_carbon import measure

        @measure("work")
        def work():
            time.sleep(0.3)

        with measure("block") as block:
            work()
        gpu = next(e for key, e in block.figure.by_source_j.items() if key.startswith("gpu:"))
        print(json.dumps([gpu.value, gpu.provenance, block.duration_s, block.co2e_g.value,
                          sorted(sys.modules)]))
        """
    )
    energy_j, provenance, duration_s, grams, modules = result
    assert energy_j == pytest.approx(60 * duration_s, rel=0.1)
    assert provenance == "counter"
    assert grams > 0
    imported = {name.partition(".")[0] for name in modules}
    assert not imported & {"IPython", "ipykernel", "jupyter_client", "numpy", "pandas", "requests"}


def test_nothing_starts_before_something_is_measured(script: Run) -> None:
    result = script(
        """
        import json, sys, threading
        names = lambda: [thread.name for thread in threading.enumerate()]
        import jupyter_carbon
        light = "jupyter_carbon.meter" not in sys.modules
        from jupyter_carbon import CarbonMeter, measure

        @measure("never called")
        def never():
            pass

        found = [light, "jupyter_carbon" in names()]
        with measure("once"):
            found.append("jupyter_carbon" in names())
        with measure("again"):
            found.append(names().count("jupyter_carbon"))
        print(json.dumps(found))
        """
    )
    assert result == [True, False, True, 1]


def test_the_script_ends_at_once_and_whole(script: Run) -> None:
    for ending in ("", "sys.exit(0)", "raise SystemExit"):
        done = script(
            f"""
            import sys
            from jupyter_carbon import get_meter, measure
            meter = get_meter()
            with measure("a"):
                pass
            print("done")
            {ending}
            """,
            ok=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    done = script("from jupyter_carbon import measure\nwith measure('a'):\n    1 / 0", ok=False)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")


def test_settings_that_cannot_be_are_warned_of(script: Run) -> None:
    code = """
        from jupyter_carbon import get_meter
        print(get_meter().rate.intensity.assumed)
        """
    done = script(code, ok=False, JUPYTER_CARBON_REGION="Atlantis", JUPYTER_CARBON_PUE="0")
    assert done.returncode == 0
    assert done.stdout == "True\n"
    assert done.stderr.count("UserWarning: jupyter_carbon: ") == 2
    assert "'Atlantis'" in done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.skipif(sys.platform == "win32", reason="needs a system that forks")
def test_only_the_first_process_meters(script: Run, method: str) -> None:
    result = script(
        f"""
        import json, multiprocessing, threading, time
        from jupyter_carbon import get_meter, measure

        @measure("work")
        def work(n):
            time.sleep(0.05)
            return n

        def job(n):
            work(n)
            with measure("inner") as inner:
                pass
            names = [thread.name for thread in threading.enumerate()]
            return [names.count("jupyter_carbon"), inner.energy_j.value, get_meter().is_running]

        if __name__ == "__main__":
            with measure("all") as whole:
                with multiprocessing.get_context("{method}").Pool(2) as pool:
                    answers = pool.map(job, range(4))
                    pool.close(); pool.join()
            gpu = next(e for key, e in whole.figure.by_source_j.items() if key.startswith("gpu:"))
            print(json.dumps([answers, gpu.value, whole.duration_s]))
        """,
        # Python 3.12 warns of a fork beside threads, whose ever they are.
        "-Wignore::DeprecationWarning",
    )
    answers, energy_j, duration_s = result
    assert answers == [[0, None, False]] * 4
    assert energy_j == pytest.approx(60 * duration_s, rel=0.15)


def test_the_extensions_meter_takes_over_from_that_of_the_process(script: Run) -> None:
    result = script(
        """
        import json, threading, time
        from IPython.core.interactiveshell import InteractiveShell
        from jupyter_carbon import get_meter, measure
        count = lambda: sum(t.name == "jupyter_carbon" for t in threading.enumerate())

        @measure("work")
        def work():
            time.sleep(0.05)

        with measure("before") as before:
            work()
        own = get_meter()
        # Its sources are found, and have been read, before it stops.
        assert own.wait_final(timeout_s=20.0)
        shell = InteractiveShell.instance()
        shell.run_cell("%load_ext jupyter_carbon")
        loaded = get_meter()
        work()
        found = [loaded is not own, count(), own.is_running]
        with loaded.look() as account:
            found.append([w.label for w in account.windows(account.session, "label")])
        found.append(before.energy_j.value > 0)
        shell.run_cell("%unload_ext jupyter_carbon")
        with measure("after") as after:
            time.sleep(0.5)
        found += [get_meter() is own, own.is_running, after.energy_j.value > 0, count()]
        print(json.dumps(found))
        """
    )
    assert result == [True, 1, False, ["work"], True, True, True, True, 1]


def test_a_block_that_is_open_when_the_extension_loads_is_measured_to_its_end(script: Run) -> None:
    result = script(
        """
        import json, time
        from IPython.core.interactiveshell import InteractiveShell
        from jupyter_carbon import get_meter, measure
        shell = InteractiveShell.instance()
        with measure("over") as over:
            time.sleep(0.2)
            shell.run_cell("%load_ext jupyter_carbon")
            get_meter()
            time.sleep(0.2)
        gpu = next(e for key, e in over.figure.by_source_j.items() if key.startswith("gpu:"))
        print(json.dumps([gpu.value, over.duration_s]))
        """
    )
    energy_j, duration_s = result
    assert duration_s >= 0.4
    assert energy_j == pytest.approx(60 * duration_s, rel=0.1)

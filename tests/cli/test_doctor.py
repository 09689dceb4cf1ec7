"""`jupyter carbon doctor` on the command line, on machines of several kinds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_carbon import cli
from jupyter_carbon.sources.rapl import ROOT_VARIABLE
from tests.standin.nvml import Standin
from tests.standin.powercap import PowercapTree, server


@pytest.fixture
def gpu(tmp_path: Path) -> Standin:
    return Standin.create(tmp_path / "state", devices=2)


def _doctor(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_carbon.cli", *(words or ("doctor",))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_is_installed_for_jupyter(gpu: Standin) -> None:
    script = Path(sys.executable).with_name("jupyter-carbon")
    assert script.exists()
    environment = gpu.environment()
    environment["PATH"] = f"{script.parent}{os.pathsep}{environment['PATH']}"
    for words in ([str(script), "doctor"], [sys.executable, "-m", "jupyter", "carbon", "doctor"]):
        run = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert run.returncode == 0, run.stderr
        assert "GPU 1 · NVIDIA H100" in run.stdout


def test_what_is_measured_modelled_and_missing_is_told_with_remedies(
    gpu: Standin, tmp_path: Path
) -> None:
    environment = gpu.environment() | {ROOT_VARIABLE: str(tmp_path / "nothing")}
    run = _doctor(environment)
    assert (run.returncode, run.stderr) == (0, "")
    text = run.stdout
    measured, _, rest = text.partition("Measured, by an energy counter")[2].partition("CPU")
    assert "GPU 0 · NVIDIA H100" in measured
    assert "60 W now" in measured
    assert "0.95 to 1.05" in measured
    assert "odelled" in rest or "ssumed" in rest
    assert "world" in text.lower()
    assert "What would make it better" in text
    assert "JUPYTER_CARBON_REGION" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_readable_counter_of_the_cpu_is_measured(gpu: Standin, tmp_path: Path) -> None:
    with PowercapTree(tmp_path / "sys", server(package_w=100.0)) as tree:
        environment = gpu.environment() | {ROOT_VARIABLE: str(tree.root)}
        text = _doctor(environment).stdout
    assert "Measured, by an energy counter" in text
    assert "CPU package 0" in text
    assert "Modelled" not in text.partition("Carbon")[0]


def test_settings_that_cannot_be_are_told(gpu: Standin) -> None:
    run = _doctor(gpu.environment() | {"JUPYTER_CARBON_REGION": "Atlantis"})
    assert run.returncode == 0
    assert "'Atlantis'" in run.stdout


def test_a_device_that_cannot_be_read_is_told(gpu: Standin) -> None:
    gpu.lose(1)
    run = _doctor(gpu.environment())
    assert run.returncode == 0
    assert "GPU 0" in run.stdout
    lines = [line for line in run.stdout.splitlines() if "GPU 1" in line or "lost" in line.lower()]
    assert lines, run.stdout


@pytest.mark.parametrize("words", [(), ("diagnose",), ("doctor", "--fast"), ("doctor", "now")])
def test_words_that_are_not_known_are_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert "usage: jupyter carbon" in told


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    assert "doctor" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_an_interrupt_ends_it_quietly(gpu: Standin) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from jupyter_carbon import cli; print('here', flush=True);"
            "sys.exit(cli.main(['doctor']))",
        ],
        env=gpu.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told


def test_a_pipe_that_is_closed_early_is_no_error(gpu: Standin) -> None:
    run = subprocess.run(
        f"{sys.executable} -m jupyter_carbon.cli doctor | head -n 1",
        shell=True,
        env=gpu.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in run.stderr
    assert "BrokenPipe" not in run.stderr

"""NVIDIA boards: the real pynvml over the stand-in."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.sources import nvml
from jupyter_carbon.sources.base import BufferedSource, Discovery, Source, SourceError
from jupyter_carbon.sources.nvml_session import seems_present
from tests.standin.nvml import VARIABLE, Call, Code, Stamp, Standin
from tests.standin.nvml.build import compiler

pytestmark = pytest.mark.skipif(
    compiler() is None, reason="the NVML stand-in needs Linux and a C compiler or ziglang"
)


class Bench:
    """Stand-ins in this process, and what is discovered over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: list[Source] = []
        self.standins: list[Standin] = []

    def gpus(self, devices: int = 1) -> Standin:
        standin = Standin.create(self.folder / f"state-{len(self.standins)}", devices=devices)
        standin.install_in_process()
        self.standins.append(standin)
        return standin

    def discover(self) -> Discovery:
        found = nvml.discover(Discovery())
        self.sources += found.sources
        return found

    def source(self) -> nvml.NvmlSource:
        found = self.discover()
        assert found.not_measured == ()
        (source,) = found.sources
        assert isinstance(source, nvml.NvmlSource)
        return source

    def close(self) -> None:
        for source in self.sources:
            source.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    bench = Bench(tmp_path)
    yield bench
    bench.close()
    for standin in bench.standins:
        state = standin.state
        assert state.init_calls == state.shutdown_calls, "NVML was not given back"


class TestWhatIsKnownOfABoard:
    def test_info(self, bench: Bench) -> None:
        gpu = bench.gpus()
        info = bench.source().info
        uuid = gpu.devices[0].uuid.decode()
        assert info.id == f"gpu:{uuid}"
        assert info.name == "GPU 0 · NVIDIA H100 80GB HBM3"
        assert info.kind == "gpu"
        assert info.provenance is Provenance.COUNTER
        assert (info.low_factor, info.high_factor) == (0.95, 1.05)
        assert info.power_window_s == 0.0
        assert info.counter_step_s is None
        assert "SC'24" in info.note
        assert info.details == {
            "name": "NVIDIA H100 80GB HBM3",
            "uuid": uuid,
            "driver": "570.86.15",
            "power_limit": "700 W",
            "pci_bus_id": "00000000:17:00.0",
            "mig": "off",
            "power": "instant",
        }

    def test_what_the_driver_does_not_say_is_left_out(self, bench: Bench) -> None:
        gpu = bench.gpus()
        gpu.fail(0, Call.LIMIT, Code.NOT_SUPPORTED)
        gpu.fail(0, Call.MIG, Code.NOT_SUPPORTED)
        assert set(bench.source().info.details) == {"name", "uuid", "driver", "pci_bus_id", "power"}

    def test_it_is_a_source_with_a_buffer(self, bench: Bench) -> None:
        bench.gpus()
        assert isinstance(bench.source(), BufferedSource)


class TestReading:
    def test_energy_between_two_readings_is_the_true_energy_between_their_moments(
        self, bench: Bench
    ) -> None:
        gpu = bench.gpus()
        gpu.devices[0].counter.period_s = 0.0
        source = bench.source()
        first = source.read()
        gpu.load(0, 300.0)
        time.sleep(0.05)
        gpu.load(0, 100.0, ramp_s=0.02)
        time.sleep(0.05)
        last = source.read()
        assert first.counter_j is not None
        assert last.counter_j is not None
        true_j = gpu.true_energy_j(0, first.moment_s, last.moment_s)
        assert last.counter_j - first.counter_j == pytest.approx(true_j, rel=1e-3)
        assert (first.power_w, last.power_w) == (60.0, 100.0)

    def test_one_call_a_reading(self, bench: Bench) -> None:
        gpu = bench.gpus()
        source = bench.source()
        source.read()
        calls, all_calls = gpu.calls(0, Call.FIELDS), gpu.calls(0)
        for _ in range(10):
            source.read()
        assert gpu.calls(0, Call.FIELDS) - calls == 10
        assert gpu.calls(0) - all_calls == 10

    def test_the_drivers_own_time_stamp_dates_a_slow_call(self, bench: Bench) -> None:
        gpu = bench.gpus()
        board = gpu.devices[0]
        board.counter.period_s, board.counter.base_j = 0.0, 0.0
        board.latency_s[Call.FIELDS], board.latency_share = 0.05, 0.8
        gpu.load(0, 500.0)
        source = bench.source()
        before_s = time.monotonic()
        reading = source.read()
        assert before_s + 0.04 <= reading.moment_s < time.monotonic() - 0.009
        assert reading.until_s - reading.moment_s < 1e-3
        assert reading.counter_j is not None
        start_s = board.segments[0].start_s
        true_j = gpu.true_energy_j(0, start_s, reading.moment_s)
        assert reading.counter_j == pytest.approx(true_j, abs=500.0 * 200e-6)

    @pytest.mark.parametrize("stamp", [Stamp.ZERO, Stamp.NONSENSE, Stamp.REFRESH])
    def test_an_implausible_time_stamp_is_not_believed(self, bench: Bench, stamp: Stamp) -> None:
        gpu = bench.gpus()
        board = gpu.devices[0]
        board.stamp_mode, board.latency_s[Call.FIELDS] = stamp, 0.002
        board.counter.period_s = board.power.period_s = 1000.0
        source = bench.source()
        before_s = time.monotonic()
        reading = source.read()
        after_s = time.monotonic()
        assert before_s <= reading.moment_s <= reading.until_s - 0.002
        assert reading.until_s <= after_s

    @pytest.mark.parametrize("code", [Code.UNKNOWN, Code.GARBAGE, Code.NO_PERMISSION])
    def test_one_failing_figure_does_not_lose_the_other(self, bench: Bench, code: Code) -> None:
        gpu = bench.gpus()
        source = bench.source()
        gpu.fail(0, Call.FIELD_83, code)
        reading = source.read()
        assert (reading.counter_j, reading.power_w) == (None, 60.0)
        gpu.mend(0)
        gpu.fail(0, Call.FIELD_186, code)
        reading = source.read()
        assert reading.counter_j is not None
        assert reading.power_w is None


class TestWhatIsOffered:
    def test_without_fields_the_functions_are_called(self, bench: Bench) -> None:
        gpu = bench.gpus()
        gpu.fail(0, Call.FIELDS, Code.FUNCTION_NOT_FOUND)
        source = bench.source()
        reading = source.read()
        assert reading.counter_j is not None
        assert reading.power_w == pytest.approx(60.0)
        assert reading.moment_s < reading.until_s
        assert source.info.power_window_s == 1.0
        assert "averaged over 1 s" in source.info.note
        fields = gpu.calls(0, Call.FIELDS)
        source.read()
        assert gpu.calls(0, Call.FIELDS) == fields, "what is not offered is not asked for again"

    @pytest.mark.parametrize(
        ("capability", "window_s"),
        [((7, 0), 0.0), ((7, 5), 0.0), ((8, 0), 0.0), ((8, 6), 1.0), ((8, 9), 1.0), ((12, 0), 1.0)],
    )
    def test_the_plain_power_reading_is_an_average_after_ga100(
        self, bench: Bench, capability: tuple[int, int], window_s: float
    ) -> None:
        gpu = bench.gpus()
        board = gpu.devices[0]
        board.compute_major, board.compute_minor = capability
        board.power.instant_supported = 0
        board.power.usage_is_average = int(window_s > 0)
        source = bench.source()
        assert source.info.power_window_s == window_s
        assert source.info.details["power"] == "usage"
        assert source.read().counter_j is not None

    def test_the_average_field_is_the_last_resort(self, bench: Bench) -> None:
        gpu = bench.gpus()
        power = gpu.devices[0].power
        power.instant_supported = power.usage_supported = 0
        power.period_s = 0.0
        source = bench.source()
        start_s = gpu.load(0, 260.0)
        time.sleep(0.2)
        reading = source.read()
        assert source.info.power_window_s == 1.0
        assert reading.power_w == pytest.approx(
            60.0 + 200.0 * (reading.moment_s - start_s), rel=0.02
        )

    def test_without_a_counter_power_is_integrated(self, bench: Bench) -> None:
        gpu = bench.gpus()
        gpu.devices[0].counter.supported = 0
        source = bench.source()
        assert source.info.provenance is Provenance.INTEGRATED
        assert "no energy counter" in source.info.note
        assert source.read().counter_j is None
        assert source.read().power_w == 60.0

    def test_without_power_the_counter_is_read(self, bench: Bench) -> None:
        gpu = bench.gpus()
        power = gpu.devices[0].power
        power.instant_supported = power.usage_supported = power.average_supported = 0
        source = bench.source()
        assert source.info.provenance is Provenance.COUNTER
        assert source.read().power_w is None

    def test_a_board_that_offers_neither_is_named(self, bench: Bench) -> None:
        gpu = bench.gpus(2)
        power = gpu.devices[0].power
        power.instant_supported = power.usage_supported = power.average_supported = 0
        gpu.devices[0].counter.supported = 0
        found = bench.discover()
        assert [source.info.name for source in found.sources] == ["GPU 1 · NVIDIA H100 80GB HBM3"]
        (named,) = found.not_measured
        assert named.name == "GPU 0 · NVIDIA H100 80GB HBM3"
        assert "neither energy nor power" in named.reason

    def test_what_is_refused_at_first_is_asked_for_later(self, bench: Bench) -> None:
        gpu = bench.gpus()
        for call in (Call.FIELDS, Call.ENERGY, Call.POWER):
            gpu.fail(0, call, Code.NO_PERMISSION)
        source = bench.source()
        with pytest.raises(SourceError):
            source.read()
        gpu.mend(0)
        assert source.read().counter_j is not None

    def test_scope_0_is_read_where_there_is_a_module(self, bench: Bench) -> None:
        gpu = bench.gpus()
        gpu.devices[0].power.module_extra_w = 500.0
        assert bench.source().read().power_w == 60.0


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "state", "words"),
        [
            (Code.NOT_SUPPORTED, "unsupported", "neither energy nor power"),
            (Code.NO_PERMISSION, "denied", "does not let this user read"),
            (Code.GPU_IS_LOST, "lost", "does not answer any more"),
            (Code.NOT_FOUND, "lost", "does not answer any more"),
            (Code.UNKNOWN, "failed", "Unknown Error"),
            (Code.GARBAGE, "failed", "cannot be one"),
        ],
    )
    @pytest.mark.parametrize("is_new", [True, False])
    def test_each_is_a_state_of_one_device_and_a_sentence(
        self, bench: Bench, code: Code, state: str, words: str, is_new: bool
    ) -> None:
        gpu = bench.gpus(2)
        if not is_new:
            gpu.fail(0, Call.FIELDS, Code.FUNCTION_NOT_FOUND)
        first, second = bench.discover().sources
        gpu.mend(0)
        if code is Code.GARBAGE:
            for call in (Call.FIELD_83, Call.FIELD_186, Call.ENERGY, Call.POWER):
                gpu.fail(0, call, code)
        else:
            gpu.fail(0, Call.ANY, code)
        with pytest.raises(SourceError, match=words) as caught:
            first.read()
        assert caught.value.state == state
        assert "GPU 0 · NVIDIA H100 80GB HBM3" in str(caught.value)
        assert str(caught.value)[0].isupper()
        assert str(caught.value).endswith(".")
        assert second.read().power_w == 60.0

    def test_a_lost_board_is_read_again_when_it_is_back(self, bench: Bench) -> None:
        gpu = bench.gpus()
        source = bench.source()
        source.read()
        gpu.lose(0, for_s=0.1)
        with pytest.raises(SourceError) as caught:
            source.read()
        assert (caught.value.state, bool(caught.value.remedy)) == ("lost", True)
        assert source.recent_power(0.0) == ()
        time.sleep(0.1)
        assert source.read().power_w == 60.0

    def test_a_reloaded_driver_is_used_again(self, bench: Bench) -> None:
        gpu = bench.gpus(2)
        sources = bench.discover().sources
        gpu.unload_driver(for_s=0.3)
        for source in sources * 2:
            with pytest.raises(SourceError) as caught:
                source.read()
            assert caught.value.state == "lost"
        time.sleep(0.3)
        assert [source.read().power_w for source in sources * 2] == [60.0] * 4
        bench.close()
        # What the driver forgot when it was unloaded was never shut down.
        gpu.state.shutdown_calls += 1

    def test_somebody_elses_shutdown_is_not_noticed(self, bench: Bench) -> None:
        import pynvml

        gpu = bench.gpus(2)
        sources = bench.discover().sources
        pynvml.nvmlShutdown()
        assert [source.read().power_w for source in sources] == [60.0, 60.0]
        pynvml.nvmlShutdown()
        pynvml.nvmlInit()
        assert [source.read().power_w for source in sources] == [60.0, 60.0]
        assert gpu.state.init_calls == 3

    def test_a_board_that_is_plugged_in_is_found_once(self, bench: Bench) -> None:
        gpu = bench.gpus()
        found = bench.discover()
        (watch,) = found.watches
        assert watch() == Discovery()
        gpu.add_board()
        newcomers = watch()
        bench.sources += newcomers.sources
        (source,) = newcomers.sources
        assert source.info.id == f"gpu:{gpu.devices[1].uuid.decode()}"
        assert source.read().power_w == 60.0
        assert watch() == Discovery()

    def test_a_board_that_does_not_answer_at_first_is_found_when_it_does(
        self, bench: Bench
    ) -> None:
        gpu = bench.gpus(2)
        gpu.lose(1)
        found = bench.discover()
        assert [part.name for part in found.not_measured] == ["GPU 1"]
        (watch,) = found.watches
        gpu.mend(1)
        (source,) = watch().sources
        bench.sources.append(source)
        assert source.info.name.startswith("GPU 1 · ")

    def test_who_watches_outlives_a_driver_that_is_gone(self, bench: Bench) -> None:
        gpu = bench.gpus()
        (watch,) = bench.discover().watches
        gpu.unload_driver(for_s=1e9)
        assert watch() == Discovery()
        bench.close()
        # What the driver forgot when it was unloaded was never shut down.
        gpu.state.shutdown_calls += 1

    def test_a_board_that_is_lost_from_the_start_is_named(self, bench: Bench) -> None:
        gpu = bench.gpus(2)
        gpu.lose(0)
        found = bench.discover()
        assert len(found.sources) == 1
        (named,) = found.not_measured
        assert named.name == "GPU 0"
        assert named.remedy


class TestTheDriversBuffer:
    def test_samples_are_dated_on_the_monotonic_clock(self, bench: Bench) -> None:
        gpu = bench.gpus()
        source = bench.source()
        source.read()
        start_s = gpu.load(0, 300.0)
        time.sleep(0.1)
        gpu.load(0, 150.0)
        time.sleep(0.1)
        samples = source.recent_power(start_s)
        assert abs(len(samples) - (time.monotonic() - start_s) / 0.02) <= 2
        assert [moment_s for moment_s, _ in samples] == sorted(moment_s for moment_s, _ in samples)
        assert all(start_s < moment_s <= time.monotonic() for moment_s, _ in samples)
        for moment_s, power_w in samples:
            near = {gpu.true_power_w(0, moment_s + shift_s) for shift_s in (-2e-3, 0.0, 2e-3)}
            assert power_w in near

    def test_empty_where_there_is_none(self, bench: Bench) -> None:
        gpu = bench.gpus()
        source = bench.source()
        assert source.recent_power(0.0) == (), "not before the first reading"
        source.read()
        assert len(source.recent_power(0.0)) > 100
        assert source.recent_power(time.monotonic() + 10.0) == ()
        gpu.fail(0, Call.SAMPLES, Code.GARBAGE)
        assert source.recent_power(0.0) == []
        gpu.devices[0].buffer.supported = 0
        assert source.recent_power(0.0) == ()


class TestVisibility:
    def test_all_by_default(self, bench: Bench) -> None:
        bench.gpus(3)
        assert [s.info.name[:5] for s in bench.discover().sources] == ["GPU 0", "GPU 1", "GPU 2"]

    def test_only_what_cuda_shows_in_its_order(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gpu = bench.gpus(3)
        uuid = gpu.devices[0].uuid.decode()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"2,{uuid[:12]},9")
        found = bench.discover()
        assert [s.info.name[:5] for s in found.sources] == ["GPU 2", "GPU 0"]
        assert 'up to "9"' in found.sources[0].info.note
        assert found.not_measured == ()

    @pytest.mark.parametrize("value", ["", "-1"])
    def test_none(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        bench.gpus(2)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        found = bench.discover()
        assert found.sources == ()
        (named,) = found.not_measured
        assert f'CUDA_VISIBLE_DEVICES="{value}" hides the 2' in named.reason
        assert named.remedy == ""

    def test_a_slip_is_said_to_be_one(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.gpus(2)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
        (named,) = bench.discover().not_measured
        assert "stops at the entry '2'" in named.reason
        assert "nvidia-smi -L" in named.remedy

    def test_a_guess_is_said_to_be_one(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        gpu = bench.gpus(2)
        gpu.devices[1].name, gpu.devices[1].cores = b"NVIDIA B200", 20_000
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        info = bench.source().info
        assert info.name == "GPU 1 · NVIDIA B200"
        assert "guess" in info.note
        bench.close()
        monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        info = bench.source().info
        assert info.name.startswith("GPU 0")
        assert "guess" not in info.note

    @pytest.mark.parametrize("value", ["MIG-bbbb", "MIG-{board}/2/0"])
    def test_mig_meters_the_whole_board_and_says_so(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        gpu = bench.gpus(2)
        gpu.set_mig(1, "MIG-aaaa", "MIG-bbbb")
        uuid = gpu.devices[1].uuid.decode()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value.format(board=uuid))
        source = bench.source()
        assert source.info.id == f"gpu:{uuid}"
        assert source.info.details["mig"] == "on"
        assert source.info.details["mig_instances"] == "MIG-bbbb"
        assert "MIG-bbbb" in source.info.note
        assert "whole board" in source.info.note
        assert source.read().power_w == 60.0


class TestLifetime:
    def test_nvml_is_shut_down_with_the_last_source(self, bench: Bench) -> None:
        gpu = bench.gpus(2)
        first, second = bench.discover().sources
        first.close()
        first.close()
        assert gpu.state.shutdown_calls == 0
        assert second.read().power_w == 60.0
        second.close()
        assert gpu.state.shutdown_calls == 1

    def test_and_at_once_where_there_is_none(self, bench: Bench) -> None:
        gpu = bench.gpus(0)
        assert bench.discover() == Discovery()
        assert (gpu.state.init_calls, gpu.state.shutdown_calls) == (1, 1)


class TestWithoutADriver:
    def test_a_driver_that_is_not_loaded(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gpu = bench.gpus()
        gpu.unload_driver(for_s=100.0)
        monkeypatch.setattr(nvml, "seems_present", lambda: False)
        assert bench.discover() == Discovery()
        monkeypatch.setattr(nvml, "seems_present", lambda: True)
        (named,) = bench.discover().not_measured
        assert named.reason.startswith("The NVIDIA driver is not loaded")
        assert "modprobe" in named.remedy

    @pytest.mark.parametrize("present", [True, False])
    def test_no_library(self, present: bool) -> None:
        code = f"""
import pynvml
from jupyter_carbon.sources import nvml
from jupyter_carbon.sources.base import Discovery

def refuse(name):
    raise OSError(name)

pynvml.CDLL = refuse
nvml.seems_present = lambda: {present}
for named in nvml.discover(Discovery()).not_measured:
    print(named.name, named.reason, named.remedy, sep="|")
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        if present:
            name, reason, remedy = done.stdout.split("|")
            assert name == "NVIDIA GPU"
            assert reason.startswith("The NVIDIA GPU is there, but the NVIDIA driver's library")
            assert "--gpus all" in remedy
        else:
            assert done.stdout == ""
        assert done.stderr == ""

    def test_a_retired_module_of_the_same_name(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.gpus()
        monkeypatch.delattr("pynvml.NVML_FI_DEV_POWER_INSTANT")
        monkeypatch.setattr(nvml, "seems_present", lambda: True)
        (named,) = bench.discover().not_measured
        assert "too old" in named.reason
        assert "nvidia-ml-py" in named.remedy

    def test_importing_the_source_does_not_import_pynvml(self) -> None:
        code = "import sys, jupyter_carbon.sources.nvml; print('pynvml' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "False"

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            ({}, False),
            ({"proc/driver/nvidia/version": ""}, True),
            ({"dev/nvidia0": ""}, True),
            ({"sys/bus/pci/devices/a/vendor": "0x10de\n"}, False),
            (
                {
                    "sys/bus/pci/devices/a/vendor": "0x10de\n",
                    "sys/bus/pci/devices/a/class": "0x030200\n",
                },
                True,
            ),
            (
                {
                    "sys/bus/pci/devices/a/vendor": "0x10de\n",
                    "sys/bus/pci/devices/a/class": "0x040300\n",  # its sound
                    "sys/bus/pci/devices/b/vendor": "0x1002\n",
                    "sys/bus/pci/devices/b/class": "0x030000\n",  # another maker's
                },
                False,
            ),
        ],
    )
    def test_how_hardware_is_recognised(
        self, tmp_path: Path, files: dict[str, str], expected: bool
    ) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert seems_present(tmp_path) is expected

"""The stand-in is what it says it is: seen through the real pynvml, in processes of their own."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin.nvml import Call, Code, Stamp, Standin
from tests.standin.nvml.build import compiler

pytestmark = pytest.mark.skipif(
    compiler() is None, reason="the NVML stand-in needs Linux and a C compiler or ziglang"
)

Client = Callable[[Standin, str], Any]

_PREAMBLE = """
import json, time
import pynvml as n
from tests.standin.nvml import Standin

def attempt(call, *arguments):
    try:
        return call(*arguments)
    except n.NVMLError as error:
        return type(error).__name__

n.nvmlInit()
gpu = Standin.attach()
h = n.nvmlDeviceGetHandleByIndex(0)
"""


@pytest.fixture
def gpu(tmp_path: Path) -> Standin:
    return Standin.create(tmp_path / "state", idle_w=50.0)


def client(gpu: Standin, code: str) -> Any:
    """What `code` prints as JSON, run beside the real pynvml over the stand-in."""
    done = subprocess.run(
        [sys.executable, "-c", _PREAMBLE + code],
        env=gpu.environment(),
        cwd=gpu.path.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestTruth:
    """True energy against figures computed by hand."""

    def test_steps_and_ramps(self, gpu: Standin) -> None:
        start_s = time.monotonic() + 100  # planned: nothing has begun
        gpu.load(0, 300.0, at=start_s)
        gpu.load(0, 100.0, at=start_s + 2.0, ramp_s=0.5)
        gpu.load(0, 50.0, at=start_s + 3.0)
        energy = [gpu.true_energy_j(0, start_s, start_s + s) for s in (1.0, 2.0, 2.25, 2.5, 4.0)]
        assert energy == pytest.approx([300, 600, 662.5, 700, 800], abs=1e-6)
        assert gpu.true_power_w(0, start_s + 2.25) == pytest.approx(200.0)
        assert gpu.true_energy_j(0, start_s - 2, start_s) == pytest.approx(100.0)

    def test_a_ramp_that_is_cut_short_goes_on_from_where_it_was(self, gpu: Standin) -> None:
        start_s = time.monotonic() + 100
        gpu.load(0, 250.0, at=start_s, ramp_s=1.0)
        gpu.load(0, 50.0, at=start_s + 0.5, ramp_s=1.0)
        assert gpu.true_power_w(0, start_s + 0.5) == pytest.approx(150.0)
        assert gpu.true_energy_j(0, start_s, start_s + 1.5) == pytest.approx(50.0 + 100.0)

    def test_square_wave(self, gpu: Standin) -> None:
        start_s = time.monotonic() + 100
        gpu.wave(0, high_w=200.0, low_w=100.0, period_s=1.0, duty=0.25, at=start_s)
        gpu.load(0, 50.0, at=start_s + 2.5)
        energy = [gpu.true_energy_j(0, start_s, start_s + s) for s in (0.25, 1.0, 2.125, 3.5)]
        assert energy == pytest.approx([50, 125, 275, 250 + 75 + 50], abs=1e-6)

    def test_a_sum_of_slices_is_the_analytic_whole(self, gpu: Standin) -> None:
        start_s = time.monotonic() + 100
        whole_j = 0.0
        for k in range(500):
            watts = 100.0 + 50.0 * math.sin(k)
            gpu.load(0, watts, at=start_s + 0.01 * k)
            whole_j += 0.01 * watts
        assert gpu.true_energy_j(0, start_s, start_s + 5.0) == pytest.approx(whole_j, rel=1e-9)
        slices = [gpu.true_energy_j(0, start_s + k / 7, start_s + (k + 1) / 7) for k in range(35)]
        assert sum(slices) == pytest.approx(whole_j, rel=1e-9)

    def test_a_later_command_replaces_what_was_planned(self, gpu: Standin) -> None:
        start_s = time.monotonic() + 100
        gpu.load(0, 300.0, at=start_s)
        gpu.load(0, 70.0, at=start_s - 1.0)
        assert gpu.true_power_w(0, start_s + 1.0) == 70.0

    def test_history_cannot_be_changed(self, gpu: Standin) -> None:
        moment_s = gpu.load(0, 300.0)
        with pytest.raises(ValueError, match="begun"):
            gpu.load(0, 100.0, at=moment_s - 1.0)

    def test_writers_in_many_threads_lose_no_load(self, gpu: Standin) -> None:
        threads = [
            threading.Thread(target=lambda: [gpu.load(0, 100.0) for _ in range(50)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gpu.devices[0].segment_count == 201


class TestCounter:
    def test_steps_at_its_refreshes_and_shows_the_true_energy_there(self, gpu: Standin) -> None:
        counter = gpu.devices[0].counter
        counter.jitter, counter.base_j = 0.1, 1000.0
        seen = client(
            gpu,
            """
gpu.load(0, 300.0); gpu.wave(0, high_w=250.0, low_w=80.0, period_s=0.13, at=time.monotonic() + 0.2)
steps, last, end_s = [], None, time.monotonic() + 0.8
while time.monotonic() < end_s:
    before_s = time.monotonic()
    value = n.nvmlDeviceGetTotalEnergyConsumption(h)
    if value != last:
        steps.append((before_s, time.monotonic(), value))
    last = value
    time.sleep(0.0005)
print(json.dumps(steps[1:]))
""",
        )
        refreshes_s = gpu.counter_refreshes_s(0, seen[0][0] - 0.05, seen[-1][1])
        assert len(seen) >= 7
        assert len(refreshes_s) == len(seen)
        gaps_s = [b - a for a, b in itertools.pairwise(refreshes_s)]
        assert max(gaps_s) - min(gaps_s) > 0.002, "the refreshes jitter"
        trace_start_s = gpu.devices[0].segments[0].start_s
        for refresh_s, (_, after_s, value) in zip(refreshes_s, seen, strict=True):
            assert refresh_s <= after_s <= refresh_s + 0.06
            true_j = gpu.true_energy_j(0, trace_start_s, refresh_s)
            assert value / 1e3 == pytest.approx(1000.0 + true_j, abs=0.0011)

    def test_continuous(self, gpu: Standin) -> None:
        gpu.devices[0].counter.period_s = 0.0
        values = client(
            gpu,
            """
values = []
for _ in range(20):
    values.append(n.nvmlDeviceGetTotalEnergyConsumption(h)); time.sleep(0.002)
print(json.dumps(values))
""",
        )
        assert len(set(values)) == 20

    def test_what_can_go_wrong_with_it(self, gpu: Standin) -> None:
        counter = gpu.devices[0].counter
        counter.period_s = 0.0
        gpu.load(0, 100.0)
        seen = client(
            gpu,
            """
def grown(span_s):
    start = n.nvmlDeviceGetTotalEnergyConsumption(h); start_s = time.monotonic(); time.sleep(span_s)
    return (n.nvmlDeviceGetTotalEnergyConsumption(h) - start) / 1e3 / (time.monotonic() - start_s)
result = [grown(0.2)]
gpu.freeze_counter(0, for_s=0.6)
result.append(grown(0.2)); time.sleep(0.5)
gpu.under_read(0, 0.57)
result.append(grown(0.2))
gpu.glitch_counter(0, by_j=50.0, for_s=0.2)
result.append(grown(0.3))
before = n.nvmlDeviceGetTotalEnergyConsumption(h)
gpu.glitch_counter(0, by_j=50.0)
result.append(n.nvmlDeviceGetTotalEnergyConsumption(h) - before < -49_000)
gpu.reset_counter(0)
result.append(n.nvmlDeviceGetTotalEnergyConsumption(h) < 1000)
gpu.devices[0].counter.supported = 0
result.append(attempt(n.nvmlDeviceGetTotalEnergyConsumption, h))
result.append(n.nvmlDeviceGetFieldValues(h, [83])[0].nvmlReturn)
print(json.dumps(result))
""",
        )
        assert seen[0] == pytest.approx(100.0, rel=0.01)
        assert seen[1] == 0.0
        assert seen[2] == pytest.approx(57.0, rel=0.01)
        assert seen[3] > 57.0 + 50 / 0.5, "it comes back after the glitch"
        assert seen[4:] == [True, True, "NVMLError_NotSupported", Code.NOT_SUPPORTED]


class TestPower:
    def test_average_and_instant_after_a_step(self, gpu: Standin) -> None:
        gpu.devices[0].power.period_s = 0.0
        seen = client(
            gpu,
            """
start_s = gpu.load(0, 250.0)
time.sleep(0.5)
fields = n.nvmlDeviceGetFieldValues(h, [185, 186, (186, 1)])
usage = n.nvmlDeviceGetPowerUsage(h)
span_s = time.monotonic() - start_s
gpu.devices[0].power.usage_is_average = 0
print(json.dumps([fields[0].value.uiVal, fields[1].value.uiVal, fields[2].nvmlReturn, usage,
                  n.nvmlDeviceGetPowerUsage(h), span_s]))
""",
        )
        average_w = 50.0 + 200.0 * seen[5]
        assert seen[0] / 1e3 == pytest.approx(average_w, rel=0.02)
        assert seen[1] == 250_000
        assert seen[2] == Code.NOT_SUPPORTED
        assert seen[3] / 1e3 == pytest.approx(average_w, rel=0.02)
        assert seen[4] == 250_000

    def test_noise_is_of_the_stated_size_and_the_same_within_a_refresh(self, gpu: Standin) -> None:
        power = gpu.devices[0].power
        power.period_s, power.noise_w = 0.001, 2.0
        watts = client(
            gpu,
            """
watts = []
for _ in range(300):
    watts.append(n.nvmlDeviceGetFieldValues(h, [186])[0].value.uiVal / 1e3); time.sleep(0.0012)
print(json.dumps(watts))
""",
        )
        mean_w = sum(watts) / len(watts)
        spread_w = math.sqrt(sum((w - mean_w) ** 2 for w in watts) / len(watts))
        assert mean_w == pytest.approx(50.0, abs=0.6)
        assert 1.5 < spread_w < 2.5
        power.period_s = 100.0
        assert len({*client(gpu, "print(json.dumps([n.nvmlDeviceGetPowerUsage(h)] * 2))")}) == 1

    def test_module_scope_gain_and_what_is_not_offered(self, gpu: Standin) -> None:
        power = gpu.devices[0].power
        power.module_extra_w, power.average_supported, power.usage_supported = 30.0, 0, 0
        gpu.devices[0].gain = 1.1
        seen = client(
            gpu,
            """
fields = n.nvmlDeviceGetFieldValues(h, [(186, 0), (186, 1), 185, 9])
print(json.dumps([[f.nvmlReturn, f.value.uiVal] for f in fields]
                 + [attempt(n.nvmlDeviceGetPowerUsage, h)]))
""",
        )
        assert seen == [
            [0, 55_000],
            [0, 85_000],
            [Code.NOT_SUPPORTED, 0],
            [Code.INVALID_ARGUMENT, 0],
            "NVMLError_NotSupported",
        ]

    def test_the_drivers_buffer(self, gpu: Standin) -> None:
        buffer = gpu.devices[0].buffer
        buffer.depth, buffer.period_s = 25, 0.02
        kind, samples, moment_s, newer, none = client(
            gpu,
            """
gpu.load(0, 200.0); time.sleep(0.3)
kind, samples = n.nvmlDeviceGetSamples(h, n.NVML_TOTAL_POWER_SAMPLES, 0)
moment_s = time.time()
newer = n.nvmlDeviceGetSamples(h, 0, samples[-5].timeStamp + 100)[1]
none = attempt(n.nvmlDeviceGetSamples, h, 0, int(moment_s * 1e6) + 10**6)
print(json.dumps([kind, [[s.timeStamp, s.sampleValue.uiVal] for s in samples], moment_s,
                  len(newer), none]))
""",
        )
        assert kind == 1
        assert len(samples) == 25
        assert 0 <= moment_s * 1e6 - samples[-1][0] < 40_000
        assert {power_mw for _, power_mw in samples} == {50_000, 200_000}
        assert sum(power_mw == 200_000 for _, power_mw in samples) in (14, 15, 16)
        assert newer in (4, 5, 6)
        assert none == "NVMLError_NotFound"


class TestFields:
    def test_own_time_stamps(self, gpu: Standin) -> None:
        gpu.devices[0].latency_s[Call.FIELDS] = 0.02
        code = """
before = time.time(); field = n.nvmlDeviceGetFieldValues(h, [83])[0]; after = time.time()
print(json.dumps([before * 1e6, field.timestamp, after * 1e6, field.latencyUsec]))
"""
        before_us, stamp_us, after_us, latency_us = client(gpu, code)
        assert latency_us == 20_000
        assert before_us + 9_000 < stamp_us < after_us - 9_000
        gpu.devices[0].stamp_mode = Stamp.ZERO
        assert client(gpu, code)[1] == 0
        gpu.devices[0].stamp_mode = Stamp.NONSENSE
        before_us, stamp_us, after_us, _ = client(gpu, code)
        assert not before_us <= stamp_us <= after_us


class TestFaults:
    def test_a_device_is_lost_and_comes_back_and_its_neighbour_does_not_notice(
        self, tmp_path: Path
    ) -> None:
        gpu = Standin.create(tmp_path / "state", devices=2)
        seen = client(
            gpu,
            """
gpu.lose(0, for_s=0.2)
other = n.nvmlDeviceGetHandleByIndex(1)
result = [attempt(n.nvmlDeviceGetPowerUsage, h), attempt(n.nvmlDeviceGetFieldValues, h, [83]),
          n.nvmlDeviceGetPowerUsage(other)]
time.sleep(0.2)
print(json.dumps([*result, n.nvmlDeviceGetPowerUsage(h)]))
""",
        )
        assert seen == ["NVMLError_GpuIsLost", "NVMLError_GpuIsLost", 60_000, 60_000]

    def test_faults_of_one_call_or_field(self, gpu: Standin) -> None:
        gpu.fail(0, Call.ENERGY, Code.NO_PERMISSION)
        gpu.fail(0, Call.POWER, Code.GARBAGE)
        gpu.fail(0, Call.FIELD_83, Code.UNKNOWN)
        code = """
fields = n.nvmlDeviceGetFieldValues(h, [83, 186])
print(json.dumps([attempt(n.nvmlDeviceGetTotalEnergyConsumption, h), n.nvmlDeviceGetPowerUsage(h),
                  *[f.nvmlReturn for f in fields]]))
"""
        assert client(gpu, code) == ["NVMLError_NoPermission", 2**32 - 1, Code.UNKNOWN, 0]
        gpu.mend(0)
        assert client(gpu, code)[1:] == [60_000 - 10_000, 0, 0]

    def test_the_driver_is_unloaded_and_loaded_again(self, gpu: Standin) -> None:
        seen = client(
            gpu,
            """
gpu.unload_driver(for_s=0.2)
result = [attempt(n.nvmlDeviceGetPowerUsage, h), attempt(n.nvmlInit)]
time.sleep(0.2)
result.append(attempt(n.nvmlDeviceGetPowerUsage, h))
n.nvmlInit()
result.append(attempt(n.nvmlDeviceGetPowerUsage, h))
print(json.dumps([*result, n.nvmlDeviceGetPowerUsage(n.nvmlDeviceGetHandleByIndex(0))]))
""",
        )
        assert seen == [
            "NVMLError_Uninitialized",
            "NVMLError_DriverNotLoaded",
            "NVMLError_Uninitialized",
            "NVMLError_InvalidArgument",
            50_000,
        ]

    def test_initialisations_are_counted_as_the_real_one_does(self, gpu: Standin) -> None:
        seen = client(
            gpu,
            """
n.nvmlInit(); n.nvmlShutdown()
result = [attempt(n.nvmlDeviceGetPowerUsage, h)]
n.nvmlShutdown()
print(json.dumps([*result, attempt(n.nvmlDeviceGetPowerUsage, h), attempt(n.nvmlShutdown)]))
""",
        )
        assert seen == [50_000, "NVMLError_Uninitialized", "NVMLError_Uninitialized"]
        assert gpu.state.init_calls == gpu.state.shutdown_calls == 2

    def test_calls_last_as_long_as_told_release_the_interpreter_and_are_counted(
        self, gpu: Standin
    ) -> None:
        gpu.devices[0].latency_s[Call.ANY] = 0.001
        gpu.devices[0].latency_s[Call.POWER] = 0.05
        slow_s, quick_s, beside = client(
            gpu,
            """
import threading
def timed(call, *arguments):
    start_s = time.monotonic(); call(*arguments); return time.monotonic() - start_s
beside = 0
thread = threading.Thread(target=n.nvmlDeviceGetPowerUsage, args=(h,))
thread.start()
while thread.is_alive():
    beside += 1
slow_s = timed(n.nvmlDeviceGetPowerUsage, h)
quick_s = min(timed(n.nvmlDeviceGetTotalEnergyConsumption, h) for _ in range(5))
print(json.dumps([slow_s, quick_s, beside]))
""",
        )
        assert 0.05 <= slow_s < 0.5
        assert 0.001 <= quick_s < 0.02
        assert beside > 1000
        assert gpu.calls(0, Call.POWER) == 2
        assert gpu.calls(0, Call.ENERGY) == 5
        assert gpu.calls(0) == 8, "with the look-up of the handle"


class TestBoard:
    def test_identity_limits_and_use(self, tmp_path: Path) -> None:
        gpu = Standin.create(tmp_path / "state", devices=2, name="NVIDIA A100")
        gpu.devices[1].gpu_percent = 85
        gpu.set_processes(1, (4242, 80, 2 << 30), (4343, 5, 1 << 20))
        seen = client(
            gpu,
            """
h = n.nvmlDeviceGetHandleByUUID(gpu.devices[1].uuid.decode())
same = n.nvmlDeviceGetHandleByPciBusId("00000000:18:00.0")
pci = n.nvmlDeviceGetPciInfo(h)
samples = n.nvmlDeviceGetProcessUtilization(h, 0)
print(json.dumps({
    "name": n.nvmlDeviceGetName(h), "index": n.nvmlDeviceGetIndex(same),
    "uuid": n.nvmlDeviceGetUUID(same), "count": n.nvmlDeviceGetCount(),
    "driver": n.nvmlSystemGetDriverVersion(), "nvml": n.nvmlSystemGetNVMLVersion(),
    "cuda": n.nvmlSystemGetCudaDriverVersion(), "bus": pci.busId, "bus_number": pci.bus,
    "architecture": n.nvmlDeviceGetArchitecture(h),
    "capability": n.nvmlDeviceGetCudaComputeCapability(h),
    "limits": [n.nvmlDeviceGetPowerManagementLimit(h), n.nvmlDeviceGetEnforcedPowerLimit(h),
               n.nvmlDeviceGetPowerManagementDefaultLimit(h)],
    "use": n.nvmlDeviceGetUtilizationRates(h).gpu, "memory": n.nvmlDeviceGetMemoryInfo(h).total,
    "running": [[p.pid, p.usedGpuMemory] for p in n.nvmlDeviceGetComputeRunningProcesses(h)],
    "sm": [[s.pid, s.smUtil] for s in samples],
    "again": attempt(n.nvmlDeviceGetProcessUtilization, h, samples[0].timeStamp + 10**6),
    "none": attempt(n.nvmlDeviceGetProcessUtilization, n.nvmlDeviceGetHandleByIndex(0), 0),
    "unknown": attempt(n.nvmlDeviceGetHandleByUUID, "GPU-0"),
    "beyond": attempt(n.nvmlDeviceGetHandleByIndex, 2),
}))
""".replace('"bus": pci.busId', '"bus": str(pci.busId)'),
        )
        assert seen == {
            "name": "NVIDIA A100",
            "index": 1,
            "uuid": gpu.devices[1].uuid.decode(),
            "count": 2,
            "driver": "570.86.15",
            "nvml": "12.570.86.15",
            "cuda": 12_080,
            "bus": seen["bus"],
            "bus_number": 0x18,
            "architecture": 9,
            "capability": [9, 0],
            "limits": [700_000] * 3,
            "use": 85,
            "memory": 80 << 30,
            "running": [[4242, 2 << 30], [4343, 1 << 20]],
            "sm": [[4242, 80], [4343, 5]],
            "again": "NVMLError_NotFound",
            "none": "NVMLError_NotFound",
            "unknown": "NVMLError_NotFound",
            "beyond": "NVMLError_InvalidArgument",
        }
        assert "00000000:18:00.0" in seen["bus"]

    def test_mig(self, gpu: Standin) -> None:
        gpu.set_mig(0, "MIG-aaaa", "MIG-bbbb")
        seen = client(
            gpu,
            """
part = n.nvmlDeviceGetMigDeviceHandleByIndex(h, 1)
same = n.nvmlDeviceGetHandleByUUID("MIG-bbbb")
parent = n.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(same)
print(json.dumps([
    n.nvmlDeviceGetMigMode(h), n.nvmlDeviceGetMaxMigDeviceCount(h), n.nvmlDeviceGetUUID(part),
    n.nvmlDeviceGetUUID(parent), n.nvmlDeviceGetGpuInstanceId(part),
    n.nvmlDeviceGetComputeInstanceId(part), n.nvmlDeviceIsMigDeviceHandle(part).value,
    attempt(n.nvmlDeviceGetPowerUsage, part), n.nvmlDeviceGetPowerUsage(parent),
    attempt(n.nvmlDeviceGetMigDeviceHandleByIndex, h, 2)]))
""",
        )
        uuid = gpu.devices[0].uuid.decode()
        assert seen[:7] == [[1, 1], 7, "MIG-bbbb", uuid, 2, 0, 1]
        assert seen[7:] == ["NVMLError_NotSupported", 50_000, "NVMLError_NotFound"]


def test_it_installs_in_this_process(gpu: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CARBON_STANDIN_NVML", "overwritten")
    gpu.install_in_process()
    pynvml = pytest.importorskip("pynvml")
    pynvml.nvmlInit()
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        assert pynvml.nvmlDeviceGetPowerUsage(handle) == 50_000
    finally:
        pynvml.nvmlShutdown()


def test_without_a_state_there_is_no_driver(gpu: Standin) -> None:
    environment = gpu.environment() | {"JUPYTER_CARBON_STANDIN_NVML": os.devnull}
    code = "import pynvml\ntry: pynvml.nvmlInit()\nexcept pynvml.NVMLError as e: print(e)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "Unknown Error"

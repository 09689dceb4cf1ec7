"""A stand-in for NVIDIA boards below the real pynvml, with true energy known exactly.

    gpu = Standin.create(tmp_path / "state", devices=2, idle_w=60.0)
    gpu.devices[0].counter.period_s = 0.02               # any field of layout.py, at any time
    subprocess.run([sys.executable, ...], env=gpu.environment())   # pynvml there finds it
    gpu.install_in_process()                             # or here (before pynvml loads a library)

    gpu.load(0, 300.0)                                   # 300 W from now on; also ramp_s=, at=
    gpu.wave(0, high_w=300.0, low_w=60.0, period_s=1.0)  # a square wave from now on
    gpu.true_energy_j(0, start_s, end_s)                 # moments of time.monotonic()
    gpu.freeze_counter(0); gpu.under_read(0, 0.57); gpu.lose(0, for_s=2.0); gpu.add_board()
    gpu.fail(0, Call.FIELD_186, Code.NOT_SUPPORTED); gpu.calls(0, Call.FIELDS)

In a notebook cell of a kernel that was started with `environment()`:

    from tests.standin.nvml import Standin
    gpu = Standin.attach(); gpu.load(0, 300.0)

The state lies in one file that all of them map. Commands may come from any
process; `load` and `wave` cost some 30 microseconds.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.standin.nvml import trace
from tests.standin.nvml.layout import (
    MAX_DEVICES,
    MAX_FAULTS,
    MAX_SEGMENTS,
    NEVER,
    Call,
    Code,
    Device,
    Segment,
    Stamp,
    State,
)

__all__ = ["NEVER", "VARIABLE", "Call", "Code", "Device", "Stamp", "Standin"]

VARIABLE = "JUPYTER_CARBON_STANDIN_NVML"
_ROOT = Path(__file__).parents[3]


class Standin:
    """The driver's side of the stand-in: commands it, and knows the truth."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), ctypes.sizeof(State))
        self.state = State.from_buffer(self._memory)

    @classmethod
    def create(
        cls,
        path: Path,
        devices: int = 1,
        *,
        idle_w: float = 60.0,
        name: str = "NVIDIA H100 80GB HBM3",
        history_s: float = 600.0,
    ) -> Standin:
        """A new state file of like boards that have idled for `history_s`.

        The counter refreshes every 100 ms, the power sensor every 20 ms; the
        boards are Hopper with everything offered, without MIG, nobody on them.
        """
        if not 0 <= devices <= MAX_DEVICES:
            raise ValueError(f"at most {MAX_DEVICES} devices")
        with path.open("wb") as file:
            file.truncate(ctypes.sizeof(State))
        standin = cls(path)
        state = standin.state
        state.size = ctypes.sizeof(State)
        state.cuda_version = 12_080
        state.unloaded_from_s = state.unloaded_until_s = NEVER
        state.driver_version, state.nvml_version = b"570.86.15", b"12.570.86.15"
        for index in range(devices):
            _prepare(state.devices[index], index, name, idle_w, time.monotonic() - history_s)
        state.device_count = devices
        return standin

    @classmethod
    def attach(cls, path: str | Path | None = None) -> Standin:
        """The stand-in under this process; by default the one its environment names."""
        return cls(Path(os.environ[VARIABLE] if path is None else path))

    # Where it is found

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment in which a new process finds the library, this state, and `tests`."""
        from tests.standin.nvml.build import build

        environment = dict(os.environ if base is None else base)
        for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
            environment.pop(name, None)
        environment[VARIABLE] = str(self.path)
        for name, folder in (("LD_LIBRARY_PATH", build().parent), ("PYTHONPATH", _ROOT)):
            rest = environment.get(name)
            environment[name] = f"{folder}{os.pathsep}{rest}" if rest else str(folder)
        return environment

    def install_in_process(self) -> None:
        """Lets pynvml in this very process find the library, and the library this state.

        A library that is loaded already is found by its soname, so the loader
        searches no further. The state in force is looked up when NVML is
        initialised while nobody else holds it. The caller restores VARIABLE.
        """
        from tests.standin.nvml.build import build

        os.environ[VARIABLE] = str(self.path)
        ctypes.CDLL(str(build()), mode=ctypes.RTLD_GLOBAL)

    # The trace

    @property
    def devices(self) -> list[Device]:
        """The boards; what is set in them takes effect at once."""
        return [self.state.devices[index] for index in range(self.state.device_count)]

    def load(
        self, device: int, watts: float, at: float | None = None, ramp_s: float = 0.0
    ) -> float:
        """Power goes to `watts` at a moment, by default now, and stays; returns the moment.

        Planned loads from that moment on are dropped. History cannot be changed:

        Raises:
            ValueError: if `at` lies before a load that has begun.
        """
        return self._append(device, at, Segment(to_w=watts, ramp_s=ramp_s))

    def wave(
        self,
        device: int,
        *,
        high_w: float,
        low_w: float,
        period_s: float,
        duty: float = 0.5,
        at: float | None = None,
    ) -> float:
        """A square wave that begins high, as `load`; it lasts until the next load."""
        wave = Segment(to_w=high_w, low_w=low_w, period_s=period_s, duty=duty)
        return self._append(device, at, wave)

    def true_power_w(self, device: int, moment_s: float) -> float:
        """The power at a moment."""
        return trace.power_w(self.state.devices[device], moment_s)

    def true_energy_j(self, device: int, start_s: float, end_s: float) -> float:
        """The energy between two moments, by integrating the trace."""
        board = self.state.devices[device]
        return trace.energy_j(board, end_s) - trace.energy_j(board, start_s)

    def counter_refreshes_s(self, device: int, start_s: float, end_s: float) -> list[float]:
        """The moments in (start, end] at which the counter refreshes."""
        counter = self.state.devices[device].counter
        return trace.refreshes_s(
            counter.period_s, counter.phase_s, counter.jitter, 0, start_s, end_s
        )

    # What goes wrong

    def freeze_counter(self, device: int, at: float | None = None, for_s: float = NEVER) -> None:
        """The counter stands still from a moment on, then jumps to the truth."""
        counter = self.state.devices[device].counter
        start_s = time.monotonic() if at is None else at
        counter.frozen_until_s = start_s + for_s
        counter.frozen_from_s = start_s

    def under_read(self, device: int, factor: float, at: float | None = None) -> None:
        """The counter grows by `factor` of the truth from a moment on."""
        counter = self.state.devices[device].counter
        counter.factor = factor
        counter.factor_from_s = time.monotonic() if at is None else at

    def reset_counter(self, device: int, at: float | None = None) -> None:
        """The counter begins again at 0."""
        self.state.devices[device].counter.reset_at_s = time.monotonic() if at is None else at

    def glitch_counter(
        self, device: int, by_j: float, at: float | None = None, for_s: float = 0.15
    ) -> None:
        """The counter is `by_j` too low for a while."""
        counter = self.state.devices[device].counter
        start_s = time.monotonic() if at is None else at
        counter.glitch_j, counter.glitch_until_s = by_j, start_s + for_s
        counter.glitch_from_s = start_s

    def fail(
        self,
        device: int,
        call: Call,
        code: Code,
        at: float | None = None,
        for_s: float = NEVER,
    ) -> None:
        """Calls of a group (Call.ANY: all of the device) return a code from a moment on."""
        board = self.state.devices[device]
        start_s = time.monotonic() if at is None else at
        with self._alone():
            if board.fault_count == MAX_FAULTS:
                raise ValueError(f"at most {MAX_FAULTS} faults a device; call mend first")
            entry = board.faults[board.fault_count]
            entry.call, entry.code = call, code
            entry.from_s, entry.until_s = start_s, start_s + for_s
            board.fault_count += 1

    def lose(self, device: int, at: float | None = None, for_s: float = NEVER) -> None:
        """The board falls off the bus, and comes back after `for_s`."""
        self.fail(device, Call.ANY, Code.GPU_IS_LOST, at, for_s)

    def mend(self, device: int) -> None:
        """Ends all faults of a device."""
        self.state.devices[device].fault_count = 0

    def unload_driver(self, at: float | None = None, for_s: float = 0.0) -> None:
        """NVML forgets its users at a moment, and can be initialised again after `for_s`."""
        start_s = time.monotonic() if at is None else at
        self.state.unloaded_until_s = start_s + for_s
        self.state.unloaded_from_s = start_s

    # Who is there

    def add_board(self, *, idle_w: float = 60.0, history_s: float = 0.0) -> int:
        """Plugs in one more board, seen by running clients at once; returns its number."""
        index = int(self.state.device_count)
        if index == MAX_DEVICES:
            raise ValueError(f"at most {MAX_DEVICES} devices")
        board = self.state.devices[index]
        _prepare(board, index, "NVIDIA H100 80GB HBM3", idle_w, time.monotonic() - history_s)
        self.state.device_count = index + 1
        return index

    def set_mig(self, device: int, *uuids: str) -> None:
        """MIG is on, with instances of these UUIDs; their ids are (1, 0), (2, 0) and so on."""
        board = self.state.devices[device]
        for index, uuid in enumerate(uuids):
            instance = board.mig[index]
            instance.uuid, instance.gpu_instance, instance.compute_instance = (
                uuid.encode(),
                index + 1,
                0,
            )
        board.mig_count, board.mig_mode = len(uuids), 1

    def set_processes(self, device: int, *processes: tuple[int, int, int]) -> None:
        """Who uses the board: (process id, SM %, bytes of memory)."""
        board = self.state.devices[device]
        for index, (pid, sm_percent, memory_bytes) in enumerate(processes):
            process = board.processes[index]
            process.pid, process.sm_percent, process.memory_bytes = pid, sm_percent, memory_bytes
        board.process_count = len(processes)

    def calls(self, device: int, call: Call = Call.ANY) -> int:
        """How many calls of a group the device has answered."""
        return int(self.state.devices[device].calls[call])

    # Writing

    def _append(self, device: int, at: float | None, segment: Segment) -> float:
        board = self.state.devices[device]
        with self._alone():
            now_s = time.monotonic()
            moment_s = now_s if at is None else at
            keep = board.segment_count
            while board.segments[keep - 1].start_s > moment_s:
                if board.segments[keep - 1].start_s <= now_s:
                    raise ValueError("a load that has begun cannot be changed afterwards")
                keep -= 1
            if keep == MAX_SEGMENTS:
                raise ValueError(f"a trace has at most {MAX_SEGMENTS} segments")
            segment.start_s = moment_s
            segment.from_w = trace.power_w(board, moment_s)
            segment.energy_j = trace.energy_j(board, moment_s)
            # Odd while planned segments are being replaced: the library then reads again.
            board.sequence += 1
            board.segment_count = keep
            board.segments[keep] = segment
            board.segment_count = keep + 1
            board.sequence += 1
        return moment_s

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, of all processes and threads; readers do not wait."""
        file = os.open(self.path, os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _prepare(board: Device, index: int, name: str, idle_w: float, start_s: float) -> None:
    """A board of the Hopper kind that has idled since `start_s`."""
    board.uuid = f"GPU-{index:08x}-5ca1-ab1e-0000-{0xC0FFEE + index:012x}".encode()
    board.name = name.encode()
    board.bus_id = f"00000000:{0x17 + index:02X}:00.0".encode()
    board.architecture, board.compute_major, board.compute_minor = 9, 9, 0
    board.cores, board.max_clock_mhz = 16_896, 1980
    board.limit_mw = board.enforced_limit_mw = board.default_limit_mw = 700_000
    board.memory_bytes, board.memory_used_bytes = 80 << 30, 512 << 20
    board.mig_mode = 0
    board.process_period_s, board.gain, board.latency_share = 1 / 6, 1.0, 0.5
    counter = board.counter
    counter.supported, counter.period_s, counter.phase_s = 1, 0.1, 0.0417 + 0.013 * index
    counter.base_j, counter.factor = 123_456.789, 1.0
    counter.frozen_from_s = counter.frozen_until_s = counter.factor_from_s = NEVER
    counter.reset_at_s = counter.glitch_from_s = counter.glitch_until_s = NEVER
    power = board.power
    power.usage_supported = power.usage_is_average = 1
    power.average_supported = power.instant_supported = 1
    power.period_s, power.phase_s, power.average_window_s = 0.02, 0.0071 + 0.003 * index, 1.0
    power.module_extra_w = -1.0
    board.buffer.supported, board.buffer.depth, board.buffer.period_s = 1, 120, 0.02
    board.segments[0] = Segment(start_s=start_s, from_w=idle_w, to_w=idle_w)
    board.segment_count = 1

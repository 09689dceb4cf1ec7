"""The state file's structures, the mirror of state.h.

All moments are seconds of the monotonic clock (`time.monotonic()`); `NEVER` is
the moment of what does not happen.
"""

from __future__ import annotations

from ctypes import Array, Structure, c_char, c_double, c_int32, c_uint32, c_uint64
from enum import IntEnum

MAX_DEVICES = 16
MAX_SEGMENTS = 20_000
MAX_FAULTS = 32
MAX_MIG = 7
MAX_PROCESSES = 16
NEVER = 1e18


class Call(IntEnum):
    """Groups of calls that are counted, delayed and made to fail separately."""

    ANY = 0
    ENERGY = 1
    POWER = 2
    FIELDS = 3
    SAMPLES = 4
    HANDLE = 5
    IDENTITY = 6
    LIMIT = 7
    MIG = 8
    PROCESSES = 9
    UTILIZATION = 10
    MEMORY = 11
    FIELD_83 = 12
    FIELD_185 = 13
    FIELD_186 = 14


class Code(IntEnum):
    """What a call may return; GARBAGE is success with a senseless value."""

    UNINITIALIZED = 1
    INVALID_ARGUMENT = 2
    NOT_SUPPORTED = 3
    NO_PERMISSION = 4
    NOT_FOUND = 6
    FUNCTION_NOT_FOUND = 13
    GPU_IS_LOST = 15
    UNKNOWN = 999
    GARBAGE = 10_000


class Stamp(IntEnum):
    """What a field's own time stamp says."""

    PLAUSIBLE = 0
    """The moment to which the value belongs."""
    ZERO = 1
    NONSENSE = 2
    REFRESH = 3
    """The refresh before, outside the span of the call."""


class Segment(Structure):
    """Power from `start_s` on: a ramp, then `to_w`, or a square wave of `to_w` and `low_w`."""

    _fields_ = (
        ("start_s", c_double),
        ("from_w", c_double),
        ("to_w", c_double),
        ("ramp_s", c_double),
        ("period_s", c_double),
        ("duty", c_double),
        ("low_w", c_double),
        ("energy_j", c_double),  # of all segments before this one
    )


class Counter(Structure):
    """The energy counter.

    Refresh k is at phase_s + (k + jitter * u) * period_s, u in [-1, 1] by a hash
    of k; keep jitter below 0.5. A period of 0 is a continuous counter.
    """

    _fields_ = (
        ("supported", c_int32),
        ("pad", c_int32),
        ("period_s", c_double),
        ("phase_s", c_double),
        ("jitter", c_double),
        ("base_j", c_double),
        ("frozen_from_s", c_double),
        ("frozen_until_s", c_double),
        ("factor_from_s", c_double),
        ("factor", c_double),
        ("reset_at_s", c_double),
        ("glitch_from_s", c_double),
        ("glitch_until_s", c_double),
        ("glitch_j", c_double),
    )


class Power(Structure):
    """The power sensor; refreshes as the counter's, with a grid of its own.

    nvmlDeviceGetPowerUsage gives the average or the instantaneous figure by
    `usage_is_average`; field 185 is the mean over `average_window_s`, field 186
    over `instant_window_s` (0: the very moment). A negative `module_extra_w`
    means that scope 1 is not offered.
    """

    _fields_ = (
        ("usage_supported", c_int32),
        ("usage_is_average", c_int32),
        ("average_supported", c_int32),
        ("instant_supported", c_int32),
        ("period_s", c_double),
        ("phase_s", c_double),
        ("jitter", c_double),
        ("noise_w", c_double),
        ("average_window_s", c_double),
        ("instant_window_s", c_double),
        ("module_extra_w", c_double),
    )


class Buffer(Structure):
    """The driver's own buffer of recent power samples."""

    _fields_ = (("supported", c_int32), ("depth", c_int32), ("period_s", c_double))


class FaultEntry(Structure):
    """A code that a call returns from one moment until another."""

    _fields_ = (
        ("call", c_int32),
        ("code", c_int32),
        ("from_s", c_double),
        ("until_s", c_double),
    )


class MigInstance(Structure):
    """A part of a board under MIG."""

    _fields_ = (
        ("uuid", c_char * 96),
        ("gpu_instance", c_uint32),
        ("compute_instance", c_uint32),
    )


class Process(Structure):
    """A process that uses the board."""

    _fields_ = (
        ("pid", c_uint32),
        ("sm_percent", c_uint32),
        ("memory_percent", c_uint32),
        ("pad", c_uint32),
        ("memory_bytes", c_uint64),
    )


class Device(Structure):
    """A board. Text is bytes. Set any field at any time; the library sees it at once.

    `gain` multiplies what counter and power show, not the truth. `latency_s` is
    by `Call`, `latency_s[Call.ANY]` for calls without their own; the figure is
    taken `latency_share` of the latency into the call.
    """

    segments: Array[Segment]
    counter: Counter
    power: Power
    buffer: Buffer
    segment_count: int
    sequence: int

    _fields_ = (
        ("uuid", c_char * 96),
        ("name", c_char * 96),
        ("bus_id", c_char * 32),
        ("architecture", c_int32),
        ("compute_major", c_int32),
        ("compute_minor", c_int32),
        ("cores", c_int32),
        ("max_clock_mhz", c_uint32),
        ("limit_mw", c_uint32),
        ("enforced_limit_mw", c_uint32),
        ("default_limit_mw", c_uint32),
        ("gpu_percent", c_uint32),
        ("memory_percent", c_uint32),
        ("memory_bytes", c_uint64),
        ("memory_used_bytes", c_uint64),
        ("mig_mode", c_int32),  # -1: not offered, 0: off, 1: on
        ("mig_count", c_int32),
        ("mig", MigInstance * MAX_MIG),
        ("process_count", c_int32),
        ("stamp_mode", c_int32),
        ("process_period_s", c_double),
        ("gain", c_double),
        ("latency_share", c_double),
        ("processes", Process * MAX_PROCESSES),
        ("counter", Counter),
        ("power", Power),
        ("buffer", Buffer),
        ("latency_s", c_double * len(Call)),
        ("calls", c_uint64 * len(Call)),
        ("faults", FaultEntry * MAX_FAULTS),
        ("fault_count", c_uint64),
        ("sequence", c_uint64),
        ("segment_count", c_uint64),
        ("segments", Segment * MAX_SEGMENTS),
    )


class State(Structure):
    """The whole file."""

    devices: Array[Device]

    _fields_ = (
        ("size", c_uint64),
        ("device_count", c_int32),
        ("cuda_version", c_int32),
        ("unloaded_from_s", c_double),
        ("unloaded_until_s", c_double),
        ("init_calls", c_uint64),
        ("shutdown_calls", c_uint64),
        ("driver_version", c_char * 80),
        ("nvml_version", c_char * 80),
        ("devices", Device * MAX_DEVICES),
    )

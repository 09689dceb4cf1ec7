"""Power and energy of a trace, exactly; the mirror of sensors.h."""

from __future__ import annotations

import math
from bisect import bisect_right

from tests.standin.nvml.layout import Device, Segment

_MASK = (1 << 64) - 1


def segment_power_w(segment: Segment, dt_s: float) -> float:
    """The power, a time after the segment's start."""
    if dt_s < 0:
        return float(segment.from_w)
    if dt_s < segment.ramp_s:
        return float(segment.from_w + (segment.to_w - segment.from_w) * dt_s / segment.ramp_s)
    if segment.period_s <= 0:
        return float(segment.to_w)
    turn = (dt_s - segment.ramp_s) / segment.period_s
    return float(segment.to_w if turn % 1.0 < segment.duty else segment.low_w)


def segment_energy_j(segment: Segment, dt_s: float) -> float:
    """The energy since the trace began, a time after the segment's start."""
    before_j, from_w, to_w, ramp_s = (
        float(segment.energy_j),
        float(segment.from_w),
        float(segment.to_w),
        float(segment.ramp_s),
    )
    if dt_s < 0:
        return before_j + from_w * dt_s
    if dt_s < ramp_s:
        return before_j + dt_s * (from_w + (to_w - from_w) * dt_s / (2 * ramp_s))
    before_j += ramp_s * (from_w + to_w) / 2
    rest_s = dt_s - ramp_s
    if segment.period_s <= 0:
        return before_j + to_w * rest_s
    turns = math.floor(rest_s / segment.period_s)
    part_s = rest_s - turns * segment.period_s
    high_s = segment.duty * segment.period_s
    full_j = to_w * high_s + segment.low_w * (segment.period_s - high_s)
    part_j = to_w * min(part_s, high_s) + segment.low_w * max(0.0, part_s - high_s)
    return float(before_j + turns * full_j + part_j)


def segment_at(device: Device, moment_s: float) -> Segment:
    """The segment in force; the first one also before its start."""
    index = bisect_right(
        device.segments, moment_s, 1, device.segment_count, key=lambda segment: segment.start_s
    )
    return device.segments[index - 1]


def power_w(device: Device, moment_s: float) -> float:
    """The true power at a moment."""
    segment = segment_at(device, moment_s)
    return segment_power_w(segment, moment_s - segment.start_s)


def energy_j(device: Device, moment_s: float) -> float:
    """The true energy from the trace's beginning to a moment."""
    segment = segment_at(device, moment_s)
    return segment_energy_j(segment, moment_s - segment.start_s)


def uniform(index: int, salt: int) -> float:
    """The stand-in's chance in [0, 1): splitmix64 of an index."""
    z = (index + (salt + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    z ^= z >> 31
    return (z >> 11) / 2**53


def refreshes_s(
    period_s: float, phase_s: float, jitter: float, salt: int, start_s: float, end_s: float
) -> list[float]:
    """The moments in (start, end] at which a sensor refreshes; `salt` 0: counter, 1: power."""
    first = math.floor((start_s - phase_s) / period_s) - 1
    last = math.floor((end_s - phase_s) / period_s) + 1
    moments_s = (
        phase_s + (k + jitter * (2 * uniform(k, salt) - 1)) * period_s
        for k in range(first, last + 1)
    )
    return [moment_s for moment_s in moments_s if start_s < moment_s <= end_s]

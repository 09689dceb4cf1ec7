"""One NVIDIA board as a source: what it offers, and reading it.

The counter (Volta and newer; not on vGPU) is in millijoules since the driver was
loaded. Power, best first: field 186, instantaneous; `nvmlDeviceGetPowerUsage`,
by NVIDIA's reference instantaneous up to GA100 and a mean over the last second
on newer boards; field 185, that mean everywhere. Scope 0 is the GPU; on Grace
Hopper scope 1 would be the module.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import SourceInfo
from jupyter_carbon.sources.nvml_session import (
    NOT_OFFERED,
    NOT_SUPPORTED,
    SENSELESS,
    STALE,
    UNINITIALIZED,
    NvmlSession,
    code_of,
    source_error,
)

Way = TypeVar("Way")
CounterWay = Literal["field", "call"]
PowerWay = Literal["instant", "usage", "average"]

_ENERGY_FIELD = 83
_AVERAGE_FIELD = 185
_INSTANT_FIELD = 186
_VALUE_NAMES = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
_MOST_MJ = 1e16
"""100 kW for three years: no counter since the driver was loaded is beyond that."""
_MOST_MW = 1e8
_STAMP_SLACK_S = 20e-6
_SAME_CLOCKS_S = 100e-6
_AVERAGE_WINDOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Offer:
    """From where a board's figures are read."""

    counter: CounterWay | None
    power: PowerWay | None
    power_window_s: float


class NvmlSource:
    """One board. Read by one thread at a time.

    A board that was lost, or a library that was shut down under us, is looked up
    again by the board's UUID at the next reading.
    """

    def __init__(self, session: NvmlSession, info: SourceInfo, uuid: str, offer: Offer) -> None:
        self._session = session
        self._info = info
        self._uuid = uuid
        self._offer = offer
        self._handle: Any = None
        self._generation = session.generation
        self._must_renew = False
        self._is_open = True
        fields: list[int] = []
        if offer.counter == "field":
            fields.append(_ENERGY_FIELD)
        if offer.power == "instant":
            fields.append(_INSTANT_FIELD)
        elif offer.power == "average":
            fields.append(_AVERAGE_FIELD)
        self._fields = tuple(fields)
        self._has_calls = offer.counter == "call" or offer.power == "usage"
        session.attach()

    @property
    def info(self) -> SourceInfo:
        """What is known of the board."""
        return self._info

    def read(self) -> Reading:
        """The counter in joules since the driver was loaded, and the power in watts.

        One that cannot be had now is None. `moment_s` and `until_s` are the time
        stamps of the driver where they lie within the call, else the clock
        before and after it.

        Raises:
            SourceError: where neither can be had.
        """
        reading, code = self._try()
        if reading is None and code in STALE:
            # Most often somebody else's nvmlShutdown: nothing is lost yet.
            reading, code = self._try()
        if reading is None:
            text = self._session.nvml.NVMLError(code) if code != SENSELESS else ""
            raise source_error(code, self._info.name, str(text))
        return reading

    def recent_power(self, since_s: float) -> Sequence[tuple[float, float]]:
        """The driver's own samples after a moment: monotonic seconds, watts, oldest first.

        Empty where the driver keeps none, or cannot be asked now.
        """
        nvml = self._session.nvml
        offset_s = time.time() - time.monotonic()
        since_us = max(0, int((since_s + offset_s) * 1e6))
        answer = self._handle and self._session.ask(
            nvml.nvmlDeviceGetSamples, self._handle, nvml.NVML_TOTAL_POWER_SAMPLES, since_us
        )
        if not answer:
            return ()
        value_type, raw_samples = answer
        now_s = time.monotonic()
        samples = []
        for raw in raw_samples:
            moment_s = raw.timeStamp * 1e-6 - offset_s
            power_mw = _number(value_type, raw.sampleValue)
            if since_s < moment_s <= now_s and 0 <= power_mw <= _MOST_MW:
                samples.append((moment_s, power_mw * 1e-3))
        return sorted(samples)

    def close(self) -> None:
        """Gives the board back; NVML is shut down with the last one."""
        if self._is_open:
            self._is_open = False
            self._session.detach()

    def _try(self) -> tuple[Reading | None, int]:
        """A reading, or why there is none."""
        try:
            handle = self._handle if self._handle is not None else self._look_up()
            reading, code = self._read(handle)
        except self._session.error as error:
            reading, code = None, code_of(error)
        if reading is None and code != SENSELESS:
            self._handle = None
            self._must_renew = code == UNINITIALIZED
        return reading, code

    def _look_up(self) -> Any:
        if self._must_renew:
            self._session.renew(self._generation)
            self._must_renew = False
        self._generation = self._session.generation
        self._handle = self._session.nvml.nvmlDeviceGetHandleByUUID(self._uuid)
        return self._handle

    def _read(self, handle: Any) -> tuple[Reading | None, int]:
        """A reading with at least one figure, or the code of the last failure."""
        nvml = self._session.nvml
        counter_mj: float | None = None
        power_mw: float | None = None
        first_us = last_us = 0
        code = NOT_SUPPORTED
        before_s = time.monotonic()
        if self._fields:
            try:
                values: Sequence[Any] = nvml.nvmlDeviceGetFieldValues(handle, self._fields)
            except self._session.error as error:
                values, code = (), code_of(error)
            for value in values:
                if value.nvmlReturn:
                    code = value.nvmlReturn
                    continue
                if value.fieldId == _ENERGY_FIELD:
                    counter_mj = _number(value.valueType, value.value)
                else:
                    power_mw = _number(value.valueType, value.value)
                first_us = first_us or value.timestamp
                last_us = value.timestamp
        if self._has_calls:
            counter_mj, power_mw, code = self._call(handle, counter_mj, power_mw, code)
        until_s = time.monotonic()
        # The comparisons are false for a NaN, too.
        if counter_mj is not None and not 0 <= counter_mj <= _MOST_MJ:
            counter_mj, code = None, SENSELESS
        if power_mw is not None and not 0 <= power_mw <= _MOST_MW:
            power_mw, code = None, SENSELESS
        if counter_mj is None and power_mw is None:
            return None, code
        if first_us > 0 and not self._has_calls:
            before_s, until_s = _narrowed(before_s, until_s, first_us, last_us)
        return Reading(
            before_s,
            None if counter_mj is None else counter_mj * 1e-3,
            None if power_mw is None else power_mw * 1e-3,
            until_s,
        ), 0

    def _call(
        self, handle: Any, counter_mj: float | None, power_mw: float | None, code: int
    ) -> tuple[float | None, float | None, int]:
        """Completes what the fields gave by the functions of their own."""
        nvml = self._session.nvml
        if self._offer.counter == "call":
            try:
                counter_mj = nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
            except self._session.error as error:
                code = code_of(error)
        if self._offer.power == "usage":
            try:
                power_mw = nvml.nvmlDeviceGetPowerUsage(handle)
            except self._session.error as error:
                code = code_of(error)
        return counter_mj, power_mw, code


def _number(value_type: int, value: Any) -> float:
    """The figure in an nvmlValue_t; not a number if its type is unknown."""
    if not 0 <= value_type < len(_VALUE_NAMES):
        return float("nan")
    number: float = getattr(value, _VALUE_NAMES[value_type])
    return number


def _narrowed(before_s: float, until_s: float, first_us: int, last_us: int) -> tuple[float, float]:
    """The span of the driver's own time stamps, if they lie within that of the call.

    They leave out the wait for the interpreter after the call. They are of the
    wall clock; its distance is taken at this very moment, since it may jump.
    """
    wall_s = time.time()
    now_s = time.monotonic()
    if now_s - until_s > _SAME_CLOCKS_S:
        return before_s, until_s
    offset_s = wall_s - now_s
    first_s, last_s = first_us * 1e-6 - offset_s, last_us * 1e-6 - offset_s
    if not before_s - _STAMP_SLACK_S <= first_s <= last_s <= until_s + _STAMP_SLACK_S:
        return before_s, until_s
    return min(max(first_s, before_s), until_s), min(max(last_s, before_s), until_s)


def find_offer(session: NvmlSession, handle: Any) -> Offer:
    """What this driver gives for this board, found by asking for it.

    A figure that is refused now but known to the driver counts as offered, if
    there is no better one: it may be had later.
    """
    nvml = session.nvml
    try:
        values = nvml.nvmlDeviceGetFieldValues(
            handle, (_ENERGY_FIELD, _INSTANT_FIELD, _AVERAGE_FIELD)
        )
        energy, instant, average = (int(value.nvmlReturn) for value in values)
    except session.error as error:
        energy = instant = average = code_of(error)
    energy_call = session.code(nvml.nvmlDeviceGetTotalEnergyConsumption, handle)
    usage = session.code(nvml.nvmlDeviceGetPowerUsage, handle)
    counters: list[tuple[CounterWay, int]] = [("field", energy), ("call", energy_call)]
    powers: list[tuple[PowerWay, int]] = [
        ("instant", instant),
        ("usage", usage),
        ("average", average),
    ]
    counter, power = _best(counters), _best(powers)
    capability = session.ask(nvml.nvmlDeviceGetCudaComputeCapability, handle) or (0, 0)
    # 8.0 is GA100; what is newer averages.
    is_average = power == "average" or (power == "usage" and tuple(capability) > (8, 0))
    return Offer(counter, power, _AVERAGE_WINDOW_S if is_average else 0.0)


def _best(ways: Sequence[tuple[Way, int]]) -> Way | None:
    """The first way that works, else the first that the driver knows."""
    for way, code in ways:
        if code == 0:
            return way
    return next((way for way, code in ways if code not in NOT_OFFERED), None)

"""NVML as this process uses it: one initialisation for all boards, and its errors.

Everything NVML can answer instead of a figure is translated here, once, into a
state of one device and a sentence for the user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

from jupyter_carbon.sources.base import FailureState, NotMeasured, SourceError
from jupyter_carbon.sources.visible_devices import Board, MigInstance

Answer = TypeVar("Answer")

# Return codes of nvml.h (nvmlReturn_t), and one of our own.
UNINITIALIZED = 1
INVALID_ARGUMENT = 2
NOT_SUPPORTED = 3
NO_PERMISSION = 4
NOT_FOUND = 6
DRIVER_NOT_LOADED = 9
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
GPU_IS_LOST = 15
RESET_REQUIRED = 16
VERSION_MISMATCH = 18
DEPRECATED = 26
GPU_NOT_FOUND = 28
SENSELESS = -1
"""The call succeeded and its figure cannot be one (negative, not a number, absurd)."""

NOT_OFFERED = frozenset({INVALID_ARGUMENT, NOT_SUPPORTED, FUNCTION_NOT_FOUND, DEPRECATED})
"""What a driver answers that does not know a field or a function, or has none for this board."""

STALE = frozenset({UNINITIALIZED, INVALID_ARGUMENT})
"""What a handle of an earlier initialisation is answered."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A return code in the user's words; `{name}` is the device."""

    state: FailureState
    sentence: str
    remedy: str = ""


_LOST = _Meaning(
    "lost",
    "{name} does not answer any more. What it drew until then is kept, and it is read "
    "again as soon as it is back.",
    "See `nvidia-smi` and the kernel's log (`dmesg | grep NVRM`); a board that has fallen off "
    "the bus needs a reset or a reboot.",
)
_DRIVER_GONE = _Meaning(
    "lost",
    "The NVIDIA driver is not loaded, so {name} cannot be read. The meter tries again until it is.",
    "Load the driver (`sudo modprobe nvidia`), or see `nvidia-smi`.",
)
_MEANINGS = {
    UNINITIALIZED: _Meaning(
        "lost",
        "The NVIDIA driver's library was shut down or reloaded under the meter, which starts it "
        "again when it next reads {name}.",
    ),
    INVALID_ARGUMENT: _LOST,
    NOT_FOUND: _LOST,
    GPU_NOT_FOUND: _LOST,
    GPU_IS_LOST: _LOST,
    RESET_REQUIRED: _LOST,
    DRIVER_NOT_LOADED: _DRIVER_GONE,
    NOT_SUPPORTED: _Meaning(
        "unsupported", "The NVIDIA driver reports neither energy nor power of {name}."
    ),
    FUNCTION_NOT_FOUND: _Meaning(
        "unsupported",
        "This version of the NVIDIA driver reports neither energy nor power of {name}.",
        "A newer driver may.",
    ),
    NO_PERMISSION: _Meaning(
        "denied",
        "The NVIDIA driver does not let this user read {name}. The meter asks again from time "
        "to time.",
        "Ask the administrator for access to the device files /dev/nvidia*; in a container, "
        "pass the GPU in (`--gpus all`).",
    ),
    LIBRARY_NOT_FOUND: _Meaning(
        "failed",
        "{name} is there, but the NVIDIA driver's library (libnvidia-ml.so.1) is not, so it is "
        "not metered.",
        "Install the NVIDIA driver; in a container, start it with `--gpus all` and "
        "NVIDIA_DRIVER_CAPABILITIES that contain `utility`.",
    ),
    VERSION_MISMATCH: _Meaning(
        "failed",
        "The NVIDIA driver was updated while it was loaded, so its library cannot read {name}.",
        "Reboot, or unload and load the driver again.",
    ),
    SENSELESS: _Meaning(
        "failed",
        "The NVIDIA driver gave a figure for {name} that cannot be one. It was left out, and the "
        "meter reads on.",
    ),
}


def source_error(code: int, name: str, text: str = "") -> SourceError:
    """What a return code means for a device.

    Args:
        code: nvmlReturn_t, or SENSELESS.
        name: of the device, for people.
        text: what NVML calls the code, shown where we know nothing better.
    """
    meaning = _MEANINGS.get(
        code,
        _Meaning(
            "failed",
            f"The NVIDIA driver answered with an error ({text or code}) for {{name}}. "
            "The meter tries again.",
        ),
    )
    sentence = meaning.sentence.format(name=name)
    return SourceError(meaning.state, sentence[0].upper() + sentence[1:], meaning.remedy)


def not_measured(code: int, name: str, text: str = "") -> NotMeasured:
    """The same, for a device that gives no source at all."""
    error = source_error(code, name, text)
    return NotMeasured(name, "gpu", str(error), error.remedy)


class NvmlSession:
    """NVML, initialised; shared by the sources of its boards.

    Raises:
        NVMLError: if it cannot be initialised.
    """

    def __init__(self, nvml: ModuleType) -> None:
        self.nvml: Any = nvml
        self.error: type[Exception] = nvml.NVMLError
        self.generation = 0
        self._users = 0
        self._lock = Lock()
        nvml.nvmlInit()

    def attach(self) -> None:
        """Counts one more user."""
        with self._lock:
            self._users += 1

    def detach(self) -> None:
        """Counts one less, and shuts NVML down after the last."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self.ask(self.nvml.nvmlShutdown)

    def renew(self, generation: int) -> None:
        """Initialises NVML again, unless another source did since `generation`.

        Raises:
            NVMLError: while the driver is not there.
        """
        with self._lock:
            if self.generation == generation:
                self.nvml.nvmlInit()
                self.generation += 1

    def ask(self, call: Callable[..., Answer], *arguments: object) -> Answer | None:
        """What a call answers; None for any of NVML's errors."""
        try:
            return call(*arguments)
        except self.error:
            return None

    def code(self, call: Callable[..., object], *arguments: object) -> int:
        """What a call returns: 0, or the code of its error."""
        try:
            call(*arguments)
        except self.error as error:
            return code_of(error)
        return 0

    def uuids(self) -> set[str]:
        """Who is there, of those boards that say it."""
        nvml = self.nvml
        handles = [
            self.ask(nvml.nvmlDeviceGetHandleByIndex, index)
            for index in range(self.ask(nvml.nvmlDeviceGetCount) or 0)
        ]
        found = [self.ask(nvml.nvmlDeviceGetUUID, handle) for handle in handles if handle]
        return {uuid for uuid in found if uuid is not None}

    def boards(self) -> tuple[list[Board], list[NotMeasured]]:
        """All boards of the machine, and those that do not even say who they are."""
        boards, silent = [], []
        for index in range(self.ask(self.nvml.nvmlDeviceGetCount) or 0):
            try:
                boards.append(self._board(index))
            except self.error as error:
                silent.append(not_measured(code_of(error), f"GPU {index}", str(error)))
        return boards, silent

    def _board(self, index: int) -> Board:
        nvml = self.nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        cores = self.ask(nvml.nvmlDeviceGetNumGpuCores, handle) or 0
        clock_mhz = self.ask(nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_SM) or 0
        return Board(
            index=index,
            uuid=nvml.nvmlDeviceGetUUID(handle),
            name=self.ask(nvml.nvmlDeviceGetName, handle) or "NVIDIA GPU",
            speed=float(cores * clock_mhz),
            mig=self._mig_instances(handle),
        )

    def _mig_instances(self, handle: object) -> tuple[MigInstance, ...]:
        nvml = self.nvml
        mode = self.ask(nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or not mode[0]:
            return ()
        instances = []
        for index in range(self.ask(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self.ask(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
            if part is None:
                continue
            uuid = self.ask(nvml.nvmlDeviceGetUUID, part)
            gpu_instance = self.ask(nvml.nvmlDeviceGetGpuInstanceId, part)
            compute_instance = self.ask(nvml.nvmlDeviceGetComputeInstanceId, part)
            if uuid is not None and gpu_instance is not None and compute_instance is not None:
                instances.append(MigInstance(uuid, gpu_instance, compute_instance))
        return tuple(instances)


def code_of(error: Exception) -> int:
    """The nvmlReturn_t of pynvml's exception."""
    return int(getattr(error, "value", 0))


def seems_present(root: Path = Path("/")) -> bool:
    """True if an NVIDIA GPU seems to be in this machine, whatever NVML says.

    Looks for the driver's files, and for a display controller (class 0x03) of
    NVIDIA (vendor 0x10de) on the PCI bus.
    """
    if (root / "proc/driver/nvidia").exists() or (root / "dev/nvidia0").exists():
        return True
    for vendor in root.glob("sys/bus/pci/devices/*/vendor"):
        try:
            if vendor.read_text().strip() != "0x10de":
                continue
            if (vendor.parent / "class").read_text().startswith("0x03"):
                return True
        except (OSError, ValueError):
            continue
    return False

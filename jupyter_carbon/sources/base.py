"""The protocol that a source of energy figures follows, and how sources are found.

A package adds a source by an entry point in the group `jupyter_carbon.sources`:
a function that takes what was found so far and returns what it adds.

    def discover(found: Discovery) -> Discovery: ...

It runs on the meter's thread, may take its time, and must not print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading

SourceKind = Literal["gpu", "cpu", "memory", "other"]
"""What part of the machine a source stands for."""

FailureState = Literal["lost", "denied", "unsupported", "failed"]
"""Why a source gives no figure: gone, not permitted, never offered, other."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before it is read.

    `low_factor` and `high_factor` bound truth / figure and say what the sensor
    or the model is worth (0.95 and 1.05 for a sensor of +-5 %), with the reason
    in `note`. `provenance` is that of `Reading.counter_j`; power is always
    INTEGRATED. `power_window_s` is the span over which `power_w` is an average,
    0 for an instantaneous reading.
    """

    id: str
    """Stable across kernels: "gpu:GPU-<uuid>", "cpu:package-0", "memory:model"."""
    name: str
    """For people: "GPU 0 · NVIDIA A100"."""
    kind: SourceKind
    host: str
    provenance: Provenance
    low_factor: float
    high_factor: float
    power_window_s: float = 0.0
    counter_step_s: float | None = None
    """Between two refreshes of the counter; 0 if it is continuous, None if it must be learnt."""
    note: str = ""
    """One or two sentences: how the figure is got and what its range rests on."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Names, limits, driver version, and whatever else a report should keep."""


class SourceError(Exception):
    """A source could not be read.

    `state` says in which way, `str(error)` is a sentence for the user, `remedy`
    (may be empty) is what would help.
    """

    def __init__(self, state: FailureState, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.state: FailureState = state
        self.remedy = remedy


class Source(Protocol):
    """Something whose energy can be read or modelled."""

    @property
    def info(self) -> SourceInfo:
        """What is known of it; constant."""

    def read(self) -> Reading:
        """Reads it now.

        Raises:
            SourceError: when there is no figure; the meter reports it, tries
                again later, and goes on with the other sources.
        """

    def close(self) -> None:
        """Gives back what it holds; may be called twice."""


@runtime_checkable
class BufferedSource(Protocol):
    """A source whose driver keeps recent power samples of its own."""

    def recent_power(self, since_s: float) -> Sequence[tuple[float, float]]:
        """Samples (monotonic seconds, watts) after a moment, oldest first; may be empty."""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A part of the machine that is there, or may be, and gives no figure."""

    name: str
    kind: SourceKind
    reason: str
    """A sentence for the user."""
    remedy: str = ""
    """What would change it; empty where nothing would."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Sources, and what is named as not measured."""

    sources: tuple[Source, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()
    watches: tuple[Callable[[], Discovery], ...] = ()
    """Asked once a minute, on the meter's thread, for sources that were not there before."""

    def __add__(self, other: Discovery) -> Discovery:
        return Discovery(
            self.sources + other.sources,
            self.not_measured + other.not_measured,
            self.watches + other.watches,
        )

    def has(self, kind: SourceKind) -> bool:
        """True if a source of this kind is among those found."""
        return any(source.info.kind == kind for source in self.sources)


Discover = Callable[[Discovery], Discovery]
"""What an entry point names: from what is found so far to what it adds."""

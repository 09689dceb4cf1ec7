"""CPU power modelled from the load, for machines whose energy counter cannot be read.

    P(u) = TDP x packages x f(u)        f(0) = 0.12, f(0.1) = 0.32, f(0.5) = 0.75, f(1) = 1.02

u is the share of CPU time that was not idle between two readings, over all
logical CPUs of the machine; f is linear between the points and goes on beyond
the last with the same slope. The points are those that Davy measured with RAPL
on Intel servers under a load in steps ("Building an AWS EC2 Carbon Emissions
Dataset", Teads Engineering, 2021), as shares of TDP. They bend because a few
busy threads wake the shared parts and run at turbo clock: a plain line from idle
to full is a third too low for one busy thread of eight.

Range. Fischer ("Ground-Truthing AI Energy Consumption", 2025, arXiv 2509.22092)
found tools of this kind wrong by up to 40 % of the truth, in either direction:
truth is between 1/1.4 and 1/0.6 of the figure. Where TDP is not the maker's word,
or the processor is not known, or only a share of a host is seen, the range is wider
and the figure is called assumed.

The whole machine is counted, whatever share of it a container's CPU quota or an
affinity mask leaves to this process. Time is `time.monotonic`: a suspend adds
nothing on Linux and macOS, and idle power where that clock runs on.
"""

from __future__ import annotations

import csv
import os
import platform
import re
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, NotMeasured, SourceError, SourceInfo
from jupyter_carbon.sources.cpu_facts import PROC, CpuFacts, read_cpu_facts

TABLE = Path(__file__).parent.parent / "data" / "cpu_tdp.csv"

LOAD_POINTS = ((0.0, 0.12), (0.1, 0.32), (0.5, 0.75), (1.0, 1.02))
"""Share of busy CPU time, and power as a share of TDP; see the module."""

MODEL_RANGE = (1 / 1.4, 1 / 0.6)
"""Truth / figure where the maker's TDP is known (Fischer 2025)."""
UNVERIFIED_RANGE = (0.5, 2.0)
"""The same where TDP is not the maker's word, and may itself be a third off."""
SHARE_RANGE = (0.35, 2.5)
"""Where the processor is not known, or a host's share: most of the spread below, each way."""
WATTS_PER_LOGICAL_CPU = 3.9
"""TDP of an unknown processor, for each logical CPU: half of the 7.7 W a core that is the median
of the table's 413 Xeon Scalable and EPYC parts, two threads a core; nine in ten are 2.0 to 9.6 W,
and small Arm and Atom cores go down to 1.5 W."""

MIN_INTERVAL_S = 0.02
"""Busy time is counted in ticks of 10 ms: over less than two of them a share is noise."""

_REMOVED = re.compile(
    r"\s*@.*$"  # the clock
    r"|,?\s*(?:\bw/|\bwith\b)?\s*(?:\bamd )?\bradeon\b.*$"  # the graphics, and what follows them
    r"|\b\d+(?:st|nd|rd|th) gen\b"
    r"|\b(?:\w+)-cores?\b|\b(?:dual|triple|quad|six|eight) core\b"
    r"|\b(?:processor|cpu|apu)\b"
    r"|(?<= e5-\d{4}) 0\b"  # the first Xeon E5 said "E5-2680 0" where later ones say "v2"
)
_MARK = re.compile(r"\((?:r|tm|c|oem only)\)|[®™©\u200b]")


def normalise(model_name: str) -> str:
    """The operating system's name of a processor as the table's `match_key` spells it.

    "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz" gives "intel xeon gold 6230": lower
    case, without marks, generation, "processor", number of cores, clock, graphics.
    """
    name = re.sub(r"(\((?:r|tm)\))(?=\d)", r"\1 ", model_name.lower())  # "Core(TM)2"
    name = " ".join(_MARK.sub("", name).split())
    return " ".join(_REMOVED.sub("", name).split())


@dataclass(frozen=True, slots=True)
class TdpRow:
    """A row of the table: one package's thermal design power, and where it is from."""

    name: str
    tdp_w: float
    logical_cpus: int | None
    source: str
    verified: bool


def find_tdp(model_name: str, table: Path = TABLE) -> TdpRow | None:
    """The table's row for a processor; None where there is none that matches exactly.

    The table is read line by line, and only the matching row is kept.
    """
    key = normalise(model_name)
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["match_key"] == key:
                    # Where threads are not given, a core has two, as nearly all server parts do.
                    logical = int(row["threads"] or 0) or 2 * int(row["cores"] or 0)
                    return TdpRow(
                        row["name"],
                        float(row["tdp_w"]),
                        logical or None,
                        row["source"],
                        row["verified"] == "yes",
                    )
    except (OSError, ValueError, KeyError):
        pass
    return None


def load_factor(busy_share: float) -> float:
    """Power as a share of TDP at a share of busy CPU time; see the module for the points."""
    shares = [share for share, _ in LOAD_POINTS]
    at = min(max(bisect_right(shares, busy_share), 1), len(shares) - 1)
    (x0, y0), (x1, y1) = LOAD_POINTS[at - 1], LOAD_POINTS[at]
    return y0 + (y1 - y0) * (busy_share - x0) / (x1 - x0)


class BusyClock:
    """Cumulative CPU time that was not idle, in seconds, summed over the logical CPUs.

    Time that a hypervisor gave to other guests (steal) and time spent waiting for
    disks are not busy. On Linux the file stays open, so that a reading gives the
    interpreter away only once.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._path = proc / "stat"
        self._file: int | None = None
        self._ticks_per_s = os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 0

    def busy_s(self) -> float:
        """Busy seconds since the machine started.

        Raises:
            OSError, ValueError: where the operating system does not tell.
        """
        if sys.platform != "linux":
            times = psutil.cpu_times()
            return float(times.user + times.system + getattr(times, "nice", 0.0))
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        fields = os.pread(self._file, 256, 0).split(b"\n", 1)[0].split()
        if len(fields) < 8 or fields[0] != b"cpu":
            raise ValueError(f"{self._path} has an unknown form")
        user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[1:8])
        return (user + nice + system + irq + softirq) / self._ticks_per_s

    def close(self) -> None:
        """Closes the file; may be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class CpuModelSource:
    """The modelled energy of the machine's processors."""

    def __init__(
        self,
        info: SourceInfo,
        tdp_w: float,
        logical_cpus: int,
        busy: BusyClock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins to count; `tdp_w` is that of all packages together.

        Raises:
            OSError, ValueError: where the load cannot be read.
        """
        self._info = info
        self._tdp_w = tdp_w
        self._logical_cpus = logical_cpus
        self._busy = busy
        self._clock = clock
        self._moment_s = clock()
        self._busy_s = busy.busy_s()
        self._energy_j = 0.0
        self._power_w = tdp_w * load_factor(0.0)
        self._shown_j = 0.0

    @property
    def info(self) -> SourceInfo:
        """What is known of it; constant."""
        return self._info

    def read(self) -> Reading:
        """The energy up to now, and the mean power since the reading before.

        A reading that comes sooner than `MIN_INTERVAL_S` goes on with the last
        power; the next one then covers the whole span, so that no busy time is
        lost or counted twice.

        Raises:
            SourceError: `failed` where the load cannot be read.
        """
        moment_s = self._clock()
        elapsed_s = moment_s - self._moment_s
        if elapsed_s >= MIN_INTERVAL_S:
            try:
                busy_s = self._busy.busy_s()
            except (OSError, ValueError) as error:
                self._busy.close()
                raise SourceError(
                    "failed",
                    f"The load of the CPU cannot be read ({error}), so its power cannot be "
                    "modelled; the meter tries again.",
                ) from None
            # The system's count may go back by a tick when CPUs come and go; that is no load.
            share = max(busy_s - self._busy_s, 0.0) / (elapsed_s * self._logical_cpus)
            self._power_w = self._tdp_w * load_factor(share)
            self._energy_j += self._power_w * elapsed_s
            self._moment_s, self._busy_s = moment_s, busy_s
            elapsed_s = 0.0
        # After a load has ended, what was held may be ahead: the counter then waits.
        self._shown_j = max(self._shown_j, self._energy_j + self._power_w * elapsed_s)
        return Reading(moment_s, self._shown_j, self._power_w, self._clock())

    def close(self) -> None:
        """Gives back what it holds; may be called twice."""
        self._busy.close()


def discover(found: Discovery) -> Discovery:
    """The model of this machine's processors, unless something has measured them already."""
    if found.has("cpu"):
        return Discovery()
    busy = BusyClock()
    facts = read_cpu_facts()
    info, tdp_w = describe(facts, find_tdp(facts.model_name))
    try:
        return Discovery((CpuModelSource(info, tdp_w, facts.logical_cpus, busy),))
    except (OSError, ValueError) as error:
        busy.close()
        reason = f"There is no energy counter, and the load cannot be read either ({error})."
        return Discovery((), (NotMeasured("CPU", "cpu", reason),))


def describe(facts: CpuFacts, row: TdpRow | None) -> tuple[SourceInfo, float]:
    """What the model says of itself, and the TDP in watts of all that it counts."""
    name = facts.model_name or "an unnamed processor"
    provenance, (low, high) = Provenance.ASSUMED, SHARE_RANGE
    if facts.virtual:
        per_cpu_w = WATTS_PER_LOGICAL_CPU
        basis = "an assumed"
        if row is not None and row.logical_cpus:
            per_cpu_w = row.tdp_w / row.logical_cpus
            basis = f"{row.name}'s"
        tdp_w = per_cpu_w * facts.logical_cpus
        reason = (
            f"This is a virtual machine ({facts.virtual}) with {facts.logical_cpus} CPUs of a "
            f"host: {basis} {per_cpu_w:.1f} W of TDP for each. What the host really spends on "
            "it is unknown."
        )
    elif row is None:
        tdp_w = WATTS_PER_LOGICAL_CPU * facts.logical_cpus
        reason = (
            f"The table of processors does not know {name}: {WATTS_PER_LOGICAL_CPU} W of TDP are "
            f"assumed for each of its {facts.logical_cpus} logical CPUs."
        )
    else:
        tdp_w = row.tdp_w * facts.packages
        reason = f"TDP {row.tdp_w:g} W x {facts.packages} ({row.name}, {row.source})."
        if row.verified:
            provenance, (low, high) = Provenance.MODELLED, MODEL_RANGE
        else:
            low, high = UNVERIFIED_RANGE
            reason += " That TDP is not the maker's word."
    if sys.platform == "darwin":
        reason += " Apple's own power figures (powermetrics) need root."
    note = (
        f"Modelled from TDP and the load of the whole machine, since no energy counter is "
        f"readable; truth may be {low:.2g} to {high:.2g} times the figure. {reason}"
    )
    info = SourceInfo(
        id="cpu:model",
        name=f"CPU · {name}",
        kind="cpu",
        host=platform.node(),
        provenance=provenance,
        low_factor=low,
        high_factor=high,
        counter_step_s=0.0,
        note=note,
        details={
            "cpu": facts.model_name,
            "logical CPUs": str(facts.logical_cpus),
            "packages": str(facts.packages),
            "TDP W": f"{tdp_w:g}",
            "idle W": f"{tdp_w * load_factor(0.0):.3g}",
            "virtual machine": facts.virtual or "no",
        },
    )
    return info, tdp_w

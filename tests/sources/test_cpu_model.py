"""The CPU's modelled power: names, table, formula, and energy that adds up."""

from __future__ import annotations

import csv
import statistics
import sys
import time
from itertools import pairwise

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.sources import cpu_model
from jupyter_carbon.sources.base import Discovery, SourceError, SourceInfo
from jupyter_carbon.sources.cpu_facts import CpuFacts
from jupyter_carbon.sources.cpu_model import (
    MODEL_RANGE,
    SHARE_RANGE,
    TABLE,
    UNVERIFIED_RANGE,
    WATTS_PER_LOGICAL_CPU,
    BusyClock,
    CpuModelSource,
    TdpRow,
    describe,
    find_tdp,
    load_factor,
    normalise,
)

NAMES = {
    "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz": "intel xeon gold 6230",
    "Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz": "intel xeon e5-2690 v4",
    "Intel(R) Xeon(R) CPU E5-2680 0 @ 2.70GHz": "intel xeon e5-2680",
    "Intel(R) Xeon(R) CPU           E5620  @ 2.40GHz": "intel xeon e5620",
    "Intel(R) Xeon(R) W-2245 CPU @ 3.90GHz": "intel xeon w-2245",
    "INTEL(R) XEON(R) GOLD 6548N": "intel xeon gold 6548n",
    "13th Gen Intel(R) Core(TM) i9-13900K": "intel core i9-13900k",
    "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz": "intel core i7-1165g7",
    "Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz": "intel core i7-8550u",
    "Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz": "intel core 2 duo e8400",
    "Intel(R) Core(TM) Ultra 7 155H": "intel core ultra 7 155h",
    "Intel(R) N100": "intel n100",
    "Intel(R) Pentium(R) CPU G3220 @ 3.00GHz": "intel pentium g3220",
    "Intel(R) Atom(TM) CPU C3558 @ 2.20GHz": "intel atom c3558",
    "AMD EPYC 7742 64-Core Processor": "amd epyc 7742",
    "AMD Ryzen 7 5800X 8-Core Processor": "amd ryzen 7 5800x",
    "AMD Ryzen 9 7940HS w/ Radeon 780M Graphics": "amd ryzen 9 7940hs",
    "AMD Ryzen 7 7840U w/ Radeon  780M Graphics": "amd ryzen 7 7840u",
    "AMD Ryzen 5 5600G with Radeon Graphics": "amd ryzen 5 5600g",
    "AMD Ryzen Threadripper PRO 5975WX 32-Cores": "amd ryzen threadripper pro 5975wx",
    "AMD Ryzen AI 9 HX 370 w/ Radeon 890M": "amd ryzen ai 9 hx 370",
    "AMD FX(tm)-8350 Eight-Core Processor": "amd fx-8350",
    "AMD A10-7850K Radeon R7, 12 Compute Cores 4C+8G": "amd a10-7850k",
    "AMD A8-7410 APU with AMD Radeon R5 Graphics": "amd a8-7410",
    "AMD Phenom(tm) II X4 840 Processor": "amd phenom ii x4 840",
    "AMD Athlon(tm) 64 X2 Dual Core Processor 3800+": "amd athlon 64 x2 3800+",
    "Apple M1": "apple m1",
}
NOT_IN_THE_TABLE = {
    "Intel(R) Xeon(R) CPU @ 2.20GHz": "intel xeon",  # a cloud that hides the model
    "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz": "intel xeon platinum 8259cl",
    "AMD EPYC 7R32": "amd epyc 7r32",  # made for one cloud, no public TDP
    "AMD EPYC": "amd epyc",
    "AMD EPYC-Rome Processor": "amd epyc-rome",
    "QEMU Virtual CPU version 2.5+": "qemu virtual version 2.5+",
    "13th Gen Intel(R) Core(TM) i7-13700H": "intel core i7-13700h",
    "": "",
}


@pytest.mark.parametrize(("name", "key"), (NAMES | NOT_IN_THE_TABLE).items())
def test_names_are_normalised(name, key):
    assert normalise(name) == key
    assert normalise(key) == key


@pytest.mark.parametrize("name", NAMES)
def test_common_processors_are_in_the_table(name):
    row = find_tdp(name)
    assert row is not None
    assert 1 < row.tdp_w < 500


@pytest.mark.parametrize("name", NOT_IN_THE_TABLE)
def test_close_names_are_not_guessed(name):
    assert find_tdp(name) is None


def test_normalising_agrees_with_every_key_of_the_table():
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) > 4_000
    wrong = [
        (row["name"], row["match_key"])
        for row in rows
        if normalise(row["name"]) != row["match_key"].replace("\u200b", "")
    ]
    assert wrong == []


def test_the_assumed_watts_are_the_tables_median_server():
    with TABLE.open(encoding="utf-8", newline="") as lines:
        per_core_w = [
            float(row["tdp_w"]) / int(row["cores"])
            for row in csv.DictReader(lines)
            if row["verified"] == "yes"
            and row["cores"]
            and any(w in row["match_key"] for w in ("gold", "platinum", "silver", "epyc"))
            and "pentium" not in row["match_key"]
            and "athlon" not in row["match_key"]
        ]
    assert statistics.median(per_core_w) / 2 == pytest.approx(WATTS_PER_LOGICAL_CPU, rel=0.03)
    ranks = statistics.quantiles(per_core_w, n=20)
    low, high = SHARE_RANGE
    assert low * WATTS_PER_LOGICAL_CPU <= ranks[0] / 2
    assert high * WATTS_PER_LOGICAL_CPU >= 0.95 * ranks[-1] / 2


def test_a_row_is_read_whole(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(
        "match_key,name,tdp_w,cores,threads,source,verified\n"
        "acme one,ACME One,12.5,4,,maker,yes\n"
        "acme two,ACME Two,65,4,4,guess,no\n"
        "acme bad,ACME Bad,much,4,4,guess,no\n"
    )
    assert find_tdp("ACME(R) One CPU @ 1GHz", table) == TdpRow("ACME One", 12.5, 8, "maker", True)
    assert find_tdp("ACME Two", table) == TdpRow("ACME Two", 65.0, 4, "guess", False)
    assert find_tdp("ACME Bad", table) is None
    assert find_tdp("ACME One", tmp_path / "none.csv") is None


@pytest.mark.parametrize(
    ("share", "factor"),
    [(0.0, 0.12), (0.05, 0.22), (0.1, 0.32), (0.3, 0.535), (0.5, 0.75), (1.0, 1.02), (1.1, 1.074)],
)
def test_the_load_curve(share, factor):
    assert load_factor(share) == pytest.approx(factor)


def facts(name="Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz", packages=1, logical=40, virtual=""):
    return CpuFacts(name, "GenuineIntel", 6, 85, packages, logical, virtual)


GOLD = TdpRow("Intel Xeon Gold 6230", 125.0, 40, "maker", True)


def test_a_known_processor_is_modelled_for_all_its_packages():
    info, tdp_w = describe(facts(packages=2, logical=80), GOLD)
    assert tdp_w == 250
    assert (info.id, info.kind, info.counter_step_s) == ("cpu:model", "cpu", 0.0)
    assert info.provenance is Provenance.MODELLED
    assert (info.low_factor, info.high_factor) == MODEL_RANGE
    assert info.low_factor == pytest.approx(1 / 1.4)
    assert "125 W x 2" in info.note


def test_a_tdp_that_is_not_the_makers_word_is_assumed():
    row = TdpRow("AMD EPYC 7R32", 280.0, 96, "listing", False)
    info, tdp_w = describe(facts(logical=96), row)
    assert tdp_w == 280
    assert info.provenance is Provenance.ASSUMED
    assert (info.low_factor, info.high_factor) == UNVERIFIED_RANGE
    assert "not the maker's word" in info.note


def test_an_unknown_processor_is_assumed_by_its_logical_cpus():
    info, tdp_w = describe(facts(name="Mystery 9000", logical=16), None)
    assert tdp_w == pytest.approx(16 * WATTS_PER_LOGICAL_CPU)
    assert info.provenance is Provenance.ASSUMED
    assert (info.low_factor, info.high_factor) == SHARE_RANGE
    assert "does not know Mystery 9000" in info.note
    assert "unnamed" in describe(facts(name=""), None)[0].name


def test_a_virtual_machine_has_its_cpus_share_of_a_known_host():
    info, tdp_w = describe(facts(logical=4, virtual="KVM"), GOLD)
    assert tdp_w == pytest.approx(4 * 125 / 40)
    assert info.provenance is Provenance.ASSUMED
    assert (info.low_factor, info.high_factor) == SHARE_RANGE
    assert "virtual machine (KVM)" in info.note


def test_a_virtual_machine_of_an_unknown_host():
    info, tdp_w = describe(facts(name="AMD EPYC", logical=2, virtual="KVM"), None)
    assert tdp_w == pytest.approx(2 * WATTS_PER_LOGICAL_CPU)
    assert "virtual machine (KVM)" in info.note


class Machine(BusyClock):
    """A machine of four CPUs whose busy time the test commands; it is its own clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0
        self.busy = 50.0
        self.reads = 0
        self.error: Exception | None = None

    def busy_s(self) -> float:
        self.reads += 1
        if self.error:
            raise self.error
        return self.busy

    def run(self, seconds: float, share: float) -> None:
        self.now_s += seconds
        self.busy += seconds * share * 4

    def source(self, tdp_w: float = 100.0) -> CpuModelSource:
        info = SourceInfo("cpu:model", "CPU", "cpu", "h", Provenance.MODELLED, 0.6, 1.7)
        return CpuModelSource(info, tdp_w, 4, self, clock=lambda: self.now_s)


def test_energy_is_the_curve_times_time():
    machine = Machine()
    source = machine.source()
    machine.run(10, 0.0)
    idle = source.read()
    assert (idle.counter_j, idle.power_w) == (pytest.approx(120), pytest.approx(12))
    machine.run(10, 1.0)
    full = source.read()
    assert full.counter_j == pytest.approx(120 + 1020)
    assert full.power_w == pytest.approx(102)
    assert full.moment_s == machine.now_s


def test_readings_closer_than_two_ticks_hold_the_last_power():
    machine = Machine()
    source = machine.source()
    machine.run(1, 0.5)
    source.read()
    reads = machine.reads
    machine.run(0.004, 0.0)
    machine.busy += 0.01  # one tick appears at once
    held = source.read()
    assert machine.reads == reads
    assert held.power_w == pytest.approx(75)
    assert held.counter_j == pytest.approx(75 + 75 * 0.004)


def test_the_counter_waits_where_a_held_power_was_ahead():
    machine = Machine()
    source = machine.source()
    machine.run(1, 1.0)
    source.read()
    machine.run(0.019, 0.0)
    ahead_j = source.read().counter_j
    assert ahead_j == pytest.approx(102 + 102 * 0.019)
    machine.run(0.011, 0.0)
    assert source.read().counter_j == ahead_j
    machine.run(1, 0.0)
    assert source.read().counter_j == pytest.approx(102 + 12 * 1.03)


@given(
    spans_s=st.lists(st.floats(0.0005, 0.3), min_size=1, max_size=100),
    share=st.floats(0.1, 0.5),
)
def test_dense_readings_lose_and_double_nothing(spans_s, share):
    """On one straight piece of the curve the energy does not depend on when it was read."""
    machine = Machine()
    source = machine.source()
    counters = []
    for n, span_s in enumerate(spans_s):
        machine.run(span_s, share if n % 2 else 0.1)
        counters.append(source.read().counter_j)
    machine.run(0.05, share)
    elapsed_s, busy_s = machine.now_s - 1_000, machine.busy - 50
    exact_j = 100 * (0.32 - 0.1 * 1.075) * elapsed_s + 100 * 1.075 * busy_s / 4
    last_j = source.read().counter_j
    assert counters == sorted(counters)
    assert last_j >= counters[-1]
    # The counter may wait where a held power was ahead, by at most one held span.
    assert exact_j - 1e-6 <= last_j <= exact_j + 0.02 * 75
    machine.run(5, share)
    end_j = source.read().counter_j
    assert end_j == pytest.approx(exact_j + 5 * 100 * load_factor(share))


@given(shares=st.lists(st.floats(0, 1), min_size=2, max_size=60), spans=st.data())
def test_the_counter_never_goes_back(shares, spans):
    machine = Machine()
    source = machine.source()
    counters = []
    for share in shares:
        machine.run(spans.draw(st.floats(0.0, 0.5)), share)
        counters.append(source.read().counter_j)
    assert all(a <= b for a, b in pairwise(counters))


def test_a_count_that_goes_back_is_no_load_and_no_negative_energy():
    machine = Machine()
    source = machine.source()
    machine.run(1, 0.5)
    before_j = source.read().counter_j
    machine.now_s += 1
    machine.busy -= 0.02
    assert source.read().counter_j - before_j == pytest.approx(12)
    machine.run(1, 0.5)
    assert source.read().counter_j - before_j == pytest.approx(12 + 75)


def test_ticks_beyond_the_whole_machine_are_kept():
    machine = Machine()
    source = machine.source()
    machine.run(0.1, 1.0)
    machine.busy += 0.02
    assert source.read().power_w == pytest.approx(100 * (1.02 + 0.54 * 0.05))


def test_a_load_that_cannot_be_read_is_reported_and_resumes():
    machine = Machine()
    source = machine.source()
    machine.run(1, 0.5)
    before_j = source.read().counter_j
    machine.error = OSError(24, "Too many open files")
    machine.run(1, 0.5)
    with pytest.raises(SourceError, match="Too many open files") as caught:
        source.read()
    assert caught.value.state == "failed"
    machine.error = None
    machine.run(1, 0.5)
    assert source.read().counter_j - before_j == pytest.approx(150)


def test_discovery_leaves_a_measured_cpu_alone_and_names_one_without_load(monkeypatch):
    (source,) = cpu_model.discover(Discovery()).sources
    try:
        assert cpu_model.discover(Discovery((source,))) == Discovery()
    finally:
        source.close()
        source.close()

    def unreadable(_self):
        raise OSError("no /proc")

    monkeypatch.setattr(BusyClock, "busy_s", unreadable)
    discovery = cpu_model.discover(Discovery())
    assert discovery.sources == ()
    assert discovery.not_measured[0].kind == "cpu"
    assert "no /proc" in discovery.not_measured[0].reason


@pytest.mark.skipif(sys.platform != "linux", reason="compares /proc/stat")
def test_the_busy_clock_agrees_with_psutil_and_sees_work():
    clock = BusyClock()
    try:
        first_s = clock.busy_s()
        end_s = time.process_time() + 0.3
        while time.process_time() < end_s:
            pass
        last_s = clock.busy_s()
        times = psutil.cpu_times()
    finally:
        clock.close()
    total_s = times.user + times.nice + times.system + times.irq + times.softirq
    assert last_s == pytest.approx(total_s, abs=0.2)
    assert last_s - first_s > 0.25


@pytest.mark.skipif(sys.platform != "linux", reason="writes a /proc/stat")
@pytest.mark.parametrize(
    "text", ["", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8\n", "cpu a b c d e f g\n"]
)
def test_a_load_of_unknown_form_is_an_error(tmp_path, text):
    (tmp_path / "stat").write_text(text)
    clock = BusyClock(tmp_path)
    try:
        with pytest.raises(ValueError, match=r"."):
            clock.busy_s()
    finally:
        clock.close()


@pytest.mark.skipif(sys.platform != "linux", reason="writes a /proc/stat")
def test_steal_and_waiting_for_disks_are_not_busy(tmp_path):
    (tmp_path / "stat").write_text("cpu  100 20 30 4000 500 6 7 800 90 0\ncpu0 1 2 3\n")
    clock = BusyClock(tmp_path)
    try:
        assert clock.busy_s() == pytest.approx(163 / clock._ticks_per_s)
    finally:
        clock.close()

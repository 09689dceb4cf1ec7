"""RAPL zones on a powercap tree whose true energy is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources import memory_model, rapl
from jupyter_carbon.sources.base import Discovery, Source, SourceError
from jupyter_carbon.sources.cpu_facts import CpuFacts
from jupyter_carbon.sources.powercap import choose, find_zones
from tests.standin.powercap import PowercapTree, ZoneSpec, laptop, server, steady, steps

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="powercap is a folder of Linux"
)


@dataclass
class Exact:
    """A reading, and a moment not later than what it read."""

    reading: Reading
    early_s: float


def read(tree: PowercapTree, source: Source) -> Exact:
    early_s = time.monotonic()
    tree.refresh()
    return Exact(source.read(), early_s)


def assert_metered(tree: PowercapTree, first: Exact, last: Exact, lost_j: float = 0.0) -> None:
    """The metered energy is the true one, however late a busy machine let the test come."""

    def true_j(moment_s: float) -> float:
        return tree.energy_j("intel-rapl:0", moment_s)

    least_j = true_j(last.early_s) - true_j(first.reading.until_s)
    most_j = true_j(last.reading.until_s) - true_j(first.early_s)
    metered_j = last.reading.counter_j - first.reading.counter_j
    assert least_j - lost_j - 1e-4 <= metered_j <= most_j + 1e-4


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Makes a running tree and points the meter at it; all are closed in the end."""
    made = []

    def make(specs):
        made.append(PowercapTree(tmp_path / str(len(made)), specs))
        monkeypatch.setenv(rapl.ROOT_VARIABLE, str(made[-1].root))
        return made[-1].__enter__()

    yield make
    for one in made:
        one.close()


def found():
    discovery = rapl.discover(Discovery())
    return discovery, {source.info.id: source for source in discovery.sources}


def test_every_package_and_its_memory_is_a_source(tree):
    tree(server(packages=2))
    discovery, sources = found()
    assert list(sources) == [
        "cpu:package-0",
        "cpu:package-1",
        "memory:package-0-dram",
        "memory:package-1-dram",
    ]
    assert discovery.not_measured == ()
    info = sources["cpu:package-1"].info
    assert (info.kind, info.provenance, info.counter_step_s) == ("cpu", Provenance.COUNTER, 0.0)
    assert info.details["zone"] == "intel-rapl:1"
    assert "package-0-core (intel-rapl:0:1)" in info.details["not counted"]
    assert sources["memory:package-0-dram"].info.kind == "memory"
    assert sources["memory:package-0-dram"].info.name == "Memory of package 0"


def test_overlapping_and_duplicate_zones_are_not_added(tree):
    tree(laptop())
    _, sources = found()
    assert list(sources) == ["cpu:package-0"]
    assert sources["cpu:package-0"].info.details["zone"] == "intel-rapl:0"
    left_out = sources["cpu:package-0"].info.details["not counted"]
    assert "intel-rapl-mmio:0" in left_out
    assert "psys" in left_out


def test_mmio_is_used_where_it_is_the_only_view(tree):
    tree([ZoneSpec("intel-rapl-mmio:0", "package-0", steady(15))])
    _, sources = found()
    assert sources["cpu:package-0"].info.details["zone"] == "intel-rapl-mmio:0"


def test_psys_stands_for_everything_where_there_is_no_package(tree):
    tree(
        [ZoneSpec("intel-rapl:0", "psys", steady(30)), ZoneSpec("intel-rapl:1", "dram", steady(3))]
    )
    discovery, sources = found()
    assert list(sources) == ["cpu:psys"]
    assert "no package zone" in sources["cpu:psys"].info.note
    assert memory_model.discover(discovery).sources == (), "psys includes the memory"


def test_zones_sort_by_number(tmp_path):
    specs = [ZoneSpec(f"intel-rapl:{n}", f"package-{n}") for n in (10, 9, 2)]
    with PowercapTree(tmp_path, specs) as t:
        zones, hidden = find_zones(t.root)
    assert [zone.name for zone in choose(zones)] == ["package-2", "package-9", "package-10"]
    assert not hidden


def test_metered_energy_is_the_true_energy_through_wraps_and_steps(tree):
    trace = steps((0.0, 100.0), (0.3, 200.0), (0.6, 50.0))
    spec = ZoneSpec("intel-rapl:0", "package-0", trace, range_uj=40_000_000, start_uj=35_000_000)
    t = tree([spec])
    _, sources = found()
    source = sources["cpu:package-0"]
    exact = [read(t, source)]
    while time.monotonic() < t.start_s + 1.0:
        time.sleep(0.01)
        exact.append(read(t, source))
        assert_metered(t, exact[0], exact[-1])
        assert_metered(t, exact[-2], exact[-1])
    assert exact[-1].reading.counter_j > 90, "more than two turns of the counter"
    readings = [one.reading for one in exact]
    assert all(a.counter_j <= b.counter_j for a, b in pairwise(readings))
    assert all(r.moment_s <= r.until_s and r.power_w is None for r in readings)


@pytest.mark.parametrize("wrong_uj", [0, 500_000, 90_000_000_000])
def test_a_glitch_is_reported_and_neither_loses_nor_invents_energy(tree, wrong_uj):
    t = tree([ZoneSpec("intel-rapl:0", "package-0", steady(100))])
    _, sources = found()
    source = sources["cpu:package-0"]
    first = read(t, source)
    t.hold("intel-rapl:0", wrong_uj)
    with pytest.raises(SourceError) as caught:
        source.read()
    assert caught.value.state == "failed"
    assert "CPU package 0" in str(caught.value)
    time.sleep(0.05)
    t.release("intel-rapl:0")
    assert_metered(t, first, read(t, source))


def test_a_counter_set_back_goes_on(tree):
    t = tree([ZoneSpec("intel-rapl:0", "package-0", steady(100), start_uj=50_000_000_000)])
    _, sources = found()
    source = sources["cpu:package-0"]
    before = read(t, source)
    t.set_back("intel-rapl:0", 1_000_000)
    with pytest.raises(SourceError):
        source.read()
    failed_s = time.monotonic()
    resumed = read(t, source)
    assert_metered(t, before, resumed, lost_j=100 * (failed_s - before.early_s))
    time.sleep(0.1)
    assert_metered(t, resumed, read(t, source))


def test_a_zone_that_goes_away_is_lost_and_may_come_back(tree):
    t = tree([ZoneSpec("intel-rapl:0", "package-0", steady(100))])
    _, sources = found()
    source = sources["cpu:package-0"]
    first = read(t, source)
    t.remove("intel-rapl:0")
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            source.read()
        assert caught.value.state == "lost"
    t.restore("intel-rapl:0")
    assert_metered(t, first, read(t, source))


def test_a_driver_loaded_anew_is_followed(tree):
    t = tree([ZoneSpec("intel-rapl:0", "package-0", steady(100))])
    _, sources = found()
    source = sources["cpu:package-0"]
    first = read(t, source)
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    t.reload("intel-rapl:0", 0o444)
    time.sleep(0.02)
    assert_metered(t, first, read(t, source))
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files


def test_a_counter_that_stands_still_is_not_a_source(tree):
    tree([ZoneSpec("intel-rapl:0", "package-0"), ZoneSpec("intel-rapl:1", "package-1", steady(9))])
    discovery, sources = found()
    assert list(sources) == ["cpu:package-1"]
    (missing,) = discovery.not_measured
    assert missing.name == "CPU package 0 (energy counter)"
    assert "stands still" in missing.reason
    assert "missing in the total" in missing.reason


def test_zones_hidden_by_a_container_are_named(tree):
    t = tree(server())
    t.mask()
    discovery, sources = found()
    assert not sources
    (hidden,) = discovery.not_measured
    assert "container" in hidden.reason
    assert "systempaths=unconfined" in hidden.remedy


def test_a_machine_without_powercap_has_nothing_to_say(tmp_path, monkeypatch):
    monkeypatch.setenv(rapl.ROOT_VARIABLE, str(tmp_path / "none"))
    assert rapl.discover(Discovery()) == Discovery()


def test_garbage_in_the_tree_does_not_raise(tree):
    t = tree(server())
    (t.root / "intel-rapl:0" / "max_energy_range_uj").write_text("much\n")
    t.hold("intel-rapl:0:0", -5)
    (t.root / "intel-rapl:0:1" / "name").write_bytes(b"\xff\xfe\n")
    (t.root / "dtpm").mkdir()
    discovery, sources = found()
    assert list(sources) == ["cpu:package-0"]
    assert [part.kind for part in discovery.not_measured] == ["memory"]


def test_close_may_be_called_twice(tree):
    tree(server())
    _, sources = found()
    source = sources["cpu:package-0"]
    source.close()
    source.close()


@pytest.mark.parametrize(
    ("vendor", "family", "model", "low", "word"),
    [
        ("GenuineIntel", 6, 85, 0.95, "Khan"),
        ("GenuineIntel", 6, 45, 0.85, "Haswell"),
        ("AuthenticAMD", 25, 1, 0.9, "AMD"),
        ("", 0, 0, 0.9, "AMD"),
    ],
)
def test_the_range_and_its_reason_depend_on_the_maker(
    tree, monkeypatch, vendor, family, model, low, word
):
    facts = CpuFacts("A CPU", vendor, family, model, 1, 8, "")
    monkeypatch.setattr(rapl, "read_cpu_facts", lambda: facts)
    tree(server())
    _, sources = found()
    info = sources["cpu:package-0"].info
    assert (info.low_factor, info.high_factor) == (low, pytest.approx(2 - low))
    assert word in info.note
    assert sources["memory:package-0-dram"].info.low_factor == 0.8
    assert info.details["cpu"] == "A CPU"


# Permissions do not bind root, under which tests often run: these run in a child process that
# has given up root (uid 65534) before it looks, and talks to the test by lines.
CHILD = """
import json, os, sys
from jupyter_carbon.sources import cpu_model, memory_model, rapl
from jupyter_carbon.sources.base import Discovery, SourceError
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
def state(source):
    try:
        return "energy" if source.read().counter_j is not None else "none"
    except SourceError as error:
        return [error.state, str(error), error.remedy]
found = rapl.discover(Discovery())
model = cpu_model.discover(found)
print(json.dumps({
    "ids": [s.info.id for s in found.sources],
    "models": [s.info.id for s in (model + memory_model.discover(found)).sources],
    "not_measured": [[n.name, n.kind, n.reason, n.remedy] for n in found.not_measured],
}), flush=True)
for line in sys.stdin:
    print(json.dumps([state(s) for s in found.sources]), flush=True)
"""


class Child:
    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, rapl.ROOT_VARIABLE: str(root)},
        )
        self.found = self._answer()

    def read(self):
        self._process.stdin.write("read\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, "the child ended early"
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.communicate(timeout=20)


@pytest.fixture
def open_folder():
    """A folder that other users may enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def denied(specs, *folders):
    return [
        ZoneSpec(s.folder, s.name, s.trace, mode=0o000 if s.folder in folders else 0o444)
        for s in specs
    ]


def test_permission_denied_names_the_one_command_and_a_model_stands_in(open_folder):
    specs = denied(server(), "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1")
    with PowercapTree(open_folder, specs) as t, Child(t.root) as child:
        assert child.found["ids"] == []
        assert child.found["models"] == ["cpu:model", "memory:model"]
        cpu, memory = child.found["not_measured"]
        assert cpu[:2] == ["CPU package 0 (energy counter)", "cpu"]
        assert memory[1] == "memory"
        assert "only root may read" in cpu[2]
        assert "A model stands in" in cpu[2]
        command = cpu[3].split("`")[1]
        assert command == f"sudo chmod a+r {t.root}/intel-rapl*:*/energy_uj"
        assert "until the next reboot" in cpu[3]


def test_the_command_grants_access(open_folder):
    specs = denied(server(), "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1")
    with PowercapTree(open_folder, specs) as t:
        with Child(t.root) as child:
            command = child.found["not_measured"][0][3].split("`")[1]
        subprocess.run(command.removeprefix("sudo "), shell=True, check=True)
        with Child(t.root) as child:
            assert child.found["ids"] == ["cpu:package-0", "memory:package-0-dram"]


def test_partial_denial_meters_the_rest_and_says_what_is_missing(open_folder):
    specs = denied(server(packages=2), "intel-rapl:1", "intel-rapl:0:0", "intel-rapl:1:0")
    with PowercapTree(open_folder, specs) as t, Child(t.root) as child:
        assert child.found["ids"] == ["cpu:package-0"]
        assert child.found["models"] == ["memory:model"]
        cpu, memory = child.found["not_measured"]
        assert cpu[0] == "CPU package 1 (energy counter)"
        assert "missing in the total" in cpu[2]
        assert memory[0] == "Memory of package 0, Memory of package 1 (energy counter)"
        assert "A model stands in" in memory[2]


def test_permission_withdrawn_later(open_folder):
    """An open file goes on, as in sysfs; once the driver is loaded anew, reading is denied."""
    specs = [ZoneSpec("intel-rapl:0", "package-0", steady(50))]
    with PowercapTree(open_folder, specs) as t, Child(t.root) as child:
        assert child.read() == ["energy"]
        (t.root / "intel-rapl:0" / "energy_uj").chmod(0o000)
        assert child.read() == ["energy"]
        t.reload("intel-rapl:0", 0o000)
        ((state, sentence, remedy),) = child.read()
        assert state == "denied"
        assert "CPU package 0" in sentence
        assert "sudo chmod" in remedy
        (t.root / "intel-rapl:0" / "energy_uj").chmod(0o444)
        assert child.read() == ["energy"]

"""What /proc and /sys tell of the processor, on trees of real machines' text."""

from __future__ import annotations

import sys

import psutil
import pytest

from jupyter_carbon.sources.cpu_facts import read_cpu_facts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and /sys")

XEON = """\
processor\t: {n}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz
physical id\t: {package}
flags\t\t: fpu vme {flag}

"""


@pytest.fixture
def machine(tmp_path):
    """Writes a machine's files and reads its facts."""

    def read(cpuinfo="", **dmi):
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc" / "cpuinfo").write_text(cpuinfo)
        folder = tmp_path / "sys" / "class" / "dmi" / "id"
        folder.mkdir(parents=True)
        for name, text in dmi.items():
            (folder / name).write_text(text + "\n")
        return read_cpu_facts(tmp_path / "proc", tmp_path / "sys")

    return read


def xeon(packages=2, flag=""):
    return "".join(XEON.format(n=n, package=n % packages, flag=flag) for n in range(8))


def test_packages_are_counted_and_the_first_processor_describes_all(machine):
    facts = machine(xeon(packages=2))
    assert facts.model_name == "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz"
    assert (facts.vendor, facts.family, facts.model) == ("GenuineIntel", 6, 85)
    assert facts.packages == 2
    assert facts.virtual == ""
    assert facts.logical_cpus == psutil.cpu_count()


def test_a_container_quota_or_affinity_does_not_shrink_the_machine(machine):
    import os

    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert machine(xeon()).logical_cpus == psutil.cpu_count()
    finally:
        os.sched_setaffinity(0, before)


def test_an_arm_machine_without_a_name(machine):
    facts = machine("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n")
    assert (facts.model_name, facts.vendor, facts.packages) == ("", "", 1)


def test_a_machine_that_tells_nothing(machine):
    facts = machine("")
    assert (facts.model_name, facts.family, facts.packages, facts.virtual) == ("", 0, 1, "")


def test_the_hypervisor_flag_is_a_virtual_machine(machine):
    assert "hypervisor flag" in machine(xeon(flag="hypervisor")).virtual


@pytest.mark.parametrize(
    ("vendor", "product", "virtual"),
    [
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", True),
        ("Microsoft Corporation", "Virtual Machine", True),
        ("Google", "Google Compute Engine", True),
        ("VMware, Inc.", "VMware7,1", True),
        ("Amazon EC2", "m6g.large", True),
        ("Amazon EC2", "c5.metal", False),
        ("Dell Inc.", "PowerEdge R740", False),
        ("LENOVO", "20XW00A7MX", False),
    ],
)
def test_firmware_names(machine, vendor, product, virtual):
    facts = machine(xeon(), sys_vendor=vendor, product_name=product)
    assert bool(facts.virtual) is virtual
    assert not virtual or product in facts.virtual

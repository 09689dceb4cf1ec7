"""What processor this machine has: names and counts, read once, cheaply."""

from __future__ import annotations

import ctypes
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")
SYS = Path("/sys")

# Product names that firmware shows a guest; bare metal of the same clouds is excluded below.
_GUEST_PRODUCT = re.compile(
    r"kvm|qemu|vmware|virtual|parallels|bhyve|bochs|standard pc|domu|google compute engine"
    r"|openstack|alibaba cloud ecs|droplet",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """The processor, as far as the operating system tells.

    `model_name` is the operating system's own spelling, "" where it gives none
    (most Arm machines). `logical_cpus` are those online in the whole machine,
    whatever part of them a container or an affinity mask leaves to this
    process. `virtual` says how a virtual machine was recognised, "" for none.
    """

    model_name: str
    vendor: str
    family: int
    model: int
    packages: int
    logical_cpus: int
    virtual: str


def read_cpu_facts(proc: Path = PROC, sysfs: Path = SYS) -> CpuFacts:
    """Reads what is known of the processor; what is not known is "" or 0, never an error."""
    logical_cpus = psutil.cpu_count(logical=True) or 1
    if sys.platform != "linux":
        return CpuFacts(_brand_name(), "", 0, 0, 1, logical_cpus, "")
    first, packages = _read_cpuinfo(proc / "cpuinfo")
    return CpuFacts(
        model_name=first.get("model name", ""),
        vendor=first.get("vendor_id", ""),
        family=_whole(first.get("cpu family", "")),
        model=_whole(first.get("model", "")),
        packages=max(packages, 1),
        logical_cpus=logical_cpus,
        virtual=_virtual_machine(first.get("flags", ""), sysfs),
    )


def _read_cpuinfo(path: Path) -> tuple[dict[str, str], int]:
    """The fields of the first processor, and the number of packages."""
    first: dict[str, str] = {}
    package_ids: set[str] = set()
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = (part.strip() for part in line.partition(":"))
                if key == "physical id":
                    package_ids.add(value)
                if key:
                    first.setdefault(key, value)
    except OSError:
        pass
    return first, len(package_ids)


def _virtual_machine(flags: str, sysfs: Path) -> str:
    """How a virtual machine shows itself; "" on bare metal."""
    dmi = sysfs / "class" / "dmi" / "id"
    product = _text(dmi / "product_name")
    if _GUEST_PRODUCT.search(product):
        return product
    if "amazon ec2" in _text(dmi / "sys_vendor").lower() and "metal" not in product:
        return f"Amazon EC2 {product}"
    hypervisor = _text(sysfs / "hypervisor" / "type")
    if hypervisor:
        return hypervisor
    return "the processor's hypervisor flag" if "hypervisor" in flags.split() else ""


def _brand_name() -> str:
    """The processor's name on macOS and Windows, read without starting a process."""
    try:
        if sys.platform == "win32":
            import winreg

            where = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, where) as key:
                return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
        if sys.platform == "darwin":
            text = ctypes.create_string_buffer(256)
            size = ctypes.c_size_t(len(text))
            name = b"machdep.cpu.brand_string"
            if ctypes.CDLL(None).sysctlbyname(name, text, ctypes.byref(size), None, 0) == 0:
                return text.value.decode(errors="replace")
    except (OSError, AttributeError):
        pass
    return platform.processor()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0

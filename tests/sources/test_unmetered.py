"""Accelerators that nothing meters, on trees as /sys and /dev show them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources import unmetered
from jupyter_carbon.sources.base import Discovery, NotMeasured, SourceInfo, SourceKind
from jupyter_carbon.sources.unmetered import scan

NOTHING = Discovery()
Pci = tuple[str, int, int, int]
A770: Pci = ("0000:03:00.0", 0x8086, 0x56A0, 0x030000)
BUILT_IN: Pci = ("0000:00:02.0", 0x8086, 0xA7A0, 0x030000)
A100: Pci = ("0000:07:00.0", 0x10DE, 0x20B5, 0x030200)
MI300: Pci = ("0000:05:00.0", 0x1002, 0x74A1, 0x120000)


@dataclass
class Known:
    """A source that is already there."""

    info: SourceInfo

    def read(self) -> Reading:
        return Reading(0, 0, 0, 0)

    def close(self) -> None:
        pass


def known(id_: str, name: str, kind: SourceKind, provenance=Provenance.COUNTER) -> Discovery:
    return Discovery((Known(SourceInfo(id_, name, kind, "h", provenance, 1, 1)),))


@pytest.fixture
def see(tmp_path: Path):
    """Writes PCI devices (address, vendor, device, class) and device files, and scans them."""

    def parts(*pci: Pci, files=(), found=NOTHING, **environment: str) -> list[NotMeasured]:
        for address, vendor, device, code in pci:
            folder = tmp_path / "sys" / "bus" / "pci" / "devices" / address
            folder.mkdir(parents=True)
            (folder / "vendor").write_text(f"0x{vendor:04x}\n")
            (folder / "device").write_text(f"0x{device:04x}\n")
            (folder / "class").write_text(f"0x{code:06x}\n")
        for name in files:
            (tmp_path / "dev").mkdir(exist_ok=True)
            (tmp_path / "dev" / name).touch()
        return list(scan(found, tmp_path / "sys", tmp_path / "dev", environment))

    return parts


def names(parts: list[NotMeasured]) -> list[str]:
    return [part.name for part in parts]


def test_nothing_there_nothing_named(see):
    network = ("0000:01:00.0", 0x8086, 0x1572, 0x020000)
    google_network = ("0000:00:04.0", 0x1AE0, 0x0042, 0x020000)
    aspeed = ("0000:02:00.0", 0x1A03, 0x2000, 0x030000)
    npu = ("0000:00:0b.0", 0x8086, 0x7D1D, 0x120000)
    assert see(network, google_network, aspeed, npu, files=["null", "accel0"]) == []


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (("0000:03:00.0", 0x1002, 0x73BF, 0x030000), "AMD GPU"),
        (("0000:03:00.0", 0x1002, 0x740F, 0x038000), "AMD GPU"),  # MI210
        (MI300, "AMD GPU"),
        (A770, "Intel GPU"),
        (("0000:00:05.0", 0x8086, 0x0BD5, 0x038000), "Intel GPU"),  # Max 1550, passed through
        (BUILT_IN, "Intel graphics in the processor"),
        (("0000:00:04.0", 0x1AE0, 0x0063, 0x088000), "Google TPU"),
        (("0000:b3:00.0", 0x1DA3, 0x1020, 0x120000), "Intel Gaudi"),
        (A100, "NVIDIA GPU"),
    ],
)
def test_one_of_each(see, device, name):
    (part,) = see(device)
    assert part.name == name
    assert part.reason.endswith(".")
    assert part.remedy


@pytest.mark.parametrize(
    ("files", "environment", "expected"),
    [
        (["kfd"], {}, ["AMD GPU"]),
        (["hl0", "hl1", "hl_controlD0"], {}, ["Intel Gaudi (2 of them)"]),
        (["neuron0"], {}, ["AWS Neuron"]),
        (["accel0", "accel1"], {"TPU_WORKER_ID": "0"}, ["Google TPU (2 of them)"]),
        (["nvidia0", "nvidiactl"], {}, ["NVIDIA GPU"]),
    ],
)
def test_device_files_tell_where_pci_is_not_shown(see, files, environment, expected):
    assert names(see(files=files, **environment)) == expected


def test_several_of_a_maker_are_one_entry(see):
    gpus = [(f"0000:0{n}:00.0", 0x1002, 0x74A1, 0x120000) for n in range(8)]
    assert names(see(*gpus, files=["kfd"])) == ["AMD GPU (8 of them)"]


def test_graphics_in_a_counted_package_are_measured(see):
    cpu = known("cpu:package-0", "CPU package 0", "cpu")
    assert see(BUILT_IN, found=cpu) == []


def test_graphics_in_a_modelled_processor_are_named_beside_a_card(see):
    cpu = known("cpu:model", "CPU · Intel", "cpu", Provenance.MODELLED)
    assert names(see(BUILT_IN, A770, found=cpu)) == ["Intel graphics in the processor", "Intel GPU"]


@pytest.mark.parametrize("name", ["GPU 0 · NVIDIA A100", "GPU 0 · Tesla V100-SXM2-16GB"])
def test_what_is_metered_is_not_named(see, name):
    gpu = known("gpu:GPU-1234", name, "gpu")
    assert names(see(A100, MI300, found=gpu)) == ["AMD GPU"]


def test_what_is_named_already_is_not_named_again(see):
    hidden = Discovery((), (NotMeasured("GPU 1 · NVIDIA A100", "gpu", "It is hidden."),))
    assert see(A100, found=hidden) == []


def test_a_processor_of_the_maker_is_no_accelerator(see):
    cpu = known("cpu:model", "CPU · AMD EPYC 7742", "cpu")
    assert names(see(MI300, found=cpu)) == ["AMD GPU"]


def test_unreadable_entries_are_passed_over(see, tmp_path):
    folder = tmp_path / "sys" / "bus" / "pci" / "devices" / "0000:01:00.0"
    folder.mkdir(parents=True)
    (folder / "vendor").write_text("nonsense")
    assert names(see(MI300)) == ["AMD GPU"]


def test_apples_gpu_is_named(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(unmetered.platform, "machine", lambda: "arm64")
    assert "Apple GPU" in names(list(unmetered.discover(Discovery()).not_measured))

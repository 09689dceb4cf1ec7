"""Finding sources by entry points: their order, and those that fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from jupyter_carbon.sources.base import Discovery, NotMeasured
from jupyter_carbon.sources.discovery import GROUP, discover_all, with_newcomers
from tests.simulation import Board, Clock

HEAD = """
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading
from jupyter_carbon.sources.base import Discovery, NotMeasured, SourceInfo

class Made:
    def __init__(self, id_, **changes):
        keys = dict(id=id_, name=id_, kind="other", host="here", provenance=Provenance.COUNTER,
                    low_factor=0.9, high_factor=1.1)
        self.info = SourceInfo(**(keys | changes))

    def read(self):
        raise NotImplementedError

    def close(self):
        pass
"""

Module = Callable[[str, str], EntryPoint]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Module]:
    """Writes a module that brings a source, and gives its entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def make(name: str, code: str) -> EntryPoint:
        file = f"made_{name.replace('-', '_')}"
        (tmp_path / f"{file}.py").write_text(HEAD + code, encoding="utf-8")
        return EntryPoint(name, f"{file}:discover", GROUP)

    yield make
    for name in set(sys.modules) - before:
        del sys.modules[name]


def _ids(found: Discovery) -> list[str]:
    return [source.info.id for source in found.sources]


ONE = "def discover(found):\n    return Discovery((Made({!r}),))\n"


def test_those_that_fill_in_ask_last_and_see_the_others(module: Module) -> None:
    seen = "def discover(found):\n    return Discovery((Made('saw ' + str(len(found.sources))),))\n"
    points = [
        module("unmetered", ONE.format("unmetered")),
        module("memory-model", ONE.format("memory")),
        module("cpu-model", seen),
        module("zeta", ONE.format("zeta")),
        module("alpha", ONE.format("alpha")),
        module("rapl", ONE.format("rapl")),
        module("nvml", ONE.format("nvml")),
    ]
    assert _ids(discover_all(points)) == [
        "nvml",
        "rapl",
        "alpha",
        "zeta",
        "saw 4",
        "memory",
        "unmetered",
    ]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise ImportError('its library is missing')", "its library is missing"),
        ("import sys; sys.exit('no licence')", "no licence"),
        ("no python at all", "SyntaxError"),
        ("discover = 3", "not callable"),
        ("", "discover"),
        ("def discover(found): raise OSError('no such device')", "no such device"),
        ("def discover(found): return None", "NoneType"),
        ("def discover(found): return [Made('a')]", "list"),
        ("def discover(found): return Discovery((3,))", "its description raised"),
        ("def discover(found): return Discovery(7)", "not iterable"),
    ],
)
def test_one_that_fails_is_named_and_the_others_are_found(
    module: Module, code: str, told: str
) -> None:
    points = [module("bad", code), module("good", ONE.format("good"))]
    found = discover_all(points)
    assert _ids(found) == ["good"]
    (missing,) = found.not_measured
    assert missing.name == "source bad"
    assert told in missing.reason
    assert "made_bad:discover" in missing.remedy


def test_an_id_that_comes_twice_is_counted_once(module: Module) -> None:
    found = discover_all(
        [module("first", ONE.format("same")), module("second", ONE.format("same"))]
    )
    assert _ids(found) == ["same"]
    (missing,) = found.not_measured
    assert "another source has its id" in missing.reason


def test_the_shipped_sources_are_installed_as_entry_points() -> None:
    from importlib.metadata import entry_points

    names = {point.name for point in entry_points(group=GROUP)}
    assert {"nvml", "rapl", "cpu-model", "memory-model", "unmetered"} <= names
    for point in entry_points(group=GROUP):
        assert callable(point.load())


def test_by_default_those_that_are_installed_are_asked(capfd: pytest.CaptureFixture[str]) -> None:
    found = discover_all()
    for source in found.sources:
        source.close()
    assert found.sources or found.not_measured
    assert capfd.readouterr() == ("", "")


def _found(*names: str, missing: tuple[str, ...] = ()) -> Discovery:
    boards = (Board(Clock(), name=name) for name in names)
    return Discovery(tuple(boards), tuple(NotMeasured(name, "gpu", "Off.") for name in missing))


def test_newcomers_are_added_and_no_longer_named_as_missing() -> None:
    def broken() -> Discovery:
        raise OSError("no such bus")

    first = _found("a", missing=("b", "GPU 0"))
    found = first + Discovery(watches=(broken, lambda: _found("a", "b", "GPU 0 · A100")))
    now = with_newcomers(found)
    assert _ids(now) == ["gpu:a", "gpu:b", "gpu:GPU 0 · A100"]
    assert now.sources[0] is first.sources[0]
    assert now.not_measured == ()
    assert now.watches == found.watches


def test_where_nothing_has_come_nothing_changes() -> None:
    found = _found("a") + Discovery(watches=(Discovery, lambda: _found(missing=("c",))))
    assert with_newcomers(found) is found

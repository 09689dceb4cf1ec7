"""What the tab key offers after the magics."""

from __future__ import annotations

import pytest

from jupyter_carbon.kernel.completion import offers_for
from jupyter_carbon.kernel.options import CELL_OPTIONS, COMMANDS
from tests.kernel.real_kernel import RealKernel

PLACES = ("Germany", "United Kingdom", "United States", "DE")


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("%carbon ", ("", list(COMMANDS))),
        ("%carbon re", ("re", ["resume", "reset", "resume-session", "region"])),
        ("  %carbon RE", ("RE", ["resume", "reset", "resume-session", "region"])),
        ("%carbon xyz", ("xyz", [])),
        ("%carbon region g", ("g", ["Germany"])),
        ("%carbon region united k", ("united k", ["United Kingdom"])),
        ("%carbon region 'united k", ("united k", ["United Kingdom"])),
        ("%carbon region Germany --", ("--", ["--all"])),
        ("%carbon region Germany --all --", ("--", [])),
        ("%carbon pue 1.2 -", ("-", ["--all"])),
        ("%carbon pue 1", None),
        ("%carbon history ", ("", ["--by", "--since", "--until"])),
        ("%carbon history --by ", ("", ["day", "notebook", "label", "project", "host"])),
        ("%carbon history --by n", ("n", ["notebook"])),
        ("%carbon history --by day --", ("--", ["--since", "--until"])),
        ("%carbon history --since y", ("y", ["yesterday"])),
        ("%carbon export summ", None),
        ("%carbon bud", ("bud", ["budget"])),
        ("%carbon budget ", ("", ["off"])),
        ("%carbon budget O", ("O", ["off"])),
        ("%carbon budget 0.5kWh", None),
        ("%carbon budget 0.5kWh ", None),
        ("%carbon budget 0.5kWh -", ("-", ["--stop"])),
        ("%carbon budget 0.5 kWh --stop -", ("-", [])),
        ("%%carbon --bu", ("--bu", ["--budget"])),
        ("%carbon status ", None),
        ("%%carbon ", ("", list(CELL_OPTIONS))),
        ("%%carbon --la", ("--la", ["--label"])),
        ("%%carbon --label a --q", ("--q", ["--quiet"])),
        ("%carbonara re", None),
        ("carbonate re", None),
        ("print", None),
        ("", None),
    ],
)
def test_offers(line: str, offers: tuple[str, list[str]] | None) -> None:
    assert offers_for(line, lambda: PLACES) == offers


def test_a_front_end_is_offered_them(kernel: RealKernel) -> None:
    commands = kernel.complete("%carbon re")
    assert {"%carbon region", "%carbon resume", "%carbon reset"} <= set(commands)
    assert kernel.complete("%carbon region Ger") == ["%carbon region Germany"]
    assert "x = 1\n%carbon pause" in kernel.complete("x = 1\n%carbon pa")
    assert "%%carbon --label" in kernel.complete("%%carbon --la")
    places = kernel.complete("%carbon region united k")
    assert any(place.endswith("Kingdom") for place in places)
    assert "print" in kernel.complete("prin")


def test_after_unloading_nothing_is_offered(bare_kernel: RealKernel) -> None:
    bare_kernel.ok("%load_ext jupyter_carbon")
    bare_kernel.ok("%unload_ext jupyter_carbon")
    assert "%carbon resume" not in bare_kernel.complete("%carbon re")


def test_help_tells_the_commands_and_the_options(kernel: RealKernel) -> None:
    for text in (kernel.inspect("%carbon"), _page(kernel, "%carbon?"), _page(kernel, "?%carbon")):
        assert all(f"%carbon {command}" in text for command in COMMANDS if command != "status")
    text = _page(kernel, "%%carbon?")
    assert all(option in text for option in CELL_OPTIONS)


def _page(kernel: RealKernel, question: str) -> str:
    (page,) = kernel.ok(question).reply["payload"]
    return str(page["data"]["text/plain"])

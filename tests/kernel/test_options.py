"""Words after the magics: what they mean, and how they are refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.budget import Budget
from jupyter_carbon.kernel.options import (
    CellOptions,
    Command,
    OptionError,
    parse_cell_options,
    parse_command,
)


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", CellOptions()),
        ("--label train", CellOptions("train")),
        ("--label=train", CellOptions("train")),
        ("--label 'two words' --quiet", CellOptions("two words", quiet=True)),
        ('--label "=1+1"', CellOptions("=1+1")),
        ("--label -2+3", CellOptions("-2+3")),
        ("--label ---", CellOptions("---")),
        ("--label a=b", CellOptions("a=b")),
        ("--label=a=b", CellOptions("a=b")),
        ("--label ''", CellOptions()),
        ("--label '  '", CellOptions()),
        ("--label a --label b", CellOptions("b")),
        ("--no-sync", CellOptions(synchronize=False)),
        ("--quiet --no-sync", CellOptions(None, False, True)),
        ("--label 日本語", CellOptions("日本語")),
        ("--budget 0.5kWh", CellOptions(budget=Budget("cell", "energy", 1.8e6))),
        ("--budget=0.5kWh --stop", CellOptions(budget=Budget("cell", "energy", 1.8e6, True))),
        ("--stop --budget '200 gCO2e'", CellOptions(budget=Budget("cell", "co2e", 200.0, True))),
    ],
)
def test_options_of_a_cell(line: str, options: CellOptions) -> None:
    assert parse_cell_options(line) == options


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("--label", "--label needs a name"),
        ("--label --quiet", "--label needs a name"),
        ("--label --label=a", "--label needs a name"),
        ("--labels x", "'--labels'"),
        ("--quiet=yes", "'--quiet=yes'"),
        ("train", "'train'"),
        ("-q", "'-q'"),
        ("--budget", "--budget needs a limit"),
        ("--budget --stop", "--budget needs a limit"),
        ("--budget=", "'' is no budget"),
        ("--budget 5", "'5' is no budget"),
        ("--budget 0kWh", "used up before"),
        ("--budget 0.5 kWh", "'kWh'"),
        ("--stop", "--stop needs a --budget"),
        ("--stop=yes --budget 1kWh", "'--stop=yes'"),
        ("--label 'open", "quotation mark"),
        ("--label train \\", "quotation mark"),
    ],
)
def test_options_that_cannot_be_followed_are_one_sentence(line: str, named: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_cell_options(line)
    sentence = str(refused.value)
    assert named in sentence
    assert "The cell runs" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", Command("status")),
        ("  ", Command("status")),
        ("cells", Command("cells")),
        ("region DE", Command("region", "DE")),
        ("region United Kingdom --all", Command("region", "United Kingdom", True)),
        ("region --all 'United Kingdom'", Command("region", "United Kingdom", True)),
        ("region 400 g/kWh", Command("region", "400 g/kWh")),
        ("region Côte d\\'Ivoire", Command("region", "Côte d'Ivoire")),
        ("pue 1.2", Command("pue", "1.2")),
        ("budget", Command("budget")),
        ("budget 0.5kWh", Command("budget", "0.5kWh")),
        ("budget 0.5 kWh --stop", Command("budget", "0.5 kWh", stops=True)),
        ("budget --stop 200gCO2e", Command("budget", "200gCO2e", stops=True)),
        ("budget OFF", Command("budget", "off")),
        ("pue -3", Command("pue", "-3")),
        ("history", Command("history")),
        ("history --by day", Command("history", by="day")),
        ("history --by=day --since 7d", Command("history", by="day", since="7d")),
        ("history --until '2026-11' --by host", Command("history", by="host", until="2026-11")),
        ("export a b.json", Command("export", "a b.json")),
        ("export 'a b.json'", Command("export", "a b.json")),
        (r"export C:\new\table.csv", Command("export", r"C:\new\table.csv")),
        ("export it's.json", Command("export", "it's.json")),
    ],
)
def test_commands(line: str, command: Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("statsu", "'statsu'"),
        ("status now", "'now'"),
        ("pause 5", "'5'"),
        ("region", "a place"),
        ("region --all", "a place"),
        ("region DE --al", "'--al'"),
        ("pue", "a number"),
        ("budget --stop", "needs a limit for --stop"),
        ("budget off --stop", "needs a limit for --stop"),
        ("budget 1kWh --all", "'--all', only --stop"),
        ("pue 1.2 --everything", "'--everything'"),
        ("history day", "'day'"),
        ("history --json", "'--json'"),
        ("history --by", "a word after --by"),
        ("history --since=", "a word after --since"),
        ("history --by mood", "label, project or host, not by 'mood'"),
        ("export", ".json, .csv or .md"),
        ("export ''", ".json, .csv or .md"),
        ("region 'DE", "quotation mark"),
        ("Status", "'Status'"),
    ],
)
def test_commands_that_cannot_be_followed_are_one_sentence(line: str, named: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_command(line)
    sentence = str(refused.value)
    assert named in sentence
    assert "nothing was" in sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", ";", "doctor."))


@given(st.text())
def test_whatever_follows_is_read_or_refused(line: str) -> None:
    for parse in (parse_cell_options, parse_command):
        with suppress(OptionError):
            parse(line)

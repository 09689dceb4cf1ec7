"""What a user can type, set or read in an export is documented, and what is documented is there."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest

import jupyter_carbon
from jupyter_carbon import cli
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.kernel.magics import CarbonMagics
from jupyter_carbon.kernel.options import CELL_OPTIONS, COMMANDS
from jupyter_carbon.settings import PREFIX, MeterSettings
from jupyter_carbon.sources.base import Discovery, FailureState, SourceError
from jupyter_carbon.summary import keys, table
from jupyter_carbon.summary.form import FORMS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
SETTINGS = MeterSettings.class_own_traits(config=True)
OUR_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _text(page: Path) -> str:
    """A page's text; of a notebook, that of its cells."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


EVERYTHING = [*PAGES, *sorted((ROOT / "examples").glob("*.ipynb"))]
everything = pytest.mark.parametrize("page", EVERYTHING, ids=lambda page: page.name)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_documented_and_in_the_help(command: str) -> None:
    assert re.search(rf"^\|.*`%carbon {command}\b", REFERENCE, re.MULTILINE)
    assert command in (CarbonMagics.line_magic.__doc__ or "")


@pytest.mark.parametrize("option", CELL_OPTIONS)
def test_each_cell_option_is_documented_and_in_the_help(option: str) -> None:
    assert re.search(rf"^\| `{option}\b", REFERENCE, re.MULTILINE)
    assert option in (CarbonMagics.cell_magic.__doc__ or "")


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_each_setting_is_documented_with_its_variable_and_default(name: str) -> None:
    default = SETTINGS[name].default_value
    shown = "empty" if default == "" else f"`{default}`"
    assert f"| `c.CarbonMeter.{name}` | `{PREFIX}{name.upper()}` | {shown} |" in REFERENCE


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_each_setting_can_be_made_in_the_environment(name: str) -> None:
    settings = MeterSettings(environ={f"{PREFIX}{name.upper()}": "nonsense \0"})
    set_by_name = getattr(settings, name) != SETTINGS[name].default_value
    assert set_by_name or any(PREFIX + name.upper() in text for text in settings.complaints)


@pytest.mark.parametrize("name", jupyter_carbon.__all__)
def test_each_public_name_is_documented(name: str) -> None:
    assert re.search(rf"^\|.*`{name}\b", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("word", [*Provenance, *get_args(FailureState), *FORMS])
def test_each_word_that_a_figure_or_a_source_is_marked_with_is_documented(word: str) -> None:
    assert f"`{word}`" in REFERENCE


def _exported_keys() -> set[str]:
    return {
        key
        for each in vars(keys).values()
        if is_typeddict(each) and each.__module__ == keys.__name__
        for key in get_type_hints(each)
    }


@pytest.mark.parametrize("key", sorted(_exported_keys() | set(table._COLUMNS)))
def test_each_exported_key_and_column_is_documented(key: str) -> None:
    exports = REFERENCE[REFERENCE.index("## Exports") :]
    assert f"`{key}`" in exports


def test_the_command_line_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    commands = re.findall(r"^    (\w+)\s", capsys.readouterr().out, re.MULTILINE)
    assert commands
    for command in commands:
        assert f"`jupyter carbon {command}`" in REFERENCE


@everything
def test_no_page_names_a_command_that_is_not_there(page: Path) -> None:
    named = set(re.findall(r"(?<!%)%carbon +([a-z]+(?:-[a-z]+)*)", _text(page)))
    assert named <= set(COMMANDS)


@everything
def test_no_page_names_a_setting_that_is_not_there(page: Path) -> None:
    text = _text(page)
    variables = set(re.findall(rf"{PREFIX}([A-Z0-9_]+)", text))
    assert variables <= {name.upper() for name in SETTINGS}
    assert set(re.findall(r"CarbonMeter\.([a-z][a-z0-9_]+)\b(?!\()", text)) <= set(SETTINGS)


@everything
def test_no_page_names_a_make_target_that_is_not_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^\$ |^)make ([a-z]+)", _text(page), re.MULTILINE))
    assert named <= targets


@everything
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        aimed = (page.parent / path).resolve() if path else page
        assert aimed.exists(), target
        if anchor and aimed.suffix == ".md":
            assert anchor in _anchors(aimed.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_on_a_page_is_python(page: Path) -> None:
    for program in OUR_PYTHON.findall(_text(page)):
        lines = [line for line in program.splitlines() if not line.startswith("%")]
        ast.parse("\n".join(lines))


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as they are made where Markdown is shown."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {word.strip().replace(" ", "-") for word in words}


def test_the_source_that_contributors_are_shown_is_a_source(tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (program,) = (text for text in OUR_PYTHON.findall(page) if "def discover" in text)
    module: dict[str, Any] = {"__name__": "wall_plug"}
    exec(compile(program, "wall_plug", "exec"), module)
    (part,) = module["discover"](Discovery()).not_measured
    assert part.remedy == "Plug it in."
    meter = module["METER"] = tmp_path / "energy_wh"
    meter.write_text("2.5", encoding="utf-8")
    (source,) = module["discover"](Discovery()).sources
    assert source.read().counter_j == 9000
    meter.write_text("?", encoding="utf-8")
    with pytest.raises(SourceError, match="gave no figure"):
        source.read()
    source.close()

"""The package as it is built and installed: what is in it, what it needs, what it names."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest

import jupyter_carbon

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "jupyter_carbon"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTENSION = PACKAGE / "labextension"
"""What is built for the browser: it is installed elsewhere."""
NOT_OURS = frozenset({"build", "dist", "node_modules", "shared"})
IMPORTED_AS = {
    "anywidget": "anywidget",
    "ipython": "IPython",
    "nvidia-ml-py": "pynvml",
    "platformdirs": "platformdirs",
    "psutil": "psutil",
    "traitlets": "traitlets",
}
"""From a dependency's name to the module it brings."""


def _package_files() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and EXTENSION not in path.parents
    }


def _modules() -> list[str]:
    paths = (Path(name).with_suffix("") for name in _package_files() if name.endswith(".py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def _build(target: str, source: Path, folder: Path) -> Path:
    words = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    run = subprocess.run(words, cwd=source, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_package_its_data_and_its_licences_and_nothing_else(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"jupyter_carbon-{jupyter_carbon_version()}.dist-info"
    shared = info.replace(".dist-info", ".data/data/share/jupyter/labextensions/jupyter-carbon")
    extension = {
        f"{shared}/{path.relative_to(EXTENSION).as_posix()}"
        for path in EXTENSION.rglob("*")
        if path.is_file()
    }
    assert f"{shared}/package.json" in extension
    assert any(fnmatch(name, f"{shared}/static/remoteEntry.*.js") for name in extension)
    assert names - _package_files() == extension | {
        f"{shared}/install.json",
        f"{info}/METADATA",
        f"{info}/RECORD",
        f"{info}/WHEEL",
        f"{info}/entry_points.txt",
        f"{info}/licenses/LICENSE",
        f"{info}/licenses/THIRD_PARTY_NOTICES.md",
    }
    assert _package_files() <= names
    assert {
        "jupyter_carbon/py.typed",
        "jupyter_carbon/data/grid_country.csv",
        "jupyter_carbon/static/stub.js",
        "jupyter_carbon/static/widget.js",
        "jupyter_carbon/stream/schema.json",
    } <= names


def test_the_wheel_built_from_the_sdist_is_the_same(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    (tmp_path / "wheel").mkdir()
    with tarfile.open(_build("sdist", ROOT, tmp_path / "sdist")) as archive:
        # Pythons before 3.11.4 have no filters, later ones warn without.
        filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **filters)
    (source,) = tmp_path.glob("jupyter_carbon-*")
    again = _build("wheel", source, tmp_path / "wheel")
    # The sdist holds what is built for the browser, so that nobody needs Node.js for it.
    assert not (source / "labextension" / "node_modules").exists()
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_the_package_imports_its_declared_dependencies_and_nothing_else() -> None:
    declared = {
        IMPORTED_AS[re.split(r"[<>=!~;\[ ]", text, maxsplit=1)[0]]
        for text in PROJECT["project"]["dependencies"]
    }
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports by a relative name"
                imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names - {"jupyter_carbon"} == declared


def test_loading_the_extension_imports_nothing_heavy() -> None:
    program = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "jupyter_carbon")
shell.run_line_magic("unload_ext", "jupyter_carbon")
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    new = set(run.stdout.split())
    assert "jupyter_carbon" in new
    assert new - sys.stdlib_module_names <= {"jupyter_carbon", *IMPORTED_AS.values()}
    # The widget's are left until there is a widget.
    assert not new & {"anywidget", "ipywidgets", "psygnal"}
    assert not new & {"asyncio", "http", "multiprocessing", "sqlite3", "urllib", "xml"}


def test_every_module_can_be_imported_without_a_warning() -> None:
    program = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    subprocess.run([sys.executable, "-W", "error", "-c", program, *_modules()], check=True)


def test_every_module_says_what_it_is_about() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_the_public_names_are_sorted_complete_and_there() -> None:
    names = jupyter_carbon.__all__
    assert names == sorted(names)
    assert {"load_ipython_extension", "unload_ipython_extension", *jupyter_carbon._HOMES} == set(
        names
    )
    for name in names:
        assert callable(getattr(jupyter_carbon, name))
    assert set(names) <= set(dir(jupyter_carbon))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        jupyter_carbon.nonsense  # noqa: B018


@pytest.mark.parametrize("name", _modules())
def test_what_a_module_offers_by_name_is_sorted_and_there(name: str) -> None:
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", [])
    assert offered == sorted(offered)
    assert [each for each in offered if not hasattr(module, each)] == []


def test_the_entry_points_are_installed_and_lead_somewhere() -> None:
    declared = PROJECT["project"]["entry-points"]["jupyter_carbon.sources"]
    installed = {
        point.name: point
        for point in entry_points(group="jupyter_carbon.sources")
        if point.value.startswith("jupyter_carbon.")
    }
    assert {name: point.value for name, point in installed.items()} == declared
    for point in installed.values():
        assert callable(point.load())
    (script,) = entry_points(group="console_scripts", name="jupyter-carbon")
    assert callable(script.load())


def test_there_is_one_version() -> None:
    stated = PROJECT["project"]["version"]
    assert jupyter_carbon_version() == stated
    package = json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == stated
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == stated


def test_each_floor_names_a_module_and_each_module_a_floor() -> None:
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    rooms = [room for layer in contract["layers"] for room in re.split(r" [|:] ", layer)]
    there = {name.split(".")[1] for name in _modules() if "." in name}
    assert sorted(rooms) == sorted(there)


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    here = "|".join(re.escape(str(path)) for path in (ROOT, Path.home()) if len(path.parts) > 2)
    somewhere = re.compile(rf"{here or '(?!)'}|/(?:home|Users)/(?!me/|you/|user/)[a-z]\w*/")
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if NOT_OURS.intersection(parts) or any(_is_hidden_folder(part) for part in parts[:-1]):
            continue
        if path.suffix in {".py", ".md", ".toml", ".ipynb", ".csv", ".json", ".h", ".c", ".yaml"}:
            text = path.read_text(encoding="utf-8")
            found += [f"{path}: {match[0]}" for match in somewhere.finditer(text)]
    assert found == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_pytests_own_closing_line_ends_what_make_test_prints() -> None:
    # The tests themselves may have been started by make, which hands its own words down.
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "HEADLESS"}
    run = subprocess.run(
        ["make", "--dry-run", "test"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in outer},
        capture_output=True,
        text=True,
        check=True,
    )
    commands = run.stdout.splitlines()
    assert commands[-1].endswith("-m pytest")
    for check in ("ruff check", "ruff format --check", "mypy", "lint-imports", "run check lint"):
        assert any(check in command for command in commands[:-1]), check


def _is_hidden_folder(part: str) -> bool:
    return part.startswith(".") and part != ".ci"


def jupyter_carbon_version() -> str:
    return version("jupyter-carbon")

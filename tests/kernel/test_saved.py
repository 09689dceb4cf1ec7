"""A saved notebook shows what its `%%carbon` cells cost, with no kernel and no script."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from nbconvert import HTMLExporter, LatexExporter, MarkdownExporter, RSTExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from jupyter_carbon.estimate import Estimate
from jupyter_carbon.units import energy_words
from tests.kernel.real_kernel import Ran, real_kernel
from tests.standin.nvml import Standin

CELLS = (
    "%load_ext jupyter_carbon\nimport time; time.sleep(1)",
    "%%carbon --label first\ntime.sleep(1.6)\nprint('out of the first')",
    "%%carbon --label second\ntime.sleep(0.8)",
    "%carbon export all.json",
)
NOT_READ = ("script", "style", "head")


class _Read(HTMLParser):
    """The text that a page shows without running anything."""

    def __init__(self) -> None:
        super().__init__()
        self._skip = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skip += tag in NOT_READ
        assert tag not in ("body", "div") or not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag in NOT_READ

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.text += f" {data.strip()}"


def _by_a_program(gpu: Standin, folder: Path) -> Any:
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in gpu.environment().items():
            patch.setenv(name, value)
        nbclient.NotebookClient(
            notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        ).execute()
    return notebook


def _by_a_person(gpu: Standin, folder: Path) -> Any:
    """As a notebook front end does it: it names its cells, and goes on hearing of them."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    with real_kernel(gpu.environment(), folder) as kernel:
        for cell in notebook.cells:
            ran = kernel.finish(kernel.start_named(cell["id"], cell["source"]))
            kernel.listen(lambda: False, 0.7)
            assert ran.status == "ok", ran.traceback
            cell["outputs"] = _outputs(ran)
            cell["execution_count"] = ran.number
    return notebook


def _outputs(ran: Ran) -> list[Any]:
    found: list[tuple[str, Any]] = []
    for message in ran.messages("display_data", "update_display_data", "stream"):
        content, kind = message["content"], message["msg_type"]
        place = content.get("transient", {}).get("display_id", message["header"]["msg_id"])
        if kind == "stream":
            output = new_output("stream", name=content["name"], text=content["text"])
        else:
            output = new_output("display_data", content["data"], metadata=content["metadata"])
        if kind == "update_display_data":
            found = [(at, output if at == place else known) for at, known in found]
        else:
            found.append((place, output))
    return [output for _, output in found]


@pytest.fixture(scope="module", params=[_by_a_program, _by_a_person])
def saved(
    request: pytest.FixtureRequest, gpu: Standin, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, dict[str, Any]]:
    """A notebook as it lies on the disk, and the cells' figures by their label."""
    folder = tmp_path_factory.mktemp("saved")
    notebook = nbformat.reads(
        nbformat.writes(request.param(gpu, folder)), as_version=nbformat.NO_CONVERT
    )
    nbformat.validate(notebook)
    document = json.loads((folder / "all.json").read_text(encoding="utf-8"))
    return notebook, {cell["label"]: cell for cell in document["cells"] if cell["label"]}


def _numbers(cells: dict[str, Any]) -> dict[str, str]:
    """Each labelled cell's energy, as it is shown."""
    found = {}
    for label, cell in cells.items():
        words = energy_words(Estimate.from_dict(cell["energy_j"]))
        found[label] = f"{words.number} {words.unit}"
    return found


def test_the_page_shows_the_final_figures_of_each_cell(saved: tuple[Any, Any]) -> None:
    notebook, cells = saved
    page, _ = HTMLExporter().from_notebook_node(notebook)
    read = _Read()
    read.feed(page)
    for label, number in _numbers(cells).items():
        (card,) = re.findall(rf"{label} energy .*? mean power \S+ W", " ".join(read.text.split()))
        assert number in card
    assert "widget-view" not in page
    assert "stand here" not in read.text


@pytest.mark.parametrize("exporter", [MarkdownExporter, LatexExporter, RSTExporter])
def test_other_forms_show_them_too(saved: tuple[Any, Any], exporter: Any) -> None:
    notebook, cells = saved
    made = exporter()
    # Code is typeset by pandoc's filters, which are not everywhere.
    made.exclude_input = True
    text, _ = made.from_notebook_node(notebook)
    read = " ".join(re.sub("<[^>]*>", "", text).split())
    for number in _numbers(cells).values():
        assert number in read


def test_nothing_in_it_refers_to_a_kernel(saved: tuple[Any, Any]) -> None:
    notebook, _ = saved
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        for output in cell["outputs"]:
            assert set(output.get("data", {})) <= {"text/plain", "text/html"}

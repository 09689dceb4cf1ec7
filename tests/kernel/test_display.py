"""What a `%%carbon` cell shows to a program that runs it: its figures, once, in their place."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.kernel.conftest import Package
from tests.kernel.real_kernel import Ran, RealKernel, real_kernel
from tests.standin.nvml import Standin
from tests.summary.sample import HOSTILE

FORM = re.compile(
    r"(?P<energy>(< )?[\d.e-]+ (J|mWh|µWh|Wh|kWh)( ± \d+ %| \(.*?\))?) · "
    r"(?P<mass>(< )?[\d.e-]+ (µg|mg|g|kg|lb) CO2e)( ± \d+ %)? · "
    r"(?P<duration>[\d.]+ (ms|s|min))"
    r"( · (?P<power>[\d.]+ (mW|W|kW)) mean)? · "
    r"(?P<provenance>.*)"
)


def _settled(kernel: RealKernel, ran: Ran) -> Ran:
    """The cell, when its line has been updated; a moment more, in case it is again."""
    kernel.listen(lambda: bool(ran.messages("update_display_data")), 10)
    kernel.listen(lambda: False, 0.3)
    return ran


def test_the_line_is_shown_once_and_updated_once_in_its_place(kernel: RealKernel) -> None:
    ran = kernel.ok("%%carbon --label train\nimport time; time.sleep(0.3)\n'value'")
    assert len(ran.contents("display_data")) == 1
    assert not ran.contents("stream", "error")
    # It comes after the value, as what is under the cell.
    kinds = [message["msg_type"] for message in ran.messages("execute_result", "display_data")]
    assert kinds == ["execute_result", "display_data"]

    other = kernel.start("import time; time.sleep(0.5)")  # the update comes while another runs
    kernel.finish(other)
    _settled(kernel, ran)
    (shown,) = ran.contents("display_data")
    (updated,) = ran.contents("update_display_data")
    assert updated["transient"]["display_id"] == shown["transient"]["display_id"]
    assert not other.messages("update_display_data", "display_data")
    for content in (shown, updated):
        text = content["data"]["text/plain"]
        assert text.startswith("train · ")
        found = FORM.fullmatch(text.removeprefix("train · "))
        assert found, text
        assert re.fullmatch(r"[3-9]\d\d ms|[\d.]+ s", found["duration"])
    assert set(updated["data"]) == {"text/plain", "text/html"}


def test_the_updated_line_says_what_the_export_says(kernel: RealKernel, tmp_path: Path) -> None:
    ran = _settled(kernel, kernel.ok("%%carbon\nimport time; time.sleep(0.3)"))
    document = kernel.export(tmp_path / "all.json")
    (cell,) = [cell for cell in document["cells"] if cell["execution_count"] == ran.number]
    text = ran.contents("update_display_data")[-1]["data"]["text/plain"]
    found = FORM.fullmatch(text)
    assert found
    value, unit = found["energy"].split()[:2]
    factor = {"mWh": 3.6, "Wh": 3600.0, "J": 1.0}[unit]
    assert float(value) * factor == pytest.approx(cell["energy_j"]["value"], rel=0.06)


def test_a_line_whose_figure_is_final_at_once_is_not_updated(
    kernel: RealKernel, gpu: Standin
) -> None:
    # With the meter paused nothing more can come: the figure is missing, for good.
    kernel.ok("import time; time.sleep(0.3)")
    kernel.ok("%carbon pause")
    ran = kernel.ok("%%carbon\n1")
    kernel.listen(lambda: False, 0.5)
    assert ran.shown == [ran.shown[0]]
    assert "not measured" in ran.shown[0]
    assert not ran.messages("update_display_data")


def test_a_quiet_cell_shows_one_line_and_a_plain_cell_nothing(
    kernel: RealKernel, tmp_path: Path
) -> None:
    ran = _settled(kernel, kernel.ok("%%carbon --quiet --label hush\nimport time; time.sleep(0.2)"))
    for content in ran.contents("display_data", "update_display_data"):
        assert FORM.fullmatch(content["data"]["text/plain"].removeprefix("hush · "))
        assert "svg" not in content["data"]["text/html"]
        assert re.sub("<[^>]*>", "", content["data"]["text/html"]).count("Wh") >= 1
    assert len(ran.shown) == 1
    assert not kernel.ok("1").messages("display_data", "stream")
    document = kernel.export(tmp_path / "all.json")
    assert [label["label"] for label in document["labels"]] == ["hush"]
    assert "hush" in [cell["label"] for cell in document["cells"]]


def test_a_cell_that_fails_or_is_interrupted_has_its_line_too(kernel: RealKernel) -> None:
    ran = kernel.run("%%carbon --label broken\n1 / 0")
    assert ran.shown[0].startswith("broken · ")
    ran = kernel.start("%%carbon --label stopped\nwhile True: pass")
    kernel.wait_busy(ran)
    kernel.manager.interrupt_kernel()
    kernel.finish(ran)
    assert ran.shown[0].startswith("stopped · ")


def test_the_line_comes_after_what_the_cell_printed(kernel: RealKernel) -> None:
    ran = kernel.ok("%%carbon\nimport sys\nprint('out')\nprint('err', file=sys.stderr)")
    kinds = [message["msg_type"] for message in ran.messages("stream", "display_data")]
    assert kinds[-1] == "display_data"
    assert ran.out == "out\n"


def test_the_line_is_in_no_history(kernel: RealKernel) -> None:
    kernel.ok("last = 5\nlast")
    before = kernel.ask("[repr(v) for v in Out.values()]")
    ran = kernel.ok("%%carbon\nNone")
    assert len(ran.shown) == 1
    assert kernel.ask("[repr(v) for v in Out.values()]") == before
    assert kernel.ask("[_, last]") == [5, 5]


def _can_be_sent(text: str) -> bool:
    """A half of a surrogate pair cannot be written in a message."""
    return text.encode(errors="replace").decode() == text


TAGS = {
    *("div", "span", "b", "details", "summary", "table", "tbody", "tr", "td"),
    *("svg", "polygon", "polyline"),
}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_labels_are_text(kernel: RealKernel) -> None:
    for label in HOSTILE:
        first = label.splitlines()[0] if label.splitlines() else ""
        if not first.strip() or not _can_be_sent(first):
            continue
        quoted = "'" + first.replace("'", "'\"'\"'") + "'"
        ran = kernel.ok(f"%%carbon --label {quoted}\n1")
        assert not ran.err, (label, ran.err)
        data = ran.contents("display_data")[0]["data"]
        page = _Tags()
        page.feed(data["text/html"])
        page.close()
        assert page.tags <= TAGS
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", data["text/plain"])


def test_a_very_long_label_is_cut_in_the_line_and_whole_in_the_export(
    kernel: RealKernel, tmp_path: Path
) -> None:
    label = "x" * 5000
    ran = kernel.ok(f"%%carbon --label {label}\n1")
    assert len(ran.shown[0]) < 300
    document = kernel.export(tmp_path / "all.json")
    assert document["labels"][0]["label"] == label


def test_lines_of_many_cells_run_at_once_are_all_updated(kernel: RealKernel) -> None:
    sent = [
        kernel.start(f"%%carbon --label n{n}\nimport time; time.sleep(0.05)") for n in range(12)
    ]
    for ran in sent:
        kernel.finish(ran)
    kernel.listen(lambda: all(ran.messages("update_display_data") for ran in sent), 10)
    time.sleep(0.2)
    for n, ran in enumerate(sent):
        assert len(ran.contents("display_data")) == 1
        (updated,) = ran.contents("update_display_data")
        assert updated["data"]["text/plain"].startswith(f"n{n} · ")


SLOW = """
import time
from jupyter_carbon.sources.base import Discovery

def discover(found):
    time.sleep(1.5)
    return Discovery()
"""


def test_a_cell_that_ends_before_the_sources_are_found_is_told_when_they_are(
    gpu: Standin, tmp_path: Path, source_package: Package
) -> None:
    environment = gpu.environment()
    environment["PYTHONPATH"] += f":{source_package('searching', SLOW)}"
    with real_kernel(environment, tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        ran = kernel.ok("%%carbon --label '<early>'\nimport time; time.sleep(0.2)")
        assert ran.shown[0].startswith("<early> · not known yet")
        (shown,) = ran.contents("display_data")
        assert "&lt;early&gt;" in shown["data"]["text/html"]
        _settled(kernel, ran)
        (updated,) = ran.contents("update_display_data")
        # Before its first reading a board is taken to have drawn what it drew then.
        text = updated["data"]["text/plain"].removeprefix("<early> · ")
        assert FORM.fullmatch(text), text

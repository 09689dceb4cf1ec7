"""What a `%%carbon` cell shows in a notebook: a widget while it runs, its figures in the end."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_carbon import widget
from tests.kernel.real_kernel import Message, Ran, RealKernel, real_kernel
from tests.standin.nvml import Standin

VIEW = "application/vnd.jupyter.widget-view+json"
SLEEP = "import time; time.sleep(1.5)"

needs_bundle = pytest.mark.skipif(
    not widget.HAS_BUNDLE, reason="the widget's script is not built: labextension/README.md"
)


def _run(kernel: RealKernel, code: str, cell_id: str = "c0ffee") -> Ran:
    ran = kernel.finish(kernel.start_named(cell_id, code))
    kernel.listen(lambda: False, 1.0)
    return ran


def _places(ran: Ran) -> list[str]:
    return [
        content["transient"]["display_id"]
        for content in ran.contents("display_data", "update_display_data")
    ]


def _datas(ran: Ran) -> list[Message]:
    return [content["data"] for content in ran.contents("display_data", "update_display_data")]


def _models(kernel: RealKernel) -> dict[str, list[Message]]:
    """The messages of each CarbonWidget's comm."""
    found: dict[str, list[Message]] = {}
    for message in kernel.heard:
        content = message["content"]
        if message["msg_type"] == "comm_open":
            if content["data"]["state"].get("_model_module") == "anywidget":
                found[content["comm_id"]] = [message]
        elif message["msg_type"].startswith("comm_") and content["comm_id"] in found:
            found[content["comm_id"]].append(message)
    return found


@pytest.fixture
def heard(kernel: RealKernel) -> RealKernel:
    """The kernel with what was published before forgotten."""
    kernel.heard.clear()
    return kernel


@needs_bundle
def test_one_output_is_a_line_then_a_widget_then_the_figures(heard: RealKernel) -> None:
    ran = _run(heard, f"%%carbon --label train\nprint('out')\n{SLEEP}\n'value'")
    kinds = [
        message["msg_type"] for message in ran.messages("display_data", "stream", "execute_result")
    ]
    # It stands right under the code, whatever the cell prints.
    assert kinds == ["display_data", "stream", "execute_result"]
    assert len(set(_places(ran))) == 1
    marks = [
        content["metadata"]["jupyter_carbon"]
        for content in ran.contents("display_data", "update_display_data")
    ]
    assert {mark["output"] for mark in marks} == set(_places(ran))
    assert [mark["final"] for mark in marks] == [False] * (len(marks) - 1) + [True]
    first, live, *ends = _datas(ran)
    assert set(first) == {"text/plain", "text/html"}
    assert first["text/plain"].startswith("train · is metered")
    assert set(live) == {"text/plain", "text/html", VIEW}
    assert live[VIEW]["model_id"] in _models(heard)
    assert 1 <= len(ends) <= 2
    for end in ends:
        # A page opened later has no kernel to ask for a widget.
        assert set(end) == {"text/plain", "text/html"}
        assert end["text/plain"].startswith("train · ")
        assert "<script" not in end["text/html"]
        assert " Wh" in end["text/plain"] or "mWh" in end["text/plain"]


@needs_bundle
def test_the_widget_follows_the_cell_at_most_four_times_a_second_and_ends(
    heard: RealKernel,
) -> None:
    _run(heard, f"%%carbon\n{SLEEP}")
    ((opened, *news),) = _models(heard).values()
    assert opened["content"]["data"]["state"]["status"] == "running"
    assert all(message["msg_type"] == "comm_msg" for message in news)
    states: list[dict[str, Any]] = [message["content"]["data"]["state"] for message in news]
    assert 2 <= len(states) <= 4 * 1.5 + 3
    durations_s = [state["duration_s"] for state in states if "duration_s" in state]
    assert durations_s == sorted(durations_s)
    assert [state["status"] for state in states if "status" in state] == ["ok"]
    assert states[-1]["_snapshot"]["cells"][0]["final"]
    count = len(heard.heard)
    heard.finish(heard.start_named("other", "import time; time.sleep(1)"))
    kinds = {message["msg_type"] for message in heard.heard[count:]}
    assert not kinds & {"comm_msg", "comm_open", "comm_close", "update_display_data"}


def test_a_short_cell_has_no_widget(heard: RealKernel) -> None:
    ran = _run(heard, "%%carbon\n1")
    assert not _models(heard)
    assert not any(VIEW in data for data in _datas(ran))
    assert "metered" not in _datas(ran)[-1]["text/plain"]


def test_a_quiet_cell_shows_nothing_until_its_end(heard: RealKernel) -> None:
    ran = _run(heard, f"%%carbon --quiet\n{SLEEP}\n'value'")
    kinds = [message["msg_type"] for message in ran.messages("display_data", "execute_result")]
    assert kinds == ["execute_result", "display_data"]
    assert not _models(heard)


@needs_bundle
@pytest.mark.parametrize(
    ("code", "status"),
    [
        (f"{SLEEP}; 1 / 0", "error"),
        ("import asyncio; await asyncio.sleep(1.5)", "ok"),
        ("import time\nwhile True: time.sleep(0.01)", "interrupted"),
    ],
)
def test_it_tells_how_the_cell_ended(heard: RealKernel, code: str, status: str) -> None:
    ran = heard.start_named("c0ffee", f"%%carbon\n{code}")
    if status == "interrupted":
        heard.listen(lambda: bool(_models(heard)))
        heard.manager.interrupt_kernel()
    heard.finish(ran)
    heard.listen(lambda: False, 1.0)
    (messages,) = _models(heard).values()
    states = [message["content"]["data"]["state"] for message in messages]
    assert [state["status"] for state in states if "status" in state] == ["running", status]
    html = _datas(ran)[-1]["text/html"]
    assert VIEW not in _datas(ran)[-1]
    assert (status in html) is (status != "ok")


@needs_bundle
def test_a_cell_within_a_cell_ends_both(heard: RealKernel) -> None:
    code = (
        "%%carbon --label outer\nimport time\n"
        "get_ipython().run_cell('%%carbon --label inner\\ntime.sleep(0.6)')\ntime.sleep(0.6)"
    )
    ran = _run(heard, code)
    last = {content["transient"]["display_id"]: content["data"] for content in _all(ran)}
    texts = [data["text/plain"] for data in last.values()]
    assert [text.split(" · ")[0] for text in texts] == ["outer", "inner"]
    assert not any(VIEW in data for data in last.values())


def _all(ran: Ran) -> list[Message]:
    return ran.contents("display_data", "update_display_data")


def test_the_card_tells_how_much_of_the_budget_was_used(heard: RealKernel) -> None:
    ran = _run(heard, f"%%carbon --budget 1Wh\n{SLEEP}")
    assert re.search(r"Budget 1 Wh · \d+ % used", _datas(ran)[-1]["text/html"])
    fractions = [
        message["content"]["data"]["state"].get("fraction")
        for messages in _models(heard).values()
        for message in messages
    ]
    assert all(fraction for fraction in fractions if fraction is not None)
    assert not widget.HAS_BUNDLE or fractions[-1]


def test_a_cell_that_clears_its_output_shows_its_figures_anew(heard: RealKernel) -> None:
    code = "%%carbon\nfrom IPython.display import clear_output\nclear_output()\nprint('after')"
    ran = _run(heard, code)
    kinds = [
        message["msg_type"] for message in ran.messages("display_data", "clear_output", "stream")
    ]
    assert kinds == ["display_data", "clear_output", "stream", "display_data"]
    assert len(set(_places(ran))) == 2
    assert "metered" not in _datas(ran)[-1]["text/plain"]


def test_where_nobody_watches_the_figure_is_waited_for(heard: RealKernel) -> None:
    ran = heard.finish(heard.start_named("c0ffee", f"%%carbon\n{SLEEP}", attended=False))
    told = _datas(ran)[-1]
    heard.listen(lambda: False, 1.0)
    assert _datas(ran)[-1] == told


def test_unloading_ends_the_widgets_and_leaves_no_hook(
    bare_kernel: RealKernel,
) -> None:
    kernel = bare_kernel
    kernel.ok("%load_ext jupyter_carbon")
    kernel.heard.clear()
    ran = _run(kernel, f"%%carbon\n{SLEEP}\n%unload_ext jupyter_carbon")
    assert "metered" not in _datas(ran)[-1]["text/plain"]
    assert VIEW not in _datas(ran)[-1]
    assert kernel.ask("len(get_ipython().display_pub._hooks)") == 0
    count = len(kernel.heard)
    time.sleep(0.5)
    kernel.ok("import time; time.sleep(0.5)")
    assert not [m for m in kernel.heard[count:] if m["msg_type"].startswith("comm")]


BROKEN = "raise ImportError('there is no such thing here')"


def test_without_ipywidgets_the_figures_come_at_the_end(gpu: Standin, tmp_path: Path) -> None:
    (tmp_path / "anywidget.py").write_text(BROKEN)
    environment = gpu.environment()
    environment["PYTHONPATH"] += f":{tmp_path}"
    with real_kernel(environment, tmp_path) as kernel:
        kernel.ok("%load_ext jupyter_carbon")
        ran = _run(kernel, f"%%carbon --label train\n{SLEEP}")
        assert ran.status == "ok"
        assert not any(VIEW in data for data in _datas(ran))
        assert "Wh" in _datas(ran)[-1]["text/plain"]
        assert "live widget" in kernel.ok("%carbon status").said

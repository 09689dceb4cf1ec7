"""The widget's traits, what it sends and when, and its forms without script."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comm
import ipywidgets
import pytest
from comm.base_comm import BaseComm
from IPython.core.formatters import DisplayFormatter
from traitlets import TraitError

from jupyter_carbon import widget
from jupyter_carbon.account import Account
from jupyter_carbon.budget import parse_budget
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.sources.base import Discovery
from jupyter_carbon.widget import CarbonWidget, session_widget
from jupyter_carbon.windows import Window
from tests.simulation import Board, Clock, Kernel
from tests.stream.front import validator

SNAPSHOT = validator("Snapshot")
COLUMNS = validator("Columns")


class Wire(BaseComm):
    """Takes what is sent to front ends."""

    sent: list[tuple[str, dict[str, Any]]]

    def publish_msg(self, msg_type: str, data: Any = None, **_: Any) -> None:
        json.dumps(data)
        self.sent.append((msg_type, data))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Messages of all comms, in order."""
    found: list[tuple[str, dict[str, Any]]] = []
    wire = type("OneWire", (Wire,), {"sent": found})
    monkeypatch.setattr(comm, "create_comm", wire)
    monkeypatch.setattr(widget, "HAS_BUNDLE", True)
    monkeypatch.setattr(widget, "_code", lambda: "export default {}")
    monkeypatch.setattr(widget, "_libraries", [])
    yield found
    ipywidgets.Widget.close_all()
    widget._ended.clear()


@pytest.fixture
def kernel() -> Kernel:
    clock = Clock()
    kernel = Kernel(Board(clock, counter_step_s=0.02), clock=clock, rest_after_s=10.0)
    kernel.wait(2.0)
    return kernel


def _open(kernel: Kernel, label: str | None = None) -> Window:
    window = kernel.meter.open_cell("c0ffee", 7, label, "%%carbon\nmodel.fit(x)")
    kernel.wake()
    return window


def _close(kernel: Kernel, window: Window, span_s: float = 1.0, status: Any = "ok") -> None:
    kernel.meter.close_cell(window, status)
    kernel.wake()
    kernel.wait(span_s)


def _updates(sent: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [data["state"] for kind, data in sent if kind == "comm_msg"]


def test_a_cells_traits_follow_it_and_end_with_its_figures(kernel: Kernel, sent: Any) -> None:
    window = _open(kernel, "train")
    kernel.wait(1.0)
    made = CarbonWidget(kernel.meter, window)
    assert (made.status, made.label) == ("running", "train")
    assert made.duration_s == pytest.approx(1.0, abs=0.01)
    kernel.boards[0].load(300.0)
    kernel.wait(2.0)
    assert made.duration_s == pytest.approx(3.0, abs=0.3)
    assert made.power_w == pytest.approx(300.0, rel=0.1)
    assert "so far" in made.text
    _close(kernel, window)
    figure = kernel.meter.figure(window)
    assert made.status == "ok"
    assert made.energy_wh == pytest.approx((figure.energy_j.value or 0.0) / 3600)
    assert made.co2e_g == pytest.approx(figure.co2e_g.value)
    assert made.duration_s == pytest.approx(3.0)
    assert made.power_w == pytest.approx((figure.energy_j.value or 0.0) / 3.0)
    assert made.provenance == "counter"
    assert made.fraction is None
    assert made.text.startswith("train · ")
    assert "so far" not in made.text


def test_without_a_label_it_is_called_by_its_code(kernel: Kernel, sent: Any) -> None:
    window = _open(kernel)
    assert CarbonWidget(kernel.meter, window).label == "model.fit(x)"


@pytest.mark.parametrize("status", ["error", "interrupted"])
def test_it_tells_how_the_cell_ended(kernel: Kernel, sent: Any, status: Any) -> None:
    window = _open(kernel)
    made = CarbonWidget(kernel.meter, window)
    kernel.wait(1.0)
    _close(kernel, window, status=status)
    assert made.status == status


def test_it_tells_how_much_of_the_cells_budget_is_used_after_its_end_too(
    kernel: Kernel, sent: Any
) -> None:
    kernel.meter.set_budget("1 Wh")
    window = _open(kernel)
    budget = parse_budget("0.1 Wh", "cell")
    kernel.meter.set_cell_budget(window, budget)
    made = CarbonWidget(kernel.meter, window, budget)
    session = session_widget(kernel.meter)
    kernel.wait(4.5)
    assert made.fraction == pytest.approx(60 * 4.5 / 360, rel=0.1)
    assert session.fraction == pytest.approx(60 * 6.5 / 3600, rel=0.2)
    kernel.wait(2.5)
    _close(kernel, window, 3.0)
    assert made.fraction == pytest.approx(60 * 7 / 360, rel=0.01)
    of_session, own = made._snapshot["budgets"]
    assert (of_session["scope"], own["scope"]) == ("session", "cell")
    assert own["cell_key"] == made._of
    SNAPSHOT.validate(made._snapshot)
    forms = made.forms()
    assert "Budget 0.1 Wh · 116 % used, 0.11" in forms.html
    kernel.meter.set_budget(None)
    kernel.wait(2.0)
    assert session.fraction is None


def test_what_was_not_measured_is_none(sent: Any) -> None:
    kernel = Kernel(clock=Clock())
    window = _open(kernel)
    kernel.wait(1.0)
    made = CarbonWidget(kernel.meter, window)
    assert (made.energy_wh, made.co2e_g, made.power_w, made.fraction) == (None,) * 4
    assert made.provenance == "missing"
    assert "not measured" in made.text


def test_at_most_four_messages_a_second_and_none_after_the_end(kernel: Kernel, sent: Any) -> None:
    window = _open(kernel)
    CarbonWidget(kernel.meter, window)
    sent.clear()
    kernel.wait(10.0)
    assert 25 <= len(sent) <= 40
    _close(kernel, window, 2.0)
    assert _updates(sent)[-1]["_snapshot"]["cells"][0]["final"]
    sent.clear()
    _close(kernel, _open(kernel), 5.0)
    assert not sent


def test_a_cell_whose_figure_never_becomes_final_is_left_after_a_while(
    kernel: Kernel, sent: Any
) -> None:
    window = _open(kernel)
    made = CarbonWidget(kernel.meter, window)
    kernel.wait(1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "is_final", lambda *_: False)
        _close(kernel, window, 20.0)
        assert made.status == "ok"
        sent.clear()
        kernel.wait(60.0)
    assert not sent


def test_each_message_is_what_the_schema_asks_for(kernel: Kernel, sent: Any) -> None:
    window = _open(kernel)
    made = CarbonWidget(kernel.meter, window)
    session = session_widget(kernel.meter)
    kernel.wait(5.0)
    _close(kernel, window)
    kernel.wait(1200.0)
    session.refresh()
    states = [data["state"] for _, data in sent if "state" in data]
    snapshots = [state["_snapshot"] for state in states if "_snapshot" in state]
    courses = [state["_course"] for state in states if "_course" in state]
    assert len(snapshots) > 20
    for snapshot in snapshots:
        SNAPSHOT.validate(snapshot)
    for course in courses:
        COLUMNS.validate(course)
        (watts,) = course["sources"].values()
        assert len(watts) == len(course["times_ms"]) <= 160
    (cell,) = made._snapshot["cells"]
    assert cell["key"] == made._of
    assert session._snapshot["cells"] == []
    # The course spans the cell: whole seconds of it.
    times_ms = made._course["times_ms"]
    assert cell["started_ms"] <= times_ms[0] <= cell["started_ms"] + 1000
    assert cell["ended_ms"] - 2500 <= times_ms[-1] <= cell["ended_ms"] - 1000
    assert len(session._course["times_ms"]) > 100


def test_the_sessions_widget_rests_when_no_cell_runs(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)
    assert session_widget(kernel.meter) is made
    assert made.status == "idle"
    kernel.wait(60.0)
    sent.clear()
    kernel.wait(600.0)
    assert not sent
    assert made._snapshot["state"]["resting"]
    before_wh = made.energy_wh
    window = _open(kernel)
    kernel.wait(1.0)
    assert made.status == "running"
    assert made.energy_wh is not None
    assert before_wh is not None
    # 60 W, since it rested.
    assert made.energy_wh - before_wh == pytest.approx(60 * 650 / 3600, rel=0.05)
    _close(kernel, window)
    assert made.status == "idle"
    kernel.meter.pause()
    kernel.wait(2.0)
    assert made.status == "paused"


def test_a_new_session_begins_with_no_course(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)
    kernel.wait(6.0)
    assert len(made._course["times_ms"]) > 4
    kernel.meter.reset()
    kernel.wait(1.5)
    assert len(made._course["times_ms"]) <= 1
    assert made.duration_s < 2


def test_another_is_made_when_the_sessions_was_closed(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)
    made.close()
    again = kernel.meter.widget()
    assert again is not made
    assert again.comm is not None
    sent.clear()
    kernel.wait(2.0)
    assert {"energy_wh"} <= set(_updates(sent)[-1])


def test_figures_can_be_observed_and_not_be_set(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)
    heard: list[float] = []
    made.observe(lambda change: heard.append(change.new), "energy_wh")
    kernel.wait(6.0)
    assert len(heard) >= 3
    assert heard == sorted(heard)
    for name in ("energy_wh", "co2e_g", "power_w", "duration_s", "fraction", "status", "label"):
        with pytest.raises(TraitError):
            setattr(made, name, getattr(made, name))


def test_an_observer_that_raises_stops_nothing(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)

    def raise_(_change: Any) -> None:
        raise ValueError("mine")

    made.observe(raise_, "energy_wh")
    kernel.wait(2.0)
    first = made.energy_wh
    kernel.wait(2.0)
    assert made.energy_wh is not None
    assert first is not None
    assert made.energy_wh > first
    assert sum("observes a CarbonWidget" in each for each in kernel.meter.complaints) == 1


def test_a_front_end_can_change_the_layout_but_no_figure(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)
    before = made.energy_wh, dict(made._snapshot)
    sent.clear()
    made.set_state({"energy_wh": 0.0, "_snapshot": {}, "status": "ended", "tooltip": "mine"})
    assert (made.energy_wh, made._snapshot) == before
    assert made.tooltip == "mine"
    # It is told again what holds.
    assert _updates(sent)[-1]["energy_wh"] == made.energy_wh
    made.set_state({"no_such_thing": 1})


def test_its_forms_need_no_script_and_are_all_in_its_display(kernel: Kernel, sent: Any) -> None:
    window = _open(kernel, "<img src=x onerror=alert(1)>")
    kernel.wait(6.0)
    _close(kernel, window)
    for made in (CarbonWidget(kernel.meter, window), session_widget(kernel.meter)):
        data, _ = DisplayFormatter().format(made)
        assert data[widget.VIEW]["model_id"] == made.model_id
        assert "Wh" in data["text/plain"]
        assert "Wh" in data["text/html"]
        for word in ("<script", "<img", "http", "jupyter-widgets"):
            assert word not in data["text/html"]
        made.close()
        sent.clear()
        made.close()
        assert not sent
        data, _ = DisplayFormatter().format(made)
        assert set(data) == {"text/plain", "text/html"}


def test_without_its_script_it_is_shown_without_it(
    kernel: Kernel, sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget, "HAS_BUNDLE", False)
    window = _open(kernel)
    for made in (CarbonWidget(kernel.meter, window), session_widget(kernel.meter)):
        data, _ = DisplayFormatter().format(made)
        assert set(data) == {"text/plain", "text/html"}


def test_a_page_gets_the_code_once_for_all_cells(kernel: Kernel, sent: Any) -> None:
    for _ in range(5):
        window = _open(kernel)
        CarbonWidget(kernel.meter, window)
        _close(kernel, window)
    codes = [data["state"].get("_esm") for kind, data in sent if kind == "comm_open"]
    assert codes.count("export default {}") == 1
    others = {code for code in codes if code not in (None, "export default {}")}
    assert others == {widget.STUB.read_text(encoding="utf-8")}


def test_a_bounded_number_of_ended_cells_is_kept(kernel: Kernel, sent: Any) -> None:
    for _ in range(30):
        window = _open(kernel)
        CarbonWidget(kernel.meter, window)
        kernel.wait(0.5)
        _close(kernel, window)
    opened = sum(kind == "comm_open" for kind, _ in sent)
    closed = sum(kind == "comm_close" for kind, _ in sent)
    # A widget and its layout each, and one library.
    assert opened - closed == 2 * (widget.MOST_ENDED + 1)


def test_it_keeps_no_meter_alive(sent: Any) -> None:
    meter = CarbonMeter(discover=Discovery, environ={})
    made = session_widget(meter)
    held = weakref.ref(meter)
    del meter
    gc.collect()
    assert held() is None
    made.refresh()
    assert "not measured" in made.forms().html


def test_the_meters_stop_ends_it(kernel: Kernel, sent: Any) -> None:
    made = session_widget(kernel.meter)
    widget.finish_all(kernel.meter)
    assert made.status == "ended"
    sent.clear()
    kernel.wait(2.0)
    assert not sent


def test_the_scripts_are_modules_with_a_default_export() -> None:
    if not (widget.BUNDLE.is_file() and widget.STUB.is_file()):
        pytest.skip("the widget's script is not built: labextension/README.md")
    for path in (widget.BUNDLE, widget.STUB):
        text = path.read_text(encoding="utf-8")
        assert text.rstrip().endswith(";") or "default" in text
        assert "as default" in text
        assert "innerHTML" not in text
    assert widget.STUB.stat().st_size < 2000
    assert Path(widget.__file__).parent in widget.BUNDLE.parents

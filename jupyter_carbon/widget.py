"""The inline widget: the figures of a cell or of the session, live in the page and as traits.

Importing this module imports ipywidgets; that is left until a widget is made.
"""

from __future__ import annotations

import hashlib
import weakref
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import get_ident
from typing import Any

import anywidget
from traitlets import Bunch, Dict, Enum, Float, HasTraits, Int, Unicode

from jupyter_carbon.budget import Budget
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.stream.excerpt import course, excerpt
from jupyter_carbon.stream.messages import Shown, Snapshot
from jupyter_carbon.stream.pace import Beat, Rest
from jupyter_carbon.stream.static import Forms, cell_forms, cell_text
from jupyter_carbon.summary.document import build_document
from jupyter_carbon.summary.markup import text_html
from jupyter_carbon.summary.rich import status_html
from jupyter_carbon.summary.text import BETWEEN
from jupyter_carbon.units import J_PER_WH, Words
from jupyter_carbon.windows import Window

_STATIC = Path(__file__).parent / "static"
BUNDLE = _STATIC / "widget.js"
"""What draws the widget; it is built with the package."""
STUB = _STATIC / "stub.js"
"""What fetches it, for the many widgets of cells."""
HAS_BUNDLE = BUNDLE.is_file() and STUB.is_file()
VIEW = "application/vnd.jupyter.widget-view+json"
MOST_ENDED = 8
"""So many cells' widgets are kept after their end, for pages that still show them live."""

_NOTHING = "export default { render() {} }"


class _Library(anywidget.AnyWidget):
    """Has the code that draws, once for all cells' widgets; it is not displayed."""

    _esm = Unicode().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(_esm=_code())


class CarbonWidget(anywidget.AnyWidget):
    """The figures of a cell, while it runs and after, or of the session.

    Make one with `meter.widget()`; `%%carbon` makes its own. The traits below are
    read-only, can be observed (on the meter's thread: return soon) and linked.
    None stands for what is not measured.
    """

    energy_wh = Float(None, allow_none=True, read_only=True, help="Energy so far in Wh.").tag(
        sync=True
    )
    co2e_g = Float(None, allow_none=True, read_only=True, help="CO2e so far in grams.").tag(
        sync=True
    )
    power_w = Float(
        None,
        allow_none=True,
        read_only=True,
        help="The machine's power now in watts; of a cell that has ended, its mean.",
    ).tag(sync=True)
    duration_s = Float(0.0, read_only=True, help="Seconds so far.").tag(sync=True)
    fraction = Float(
        None, allow_none=True, read_only=True, help="How much of the budget is used: 1 is all."
    ).tag(sync=True)
    status = Enum(
        ("running", "ok", "error", "interrupted", "idle", "paused", "ended"),
        "running",
        read_only=True,
        help="Of a cell how it ended, of a session what it does.",
    ).tag(sync=True)
    label = Unicode("", read_only=True, help="The cell's label, or the first words of it.").tag(
        sync=True
    )
    provenance = Unicode("", read_only=True, help="How the energy was got, in words.").tag(
        sync=True
    )
    text = Unicode("", read_only=True, help="All of it on one line.").tag(sync=True)
    _esm = Unicode(read_only=True).tag(sync=True)
    _library = Unicode(read_only=True).tag(sync=True)
    _digest = Unicode(read_only=True).tag(sync=True)
    _of = Int(-1, read_only=True).tag(sync=True)
    _snapshot = Dict(read_only=True).tag(sync=True)
    _course = Dict(read_only=True).tag(sync=True)

    _writer: int | None = None
    """The thread that is just writing figures."""

    _off: Callable[[], None] | None = None
    """Ends the ticks, where there are any."""

    def __init__(
        self, meter: CarbonMeter, window: Window | None = None, budget: Budget | None = None
    ) -> None:
        self._meter = weakref.ref(meter)
        self._window = window
        self._budget = budget
        self._seq = 0
        self._beat = Beat()
        self._rest = Rest(meter.rest_after_s, _moment(meter)[0])
        self._has_ended = False
        self.refresh()
        self._write(_code_of_session() if window is None else _code_of_cell())
        super().__init__()
        self._beat.sent(_moment(meter)[0], resting=False)
        if not self._has_ended:
            self._off = meter.on_round(self.tick)

    def refresh(self, *, resting: bool = False) -> None:
        """Takes the figures as they are now."""
        meter = self._meter()
        if meter is None:
            return
        with meter.look() as account:
            self._seq += 1
            heard = excerpt(
                meter, account, self._window, self._seq, budget=self._budget, resting=resting
            )
            columns: Any = course(account, self._window)
            if self._window is None:
                values, final = _of_session(heard), False
            else:
                values = _of_cell(heard, cell_text(meter, self._window))
                final = account.is_final(self._window.end)
        self._write(values | {"_snapshot": heard, "_course": columns})
        if final:
            self.finish()

    def finish(self) -> None:
        """The figures move no more: nothing is sent from here on."""
        if self._has_ended:
            return
        self._has_ended = True
        self._unfollow()
        if self._window is None:
            self._write({"status": "ended"})
            return
        _ended.append(self)
        while len(_ended) > MOST_ENDED:
            _ended.popleft().close()

    def tick(self) -> None:
        """After a round of readings: takes the figures if it is time to."""
        meter = self._meter()
        if meter is None or self.comm is None:
            self._unfollow()
            return
        now_s, busy = _moment(meter)
        if busy:
            self._rest.stir(now_s)
        resting = self._rest.rests(now_s)
        # That nothing runs any more is told as soon as anything.
        lively = busy or self.status == "running"
        if self._beat.due(now_s, lively=lively, resting=resting):
            self._beat.sent(now_s, resting=resting)
            self.refresh(resting=resting)
        if resting and self._window is not None:
            # Its source may never answer again.
            self.finish()

    def close(self) -> None:
        """Takes it out of the page; what it says stays."""
        self._unfollow()
        if self.comm is None:
            return
        layout = self.layout
        super().close()
        layout.close()
        # ipywidgets takes away how it is shown, too.
        self.__dict__.pop("_repr_mimebundle_", None)

    def forms(self) -> Forms:
        """The figures as text and as HTML, which need no script."""
        meter = self._meter()
        if meter is None:
            return Forms(self.text, text_html(self.text))
        if self._window is not None:
            return cell_forms(meter, self._window, as_card=True, budget=self._budget)
        return Forms(self.text, status_html(build_document(meter), co2e_unit=meter.mass_unit))

    def bundle(self, forms: Forms) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a front end is sent: forms without script, and the live one if it can be shown."""
        data: dict[str, Any] = forms.bundle()
        metadata: dict[str, Any] = {}
        if HAS_BUNDLE and self.comm is not None:
            data[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            # Of ipywidgets 7 there is none; with 8, anywidget adds what Colab needs.
            bundle = getattr(super(), "_repr_mimebundle_", None)
            shown = None if bundle is None else bundle()
            metadata = shown[1] if isinstance(shown, tuple) else {}
        return data, metadata

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What a front end changes: the layout, but no figure."""
        allowed = {key: value for key, value in sync_data.items() if not self._is_figure(key)}
        super().set_state(allowed)
        refused = [key for key in sync_data if self._is_figure(key)]
        if refused:
            self.send_state(refused)

    def notify_change(self, change: Bunch) -> None:
        """Figures are sent together when all of them are written."""
        if self._writer == get_ident():
            HasTraits.notify_change(self, change)
        else:
            super().notify_change(change)

    _ipython_display_ = None

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.bundle(self.forms())

    def _is_figure(self, name: str) -> bool:
        trait = self.traits().get(name)
        return trait is not None and trait.read_only

    def _write(self, values: dict[str, Any]) -> None:
        """Sets traits and sends those that are different, in one message."""
        before = {name: getattr(self, name) for name in values}
        self._writer = get_ident()
        for name, value in values.items():
            try:
                self.set_trait(name, value)
            except Exception as error:  # noqa: BLE001  # an observer's fault stays its own
                self._complain(error)
        self._writer = None
        changed = [name for name in values if getattr(self, name) != before[name]]
        if changed and self.comm is not None:
            self.send_state(changed)

    def _unfollow(self) -> None:
        off, self._off = self._off, None
        if off is not None:
            off()

    def _complain(self, error: Exception) -> None:
        meter = self._meter()
        complaint = f"A function that observes a CarbonWidget raised {error!r}; the widget goes on."
        if meter is not None and complaint not in meter.complaints:
            meter.complaints.append(complaint)


def _moment(meter: CarbonMeter) -> tuple[float, bool]:
    """The account's clock, and whether a cell or a label runs."""
    with meter.look() as account:
        return account.now_s, bool(account.running.cells or account.running.labels)


_ended: deque[CarbonWidget] = deque()
_sessions: weakref.WeakKeyDictionary[CarbonMeter, CarbonWidget] = weakref.WeakKeyDictionary()


@cache
def _code() -> str:
    return BUNDLE.read_text(encoding="utf-8") if HAS_BUNDLE else _NOTHING


@cache
def _digest() -> str:
    return hashlib.sha256(_code().encode()).hexdigest()[:16]


_libraries: list[_Library] = []


def _code_of_session() -> dict[str, str]:
    """A session has one widget, which is complete by itself."""
    return {"_esm": _code()}


def _code_of_cell() -> dict[str, str]:
    """A page never lets go of a widget's module, so those of cells share one."""
    if not HAS_BUNDLE:
        return {"_esm": _NOTHING}
    if not _libraries or _libraries[0].comm is None:
        _libraries[:] = [_Library()]
    return {
        "_esm": STUB.read_text(encoding="utf-8"),
        "_library": _libraries[0].model_id,
        "_digest": _digest(),
    }


def session_widget(meter: CarbonMeter) -> CarbonWidget:
    """The widget of a meter's session: one, until it is closed."""
    widget = _sessions.get(meter)
    if widget is None or widget.comm is None:
        widget = _sessions[meter] = CarbonWidget(meter)
    return widget


def finish_all(meter: CarbonMeter) -> None:
    """The meter stops: nothing is sent from here on."""
    widget = _sessions.pop(meter, None)
    if widget is not None:
        widget.refresh()
        widget.finish()


def _figures(energy_j: Shown, co2e_g: Shown) -> dict[str, Any]:
    value_j = energy_j["value"]
    return {
        "energy_wh": None if value_j is None else value_j / J_PER_WH,
        "co2e_g": co2e_g["value"],
    }


def _said(energy_j: Shown, co2e_g: Shown) -> list[str]:
    return [
        str(Words(figure["number"], figure["unit"], figure["range"]))
        for figure in (energy_j, co2e_g)
    ]


def _of_session(heard: Snapshot) -> dict[str, Any]:
    session, state = heard["session"], heard["state"]
    status = "running" if state["busy"] else "idle"
    said = _said(session["energy_j"], session["co2e_g"])
    return {
        **_figures(session["energy_j"], session["co2e_g"]),
        "power_w": heard["now"]["total"]["value_w"],
        "duration_s": session["duration_s"],
        "status": "paused" if state["paused"] else status,
        "label": heard["meter"]["notebook"] or "",
        "fraction": _fraction(heard, None),
        "provenance": session["provenance"],
        "text": BETWEEN.join([*said, session["duration"], session["provenance"]]),
    }


def _of_cell(heard: Snapshot, text: str) -> dict[str, Any]:
    (cell,) = heard["cells"]
    value_j = cell["energy_j"]["value"]
    power_w = heard["now"]["total"]["value_w"]
    if cell["status"] != "running":
        power_w = value_j / cell["duration_s"] if cell["mean_w"] and value_j is not None else None
    return {
        **_figures(cell["energy_j"], cell["co2e_g"]),
        "power_w": power_w,
        "duration_s": cell["duration_s"],
        "status": cell["status"],
        "label": cell["label"] or cell["title"],
        "fraction": _fraction(heard, cell["key"]),
        "provenance": cell["provenance"],
        "text": text,
        "_of": cell["key"],
    }


def _fraction(heard: Snapshot, key: int | None) -> float | None:
    """How much is used of the cell's budget, or of the session's."""
    fractions = [b["fraction"] for b in heard["budgets"] if b["cell_key"] == key]
    return fractions[0] if fractions else None

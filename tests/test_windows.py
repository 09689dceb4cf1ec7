"""Who owns an instant, and windows kept in columns."""

from __future__ import annotations

import sys
import zlib
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.windows import TITLES, ClosedWindows, Fingerprint, Running, Window

STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["cell", "label", "divide"]), st.just(0)),
        st.tuples(st.just("close"), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=30,
)


class Script:
    """Opens and closes windows, one step an edge, and notes which cell must own what follows."""

    def __init__(self) -> None:
        self.running = Running()
        self.windows: list[Window] = []
        self.owners: list[Window | None] = []
        """After each edge, the cell that began last among those running."""
        self.at_once: list[int] = []
        """After each edge, how many cells run."""
        self._in_order: list[Window] = []

    def do(self, name: str, place: int) -> None:
        edge = len(self.owners)
        if name == "close":
            open_now = list(self.running)
            if open_now:
                self._close(open_now[place % len(open_now)], edge)
        elif name == "divide":
            self._divide(edge)
        else:
            self._open(Window("cell" if name == "cell" else "label", f"w{edge}"), edge)
        self.owners.append(self._in_order[-1] if self._in_order else None)
        self.at_once.append(len(self._in_order))

    def _open(self, window: Window, edge: int) -> None:
        self.windows.append(window)
        self.running.open(window, edge)
        if window.kind == "cell":
            self._in_order.append(window)

    def _close(self, window: Window, edge: int) -> None:
        self.running.close(window, edge)
        if window.kind == "cell":
            self._in_order.remove(window)

    def _divide(self, edge: int) -> None:
        """What a new session does: all end and begin anew at one edge."""
        parts = [*self.running.labels, *self.running.cells]
        for window in reversed(parts):
            self._close(window, edge)
        for window in parts:
            self._open(Window(window.kind, window.id), edge)

    def owned(self, window: Window) -> list[int]:
        """The edges after which an instant is the window's own."""
        last = len(self.owners)
        return [
            edge for start, end in window.spans for edge in range(start, last if end < 0 else end)
        ]


def scripted(*steps: tuple[str, int]) -> Script:
    script = Script()
    for step in steps:
        script.do(*step)
    return script


@given(STEPS)
def test_each_instant_belongs_to_the_cell_that_began_last_and_to_no_other(
    steps: list[tuple[str, int]],
) -> None:
    script = scripted(*steps)
    owners: list[list[Window]] = [[] for _ in script.owners]
    for window in script.windows:
        if window.kind == "cell":
            for edge in script.owned(window):
                owners[edge].append(window)
    assert owners == [[] if owner is None else [owner] for owner in script.owners]


@given(STEPS)
def test_a_label_has_all_that_was_drawn_while_it_lasted(steps: list[tuple[str, int]]) -> None:
    script = scripted(*steps)
    for window in script.windows:
        if window.kind == "label":
            assert window.spans == [(window.start, window.end)]
            assert not window.overlapped


@given(STEPS)
def test_a_cell_that_shared_no_instant_is_not_marked_and_owns_itself(
    steps: list[tuple[str, int]],
) -> None:
    script = scripted(*steps)
    for window in script.windows:
        if window.kind == "cell":
            end = len(script.owners) if window.end < 0 else window.end
            shared = any(number > 1 for number in script.at_once[window.start : end])
            assert window.overlapped or not shared
            if not window.overlapped:
                assert script.owned(window) == list(range(window.start, end))


def test_a_nested_cell_interrupts_the_outer_one() -> None:
    script = scripted(("cell", 0), ("cell", 0), ("close", 1), ("close", 0))
    outer, inner = script.windows
    assert outer.spans == [(0, 1), (2, 3)]
    assert inner.spans == [(1, 2)]
    assert (outer.start, outer.end) == (0, 3)
    assert outer.overlapped
    assert inner.overlapped


def test_an_outer_cell_that_ends_first_leaves_the_rest_to_the_inner_one() -> None:
    script = scripted(("cell", 0), ("cell", 0), ("close", 0), ("close", 0))
    outer, inner = script.windows
    assert outer.spans == [(0, 1)]
    assert inner.spans == [(1, 3)]


@given(
    st.lists(
        st.builds(
            Window,
            kind=st.just("cell"),
            id=st.text(max_size=8),
            label=st.none() | st.text(max_size=8),
            execution_count=st.none() | st.integers(0, 2**40),
            start=st.integers(0, 2**40),
            end=st.integers(0, 2**40),
            status=st.sampled_from(["ok", "error", "interrupted", "running"]),
            overlapped=st.just(True),
            owned=st.none() | st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99))),
            fingerprint=st.none()
            | st.builds(Fingerprint, st.binary(min_size=8, max_size=8), st.integers(0, 2**32 - 1)),
        )
        | st.builds(Window, kind=st.just("cell"), id=st.text(max_size=8), start=st.integers(0, 9)),
        max_size=8,
    )
)
def test_closed_windows_give_back_what_they_took(windows: list[Window]) -> None:
    closed = ClosedWindows()
    for window in windows:
        closed.append(window)
    assert len(closed) == len(windows)
    for place, window in enumerate(windows):
        assert window.place == place
        assert asdict(closed.get(place, "cell")) == asdict(window)


def test_a_closed_label_is_given_back_as_a_label() -> None:
    closed = ClosedWindows()
    closed.append(Window("label", "a", label="train", start=3, end=7, status="ok"))
    given_back = closed.get(0, "label")
    assert (given_back.kind, given_back.label, given_back.spans) == ("label", "train", [(3, 7)])


def test_each_window_has_a_number_of_its_own_and_keeps_it_when_closed() -> None:
    running, closed = Running(), ClosedWindows()
    windows = [Window("cell", "a"), Window("label", "b"), Window("cell", "a")]
    for edge, window in enumerate(windows):
        running.open(window, edge)
    assert [window.number for window in windows] == [0, 1, 2]
    for edge, window in enumerate(reversed(windows), 3):
        running.close(window, edge)
        closed.append(window)
    assert [closed.get(place, "cell").number for place in range(3)] == [2, 1, 0]
    assert [closed.end_of(place) for place in range(3)] == [3, 4, 5]


def test_the_titles_of_the_newest_cells_are_kept() -> None:
    running, closed = Running(), ClosedWindows()
    for number in range(TITLES + 10):
        window = Window("cell", f"c{number}", title=f"x = {number}")
        running.open(window, 2 * number)
        running.close(window, 2 * number + 1)
        closed.append(window)
    assert closed.get(9, "cell").title == ""
    assert closed.get(10, "cell").title == "x = 10"
    assert closed.get(TITLES + 9, "cell").title == f"x = {TITLES + 9}"


def test_the_whole_code_is_told_apart_and_let_go() -> None:
    same = "x = 1\n" * 1000
    windows = [Window("cell", "a", code=code) for code in (same, same + "#", same, "")]
    closed = ClosedWindows()
    for window in windows:
        window.begin()
        closed.append(window)
    one, other, again, unknown = (closed.get(place, "cell").fingerprint for place in range(4))
    assert one is not None
    assert other is not None
    assert one == again != other
    assert (one.digest == other.digest, one.crc32 == other.crc32) == (False, False)
    assert one.crc32 == zlib.crc32(same.encode())
    assert unknown is None
    assert {window.code for window in windows} == {""}
    assert closed.get(0, "cell").title == same[:240]


def test_half_a_surrogate_pair_is_what_a_browser_makes_of_it() -> None:
    assert Fingerprint.of("é 😀 \ud800!") == Fingerprint.of("é 😀 \ufffd!")
    assert Fingerprint.of("\ud83d\ude00") == Fingerprint.of("😀")


def test_a_hundred_thousand_fingerprints_take_a_few_megabytes() -> None:
    closed = ClosedWindows()
    for number in range(1000):
        window = Window("cell", "a", code=f"x = {number}")
        window.begin()
        closed.append(window)
    held = (closed._digests, closed._crcs)
    assert sum(sys.getsizeof(each) for each in held) < 1000 * 24

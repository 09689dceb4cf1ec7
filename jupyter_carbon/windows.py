"""Windows: spans of time with a name, and who gets what where they overlap.

A cell and a label are windows; so is the session. Labels may nest and overlap
as they like, each with all that was drawn while it lasted. Cells must add up:
where cells overlap (a cell that runs another, two subshells), each instant
belongs to the one that began last among those running.
"""

from __future__ import annotations

import zlib
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, NamedTuple

WindowKind = Literal["cell", "label"]
WindowStatus = Literal["ok", "error", "interrupted", "running"]
_STATUSES: tuple[WindowStatus, ...] = ("ok", "error", "interrupted", "running")

TITLES = 2000
"""Of so many of the newest cells the beginning of the code is kept."""
_TITLE = 240
"""So many characters of it, from which surfaces show a cell's first words."""
_DIGEST_BYTES = 8

Span = tuple[int, int]
"""Numbers of the edges at which a span begins and ends; the end is -1 while it lasts."""


class Fingerprint(NamedTuple):
    """What tells a cell's code from another's when the code itself is let go.

    `digest` is for the ledger; `crc32` is one that a browser can reckon too.
    """

    digest: bytes
    crc32: int

    @classmethod
    def of(cls, code: str) -> Fingerprint:
        """Of the code's UTF-8, with U+FFFD for each half of a surrogate pair that stands alone."""
        try:
            text = code.encode()
        except UnicodeEncodeError:
            text = code.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
        return cls(blake2b(text, digest_size=_DIGEST_BYTES).digest(), zlib.crc32(text))


@dataclass(slots=True, eq=False)
class Window:
    """A cell or a label.

    `start` and `end` are numbers of edges, -1 where there is none yet. `owned`
    are the spans in which a cell is the one that began last; None stands for
    the whole window. `place` is its number among the closed windows of its kind,
    `number` that among all that were opened, which no other has. `code` is a
    cell's whole code while it runs; what is kept of it is its `fingerprint` and, of
    the newest cells, its beginning, the `title`.
    """

    kind: WindowKind
    id: str
    label: str | None = None
    execution_count: int | None = None
    start: int = -1
    end: int = -1
    status: WindowStatus = "running"
    overlapped: bool = False
    owned: list[Span] | None = None
    place: int = -1
    number: int = -1
    title: str = ""
    code: str = ""
    fingerprint: Fingerprint | None = None

    def begin(self) -> None:
        """Takes from the code what will be kept of it."""
        if self.code and self.fingerprint is None:
            self.title = self.code[:_TITLE]
            self.fingerprint = Fingerprint.of(self.code)

    @property
    def spans(self) -> list[Span]:
        """The spans whose energy is this window's own."""
        return [(self.start, self.end)] if self.owned is None else self.owned


class ClosedWindows:
    """Windows that have ended, in columns: a hundred thousand take a few megabytes."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._labels: list[str | None] = []
        self._counts = array("q")
        self._starts = array("q")
        self._ends = array("q")
        self._statuses = array("b")
        self._numbers = array("q")
        self._digests = bytearray()
        self._crcs = array("q")
        self._titles: deque[str] = deque(maxlen=TITLES)
        self._codes: deque[str] | None = None
        self._overlaps: dict[int, list[Span] | None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def keep_code(self, wanted: bool) -> None:
        """Has the whole code of the newest cells kept, too, or no more."""
        if not wanted:
            self._codes = None
        elif self._codes is None:
            self._codes = deque([""] * len(self._titles), maxlen=TITLES)

    def append(self, window: Window) -> None:
        """Takes a window that has ended, and tells it its place."""
        window.place = len(self._ids)
        self._ids.append(window.id)
        self._labels.append(window.label)
        self._counts.append(-1 if window.execution_count is None else window.execution_count)
        self._starts.append(window.start)
        self._ends.append(window.end)
        self._statuses.append(_STATUSES.index(window.status))
        self._numbers.append(window.number)
        known = window.fingerprint
        self._digests += bytes(_DIGEST_BYTES) if known is None else known.digest
        self._crcs.append(-1 if known is None else known.crc32)
        self._titles.append(window.title)
        if self._codes is not None:
            self._codes.append(window.code)
        window.code = ""
        if window.overlapped:
            self._overlaps[window.place] = window.owned

    def get(self, place: int, kind: WindowKind) -> Window:
        """The window at a place."""
        count = self._counts[place]
        titled = place - len(self._ids) + len(self._titles)
        return Window(
            kind,
            self._ids[place],
            self._labels[place],
            None if count < 0 else count,
            self._starts[place],
            self._ends[place],
            _STATUSES[self._statuses[place]],
            place in self._overlaps,
            self._overlaps.get(place),
            place,
            self._numbers[place],
            self._titles[titled] if titled >= 0 else "",
            "" if self._codes is None or titled < 0 else self._codes[titled],
            self._fingerprint(place),
        )

    def end_of(self, place: int) -> int:
        """The edge at which the window at a place ended."""
        return self._ends[place]

    def _fingerprint(self, place: int) -> Fingerprint | None:
        if self._crcs[place] < 0:
            return None
        begin = place * _DIGEST_BYTES
        return Fingerprint(bytes(self._digests[begin : begin + _DIGEST_BYTES]), self._crcs[place])


class Running:
    """The windows that are open, and which cell owns the present instant."""

    def __init__(self) -> None:
        self.cells: list[Window] = []
        self.labels: list[Window] = []
        self._opened = 0

    def __iter__(self) -> Iterator[Window]:
        yield from self.cells
        yield from self.labels

    def open(self, window: Window, edge: int) -> None:
        """Begins a window at an edge; a cell takes the instants from the one that owned them."""
        window.start = edge
        window.number = self._opened
        self._opened += 1
        if window.kind == "label":
            self.labels.append(window)
            return
        if self.cells:
            owner = self.cells[-1]
            owner.owned = [*owner.spans[:-1], (owner.spans[-1][0], edge)]
            for other in self.cells:
                other.overlapped = True
            window.overlapped = True
            window.owned = [(edge, -1)]
        self.cells.append(window)

    def close(self, window: Window, edge: int) -> None:
        """Ends a window at an edge; what it owned falls to the cell that began before it."""
        window.end = edge
        if window.kind == "label":
            self.labels.remove(window)
            return
        owner = self.cells[-1]
        self.cells.remove(window)
        if window is not owner:
            return
        if window.owned is not None:
            window.owned = [*window.owned[:-1], (window.owned[-1][0], edge)]
        if self.cells:
            heir = self.cells[-1]
            heir.owned = [*heir.spans, (edge, -1)]

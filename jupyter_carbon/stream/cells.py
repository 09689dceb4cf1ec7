"""Which cells' figures have changed, without a walk over all of them."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_carbon.account import Account, Session
from jupyter_carbon.stream.messages import Cell


class CellLog:
    """Follows one session's cells.

    Args:
        account: where they are; those that have ended are taken to be known, but
            for the figures that may still move.
    """

    def __init__(self, account: Account) -> None:
        self.session: Session = account.session
        self._seen = len(self.session.cells)
        self._largest_j: float | None = None
        self._moving: dict[int, float | None] = {}
        """Places of the cells whose figures are not final, in the order of their ends."""
        moving = self._seen
        while moving and not account.is_final(self.session.cells.end_of(moving - 1)):
            moving -= 1
        self._moving = dict.fromkeys(range(moving, self._seen))

    @property
    def is_moving(self) -> bool:
        """True while the figure of a cell that has ended is not final."""
        return bool(self._moving)

    def unseen(self, account: Account) -> int:
        """How many cells have ended that nobody was told of."""
        return len(account.session.cells) - self._seen

    def changed(self, account: Account) -> list[int]:
        """Places of the cells that have ended, or become final, since the last call."""
        new = range(self._seen, len(self.session.cells))
        self._seen = new.stop
        places = []
        for place in self._moving:
            if not account.is_final(self.session.cells.end_of(place)):
                break
            places.append(place)
        self._moving.update(dict.fromkeys(new))
        return [*places, *new]

    def note(self, place: int, cell: Cell) -> None:
        """Takes what a cell that has ended costs."""
        value_j = cell["energy_j"]["value"]
        if not cell["final"]:
            self._moving[place] = value_j
            return
        self._moving.pop(place, None)
        if value_j is not None:
            self._largest_j = max(self._largest_j or 0.0, value_j)

    def largest_j(self, running: Iterable[Cell]) -> float | None:
        """The most that one cell took."""
        values_j = [self._largest_j, *self._moving.values()]
        values_j += [cell["energy_j"]["value"] for cell in running]
        return max((value_j for value_j in values_j if value_j is not None), default=None)

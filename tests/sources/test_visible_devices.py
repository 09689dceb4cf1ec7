"""The grammar of CUDA_VISIBLE_DEVICES."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.sources.visible_devices import Board, MigInstance, visible_boards

ALIKE = [
    Board(0, "GPU-11111111-aaaa", "A100"),
    Board(1, "GPU-11222222-bbbb", "A100"),
    Board(2, "GPU-33333333-cccc", "A100"),
]
MIXED = [
    Board(0, "GPU-0", "T400", speed=1.0),
    Board(1, "GPU-1", "RTX 4090", speed=9.0),
    Board(2, "GPU-2", "RTX 3060", speed=4.0),
]
PARTED = [
    Board(0, "GPU-00000000-aaaa", "H100"),
    Board(
        1,
        "GPU-11111111-bbbb",
        "H100",
        mig=(MigInstance("MIG-cccc-1", 1, 0), MigInstance("MIG-dddd-2", 2, 0)),
    ),
]


def indices(value: str | None, boards: list[Board], order: str | None = None) -> list[int]:
    return [shown.board.index for shown in visible_boards(value, order, boards).boards]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0", [0]),
        ("2,1", [2, 1]),
        (" 2 , 0 ", [2, 0]),
        ("0,2,-1,1", [0, 2]),
        ("0,7,1", [0]),
        ("3", []),
        ("1,", [1]),
        ("1gpu,2", [1, 2]),
        ("+1", [1]),
        ("٢", []),
        ("0,0", []),
        ("1,0,1", []),
        ("GPU-33333333-cccc", [2]),
        ("GPU-3", [2]),
        ("GPU-112,GPU-111", [1, 0]),
        ("GPU-11", []),  # of two boards
        ("GPU-3,GPU-11,GPU-112", [2]),
        ("GPU-9", []),
        ("gpu-3", []),
        ("GPU-3,0", [2, 0]),
        ("GPU-111,0", []),
        ("GPU-33333333-cccc-and-more", []),
    ],
)
def test_which_boards_are_visible(value: str | None, expected: list[int]) -> None:
    assert indices(value, ALIKE) == expected


def test_the_entry_at_which_cuda_stops_is_named() -> None:
    assert visible_boards("0,9,1", None, ALIKE).invalid == "9"
    assert visible_boards("1,1", None, ALIKE).invalid == "1"
    assert visible_boards("0,1", None, ALIKE).invalid is None
    assert visible_boards("", None, ALIKE).invalid == ""


class TestOrder:
    def test_like_boards_are_numbered_as_on_the_bus(self) -> None:
        shown = visible_boards("1", None, ALIKE).boards[0]
        assert (shown.board.index, shown.guessed) == (1, False)

    def test_unlike_boards_are_guessed_fastest_first(self) -> None:
        assert indices("0,1,2", MIXED) == [1, 2, 0]
        assert indices(None, MIXED, "FASTEST_FIRST") == [1, 2, 0]
        assert visible_boards("0", None, MIXED).boards[0].guessed

    def test_no_guess_where_the_order_is_of_the_bus_or_the_board_is_named(self) -> None:
        assert indices("0", MIXED, "PCI_BUS_ID") == [0]
        assert not visible_boards("0", "PCI_BUS_ID", MIXED).boards[0].guessed
        assert not visible_boards("GPU-1", None, MIXED).boards[0].guessed
        assert not any(shown.guessed for shown in visible_boards(None, None, MIXED).boards)

    def test_a_board_named_by_its_guessed_number_and_by_its_uuid_is_named_twice(self) -> None:
        assert indices("0,GPU-1", MIXED) == []


class TestMig:
    @pytest.mark.parametrize("value", ["MIG-cccc-1", "MIG-c", "MIG-GPU-11111111-bbbb/1/0"])
    def test_an_instance_is_its_board(self, value: str) -> None:
        (shown,) = visible_boards(value, None, PARTED).boards
        assert shown.board.index == 1
        assert shown.mig_uuids == ("MIG-cccc-1",)

    def test_two_instances_of_a_board_are_one_board(self) -> None:
        (shown,) = visible_boards("MIG-cccc-1,MIG-dddd-2", None, PARTED).boards
        assert shown.mig_uuids == ("MIG-cccc-1", "MIG-dddd-2")

    def test_an_instance_and_its_whole_board_are_the_board(self) -> None:
        (shown,) = visible_boards("MIG-cccc-1,1", None, PARTED).boards
        assert (shown.board.index, shown.mig_uuids) == (1, ())

    @pytest.mark.parametrize(
        "value",
        [
            "MIG-",  # of two instances
            "MIG-eeee",
            "MIG-GPU-11111111-bbbb/3/0",
            "MIG-GPU-11111111-bbbb/1",
            "MIG-GPU-11111111-bbbb/x/0",
            "MIG-GPU-00000000-aaaa/1/0",
            "MIG-cccc-1,MIG-c",
        ],
    )
    def test_what_names_no_instance(self, value: str) -> None:
        assert visible_boards(value, None, PARTED).boards == ()


@given(
    st.lists(
        st.sampled_from(["0", "1", "2", "3", "-1", "", "GPU-1", "GPU-111", "MIG-x", "x", " 2"]),
        max_size=6,
    ),
    st.sampled_from([None, "PCI_BUS_ID", "FASTEST_FIRST", "nonsense"]),
)
def test_any_text_gives_each_board_at_most_once(entries: list[str], order: str | None) -> None:
    found = indices(",".join(entries), ALIKE, order)
    assert len(found) == len(set(found)) <= len(ALIKE)


@given(st.text(max_size=30))
def test_no_text_is_an_error(value: str) -> None:
    visible = visible_boards(value, None, PARTED)
    assert len(visible.boards) <= len(PARTED)

"""Who is told what, and when."""

from __future__ import annotations

import threading
import zlib

import pytest

from jupyter_carbon.sources.base import SourceError
from jupyter_carbon.stream import view
from jupyter_carbon.stream.messages import Message
from tests.simulation import Board, Clock, Kernel
from tests.stream.front import Front, Told


def told_of(*boards: Board, clock: Clock, **settings: object) -> Told:
    return Told(Kernel(*boards, clock=clock, **settings))


@pytest.fixture
def told() -> Told:
    clock = Clock()
    return told_of(Board(clock, name="a"), Board(clock, name="b"), clock=clock)


def run(told: Told, span_s: float) -> None:
    told.kernel.cell(lambda: told.kernel.wait(span_s))


def test_a_running_cell_is_told_of_while_it_runs_and_once_it_is_final(told: Told) -> None:
    front = told.join()
    run(told, 3.0)
    running = [
        cell
        for message in front.heard
        for cell in message.get("cells", [])
        if cell["status"] == "running"
    ]
    assert len(running) >= 8
    energies_j = [cell["energy_j"]["value"] for cell in running]
    assert energies_j == sorted(energies_j)
    told.kernel.wait(5.0)
    (cell,) = front.cells()
    assert (cell["status"], cell["final"]) == ("ok", True)
    assert cell["energy_j"]["value"] == pytest.approx(360.0, rel=0.02)
    assert cell["energy_j"]["value"] == front.known["session"]["largest_cell_j"]
    told_of_it = [message for message in front.heard if message.get("cells")]
    told.kernel.wait(20.0)
    assert [message for message in front.heard if message.get("cells")] == told_of_it


def test_watts_are_those_of_the_sources_and_their_sum_is_the_kernels(told: Told) -> None:
    front = told.join()
    told.kernel.boards[0].load(180.0)
    told.kernel.wait(2.0)
    now = front.known["now"]
    assert now["sources"]["gpu:a"] == {
        "value_w": 180.0,
        "number": "180",
        "unit": "W",
        "mark": "measured",
    }
    assert now["total"]["value_w"] == 240.0
    assert now["total"]["number"] == "240"


def test_a_lost_device_is_not_measured_and_in_no_sum(told: Told) -> None:
    front = told.join()
    told.kernel.boards[0].fails = lambda _now_s: SourceError("lost", "It fell off the bus.")
    told.kernel.wait(5.0)
    assert front.known["now"]["sources"]["gpu:a"]["number"] == "not measured"
    assert front.known["now"]["total"]["value_w"] == 60.0
    source = front.known["sources"][0]
    assert (source["state"], source["message"]) == ("lost", "It fell off the bus.")
    assert any("fell off the bus" in note for note in front.known["notes"])
    assert front.known["power"]["recent"]["sources"]["gpu:a"][-1] is None
    assert front.known["power"]["recent"]["sources"]["gpu:b"][-1] == pytest.approx(60.0, abs=0.1)


def test_it_rests_after_a_while_and_wakes_with_a_cell_or_on_demand() -> None:
    clock = Clock()
    told = told_of(Board(clock), clock=clock, rest_after_s=10.0)
    front = told.join()
    told.kernel.wait(30.0)
    assert front.known["state"]["resting"]
    heard = len(front.heard)
    assert 8 <= heard <= 14
    told.kernel.wait(600.0)
    assert len(front.heard) == heard
    run(told, 1.0)
    assert not front.known["state"]["resting"]
    # The account went on, and one message caught up with it.
    assert front.known["session"]["duration_s"] == pytest.approx(631.3, abs=0.5)
    assert len(front.known["power"]["recent"]["times_ms"]) >= 625
    told.kernel.wait(30.0)
    assert front.known["state"]["resting"]
    heard = len(front.heard)
    told.ask(front, "refresh")
    assert front.heard[-1]["kind"] == "snapshot"
    assert not front.known["state"]["resting"]
    told.kernel.wait(5.0)
    assert len(front.heard) > heard + 5


def test_a_cell_too_short_to_be_seen_running_wakes_it_too() -> None:
    clock = Clock()
    told = told_of(Board(clock), clock=clock, rest_after_s=10.0)
    front = told.join()
    told.kernel.wait(30.0)
    run(told, 0.0)
    told.kernel.wait(3.0)
    assert not front.known["state"]["resting"]
    assert len(front.cells()) == 1


def test_a_command_while_it_rests_is_shown_and_it_goes_on_resting() -> None:
    clock = Clock()
    told = told_of(Board(clock), clock=clock, rest_after_s=10.0)
    one, other = told.join(), told.join()
    told.kernel.wait(30.0)
    told.ask(one, "pause")
    assert other.known["state"]["paused"]
    assert other.known["state"]["resting"]
    heard = len(other.heard)
    told.kernel.wait(60.0)
    assert len(other.heard) == heard


def test_who_does_not_watch_is_told_nothing_and_catches_up_in_one_message(told: Told) -> None:
    front = told.join()
    told.ask(front, "watch", rate="off")
    heard = len(front.heard)
    for _ in range(20):
        run(told, 0.5)
    told.kernel.wait(3.0)
    assert len(front.heard) == heard
    told.ask(front, "watch", rate="live")
    assert front.kinds()[heard:] == ["reply", "tick"]
    assert len(front.cells()) == 20


def test_many_cells_are_told_of_the_newest_first_come_first(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "MOST_CELLS", 50)
    for _ in range(70):
        run(told, 0.0)
    told.kernel.wait(3.0)
    front = told.join()
    assert front.known["cells_left_out"] == 20
    assert [cell["id"] for cell in front.cells()] == [f"cell-{n}" for n in range(20, 70)]
    assert front.known["session"]["cells"] == 70
    run(told, 0.5)
    told.kernel.wait(3.0)
    assert front.kinds().count("snapshot") == 1
    assert len(front.cells()) == 51


def test_who_slept_through_more_cells_than_are_remembered_is_told_everything(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "MOST_CELLS", 10)
    front, other = told.join(), told.join()
    told.ask(front, "watch", rate="off")
    for _ in range(15):
        run(told, 0.3)
    told.kernel.wait(3.0)
    told.ask(front, "watch", rate="live")
    assert front.heard[-1]["kind"] == "snapshot"
    assert front.known["cells_left_out"] == 5
    assert other.kinds().count("snapshot") == 1


def test_a_front_end_whose_connection_is_gone_is_forgotten_and_the_others_go_on(
    told: Told,
) -> None:
    one, other = told.join(), told.join()
    one.fails = lambda message: OSError("gone") if message["kind"] == "tick" else None
    before, heard = len(one.heard), len(other.heard)
    run(told, 2.0)
    assert len(other.heard) > heard + 5
    one.fails = lambda _message: None
    run(told, 1.0)
    assert len(one.heard) == before
    assert not told.kernel.meter.complaints


def test_one_that_cannot_even_be_told_the_first_thing_is_none(told: Told) -> None:
    front = Front()
    front.fails = lambda _message: OSError("gone")
    told.broadcast.join(front.viewer)
    run(told, 1.0)
    assert front.heard == []


def test_who_left_is_told_nothing_more(told: Told) -> None:
    one, other = told.join(), told.join()
    told.broadcast.leave(one.viewer)
    told.broadcast.leave(one.viewer)
    heard = len(one.heard)
    run(told, 1.0)
    assert len(one.heard) == heard
    assert len(other.heard) > 3
    told.broadcast.close()
    heard = len(other.heard)
    run(told, 1.0)
    assert len(other.heard) == heard


def test_nothing_is_computed_while_nobody_listens(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = told.join()
    told.broadcast.leave(front.viewer)

    def looked(*_: object, **__: object) -> None:
        raise AssertionError("somebody looked")

    monkeypatch.setattr(view.View, "update", looked)
    told.broadcast.notice("n", "info", "Nobody hears this.")
    run(told, 2.0)
    assert not told.kernel.meter.complaints
    monkeypatch.undo()
    assert told.join().kinds() == ["snapshot"]


def test_a_fault_of_its_own_is_told_and_tried_again(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_account: object) -> None:
        raise ZeroDivisionError("no")

    front = told.join()
    monkeypatch.setattr(view, "now_part", broken)
    run(told, 2.0)
    heard = len(front.heard)
    monkeypatch.undo()
    told.kernel.wait(10.0)
    assert front.kinds()[heard] == "snapshot"
    assert len(front.cells()) == 1
    (complaint,) = told.kernel.meter.complaints
    assert "ZeroDivisionError" in complaint
    assert complaint in front.known["notes"]


def test_an_interrupt_in_the_middle_loses_nothing(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, other = told.join(), told.join()
    told.ask(front, "watch", rate="off")
    told.ask(other, "watch", rate="off")
    run(told, 1.0)
    told.kernel.wait(3.0)

    def interrupted(_account: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(view, "now_part", interrupted)
    with pytest.raises(KeyboardInterrupt):
        told.ask(front, "watch", rate="live")
    monkeypatch.undo()
    for each in (front, other):
        told.ask(each, "watch", rate="live")
        assert len(each.cells()) == 1


def test_the_meters_thread_does_not_wait_for_who_answers_a_command(told: Told) -> None:
    front = told.join()
    heard = len(front.heard)
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with told.broadcast._lock:
            is_held.set()
            may_go.wait(30.0)

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(30.0)
    try:
        run(told, 2.0)
    finally:
        may_go.set()
        holder.join(30.0)
    assert len(front.heard) == heard
    told.kernel.wait(3.0)
    assert len(front.cells()) == 1


def test_a_page_that_is_gone_without_a_word_is_told_nothing_more_until_it_speaks(
    told: Told,
) -> None:
    gone, there = told.join(answers=True), told.join(answers=True)
    for front in (gone, there):
        told.ask(front, "watch", rate="live", apart=True)

    def work() -> None:
        for _ in range(200):
            told.kernel.wait(1.0)
            if there.heard[-1].get("ping"):
                told.ask(there, "watch", rate="live", apart=True)

    told.kernel.cell(work)
    assert len(there.heard) > 2 * len(gone.heard)
    assert told.broadcast.is_heard
    heard = len(gone.heard)
    told.kernel.wait(10.0)
    assert len(gone.heard) == heard
    told.broadcast.leave(there.viewer)
    assert not told.broadcast.is_heard
    told.ask(gone, "watch", rate="live", apart=True)
    assert gone.kinds()[heard:] == ["reply", "snapshot"]
    assert told.broadcast.is_heard


def test_a_notice_reaches_everybody_once(told: Told) -> None:
    one, other = told.join(), told.join()
    told.broadcast.notice("budget-80", "warning", "80 % of the budget is used.")
    told.kernel.wait(3.0)
    for front in (one, other):
        assert front.kinds().count("notice") == 1
        notice = front.last("notice")
        assert (notice["id"], notice["level"]) == ("budget-80", "warning")
        assert notice["text"] == "80 % of the budget is used."


def test_a_hostile_name_is_text_and_breaks_nothing(told: Told) -> None:
    hostile = '<img src=x onerror="alert(1)">\ud800\x00\u202e'
    meter = told.kernel.meter
    meter.notebook = hostile
    meter.complaints.append(hostile)
    front = told.join()
    window = meter.open_cell(hostile, 1, hostile, hostile)
    told.kernel.wake()
    told.kernel.wait(1.0)
    meter.close_cell(window, "error")
    told.kernel.wake()
    told.kernel.wait(3.0)
    (cell,) = front.cells()
    assert cell["status"] == "error"
    for text in (cell["label"], cell["id"], cell["title"], front.known["meter"]["notebook"]):
        assert text.startswith("<img src=x onerror=")
        text.encode()
    assert "\x00" not in cell["title"]
    assert "\u202e" not in cell["title"]


def test_a_cell_says_which_code_it_is_while_it_runs_and_after(told: Told) -> None:
    front = told.join()
    meter = told.kernel.meter
    code = "x = 'é'\n" + "#" * 1000
    window = meter.open_cell("a", 1, code=code)
    told.kernel.wake()
    told.kernel.wait(1.0)
    (running,) = front.cells()
    assert (running["status"], running["code_crc32"]) == ("running", zlib.crc32(code.encode()))
    meter.close_cell(window, "ok")
    meter.close_cell(meter.open_cell("b", 2, code=code + "#"), "ok")
    meter.close_cell(meter.open_cell("c", 3), "ok")
    told.kernel.wake()
    told.kernel.wait(3.0)
    ended, other, unknown = front.cells()
    assert (ended["status"], ended["code_crc32"]) == ("ok", running["code_crc32"])
    assert other["title"] == ended["title"]
    assert other["code_crc32"] == zlib.crc32(code.encode() + b"#")
    assert unknown["code_crc32"] is None


def test_a_source_that_is_found_later_is_a_snapshot() -> None:
    clock = Clock()
    kernel = Kernel(Board(clock, name="a"), clock=clock)
    told = Told(kernel)
    front = told.join()
    late = Board(clock, name="late")
    with kernel.meter.look() as account:
        account.add_source(late.info)
    kernel.wait(2.0)
    assert front.kinds().count("snapshot") == 2
    assert [source["id"] for source in front.known["sources"]] == ["gpu:a", "gpu:late"]


def test_a_counter_that_is_caught_is_a_snapshot_of_what_holds_then() -> None:
    clock = Clock()
    board = Board(clock, name="a")
    told = Told(Kernel(board, clock=clock))
    front = told.join()
    run(told, 3.0)
    board.frozen_from_s = clock.now_s
    run(told, 10.0)
    told.kernel.wait(5.0)
    assert front.kinds().count("snapshot") == 2
    fresh = told.join()
    assert front.known["cells"] == fresh.known["cells"]
    assert front.known["power"]["recent"] == fresh.known["power"]["recent"]


def test_a_second_front_end_shows_the_same_at_the_same_moment(told: Told) -> None:
    one = told.join()
    run(told, 2.0)
    other = told.join()
    run(told, 2.0)

    def shown(message: Message) -> object:
        return {key: message[key] for key in ("state", "now", "session")}

    ticks = [shown(message) for message in other.heard if message["kind"] == "tick"]
    assert len(ticks) > 5
    known = [shown(message) for message in one.heard if message["kind"] == "tick"]
    assert all(tick in known for tick in ticks)

"""Sessions, rates, pauses and resets, and the ranges and finality of figures."""

from __future__ import annotations

import pytest

from jupyter_carbon.account import NOW
from jupyter_carbon.carbon import Rate
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.windows import Fingerprint, WindowKind
from tests.steady import POWER_W, STEP_S, Ledger, rate, value


def grams(ledger: Ledger, start: int, end: int) -> float:
    return value(ledger.account.cost([(start, end)]).co2e_g)


def change_rate(ledger: Ledger, new: Rate, *, everything: bool = False) -> None:
    ledger.account.change_rate(new, ledger.now_s, ledger.wall_s, everything=everything)


# 36 s at 100 W are 3600 J, a thousandth of a kWh: at 100 g/kWh 0.1 g.


def test_another_rate_changes_what_follows_and_nothing_before() -> None:
    ledger = Ledger()
    ledger.read()
    window = ledger.open()
    ledger.run(36.0)
    change_rate(ledger, rate(500.0))
    ledger.run(36.0)
    ledger.close(window)
    ledger.run(1.0)
    assert ledger.energy_j(window) == pytest.approx(7200.0)
    assert grams(ledger, window.start, window.end) == pytest.approx(0.1 + 0.5)
    periods = list(ledger.account.periods(window.start, window.end))
    assert [period.intensity.g_per_kwh for _, _, period in periods] == [100.0, 500.0]
    assert periods[0][1] == periods[1][0]


def test_everything_changes_the_session_so_far_too() -> None:
    ledger = Ledger()
    ledger.read()
    window = ledger.open()
    ledger.run(36.0)
    change_rate(ledger, rate(500.0), everything=True)
    ledger.run(36.0)
    ledger.close(window)
    ledger.run(1.0)
    assert grams(ledger, window.start, window.end) == pytest.approx(1.0)
    assert ledger.energy_j(window) == pytest.approx(7200.0)


def test_everything_leaves_the_session_before_alone() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(36.0)
    old = ledger.account.reset(ledger.now_s, ledger.wall_s)
    ledger.run(36.0)
    change_rate(ledger, rate(500.0), everything=True)
    before_g = grams(ledger, old.start, old.end)
    assert before_g == pytest.approx(0.1, rel=0.001)
    assert grams(ledger, ledger.account.session.start, NOW) == pytest.approx(0.5, rel=0.001)
    assert [period.rate.intensity.g_per_kwh for period in ledger.account.rates(old)] == [100.0]


def test_the_pue_multiplies_the_mass_and_not_the_energy() -> None:
    ledger = Ledger()
    ledger.read()
    start = ledger.account.session.start
    change_rate(ledger, rate(100.0, pue=1.5))
    ledger.run(36.0)
    assert grams(ledger, start, NOW) == pytest.approx(0.15)
    assert ledger.session_j() == pytest.approx(3600.0)
    assert ledger.account.rate.pue == 1.5


def test_a_rate_that_changes_within_a_cell_leaves_the_cells_sum_whole() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(10.0)
    window = ledger.open()
    ledger.run(36.0)
    change_rate(ledger, rate(500.0))
    ledger.run(36.0)
    inside = ledger.account.inside_cells(ledger.account.session)
    assert value(inside.energy_j) == pytest.approx(7200.0)
    assert value(inside.co2e_g) == pytest.approx(0.6)
    ledger.close(window)
    ledger.run(10.0)
    inside = ledger.account.inside_cells(ledger.account.session)
    assert value(inside.energy_j) == pytest.approx(7200.0)
    assert value(inside.co2e_g) == pytest.approx(0.6)


def test_nested_cells_count_an_instant_once_in_the_sum() -> None:
    ledger = Ledger()
    ledger.read()
    outer = ledger.open("outer")
    ledger.run(2.0)
    inner = ledger.open("inner")
    ledger.run(3.0)
    ledger.close(inner)
    ledger.run(4.0)
    ledger.close(outer)
    ledger.run(1.0)
    assert ledger.energy_j(outer) == pytest.approx(900.0)
    own = ledger.account.cost(outer.spans)
    assert value(own.energy_j) == pytest.approx(600.0)
    inside = ledger.account.inside_cells(ledger.account.session)
    assert value(inside.energy_j) == pytest.approx(900.0)


def test_a_reset_divides_what_runs_and_returns_the_session_that_ended() -> None:
    ledger = Ledger()
    ledger.read()
    first = ledger.account.session
    label = ledger.open("label", kind="label")
    cell = ledger.open("cell")
    ledger.run(2.0)
    old = ledger.account.reset(ledger.now_s, ledger.wall_s)
    ledger.run(3.0)
    assert ledger.close(cell, "error") is cell
    ledger.close(label)
    ledger.run(1.0)

    assert old is first
    new = ledger.account.session
    assert new.id != old.id
    assert old.end == new.start
    account = ledger.account
    assert value(account.cost([(old.start, old.end)]).energy_j) == pytest.approx(200.0)
    kinds: tuple[WindowKind, ...] = ("cell", "label")
    for kind in kinds:
        (before,) = account.windows(old, kind)
        (after,) = account.windows(new, kind)
        assert before.id == after.id == kind
        assert ledger.energy_j(before) == pytest.approx(200.0)
        assert ledger.energy_j(after) == pytest.approx(300.0)
    # Whoever opened the window has the whole of it.
    assert ledger.energy_j(cell) == pytest.approx(500.0)
    assert ledger.energy_j(label) == pytest.approx(500.0)
    assert cell.status == "error"
    for session, part_j in ((old, 200.0), (new, 300.0)):
        assert value(account.inside_cells(session).energy_j) == pytest.approx(part_j)


def test_two_resets_in_one_cell_give_three_parts() -> None:
    ledger = Ledger()
    ledger.read()
    cell = ledger.open()
    sessions = []
    for span_s in (1.0, 2.0):
        ledger.run(span_s)
        sessions.append(ledger.account.reset(ledger.now_s, ledger.wall_s))
    ledger.run(3.0)
    ledger.close(cell)
    ledger.run(1.0)
    sessions.append(ledger.account.session)
    parts = [next(ledger.account.windows(session, "cell")) for session in sessions]
    assert [ledger.energy_j(part) for part in parts] == pytest.approx([100.0, 200.0, 300.0])
    assert ledger.energy_j(cell) == pytest.approx(600.0)


def test_both_parts_of_a_divided_cell_know_which_code_it_was() -> None:
    ledger = Ledger()
    cell = ledger.open(code="x = 1")
    old = ledger.account.reset(ledger.now_s, ledger.wall_s)
    ledger.close(cell)
    (before,) = ledger.account.windows(old, "cell")
    (after,) = ledger.account.windows(ledger.account.session, "cell")
    assert before.fingerprint == after.fingerprint == cell.fingerprint == Fingerprint.of("x = 1")
    assert (before.title, after.title, cell.code) == ("x = 1", "x = 1", "")


def test_a_window_closes_once() -> None:
    ledger = Ledger()
    ledger.read()
    cell = ledger.open()
    ledger.run(1.0)
    assert ledger.close(cell) is cell
    assert ledger.close(cell) is None
    assert len(list(ledger.account.windows(ledger.account.session, "cell"))) == 1


def test_nothing_is_counted_while_paused() -> None:
    ledger = Ledger()
    ledger.read()
    cell = ledger.open()
    ledger.run(2.0)
    for _ in range(2):
        ledger.account.pause(ledger.now_s, ledger.wall_s)
    ledger.run(5.0)
    paused_j = ledger.session_j()
    ledger.account.resume(ledger.now_s, ledger.wall_s)
    ledger.account.resume(ledger.now_s, ledger.wall_s)
    ledger.run(3.0)
    ledger.close(cell)
    ledger.run(1.0)

    assert paused_j == pytest.approx(200.0)
    # The first reading after it begins anew, one interval later.
    energy = ledger.account.cost([(cell.start, cell.end)]).energy_j
    assert value(energy) == pytest.approx(200.0 + 290.0)
    assert energy.provenance is Provenance.MIXED
    ((start, end),) = ledger.account.session.pauses
    assert ledger.account.duration_s(start, end) == pytest.approx(5.0)
    (gap,) = ledger.source().curve.gaps
    assert gap.reason == "the meter was paused"
    assert gap.to_s is not None
    assert gap.to_s - gap.from_s == pytest.approx(5.1)


def test_a_cell_within_a_pause_is_missing_and_not_0() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(2.0)
    ledger.account.pause(ledger.now_s, ledger.wall_s)
    ledger.run(1.0)
    cell = ledger.open()
    ledger.run(1.0)
    ledger.close(cell)
    ledger.run(1.0)
    ledger.account.resume(ledger.now_s, ledger.wall_s)
    ledger.run(3.0)
    assert ledger.account.cost([(cell.start, cell.end)]).energy_j.is_missing


def test_a_reset_while_paused_goes_on_with_the_pause() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(2.0)
    ledger.account.pause(ledger.now_s, ledger.wall_s)
    ledger.run(1.0)
    old = ledger.account.reset(ledger.now_s, ledger.wall_s)
    ledger.run(2.0)
    ledger.account.resume(ledger.now_s, ledger.wall_s)
    account = ledger.account
    assert [account.duration_s(*pause) for pause in old.pauses] == pytest.approx([1.0])
    assert [account.duration_s(*pause) for pause in account.session.pauses] == pytest.approx([2.0])


def test_an_edge_is_final_once_no_reading_can_move_it() -> None:
    ledger = Ledger(step_s=None)
    ledger.follow(2.0)
    cell = ledger.open()
    ledger.follow(1.0)
    ledger.close(cell)
    assert not ledger.account.is_final(NOW)
    assert not ledger.account.is_final(cell.end)
    ledger.follow(3.0)
    assert ledger.account.is_final(cell.end)
    final_j = ledger.energy_j(cell)
    ledger.follow(20.0)
    assert ledger.energy_j(cell) == final_j
    ledger.account.is_searching = True
    assert not ledger.account.is_final(cell.end)


def test_the_sensor_part_adds_up_and_the_range_has_both_parts() -> None:
    ledger = Ledger("one", "two", step_s=None)
    ledger.follow(2.0)
    cell = ledger.open()
    ledger.follow(10.0)
    ledger.close(cell)
    ledger.follow(1.0)
    cost = ledger.account.cost([(cell.start, cell.end)])
    energy = cost.energy_j
    assert energy.value is not None
    assert energy.value == pytest.approx(2000.0, rel=0.001)
    assert cost.sensor_j == pytest.approx(100.0, rel=0.001)
    assert cost.edge_j > 0.0
    assert energy.low == pytest.approx(energy.value - cost.sensor_j - cost.edge_j)
    assert energy.high == pytest.approx(energy.value + cost.sensor_j + cost.edge_j)


def test_within_one_step_of_the_counter_the_range_goes_from_0_to_a_whole_step() -> None:
    ledger = Ledger(step_s=None)
    ledger.follow(1.0)
    assert ledger.source().curve.step_s == pytest.approx(STEP_S, rel=0.05)
    ledger.follow(1.0)
    cell = ledger.open()
    ledger.now_s += 0.02
    ledger.close(cell)
    ledger.follow(2.0)
    energy = ledger.account.cost([(cell.start, cell.end)]).energy_j
    assert energy.value == pytest.approx(2.0, rel=0.1)
    assert energy.low == 0.0
    assert energy.high is not None
    assert energy.high >= 2.0 + POWER_W * STEP_S

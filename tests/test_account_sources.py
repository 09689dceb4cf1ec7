"""Sources that fail, are lost, come back, come late or sleep, and what the account makes of it."""

from __future__ import annotations

import pytest

from jupyter_carbon.account import NOW
from jupyter_carbon.estimate import Provenance
from tests.steady import BEGIN_S, READ_EVERY_S, Ledger, info, value


def test_a_failure_of_less_than_3_s_is_bridged_by_the_counter() -> None:
    ledger = Ledger()
    ledger.read()
    cell = ledger.open()
    ledger.run(2.0)
    for _ in range(28):
        ledger.now_s += READ_EVERY_S
        ledger.fail("gpu")
    assert ledger.source().state == "failed"
    assert ledger.source().message == "It did not answer."
    ledger.run(2.0)
    ledger.close(cell)
    ledger.run(1.0)
    assert ledger.source().state == "ok"
    assert ledger.source().message == ""
    assert ledger.source().curve.gaps == []
    assert ledger.energy_j(cell) == pytest.approx(680.0)


def test_a_failure_of_more_than_3_s_is_a_gap_from_its_beginning() -> None:
    ledger = Ledger()
    ledger.read()
    cell = ledger.open()
    ledger.run(2.0)
    for _ in range(32):
        ledger.now_s += READ_EVERY_S
        ledger.fail("gpu")
    ledger.run(2.0)
    ledger.close(cell)
    ledger.run(1.0)
    (gap,) = ledger.source().curve.gaps
    # It began somewhere between the last answer and the first failure.
    assert gap.from_s == pytest.approx(BEGIN_S + 2.05)
    assert gap.to_s == pytest.approx(BEGIN_S + 5.3)
    energy = ledger.account.cost([(cell.start, cell.end)]).energy_j
    assert value(energy) == pytest.approx(205.0 + 190.0)
    assert energy.provenance is Provenance.MIXED


def test_a_lost_source_has_a_gap_at_once_and_the_others_go_on() -> None:
    ledger = Ledger("lost", "left")
    ledger.read()
    ledger.run(2.0)
    ledger.silent.add("lost")
    ledger.now_s += READ_EVERY_S
    ledger.fail("lost", "lost")
    assert [gap.to_s for gap in ledger.source("lost").curve.gaps] == [None]
    cell = ledger.open()
    ledger.run(1.0)
    ledger.close(cell)
    ledger.run(1.0)
    cost = ledger.account.cost([(cell.start, cell.end)])
    assert cost.by_source_j["lost"].is_missing
    assert value(cost.by_source_j["left"]) == pytest.approx(100.0)
    assert value(cost.energy_j) == pytest.approx(100.0)
    assert cost.energy_j.provenance is Provenance.MIXED
    drawn = ledger.account.energy(ledger.account.session.start, NOW)["lost"]
    assert value(drawn) == pytest.approx(205.0)


def test_a_counter_that_began_anew_while_the_source_failed_is_a_gap_and_no_fault() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(2.0)
    ledger.now_s += READ_EVERY_S
    ledger.fail("gpu")
    ledger.counted_from_j["gpu"] = 600.0
    ledger.run(2.0)
    assert ledger.source().curve.caught is None
    (gap,) = ledger.source().curve.gaps
    assert gap.from_s == pytest.approx(BEGIN_S + 2.05)
    assert ledger.session_j() == pytest.approx(205.0 + 190.0)


def test_a_source_found_late_was_not_there_before() -> None:
    ledger = Ledger()
    ledger.read()
    early = ledger.open("early")
    ledger.run(5.0)
    ledger.close(early)
    ledger.run(7.0)
    across = ledger.open("across")
    ledger.add("late")
    assert ledger.source("late").state == "starting"
    ledger.run(2.0)
    ledger.close(across)
    ledger.run(2.0)
    assert ledger.source("late").state == "ok"
    before = ledger.account.cost([(early.start, early.end)])
    assert before.by_source_j["late"].is_missing
    assert value(before.energy_j) == pytest.approx(500.0)
    during = ledger.account.cost([(across.start, across.end)])
    assert value(during.by_source_j["late"]) == pytest.approx(190.0)
    assert value(ledger.account.energy(0, NOW)["late"]) == pytest.approx(390.0)


def test_a_source_found_at_the_beginning_was_there_up_to_2_s_before() -> None:
    ledger = Ledger()
    ledger.now_s += 1.0
    ledger.read()
    ledger.run(2.0)
    assert ledger.session_j() == pytest.approx(300.0)
    slow = Ledger()
    slow.now_s += 6.0
    slow.read()
    slow.run(2.0)
    assert slow.session_j() == pytest.approx(400.0)


def test_a_source_that_is_there_already_is_left_as_it_is() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(1.0)
    before = ledger.source()
    ledger.account.add_source(info("gpu"))
    assert ledger.source() is before


def test_a_suspended_machine_counts_nothing_from_the_newest_reading_on() -> None:
    ledger = Ledger()
    ledger.read()
    ledger.run(2.0)
    ledger.account.interrupt("the machine slept")
    ledger.now_s += 100.0
    ledger.run(1.0)
    (gap,) = ledger.source().curve.gaps
    assert gap.reason == "the machine slept"
    assert ledger.session_j() == pytest.approx(200.0 + 90.0)


def test_a_source_that_never_answered_holds_up_no_figure() -> None:
    ledger = Ledger("gpu", "mute")
    ledger.silent.add("mute")
    ledger.read()
    cell = ledger.open()
    ledger.run(1.0)
    ledger.close(cell)
    ledger.run(1.0)
    assert not ledger.account.is_final(cell.end)
    ledger.fail("mute")
    assert ledger.account.is_final(cell.end)

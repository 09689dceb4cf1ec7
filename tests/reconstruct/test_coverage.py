"""Which times an account covers, and how the energy of each was got."""

from __future__ import annotations

import pytest

from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reconstruct.coverage import Coverage, Gap


def test_before_the_first_reading_all_is_missing() -> None:
    coverage = Coverage(2.0)
    assert coverage.missing_s(5.0, 8.0) == 3.0
    assert coverage.between(5.0, 8.0) is Provenance.MISSING
    assert coverage.not_before_s(5.0) == 5.0


def test_the_account_reaches_a_little_further_back_than_its_first_reading() -> None:
    coverage = Coverage(2.0)
    coverage.begin(10.0)
    assert coverage.missing_s(5.0, 12.0) == pytest.approx(3.0)
    assert coverage.not_before_s(5.0) == 8.0


def test_a_gap_lasts_until_the_next_reading() -> None:
    coverage = Coverage(0.0)
    coverage.begin(0.0)
    coverage.open_gap(3.0, "why")
    assert coverage.has_open_gap
    assert coverage.missing_s(2.0, 9.0) == pytest.approx(6.0)
    coverage.begin(5.0)
    assert not coverage.has_open_gap
    assert coverage.gaps == [Gap(3.0, 5.0, "why")]
    assert coverage.missing_s(4.0, 9.0) == pytest.approx(1.0)


def test_a_span_over_two_ways_is_mixed() -> None:
    coverage = Coverage(0.0)
    coverage.begin(0.0)
    coverage.enter(Provenance.COUNTER, 0.0)
    coverage.enter(Provenance.INTEGRATED, 10.0)
    assert coverage.between(1.0, 9.0) is Provenance.COUNTER
    assert coverage.between(11.0, 12.0) is Provenance.INTEGRATED
    assert coverage.between(9.0, 11.0) is Provenance.MIXED


def test_what_is_found_to_hold_earlier_replaces_what_was_said() -> None:
    coverage = Coverage(0.0)
    coverage.enter(Provenance.COUNTER, 5.0)
    coverage.enter(Provenance.INTEGRATED, 1.0)
    assert coverage.between(2.0, 9.0) is Provenance.INTEGRATED

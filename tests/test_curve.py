"""One source's curve: gaps, provenance, a counter that is caught, and figures that never fall."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_carbon.curve import BACKWARD_S, EnergyCurve
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.reading import Reading

BEGIN_S = 1000.0
POWER_W = 100.0


def reading(at_s: float, counter_j: float | None, power_w: float | None = POWER_W) -> Reading:
    return Reading(at_s, counter_j, power_w, at_s)


class Feed:
    """A curve that is read every 0.1 s from a source that draws 100 W."""

    def __init__(
        self, *, counted: bool = True, provenance: Provenance = Provenance.COUNTER
    ) -> None:
        self.curve = EnergyCurve(provenance=provenance, counter_step_s=0.0)
        self.now_s = BEGIN_S
        self.counter_j: float | None = 7.0 if counted else None
        self.edges = 0
        self.curve.add_reading(self._reading())

    def _reading(self) -> Reading:
        return reading(self.now_s, self.counter_j)

    def run(self, span_s: float, *, counts: float = 1.0, every_s: float = 0.1) -> None:
        """Lets time pass; the counter counts so much of what is drawn."""
        for _ in range(round(span_s / every_s)):
            self.skip(every_s, counts=counts)
            self.curve.add_reading(self._reading())

    def skip(self, span_s: float, *, counts: float = 1.0) -> None:
        """Lets time pass unread."""
        self.now_s += span_s
        if self.counter_j is not None:
            self.counter_j += counts * POWER_W * span_s

    def edge(self) -> int:
        self.curve.add_edge(self.edges, self.now_s)
        self.edges += 1
        return self.edges - 1

    def between_j(self, start: int, end: int) -> float:
        return self.curve.at_edge(end).energy_j - self.curve.at_edge(start).energy_j


def test_a_new_curve_knows_nothing() -> None:
    curve = EnergyCurve()
    assert curve.power_w is None
    assert curve.newest_s is None
    assert curve.first_s is None
    assert curve.wants(BEGIN_S) is None
    assert curve.trace() == []
    assert curve.provenance_between(0.0, 1.0) is Provenance.MISSING
    assert curve.missing_s(3.0, 5.0) == 2.0


@pytest.mark.parametrize("counted", [True, False])
def test_energy_is_power_times_time(counted: bool) -> None:
    feed = Feed(counted=counted)
    start = feed.edge()
    feed.run(3.0)
    end = feed.edge()
    feed.run(1.0)
    assert feed.between_j(start, end) == pytest.approx(300.0)
    assert feed.curve.at_now(feed.now_s).energy_j == pytest.approx(400.0)
    assert feed.curve.power_w == POWER_W


def test_edges_at_one_instant_have_one_value() -> None:
    feed = Feed()
    feed.run(1.0)
    feed.skip(0.03)
    twins = [feed.edge(), feed.edge()]
    feed.run(0.2)
    twins.append(feed.edges)
    feed.curve.add_edge(feed.edges, BEGIN_S + 1.03)
    feed.edges += 1
    feed.run(3.0)
    assert len({feed.curve.at_edge(number).energy_j for number in twins}) == 1


def test_an_edge_that_is_final_does_not_move_any_more() -> None:
    feed = Feed()
    feed.run(1.0)
    number = feed.edge()
    assert not feed.curve.is_final(number)
    feed.run(1.0)
    assert feed.curve.is_final(number)
    before = feed.curve.at_edge(number)
    feed.run(60.0)
    assert feed.curve.at_edge(number) == before


def test_a_gap_counts_nothing_and_keeps_what_was_drawn() -> None:
    feed = Feed()
    start = feed.edge()
    feed.run(2.0)
    feed.curve.open_gap(feed.now_s, "it was lost")
    feed.curve.open_gap(feed.now_s + 1.0, "a gap within a gap is none")
    feed.skip(5.0)
    inside = feed.edge()
    assert feed.curve.is_final(inside)
    assert feed.curve.wants(feed.now_s) is None
    feed.skip(1.0)
    feed.curve.add_reading(reading(feed.now_s, feed.counter_j))
    feed.run(3.0)
    end = feed.edge()
    feed.run(1.0)
    (gap,) = feed.curve.gaps
    assert gap.reason == "it was lost"
    assert gap.from_s == pytest.approx(BEGIN_S + 2.0)
    assert gap.to_s == pytest.approx(BEGIN_S + 8.0)
    assert feed.between_j(start, inside) == pytest.approx(200.0)
    assert feed.between_j(inside, end) == pytest.approx(300.0)
    assert feed.curve.missing_s(BEGIN_S + 1.0, BEGIN_S + 4.0) == pytest.approx(2.0)
    assert feed.curve.missing_s(BEGIN_S + 9.0, BEGIN_S + 10.0) == 0.0


def test_an_edge_still_open_at_a_gap_gets_what_is_known() -> None:
    feed = Feed()
    feed.run(2.0)
    feed.skip(0.05)
    number = feed.edge()
    feed.curve.open_gap(feed.now_s, "it was lost")
    assert feed.curve.is_final(number)
    assert feed.curve.at_edge(number).energy_j == pytest.approx(205.0)


def test_before_its_first_reading_a_source_drew_the_same_for_2_s() -> None:
    curve = EnergyCurve(counter_step_s=0.0)
    for number, before_s in enumerate((5.0, 1.0)):
        curve.add_edge(number, BEGIN_S - before_s)
    for k in range(30):
        curve.add_reading(reading(BEGIN_S + 0.1 * k, 10.0 * k))
    curve.add_edge(2, BEGIN_S + 3.0)
    curve.add_reading(reading(BEGIN_S + 3.1, 310.0))
    assert BACKWARD_S == 2.0
    at_j = [curve.at_edge(number).energy_j for number in range(3)]
    assert at_j[1] - at_j[0] == pytest.approx(100.0)
    assert at_j[2] - at_j[1] == pytest.approx(400.0)
    assert curve.missing_s(BEGIN_S - 5.0, BEGIN_S) == pytest.approx(3.0)


def test_a_late_source_drew_nothing_before_its_first_reading() -> None:
    curve = EnergyCurve(counter_step_s=0.0, is_late=True)
    for number, before_s in enumerate((5.0, 1.0, 0.0)):
        curve.add_edge(number, BEGIN_S - before_s)
    for k in range(30):
        curve.add_reading(reading(BEGIN_S + 0.1 * k, 10.0 * k))
    at_j = [curve.at_edge(number).energy_j for number in range(3)]
    assert at_j == pytest.approx([at_j[0]] * 3)
    assert curve.missing_s(BEGIN_S - 5.0, BEGIN_S) == pytest.approx(5.0)


def test_provenance_is_the_counters_own_or_that_of_power() -> None:
    modelled = Feed(provenance=Provenance.MODELLED)
    modelled.run(1.0)
    integrated = Feed(counted=False)
    integrated.run(1.0)
    span = (BEGIN_S, BEGIN_S + 1.0)
    assert modelled.curve.provenance_between(*span) is Provenance.MODELLED
    assert integrated.curve.provenance_between(*span) is Provenance.INTEGRATED


def test_a_counter_that_stands_still_is_replaced_by_its_power_from_there_on() -> None:
    feed = Feed()
    feed.run(10.0)
    sound = feed.edge()
    feed.run(5.0)
    start = feed.edge()
    feed.run(1.0, counts=0.0)
    middle = feed.edge()
    feed.run(0.9, counts=0.0)
    assert feed.curve.caught is None
    assert feed.between_j(start, middle) < 20.0
    before = feed.curve.at_edge(sound)
    feed.run(0.5, counts=0.0)
    end = feed.edge()
    feed.run(3.0, counts=0.0)

    assert feed.curve.caught is not None
    assert "stood still" in feed.curve.caught
    # What was final moved back to where it belongs; what was sound stayed.
    assert feed.curve.at_edge(sound) == before
    assert feed.between_j(sound, start) == pytest.approx(500.0, abs=0.5)
    assert feed.between_j(start, middle) == pytest.approx(100.0, abs=0.5)
    assert feed.between_j(start, end) == pytest.approx(240.0, abs=0.5)
    assert feed.curve.at_now(feed.now_s).energy_j == pytest.approx(2040.0, abs=1.0)
    provenances = [
        feed.curve.provenance_between(BEGIN_S + from_s, BEGIN_S + to_s)
        for from_s, to_s in ((0.0, 14.0), (14.0, 18.0), (15.5, 18.0))
    ]
    assert provenances == [Provenance.COUNTER, Provenance.MIXED, Provenance.INTEGRATED]


def test_a_counter_that_goes_back_is_replaced_and_stays_replaced() -> None:
    feed = Feed()
    start = feed.edge()
    feed.run(5.0)
    assert feed.counter_j is not None
    feed.counter_j -= 400.0
    assert feed.curve.goes_back(reading(feed.now_s + 0.1, feed.counter_j))
    feed.run(5.0)
    feed.curve.open_gap(feed.now_s, "it was lost")
    feed.skip(1.0)
    feed.run(2.0)
    end = feed.edge()
    feed.run(1.0)
    assert feed.curve.caught is not None
    assert "went back" in feed.curve.caught
    assert feed.between_j(start, end) == pytest.approx(1000.0 + 190.0, abs=1.0)
    tail = feed.curve.provenance_between(feed.now_s - 1.0, feed.now_s)
    assert tail is Provenance.INTEGRATED


def test_a_counter_that_is_caught_without_power_leaves_a_gap() -> None:
    curve = EnergyCurve(counter_step_s=0.0)
    curve.add_edge(0, BEGIN_S)
    for k in range(20):
        curve.add_reading(reading(BEGIN_S + 0.1 * k, 10.0 * k, None))
    curve.add_reading(reading(BEGIN_S + 2.0, 5.0, None))
    curve.add_edge(1, BEGIN_S + 2.0)
    (gap,) = curve.gaps
    assert "went back" in gap.reason
    assert "power cannot be read" in gap.reason
    assert curve.at_edge(1).energy_j - curve.at_edge(0).energy_j == pytest.approx(195.0, abs=6.0)


def test_a_modelled_figure_is_on_no_trial() -> None:
    feed = Feed(provenance=Provenance.MODELLED)
    feed.run(5.0)
    feed.run(5.0, counts=0.0)
    assert feed.curve.caught is None
    assert feed.curve.at_now(feed.now_s).energy_j == pytest.approx(500.0)


def test_what_the_driver_kept_fills_a_span_that_nobody_read() -> None:
    samples = [(1.0 + 0.1 * k, 300.0 if 10 <= k < 20 else POWER_W) for k in range(1, 30)]
    totals = []
    for kept in ([], samples):
        feed = Feed(counted=False)
        feed.run(1.0)
        feed.curve.fill([reading(BEGIN_S + at_s, None, power_w) for at_s, power_w in kept])
        feed.skip(3.0)
        feed.curve.add_reading(reading(feed.now_s, None))
        feed.run(1.0)
        totals.append(feed.curve.at_now(feed.now_s).energy_j)
    assert totals == [pytest.approx(500.0), pytest.approx(500.0 + 200.0, abs=25.0)]


def test_a_counters_gap_is_bridged_by_the_counter_and_not_by_samples() -> None:
    feed = Feed()
    feed.run(1.0)
    feed.curve.fill([reading(BEGIN_S + 2.0, None, 5000.0)])
    feed.skip(3.0)
    feed.run(1.0)
    assert feed.curve.at_now(feed.now_s).energy_j == pytest.approx(500.0)


def test_the_trace_of_half_a_day_has_few_points_and_never_falls() -> None:
    feed = Feed()
    feed.run(12 * 3600.0, every_s=2.0)
    points = feed.curve.trace()
    moments_s = [at_s for at_s, _ in points]
    assert 500 <= len(points) <= 1201
    gaps_s = {round(right - left, 6) for left, right in pairwise(moments_s)}
    assert gaps_s == {feed.curve.trace_step_s}
    assert moments_s[0] == BEGIN_S
    assert moments_s[-1] > feed.now_s - 2 * feed.curve.trace_step_s
    for at_s, energy_j in points:
        assert energy_j == pytest.approx(POWER_W * (at_s - BEGIN_S), abs=0.001)


def test_the_trace_is_redrawn_from_where_a_counter_was_caught() -> None:
    feed = Feed()
    feed.run(20.0)
    feed.run(20.0, counts=0.0)
    points = feed.curve.trace()
    assert points[-1][0] > BEGIN_S + 38.0
    for at_s, energy_j in points:
        assert energy_j == pytest.approx(POWER_W * (at_s - BEGIN_S), abs=1.0)


WEIRD = st.lists(
    st.one_of(
        st.tuples(
            st.just("read"),
            st.sampled_from([0.001, 0.004, 0.02, 0.1, 0.5, 1.0, 2.5]),
            st.sampled_from([-50.0, 0.0, 0.0, 0.5, 5.0, 30.0, 200.0]),
            st.sampled_from([None, 0.0, 20.0, 60.0, 300.0]),
        ),
        st.tuples(
            st.just("edge"),
            st.sampled_from([0.0, 0.0003, 0.01, 0.2]),
            st.sampled_from([-1.0, 0.0, 1.0]),
            st.none(),
        ),
        st.tuples(st.just("gap"), st.just(0.05), st.just(0.0), st.none()),
    ),
    min_size=5,
    max_size=60,
)


@given(
    WEIRD,
    st.sampled_from([None, 0.0]),
    st.booleans(),
    st.sampled_from([Provenance.COUNTER, Provenance.MODELLED]),
    st.sampled_from([0.0, 1.0]),
)
@settings(max_examples=150, deadline=None)
def test_no_edge_is_below_the_one_before_at_any_moment(
    steps: list[tuple[str, float, float, float | None]],
    counter_step_s: float | None,
    has_counter: bool,
    provenance: Provenance,
    power_window_s: float,
) -> None:
    curve = EnergyCurve(
        provenance=provenance, counter_step_s=counter_step_s, power_window_s=power_window_s
    )
    now_s, counter_j, edges = BEGIN_S, 1000.0, 0
    for name, after_s, amount, power_w in steps:
        now_s += after_s
        if name == "read" and has_counter:
            counter_j += amount if amount > 0 or provenance is Provenance.COUNTER else 0.0
            curve.add_reading(Reading(now_s, counter_j, power_w, now_s + 0.0002))
        elif name == "read" and power_w is not None:
            curve.add_reading(Reading(now_s, None, power_w, now_s + 0.0002))
        elif name == "edge":
            curve.add_edge(edges, now_s, turn=round(amount))
            edges += 1
        elif name == "gap":
            curve.open_gap(now_s, "a gap")
        reached_j = -math.inf
        for number in range(edges):
            located = curve.at_edge(number)
            assert located.energy_j >= reached_j
            assert located.error_j >= 0.0
            reached_j = located.energy_j
        assert curve.at_now(now_s).energy_j >= reached_j

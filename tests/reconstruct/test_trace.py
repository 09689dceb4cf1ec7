"""A curve's course in a bounded number of points."""

from __future__ import annotations

from itertools import pairwise

from jupyter_carbon.reconstruct.trace import RecentTrace, Trace


def test_a_week_has_few_points_at_even_distances() -> None:
    trace = Trace()
    while (at_s := trace.next_s(0.0)) < 7 * 86_400.0:
        trace.add(at_s, 60.0 * at_s)
    points = trace.points()
    assert 500 < len(points) <= 1201
    gaps_s = {round(right[0] - left[0], 6) for left, right in pairwise(points)}
    assert gaps_s == {trace.step_s}
    assert all(energy_j == 60.0 * at_s for at_s, energy_j in points)


def test_energy_never_falls_and_a_cut_begins_anew() -> None:
    trace = Trace()
    for at_s, energy_j in ((0.0, 5.0), (0.5, 3.0), (1.0, 9.0)):
        trace.add(at_s, energy_j)
    assert [energy_j for _, energy_j in trace.points()] == [5.0, 5.0, 9.0]
    trace.cut(0.5)
    assert trace.points() == [(0.0, 5.0)]
    assert trace.next_s(0.0) == 0.5


def test_after_a_gap_it_goes_on_where_the_account_does() -> None:
    trace = Trace()
    trace.add(0.0, 1.0)
    assert trace.next_s(100.0) == 100.0


def test_the_last_quarter_of_an_hour_is_known_to_the_second() -> None:
    trace = RecentTrace()
    trace.begin(9.4, 0.0)
    while trace.next_s() < 7200.0:
        trace.add(60.0 * trace.next_s())
    assert trace.seconds.stop == 7200
    assert 901 <= len(trace.seconds) <= 1801
    assert [trace.power_w(second) for second in range(6299, 7199)] == [60.0] * 900
    assert trace.power_w(7199) is None
    assert trace.power_w(10) is None


def test_what_lies_between_readings_is_bridged_and_all_curves_have_the_same_seconds() -> None:
    trace = RecentTrace()
    trace.begin(9.4, 0.0)
    assert trace.next_s() == 10.0
    for energy_j in (5.0, 3.0, 9.0):
        trace.add(energy_j)
    assert [trace.power_w(second) for second in (9, 10, 11, 12)] == [None, 0.0, 4.0, None]
    trace.begin(15.5, 9.0)
    assert trace.next_s() == 16.0
    assert [trace.power_w(second) for second in (12, 13, 14)] == [0.0] * 3


def test_after_a_night_without_readings_it_begins_anew() -> None:
    trace = RecentTrace()
    trace.begin(0.0, 0.0)
    trace.add(1.0)
    trace.begin(30_000.5, 1.0)
    assert trace.seconds == range(30_001, 30_001)


def test_a_cut_drops_the_seconds_from_a_moment_on() -> None:
    trace = RecentTrace()
    trace.begin(10.0, 0.0)
    for energy_j in range(10):
        trace.add(float(energy_j))
    trace.cut(15.5)
    assert trace.next_s() == 16.0
    trace.cut(3.0)
    assert trace.next_s() == 10.0

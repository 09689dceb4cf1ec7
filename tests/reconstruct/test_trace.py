"""A curve's course in a bounded number of points."""

from __future__ import annotations

from itertools import pairwise

from jupyter_carbon.reconstruct.trace import Trace


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

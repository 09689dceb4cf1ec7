"""What several kernels metered at once, against a count of every second."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.ledger.overlap import AtOnce, Cover, Run, at_once, left, rest, shared, union

_END = 20
Seconds = set[int]

span = st.tuples(st.integers(0, _END), st.integers(0, _END)).map(
    lambda ends: (float(min(ends)), float(max(ends)))
)


def seconds(*spans: tuple[float, float]) -> Seconds:
    return {second for since, until in spans for second in range(int(since), int(until))}


runs = st.lists(st.builds(lambda name, ends: Run(name, *ends), st.sampled_from("ab"), span))


@st.composite
def covers(draw: st.DrawFn) -> list[Cover]:
    """Some owners, of some devices, each with spans that do not overlap."""
    found = []
    for owner in range(draw(st.integers(0, 5))):
        for device in draw(st.sets(st.sampled_from(["gpu", "cpu"]))):
            edges = sorted(draw(st.sets(st.integers(-_END, _END), max_size=6)))
            spans = [(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]
            found.append(Cover(owner, device, spans))
    return draw(st.permutations(found))


@given(covers())
def test_every_second_of_a_device_counts_for_one_owner_who_metered_it(found: list[Cover]) -> None:
    counted: set[tuple[object, int]] = set()
    for cover, spans in zip(found, left(found), strict=True):
        assert seconds(*spans) <= seconds(*cover.spans)
        for second in seconds(*spans):
            assert (cover.device, second) not in counted
            counted.add((cover.device, second))
    assert counted == {
        (cover.device, second) for cover in found for second in seconds(*cover.spans)
    }


@given(covers())
def test_what_counts_is_disjoint_and_in_order(found: list[Cover]) -> None:
    for spans in left(found):
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(set(edges))


def test_of_a_quarter_the_one_counts_whole_that_metered_most_of_it() -> None:
    short, long = Cover(0, "gpu", [(0.0, 300.0)]), Cover(1, "gpu", [(10.0, 890.0)])
    assert left([short, long]) == [[(0.0, 10.0)], [(10.0, 890.0)]]
    # the first one goes on from the quarter before, and ends in the one after
    first, second = Cover(0, "gpu", [(-50.0, 1000.0)]), Cover(1, "gpu", [(10.0, 1790.0)])
    assert left([first, second]) == [[(-50.0, 900.0)], [(900.0, 1790.0)]]


def test_of_two_that_metered_all_of_it_the_first_one_counts() -> None:
    both = [Cover(1, "gpu", [(-900.0, 1800.0)]), Cover(0, "gpu", [(0.0, 2700.0)])]
    assert left(both) == [[(-900.0, 0.0)], [(0.0, 2700.0)]]


def test_an_owners_own_spans_take_nothing_from_it_where_the_clock_was_set_back() -> None:
    alone = Cover(0, "gpu", [(10.0, 20.0), (12.0, 15.0)])
    assert left([alone]) == [[(10.0, 20.0), (12.0, 15.0)]]
    assert left([alone, Cover(1, "gpu", [(0.0, 13.0)])])[0] == [(13.0, 15.0), (13.0, 20.0)]


@given(st.lists(span, max_size=6))
def test_a_union_has_the_same_seconds(spans: list[tuple[float, float]]) -> None:
    whole = union(spans)
    assert seconds(*whole) == seconds(*spans)
    assert all(one[1] < other[0] for one, other in pairwise(whole))


@given(st.lists(span, max_size=6).map(sorted), span)
def test_the_rest_is_what_the_spans_leave(
    spans: list[tuple[float, float]], ends: tuple[float, float]
) -> None:
    left = list(rest(spans, *ends))
    assert seconds(*left) == seconds(ends) - seconds(*spans)
    assert all(since < until for since, until in left)


@given(runs)
def test_shared_are_the_runs_beside_which_another_one_ran(found: list[Run]) -> None:
    wanted = {
        place
        for place, run in enumerate(found)
        for other, each in enumerate(found)
        if other != place and each.machine == run.machine and seconds(run[1:]) & seconds(each[1:])
    }
    assert shared(found) == wanted


@given(runs)
def test_at_once_is_how_many_ran_and_how_long(found: list[Run]) -> None:
    wanted = []
    for machine in dict.fromkeys(run.machine for run in found if run.since < run.until):
        own = [seconds(run[1:]) for run in found if run.machine == machine]
        most = [sum(second in each for each in own) for second in range(_END)]
        if max(most) > 1:
            wanted.append(AtOnce(machine, max(most), float(sum(count > 1 for count in most))))
    assert at_once(found) == wanted


def test_one_that_begins_when_another_ends_did_not_run_beside_it() -> None:
    found = [Run("a", 0.0, 10.0), Run("a", 10.0, 20.0)]
    assert shared(found) == set()
    assert at_once(found) == []

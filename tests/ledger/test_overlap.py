"""What several kernels metered at once, against a count of every second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.ledger.overlap import AtOnce, Cover, Run, at_once, rest, shared, taken

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
            edges = sorted(draw(st.sets(st.integers(0, _END), max_size=6)))
            spans = [(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]
            found.append(Cover(owner, device, spans))
    return draw(st.permutations(found))


@given(covers())
def test_every_second_of_a_device_counts_for_one_owner_who_metered_it(found: list[Cover]) -> None:
    counted: dict[tuple[object, int], int] = {}
    for cover, had in zip(found, taken(found), strict=True):
        for since, until in cover.spans:
            for second in seconds(*rest(had, since, until)):
                key = cover.device, second
                assert key not in counted
                counted[key] = cover.owner
    wanted: dict[tuple[object, int], int] = {}
    for cover in sorted(found, key=lambda cover: -cover.owner):
        wanted |= {(cover.device, second): cover.owner for second in seconds(*cover.spans)}
    assert counted == wanted


@given(covers())
def test_what_is_taken_is_disjoint_and_in_order(found: list[Cover]) -> None:
    for had in taken(found):
        edges = [edge for spans in had for edge in spans]
        assert edges == sorted(edges)
        assert all(since < until for since, until in had)


def test_an_owners_own_spans_take_nothing_from_it_where_the_clock_was_set_back() -> None:
    alone = Cover(0, "gpu", [(10.0, 20.0), (12.0, 15.0)])
    assert taken([alone]) == [[]]
    assert taken([alone, Cover(1, "gpu", [(0.0, 30.0)])])[1] == [(10.0, 20.0)]


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

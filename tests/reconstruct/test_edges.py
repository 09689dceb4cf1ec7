"""Edges looked up by their neighbourhood, against a plain search."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.reconstruct.edges import Edge, Edges

moments_s = st.integers(0, 20).map(float)
some_edges = st.lists(st.tuples(moments_s, st.sampled_from((-1, 0, 1))), max_size=12)


def edges_of(found: list[tuple[float, int]]) -> Edges:
    edges = Edges()
    for moment_s, turn in found:
        edges.add(moment_s, turn)
    return edges


@given(some_edges, moments_s, moments_s)
def test_every_question_is_answered_as_by_a_search(
    found: list[tuple[float, int]], low_s: float, high_s: float
) -> None:
    edges = edges_of(found)
    moments = sorted(moment_s for moment_s, _ in found)
    inside = [moment_s for moment_s in moments if low_s < moment_s < high_s]
    assert edges.moments_between(low_s, high_s) == inside
    assert [edge.moment_s for edge in edges.between(low_s, high_s)] == inside
    assert edges.has_between(low_s, high_s) == bool(inside)
    assert edges.last_until(low_s) == max((m for m in moments if m <= low_s), default=-math.inf)
    assert edges.last_before(low_s) == max((m for m in moments if m < low_s), default=-math.inf)
    assert edges.first_from(low_s) == min((m for m in moments if m >= low_s), default=math.inf)
    assert edges.newest_s == max(moments, default=-math.inf)
    assert len(edges) == len(found)


@given(some_edges)
def test_each_edge_keeps_its_turn(found: list[tuple[float, int]]) -> None:
    kept = edges_of(found).between(-1.0, 21.0)
    assert sorted(kept) == sorted(Edge(*edge) for edge in found)


def test_work_goes_on_from_where_it_began_to_where_it_ends() -> None:
    edges = edges_of([(1.0, 1), (2.0, -1), (3.0, 0)])
    assert [edges.is_work(at_s) for at_s in (0.5, 1.0, 1.5, 2.0, 3.5)] == [
        False,
        True,
        True,
        False,
        False,
    ]


@given(some_edges, moments_s)
def test_what_is_forgotten_changes_no_later_answer(
    found: list[tuple[float, int]], before_s: float
) -> None:
    edges, kept = edges_of(found), edges_of(found)
    kept.forget(before_s)
    assert kept.between(before_s, 21.0) == edges.between(before_s, 21.0)
    assert kept.last_before(before_s) == edges.last_before(before_s)
    assert kept.first_from(before_s) == edges.first_from(before_s)

"""The power that explains means over a moving window."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_carbon.reconstruct.profile import fit_profile, make_bins


@given(
    st.lists(st.floats(0.1, 9.9), max_size=40).map(sorted),
    st.floats(0.5, 9.5),
)
def test_bins_are_in_order_cover_the_span_and_end_at_the_cut(
    edges_s: list[float], cut_s: float
) -> None:
    bins = make_bins(0.0, 10.0, cut_s, edges_s)
    ends_s = bins.ends_s
    assert ends_s[0] == 0.0
    assert ends_s[-1] == 10.0
    assert all(right > left for left, right in pairwise(ends_s))
    assert min(abs(end_s - cut_s) for end_s in ends_s) < 0.0021
    assert {ends_s[place] for place in bins.jumps} <= set(edges_s)


def test_bins_are_fine_at_edges_and_coarse_far_away() -> None:
    ends_s = make_bins(0.0, 10.0, 0.0, [5.0]).ends_s
    widths_s = {round(left, 3): right - left for left, right in pairwise(ends_s)}
    assert max(width_s for at_s, width_s in widths_s.items() if abs(at_s - 5.0) < 0.3) <= 0.151
    assert max(widths_s.values()) >= 0.4


def test_a_storm_of_edges_leaves_a_small_system() -> None:
    storm_s = [0.0005 * number for number in range(4000)]
    assert len(make_bins(0.0, 2.0, 1.0, storm_s).ends_s) < 120


def test_a_jump_at_an_edge_is_found_from_means() -> None:
    def drawn_j(at_s: float) -> float:
        return 60.0 * at_s + 240.0 * (min(max(at_s, 2.03), 3.53) - 2.03)

    bins = make_bins(0.0, 6.0, 0.0, [2.03, 3.53])
    means = [(at_s / 10, drawn_j(at_s / 10) - drawn_j(at_s / 10 - 1.0)) for at_s in range(10, 60)]
    powers_w = fit_profile(bins, means, 1.0)
    for place, power_w in enumerate(powers_w):
        expected_w = 300.0 if 2.03 <= bins.ends_s[place] + 1e-6 < 3.53 else 60.0
        assert power_w == pytest.approx(expected_w, abs=4.0)
    energy_j = sum(
        power_w * (bins.ends_s[place + 1] - bins.ends_s[place])
        for place, power_w in enumerate(powers_w)
        if 2.03 <= bins.ends_s[place] + 1e-6 < 3.53
    )
    assert energy_j == pytest.approx(450.0, rel=0.003)


def test_a_steady_mean_is_a_steady_power() -> None:
    bins = make_bins(0.0, 5.0, 2.0, [])
    powers_w = fit_profile(bins, [(1.0 + 0.1 * place, 100.0) for place in range(41)], 1.0)
    assert powers_w == pytest.approx([100.0] * len(powers_w), rel=1e-6)

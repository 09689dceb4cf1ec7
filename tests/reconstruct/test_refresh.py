"""A sensor's refreshes: period and phase learnt from the ones that were seen."""

from __future__ import annotations

import random

import pytest

from jupyter_carbon.reconstruct.refresh import RefreshGrid, Sight

HALF_S = 0.002


class Sensor:
    """Refreshes at `phase + n * period`, each off by its own jitter; dense readings see it."""

    def __init__(self, period_s: float, phase_s: float, *, jitter: float = 0.0, seed: int = 0):
        self.period_s = period_s
        self.phase_s = phase_s
        self._jitter_s = jitter * period_s
        self._seed = seed
        self._rng = random.Random(seed)

    def at(self, number: int) -> float:
        away = random.Random(f"{self._seed}/{number}").uniform(-1, 1)
        return self.phase_s + number * self.period_s + away * self._jitter_s

    def sight(self, number: int) -> Sight:
        return Sight(self.at(number) + self._rng.uniform(-HALF_S, HALF_S), HALF_S)

    def show(self, grid: RefreshGrid, first: int, count: int) -> None:
        """Several refreshes in a row, with nothing missed between them."""
        for place in range(count):
            grid.see(self.sight(first + place), follows_previous=place > 0)


@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.25])
@pytest.mark.parametrize("phase_s", [1000.0, 1000.0137, 1000.099])
def test_period_and_phase_are_learnt_from_a_few_refreshes(period_s: float, phase_s: float) -> None:
    grid, sensor = RefreshGrid(), Sensor(period_s, phase_s)
    assert grid.period_s is None
    assert grid.last_before(phase_s) is None
    assert grid.nearest(phase_s) is None
    assert not grid.is_regular
    sensor.show(grid, 0, 10)
    assert grid.is_regular
    assert grid.period_s == pytest.approx(period_s, rel=0.03)
    assert grid.nearest(sensor.at(9)) == pytest.approx(sensor.at(9), abs=HALF_S)
    assert grid.last_before(sensor.at(9) + 0.5 * period_s) == pytest.approx(
        sensor.at(9), abs=HALF_S
    )
    assert grid.last_before(sensor.at(9) - 0.5 * period_s) == pytest.approx(
        sensor.at(8), abs=HALF_S
    )


def test_sights_further_and_further_away_make_the_period_exact() -> None:
    grid, sensor = RefreshGrid(), Sensor(0.1, 1000.037)
    sensor.show(grid, 0, 6)
    doubts_s = []
    number = 6
    for _ in range(9):
        doubts_s.append(grid.uncertainty_s(sensor.at(number + 10)))
        number += max(3, number // 2)
        sensor.show(grid, number, 1)
    assert grid.period_s == pytest.approx(0.1, abs=1e-5)
    assert grid.nearest(sensor.at(number + 200)) == pytest.approx(
        sensor.at(number + 200), abs=HALF_S
    )
    assert grid.uncertainty_s(sensor.at(number + 10)) < doubts_s[0]


def test_doubt_grows_with_the_distance_and_holds_the_truth() -> None:
    held = 0
    for seed in range(50):
        grid, sensor = RefreshGrid(), Sensor(0.1, 1000.0 + seed / 500, seed=seed)
        sensor.show(grid, 0, 6)
        near_s, far_s = (grid.uncertainty_s(sensor.at(number)) for number in (6, 30))
        assert near_s < far_s
        nearest_s = grid.nearest(sensor.at(8))
        assert nearest_s is not None
        held += abs(nearest_s - sensor.at(8)) <= grid.doubt_s(sensor.at(8))
    assert held >= 48


@pytest.mark.parametrize("jitter", [0.0, 0.1])
def test_jitter_is_told_from_how_sharply_refreshes_are_seen(jitter: float) -> None:
    grid, sensor = RefreshGrid(), Sensor(0.1, 1000.037, jitter=jitter)
    sensor.show(grid, 0, 35)
    # Evenly spread over +-10 % of the period, it is off by 5.8 ms in the root mean square.
    assert 0.4 * jitter * 0.1 <= grid.jitter_s <= 0.0035 + jitter * 0.1
    assert grid.is_regular
    assert grid.period_s == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("seed", range(6))
def test_refreshes_without_a_rhythm_are_not_called_regular(seed: int) -> None:
    grid, rng = RefreshGrid(), random.Random(seed)
    at_s = 1000.0
    for _ in range(60):
        at_s += rng.choice([0.03, 0.08, 0.15, 0.31])
        grid.see(Sight(at_s, HALF_S), follows_previous=True)
    assert not grid.is_regular


def test_what_is_refreshed_less_than_every_0_6_s_has_no_grid() -> None:
    grid = RefreshGrid()
    Sensor(1.0, 1000.0).show(grid, 0, 10)
    assert grid.period_s is None


def test_sights_too_vague_to_tell_the_period_are_waited_out() -> None:
    grid = RefreshGrid()
    for number in range(8):
        grid.see(Sight(1000.0 + 0.02 * number, 0.009), follows_previous=True)
    assert grid.period_s is None


def test_a_refresh_that_does_not_fit_moves_nothing() -> None:
    grid, sensor = RefreshGrid(), Sensor(0.1, 1000.037)
    sensor.show(grid, 0, 12)
    before_s = grid.nearest(sensor.at(12))
    grid.see(Sight(sensor.at(12) + 0.045, HALF_S), follows_previous=False)
    assert grid.nearest(sensor.at(12)) == before_s


def test_a_sensor_that_was_started_anew_is_learnt_anew() -> None:
    grid, before = RefreshGrid(), Sensor(0.1, 1000.037)
    before.show(grid, 0, 20)
    after = Sensor(0.1, 1003.091, seed=1)
    after.show(grid, 0, 15)
    assert grid.is_regular
    assert grid.nearest(after.at(15)) == pytest.approx(after.at(15), abs=2 * HALF_S)


def test_a_sensor_that_changed_its_period_is_learnt_anew() -> None:
    grid = RefreshGrid()
    Sensor(0.1, 1000.037).show(grid, 0, 20)
    after = Sensor(0.037, 1003.011, seed=1)
    after.show(grid, 0, 40)
    assert grid.period_s == pytest.approx(0.037, rel=0.03)
    assert grid.nearest(after.at(40)) == pytest.approx(after.at(40), abs=2 * HALF_S)


def test_after_an_hour_unseen_the_phase_is_found_again_and_the_period_kept() -> None:
    grid, sensor = RefreshGrid(), Sensor(0.1, 1000.037)
    sensor.show(grid, 0, 12)
    period_s = grid.period_s
    # Nobody can say how many refreshes there were meanwhile.
    assert grid.doubt_s(sensor.at(36_000)) > 0.1
    sensor.show(grid, 36_000, 1)
    assert grid.period_s == pytest.approx(period_s, rel=0.001)
    assert grid.nearest(sensor.at(36_001)) == pytest.approx(sensor.at(36_001), abs=2 * HALF_S)

"""What is remembered for the case that a counter is caught."""

from __future__ import annotations

from jupyter_carbon.reading import Reading
from jupyter_carbon.reconstruct.edge_energies import Waiting
from jupyter_carbon.reconstruct.memory import Memory


def reading(at_s: float, power_w: float | None = 60.0) -> Reading:
    return Reading(at_s, 0.0, power_w, at_s)


def test_readings_are_given_from_the_last_before_a_moment_on() -> None:
    memory = Memory(0.0, 0.0)
    for at_s in range(10):
        memory.add_reading(reading(float(at_s), None if at_s == 4 else 60.0))
    assert [r.moment_s for r in memory.powers_around(4.5)] == [3.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert next(r.moment_s for r in memory.powers_around(-1.0)) == 0.0


def test_edges_are_given_from_a_moment_on() -> None:
    memory = Memory(0.0, 0.0)
    for number in range(5):
        memory.add_edge(number, Waiting(float(number), 1, ()))
    assert [number for number, _ in memory.edges_from(3.0)] == [3, 4]


def test_an_hour_leaves_a_minute_and_a_half() -> None:
    memory = Memory(0.0, 0.0)
    for tenths in range(36_000):
        at_s = tenths / 10
        memory.add_reading(reading(at_s))
        memory.add_edge(tenths, Waiting(at_s, 0, ()))
        if tenths % 100 == 99:
            memory.add_anchor(at_s - 8.0, 60.0 * (at_s - 8.0), at_s)
    since_s, energy_j = memory.oldest
    assert 3600.0 - 100.0 < since_s < 3600.0 - 80.0
    assert energy_j == 60.0 * since_s
    readings = memory.powers_around(since_s)
    assert readings[0].moment_s <= since_s
    assert len(readings) < 1000
    assert next(memory.edges_from(0.0))[1].moment_s >= since_s

"""Who was told what has changed knows what one is told who comes anew."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stream.front import Front, Told
from tests.test_conservation import STEPS, Machine

WATCHES = st.tuples(st.just("watch"), st.sampled_from(["live", "slow", "off"]))


@given(st.lists(st.one_of(STEPS, STEPS, STEPS, WATCHES), min_size=1, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ticks_over_a_snapshot_are_a_new_snapshot(steps: list[tuple[str, Any]]) -> None:
    machine = Machine()
    told = Told(machine.kernel)
    old = told.join()
    for name, argument in steps:
        if name == "watch":
            told.ask(old, "watch", rate=argument)
        else:
            machine.do(name, argument)
    told.ask(old, "watch", rate="live")
    check_same(old, told.join())
    machine.kernel.wait(10.0)
    check_same(old, told.join())
    told.broadcast.close()


def check_same(old: Front, new: Front) -> None:
    assert new.kinds() == ["snapshot"]
    one, other = old.known, new.known
    for key in ("meter", "state", "now", "session", "not_measured", "grid", "budgets", "notes"):
        assert one[key] == other[key], key
    assert one["cells_left_out"] == other["cells_left_out"] == 0
    assert one["cells"].keys() == other["cells"].keys()
    for key, cell in one["cells"].items():
        if cell["final"] or cell["status"] == "running":
            assert cell == other["cells"][key]
        else:
            # Told once it does not move any more.
            still = ("key", "id", "status", "started_ms", "ended_ms", "label", "title", "duration")
            assert {k: cell[k] for k in still} == {k: other["cells"][key][k] for k in still}
    assert list(map(_words, one["sources"])) == list(map(_words, other["sources"]))
    assert one["power"]["recent"] == other["power"]["recent"]


def _words(source: dict[str, Any]) -> dict[str, Any]:
    """A source as it is shown, without the figures behind the words."""
    energy_j = source["energy_j"]
    return {**source, "energy_j": [energy_j[key] for key in ("number", "unit", "range")]}

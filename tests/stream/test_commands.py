"""Commands are followed if they are well formed, and change nothing if they are not."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_carbon.stream.commands import CommandError, parse
from tests.simulation import Board, Clock, Kernel
from tests.stream.front import SCHEMA, Told, validator

FUZZED = 10_000
TO_KERNEL = validator("ToKernel")


@pytest.fixture
def told() -> Told:
    clock = Clock()
    return Told(Kernel(Board(clock, name="a"), Board(clock, name="b"), clock=clock))


def settings_of(told: Told) -> tuple[object, ...]:
    """All that a command may change."""
    meter = told.kernel.meter
    with meter.look() as account:
        return account.rate, account.paused, account.session.id, meter.region, meter.pue


@pytest.mark.parametrize("place", ["DE", "Germany", "400 g/kWh"])
def test_another_region_is_told_to_everybody_at_once(told: Told, place: str) -> None:
    one, other = told.join(), told.join()
    answer = told.ask(one, "region", place=place)
    assert answer["ok"]
    for front in (one, other):
        assert front.heard[-1]["kind"] == "tick"
        assert front.known["grid"]["intensity_g_per_kwh"] in (400.0, 329.65)
        assert not front.known["grid"]["assumed"]
    assert one.known["grid"]["words"] in answer["text"]


def test_a_region_for_everything_is_a_snapshot_for_everybody(told: Told) -> None:
    one, other = told.join(), told.join()
    told.kernel.cell(lambda: told.kernel.wait(2.0))
    told.kernel.wait(3.0)
    before_g = one.cells()[0]["co2e_g"]["value"]
    assert told.ask(one, "region", place="0 g/kWh", everything=True)["ok"]
    assert before_g > 0
    for front in (one, other):
        assert front.heard[-1]["kind"] == "snapshot"
        assert front.cells()[0]["co2e_g"]["value"] == 0


def test_an_unknown_place_changes_nothing_and_names_near_ones(told: Told) -> None:
    front = told.join()
    before = settings_of(told)
    answer = told.ask(front, "region", place="Germny")
    assert not answer["ok"]
    assert "Germany" in answer["text"]
    assert settings_of(told) == before


def test_pue(told: Told) -> None:
    front = told.join()
    assert told.ask(front, "pue", pue=1.5)["ok"]
    assert front.known["grid"]["pue"] == 1.5
    answer = told.ask(front, "pue", pue=0.5)
    assert not answer["ok"]
    assert "1 to 10" in answer["text"]
    assert told.kernel.meter.rate.pue == 1.5


def test_a_pause_by_one_shows_in_all(told: Told) -> None:
    one, other = told.join(), told.join()
    assert told.ask(one, "pause")["ok"]
    assert other.known["state"]["paused"]
    assert other.known["now"]["total"]["number"] == "not measured"
    assert other.known["now"]["total"]["value_w"] is None
    assert told.ask(other, "resume")["ok"]
    told.kernel.wait(2.0)
    assert not one.known["state"]["paused"]
    assert one.known["now"]["total"]["value_w"] == pytest.approx(120.0)


def test_a_reset_is_a_snapshot_of_the_new_session(told: Told) -> None:
    one, other = told.join(), told.join()
    told.kernel.cell(lambda: told.kernel.wait(1.0))
    told.kernel.wait(1.0)
    session = other.known["meter"]["session_id"]
    assert told.ask(one, "reset")["ok"]
    for front in (one, other):
        assert front.heard[-1]["kind"] == "snapshot"
        assert front.known["meter"]["session_id"] != session
        assert front.known["cells"] == {}
        assert front.known["session"]["cells"] == 0


def test_a_budget_is_set_shown_to_everybody_and_taken_away(told: Told) -> None:
    one, other = told.join(), told.join()
    answer = told.ask(one, "budget", limit="0.5kWh", stop=True)
    assert answer["ok"]
    assert "0.5 kWh" in answer["text"]
    for front in (one, other):
        (budget,) = front.known["budgets"]
        assert (budget["scope"], budget["limit"], budget["stops"]) == ("session", "0.5 kWh", True)
    assert not told.ask(one, "budget", limit="much")["ok"]
    assert len(other.known["budgets"]) == 1
    assert told.ask(other, "budget", limit=None)["ok"]
    assert one.known["budgets"] == []


def test_places(told: Told) -> None:
    front = told.join()
    assert told.ask(front, "places", query="german")["places"] == [
        {"code": "DE", "name": "Germany", "intensity": "330 g/kWh"}
    ]
    assert told.ask(front, "places", query="fr")["places"][0]["code"] == "FR"
    assert told.ask(front, "places", query="412 g/kWh")["places"][0]["intensity"] == "412 g/kWh"
    assert told.ask(front, "places", query="Germny")["places"][0]["name"] == "Germany"
    assert len(told.ask(front, "places", query="")["places"]) == 12
    nowhere = told.ask(front, "places", query="<img src=x onerror=alert(1)>")
    assert (nowhere["ok"], nowhere["places"]) == (True, [])
    assert nowhere["text"]


def test_a_command_that_fails_inside_is_answered(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> bool:
        raise ZeroDivisionError("no")

    front = told.join()
    monkeypatch.setattr(told.kernel.meter, "pause", broken)
    answer = told.ask(front, "pause")
    assert not answer["ok"]
    assert "ZeroDivisionError" in answer["text"]


# Whatever comes.

SOUND: list[Any] = [
    {"v": 1, "kind": "command", "id": "1", "name": name, "args": args}
    for name, args in (
        ("refresh", {}),
        ("watch", {"rate": "slow"}),
        ("pause", {}),
        ("resume", {}),
        ("region", {"place": "FR", "everything": False}),
        ("pue", {"pue": 1.2}),
        ("budget", {"limit": None, "stop": False}),
        ("places", {"query": "x"}),
    )
]
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    2,
    10**400,
    math.nan,
    math.inf,
    1e308,
    "",
    "command",
    "refresh",
    "pause",
    "\ud800",
    "\x00\x1b[31m\u202e",
    "<img src=x onerror=alert(1)>",
    "x" * 100_000,
    [],
    [[]],
    {},
    {"place": "DE"},
    {"toString": {}},
]


def mutated(rng: random.Random) -> Any:
    """A command with something wrong in it, or something else altogether."""
    message: Any = json.loads(json.dumps(rng.choice(SOUND)))
    for _ in range(rng.randint(1, 3)):
        inner = message["args"] if isinstance(message.get("args"), dict) else message
        target = rng.choice([message, message, inner])
        key = rng.choice([*target, "args", "everything", "limit", "__proto__"])
        if rng.random() < 0.3:
            target.pop(key, None)
        else:
            target[key] = rng.choice(ODD)
    return rng.choice(ODD) if rng.random() < 0.1 else message


def test_ten_thousand_odd_messages_are_answered_and_leave_the_meter_working(told: Told) -> None:
    rng = random.Random(20190605)
    front = told.join(checks_every=50)
    refused = 0
    for number in range(FUZZED):
        message = mutated(rng)
        is_command = TO_KERNEL.is_valid(message)
        before = settings_of(told)
        answers = front.kinds().count("reply")
        told.broadcast.hear(front.viewer, message)
        assert front.kinds().count("reply") == answers + 1
        answer = front.last("reply")
        if not is_command:
            refused += 1
            assert not answer["ok"]
            assert answer["text"]
            assert settings_of(told) == before
        if number % 100 == 0:
            # Each change of the rate divides the session: its figures take ever longer.
            told.kernel.meter.reset()
            told.kernel.wait(0.3)
        del front.heard[:]
    assert FUZZED / 2 < refused < FUZZED
    told.ask(front, "resume")
    told.ask(front, "watch", rate="live")
    told.kernel.wait(2.0)
    told.kernel.cell(lambda: told.kernel.wait(2.0))
    told.kernel.wait(5.0)
    assert front.known["session"]["cells"] == 1
    assert told.kernel.errors()[0] == pytest.approx(0.0, abs=0.02)
    assert not told.kernel.meter.complaints


def _is_modest(message: Any) -> bool:
    """What the schema has no limits for has some."""
    try:
        message["id"].encode()
    except UnicodeEncodeError:
        return False
    return len(json.dumps(message)) < 1000 and all(
        not isinstance(value, (int, float)) or abs(value) < 1e9
        for value in message["args"].values()
    )


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = [ref["$ref"].rpartition("/")[2] for ref in SCHEMA["$defs"]["ToKernel"]["oneOf"]]
KEYS = ["rate", "place", "everything", "pue", "limit", "stop", "query", "x"]
VALUES = st.one_of(JSON, st.sampled_from(["live", "off", "DE", True, 1.5, None]))
COMMANDS = st.fixed_dictionaries(
    {
        "v": st.one_of(st.just(1), VALUES),
        "kind": st.one_of(st.just("command"), VALUES),
        "id": st.one_of(st.just("a"), VALUES),
        "name": st.sampled_from(
            [SCHEMA["$defs"][name]["properties"]["name"]["const"] for name in NAMES]
        ),
        "args": st.one_of(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3), JSON),
    }
)


@given(st.one_of(JSON, COMMANDS, COMMANDS, COMMANDS))
@settings(max_examples=500, deadline=None)
def test_what_the_schema_allows_is_a_command_and_nothing_else_is(message: Any) -> None:
    if TO_KERNEL.is_valid(message) and _is_modest(message):
        assert parse(message) == (message["id"], message["name"], message["args"])
        return
    try:
        command = parse(message)
    except CommandError as refused:
        error = refused
    else:
        assert TO_KERNEL.is_valid(message)
        assert command.id == message["id"]
        return
    assert str(error).endswith(".")
    assert error.id is None or error.id == message["id"]

"""The schema is sound, and the types are its mirror."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from jsonschema import Draft202012Validator

from jupyter_carbon.stream import commands, messages
from tests.stream.front import SCHEMA

DEFINED: dict[str, Any] = SCHEMA["$defs"]
TYPES = {name: kind for name, kind in vars(messages).items() if is_typeddict(kind)}
NAMES = {float: "number", int: "integer", str: "string", bool: "boolean", type(None): "null"}


def test_it_is_a_schema_and_refers_to_what_is_there() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    named = set(re.findall(r"#/\$defs/(\w+)", json.dumps(SCHEMA)))
    assert named == set(DEFINED)


def test_it_names_the_version_that_is_spoken() -> None:
    assert SCHEMA["$id"].endswith(f"/{messages.VERSION}")
    for name in ("Snapshot", "Tick", "Notice", "Reply"):
        assert DEFINED[name]["properties"]["v"]["const"] == messages.VERSION


@pytest.mark.parametrize("name", sorted(TYPES))
def test_each_type_has_the_keys_of_its_definition(name: str) -> None:
    defined = (
        DEFINED["Reply"]["properties"]["places"]["items"] if name == "Place" else DEFINED[name]
    )
    hints = get_type_hints(TYPES[name], include_extras=True)
    assert hints.keys() == defined["properties"].keys()
    optional = {key for key, hint in hints.items() if get_origin(hint) is NotRequired}
    assert hints.keys() - optional == set(defined["required"])
    for key, hint in hints.items():
        if key in optional:
            (hint,) = get_args(hint)
        assert _kinds(hint) == _defined_kinds(defined["properties"][key]), key


def test_each_object_from_the_kernel_has_a_type() -> None:
    of_commands = {ref["$ref"].rpartition("/")[2] for ref in DEFINED["ToKernel"]["oneOf"]}
    objects = {name for name, defined in DEFINED.items() if defined.get("type") == "object"}
    assert objects - of_commands == TYPES.keys() - {"Place"}


def test_each_command_is_known() -> None:
    names = {
        DEFINED[ref["$ref"].rpartition("/")[2]]["properties"]["name"]["const"]
        for ref in DEFINED["ToKernel"]["oneOf"]
    }
    assert names == set(commands._CHECKS)
    assert names == {*commands._ACTIONS, "refresh", "watch"}


def test_the_page_for_people_names_every_kind_part_command_and_argument() -> None:
    page = (Path(__file__).parents[2] / "docs" / "stream.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    for name in ("Snapshot", "Tick"):
        assert DEFINED[name]["properties"]["kind"]["const"] in named
        assert set(DEFINED[name]["properties"]) <= named
    for ref in DEFINED["ToKernel"]["oneOf"]:
        properties = DEFINED[ref["$ref"].rpartition("/")[2]]["properties"]
        assert {properties["name"]["const"], *properties["args"]["properties"]} <= named


def _kinds(hint: Any) -> set[str]:
    """The kinds of JSON values that a type allows."""
    if hint in NAMES:
        return {NAMES[hint]}
    if is_typeddict(hint) or get_origin(hint) is dict:
        return {"object"}
    if get_origin(hint) is list:
        return {"array"}
    arguments = get_args(hint)
    if all(isinstance(value, (str, int)) for value in arguments):
        return {str(value) for value in arguments}
    return set().union(*map(_kinds, arguments))


def _defined_kinds(defined: Any) -> set[str]:
    if "$ref" in defined:
        name = defined["$ref"].rpartition("/")[2]
        # The summary's words for how a figure was got are strings there, too.
        return {"string"} if name == "Provenance" else _defined_kinds(DEFINED[name])
    if "const" in defined:
        return {str(defined["const"])}
    if "enum" in defined:
        return set(defined["enum"])
    if "anyOf" in defined:
        return set().union(*map(_defined_kinds, defined["anyOf"]))
    return {defined["type"]}

from __future__ import annotations

import json
import math

import pytest

from jupyter_carbon.summary.json_form import to_json
from jupyter_carbon.summary.plain import well_formed
from tests.summary.sample import GPU, HOSTILE, document, hostile_document


def test_reads_back_as_the_same_document() -> None:
    made = document("größe 文字")
    text = to_json(made)
    assert json.loads(text) == made
    assert "größe 文字" in text
    assert text.endswith("}\n")


def test_hostile_text_comes_back_but_for_surrogates() -> None:
    text = to_json(hostile_document())
    text.encode("utf-8")
    labels = [cell["label"] for cell in json.loads(text)["cells"]]
    assert labels == [well_formed(label) for label in HOSTILE]


def test_estimates_and_columns_stay_on_one_line() -> None:
    lines = to_json(document()).splitlines()
    assert '    "notebook": "analysis.ipynb",' in lines
    assert sum(line.startswith('    "between_cells_j": {"value": 1000.0, ') for line in lines) == 1
    column = next(line for line in lines if f'"{GPU}_w"' in line)
    assert column.endswith("89.0],")
    assert len(next(line for line in lines if '"times"' in line)) > 900


def test_sentences_stand_below_each_other() -> None:
    made = document()
    made["notes"] = ["The network is not measured, since nothing reports its power."] * 2
    lines = to_json(made).splitlines()
    first = lines.index('  "notes": [') + 1
    assert lines[first : first + 2] == [f'    "{made["notes"][0]}",', f'    "{made["notes"][1]}"']


def test_is_indented_by_two_blanks_a_level() -> None:
    made = document()
    made["session"]["gaps"] = []
    text = to_json(made)
    assert text.startswith('{\n  "schema": "jupyter_carbon/summary/1",\n  "tool": {"name"')
    assert '\n  "cells": [\n    {\n      "id": "cell-1",\n' in text
    assert '"gaps": []' in text


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_no_number(figure: float) -> None:
    made = document()
    made["session"]["energy_j"]["value"] = figure
    with pytest.raises(ValueError, match="JSON"):
        to_json(made)

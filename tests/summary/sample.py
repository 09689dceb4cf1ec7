"""A realistic document, and strings that mean harm."""

from __future__ import annotations

from jupyter_carbon.estimate import EstimateDict
from jupyter_carbon.summary.keys import SCHEMA, CellDict, SummaryDict

GPU = "gpu:GPU-1c5a2f0e-7f1b-4a55-9a0e-2f6f5f7f0001"
CPU = "cpu:package-0"

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</td></table><script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\u3000＝1+1",
    "\u200b=1+1",
    "x;=1+1",
    "x\n=1+1",
    "](javascript:alert(1))",
    "[click](javascript:alert(1))",
    "![x](http://example.com/x.png)",
    "http://example.com and www.example.com and a@example.com",
    "<http://example.com>",
    "a | b",
    "a\\|b",
    "|",
    "||`|",
    "`",
    "``` a ``",
    "a`b|`c",
    "*a* _b_ **c** ~~d~~",
    "$x^2$ and \\(y\\) and $$z$$",
    ":smile: @someone #123",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "---",
    "&lt;b&gt; &amp; &#60;",
    "line one\nline two\r\nline three",
    "nul\x00nul",
    "half \ud800 a pair \udc80",
    "\u202egnp.exe\u2066 x",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b1m",
    "x" * 10_000,
    "\n" * 10_000,
    "`" * 10_000,
    "`" * 90 + "<img src=x onerror=alert(1)>",
    "` `` ```` <img src=x onerror=alert(1)>",
    "文字 ｗｉｄｅ e\u0301 👩‍💻",
    "",
    "   ",
]


def estimate(value: float | None, part: float = 0.06, provenance: str = "counter") -> EstimateDict:
    """An estimate with a range of +-`part`; None is missing, `part` 1 is below the resolution."""
    if value is None:
        return {"value": None, "low": None, "high": None, "provenance": "missing"}
    low, high = value * (1 - part), value * (1 + part)
    return {"value": value, "low": low, "high": high, "provenance": provenance}


def cell(number: int = 1, label: str | None = None, energy_j: float | None = 3312.0) -> CellDict:
    """A cell of 38 s with one GPU by its counter and a modelled CPU."""
    gpu = estimate(None if energy_j is None else energy_j * 0.8)
    cpu = estimate(None if energy_j is None else energy_j * 0.2, 0.4, "modelled")
    return {
        "id": f"cell-{number}",
        "execution_count": number,
        "label": label,
        "status": "ok",
        "started": f"2026-01-31T12:{number % 60:02d}:00.000000+00:00",
        "ended": f"2026-01-31T12:{number % 60:02d}:38.000000+00:00",
        "duration_s": 38.0,
        "energy_j": estimate(energy_j),
        "kernel_energy_j": None,
        "co2e_g": estimate(None if energy_j is None else energy_j / 3.6e6 * 458.29),
        "kernel_co2e_g": None,
        "overlapped": False,
        "sources": {GPU: gpu, CPU: cpu},
        "range_parts": {"sensor_j": 150.0, "edge_j": 48.7},
        "nested_j": None,
    }


def document(*labels: str | None) -> SummaryDict:
    """A session of one cell for each label (by default three), and what lies between them."""
    cells = [cell(n, label) for n, label in enumerate(labels or ("load", None, "train"), 1)]
    between_j = 1000.0
    energy_j = sum(item["energy_j"]["value"] or 0.0 for item in cells) + between_j
    return {
        "schema": SCHEMA,
        "tool": {"name": "jupyter_carbon", "version": "0.1.0"},
        "session": {
            "id": "0b6f1a52-6c2d-4f6e-9f55-0f1c3f6f0001",
            "started": "2026-01-31T12:00:00.000000+00:00",
            "ended": None,
            "duration_s": 843.2,
            "notebook": "analysis.ipynb",
            "host": "node-7",
            "scope": "machine",
            "energy_j": estimate(energy_j),
            "kernel_energy_j": None,
            "between_cells_j": estimate(between_j),
            "co2e_g": estimate(energy_j / 3.6e6 * 458.29),
            "kernel_co2e_g": None,
            "in_cells_j": estimate(energy_j - between_j),
            "in_cells_co2e_g": estimate((energy_j - between_j) / 3.6e6 * 458.29),
            "between_cells_co2e_g": estimate(between_j / 3.6e6 * 458.29),
            "gaps": [
                {
                    "from": "2026-01-31T12:30:00.000000+00:00",
                    "to": "2026-01-31T12:31:00.000000+00:00",
                    "reason": "paused",
                }
            ],
        },
        "sources": [
            {
                "id": GPU,
                "name": "GPU 0 · NVIDIA A100-SXM4-40GB",
                "kind": "gpu",
                "host": "node-7",
                "state": "ok",
                "provenance": "counter",
                "energy_j": estimate(energy_j * 0.8),
                "kernel_energy_j": None,
                "note": "The board's energy counter; the maker's sensor is worth 5 %.",
                "between_cells_j": estimate(between_j * 0.8),
            },
            {
                "id": CPU,
                "name": "CPU · AMD EPYC 7742",
                "kind": "cpu",
                "host": "node-7",
                "state": "ok",
                "provenance": "modelled",
                "energy_j": estimate(energy_j * 0.2, 0.4, "modelled"),
                "kernel_energy_j": None,
                "note": "/sys/class/powercap/intel-rapl:0/energy_uj is readable by root only.",
            },
        ],
        "cells": cells,
        "labels": [],
        "grid": [
            {
                "from": "2026-01-31T12:00:00.000000+00:00",
                "place": "World",
                "intensity_g_per_kwh": 458.29,
                "basis": "lifecycle",
                "kind": "average",
                "year": 2025,
                "source": "owid_ember_2026",
                "assumed": True,
                "pue": 1.0,
            },
            {
                "from": "2026-01-31T12:10:00.000000+00:00",
                "place": "Germany",
                "intensity_g_per_kwh": 329.65,
                "basis": "lifecycle",
                "kind": "average",
                "year": 2025,
                "source": "owid_ember_2026",
                "assumed": False,
                "pue": 1.2,
            },
        ],
        "power": {
            "resolution_s": 1.0,
            "times": [f"2026-01-31T12:00:{second:02d}.000000+00:00" for second in range(30)],
            f"{GPU}_w": [60.0 + second for second in range(30)],
            f"{CPU}_w": [20.0, None] * 15,
        },
        "notes": ["Network and disks are not measured."],
        "budgets": [
            {
                "scope": "session",
                "measure": "energy",
                "limit": "0.5 kWh",
                "used": "164 Wh ± 5 %",
                "fraction": 0.328,
                "level": "within",
                "stops": True,
            },
        ],
    }


def hostile_document() -> SummaryDict:
    """The document with a hostile string in every place that holds text from outside."""
    made = document(*HOSTILE)
    everything = " ".join(text for text in HOSTILE if len(text) < 1000)
    made["labels"] = [cell(1, label) for label in HOSTILE]
    made["session"]["notebook"] = everything
    made["session"]["host"] = everything
    made["session"]["gaps"][0]["reason"] = everything
    made["notes"] = list(HOSTILE)
    made["budgets"][0]["limit"] = made["budgets"][0]["used"] = everything
    for source in made["sources"]:
        source["name"] = source["note"] = source["state"] = everything
    for grid in made["grid"]:
        grid["place"] = grid["source"] = everything
    return made

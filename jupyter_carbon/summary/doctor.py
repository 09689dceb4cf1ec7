"""What is measured, what is modelled, what is missing and why, and what would make it better."""

from __future__ import annotations

import platform
import textwrap

from jupyter_carbon.account import Account
from jupyter_carbon.estimate import Provenance
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.units import intensity_text, power_text

_WIDTH = 96
_HEADINGS = {
    "measured": "Measured, by an energy counter or a power sensor",
    "modelled": "Modelled, from the load and published figures of the part",
    "assumed": "Assumed, from typical figures, since the part is not known",
    "missing": "Not measured",
}


def doctor_text(meter: CarbonMeter) -> str:
    """A page for a terminal on how this machine's figures are got."""
    with meter.look() as account:
        sections = _sections(account)
        better = _remedies(account)
        place = account.rate.intensity
        pue = account.rate.pue
    lines = [f"jupyter_carbon on {platform.node()} ({platform.system()} {platform.machine()})"]
    for key, heading in _HEADINGS.items():
        if sections[key]:
            lines += ["", heading]
            lines += sections[key]
    if not any(sections.values()):
        lines += ["", "No source of energy figures was found."]
    chosen = ", since no known place was given" if place.assumed else ""
    year = f", {place.year}" if place.year else ""
    lines += [
        "",
        "Carbon",
        f"  {place.place}{chosen}: {intensity_text(place.g_per_kwh)} ({place.basis}{year}),"
        f" PUE {pue:g}",
    ]
    lines += ["", "What would make it better"]
    if place.assumed:
        better.append("Say where the machine is: %carbon region DE, or JUPYTER_CARBON_REGION=DE.")
    for sentence in better or ["Nothing that this page knows of."]:
        lines += _wrapped(sentence, "  - ", "    ")
    for complaint in meter.complaints:
        lines += _wrapped(complaint, "  ! ", "    ")
    return "\n".join(lines)


def _sections(account: Account) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {key: [] for key in _HEADINGS}
    for source in account.sources.values():
        info, curve = source.info, source.curve
        key = "measured"
        if info.provenance is Provenance.MODELLED:
            key = "modelled"
        elif info.provenance is Provenance.ASSUMED:
            key = "assumed"
        power = "" if curve.power_w is None else f", {power_text(curve.power_w)} now"
        state = "" if source.state in ("ok", "starting") else f", {source.state}: {source.message}"
        span = f"true value {info.low_factor:g} to {info.high_factor:g} times the figure"
        head = f"{info.name}{power} ({span}){state}"
        sections[key] += _wrapped(head, "  ", "    ") + _wrapped(info.note, "    ", "    ")
        if curve.caught is not None:
            text = f"{curve.caught}: its power is integrated instead of believing the counter."
            sections[key] += _wrapped(text, "    ", "    ")
    for part in account.not_measured:
        sections["missing"] += _wrapped(f"{part.name}: {part.reason}", "  ", "    ")
    return sections


def _remedies(account: Account) -> list[str]:
    remedies = [part.remedy for part in account.not_measured]
    remedies += [source.remedy for source in account.sources.values()]
    return [remedy for remedy in dict.fromkeys(remedies) if remedy]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )

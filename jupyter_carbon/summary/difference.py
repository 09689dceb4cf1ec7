"""What is left of a figure without a part of it."""

from __future__ import annotations

from jupyter_carbon.estimate import Estimate


def difference(whole: Estimate, part: Estimate) -> Estimate:
    """What is left of a whole without a part of it, with the range in proportion.

    The sensor's error is common to both, so the rest has it too; the edges'
    error of the part is the rest's as well.
    """
    if whole.value is None or whole.low is None or whole.high is None:
        return Estimate.missing()
    if part.value is None or part.low is None or part.high is None:
        return whole
    value = max(0.0, whole.value - part.value)
    share = value / whole.value if whole.value > 0 else 0.0
    below = (whole.value - whole.low) * share
    above = (whole.high - whole.value) * share
    return Estimate(value, max(0.0, value - below), value + above, whole.provenance)

"""Looks in the ledger whether the notebook has an earlier session that this one may go on with."""

from __future__ import annotations

import threading

from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.recording.resume import ResumeError, load_earlier, resume

_WAIT_S = 1.0
"""The first cells come first."""


class LookBack:
    """Does it once, on a thread that ends with it: nobody waits for a disk.

    With the meter's setting `resume_session` the session goes on with what is
    found; otherwise surfaces are told of it, and offer it.

    Args:
        meter: whose session and notebook it is.
    """

    def __init__(self, meter: CarbonMeter) -> None:
        self._meter = meter
        self._ended = threading.Event()

    def start(self) -> None:
        """Begins, unless the notebook is not known."""
        if not self._meter.notebook:
            return
        thread = threading.Thread(target=self._look, name="jupyter_carbon_lookback", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # No thread is to be had: %carbon resume-session does the same.

    def stop(self) -> None:
        """Has nothing done any more."""
        self._ended.set()

    def _look(self) -> None:
        if self._ended.wait(_WAIT_S):
            return
        meter = self._meter
        try:
            if meter.resume_session:
                resume(meter)
                return
            with meter.look() as account:
                own = account.session.id
            found = load_earlier(meter.ledger, notebook=meter.notebook, own=own)
            with meter.look() as account:
                if account.session.earlier is None and not self._ended.is_set():
                    meter.resumable = found.text
        except ResumeError:
            return  # Most notebooks have none.
        except Exception as error:  # noqa: BLE001  # it is an offer, and the meter goes on
            meter.complaints.append(
                f"The meter could not look for an earlier session of this notebook ({error!r});"
                " it goes on with a new one."
            )

"""One front end: what it has been told, and so what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_carbon.stream.messages import VERSION, Message
from jupyter_carbon.stream.pace import Beat, Presence
from jupyter_carbon.stream.view import Parts, View

_WHOLE_AT_LEAST_S = 2.0
_WHOLE_AT_MOST_S = 60.0
_WHOLE_SHARE = 0.05


class GoneError(Exception):
    """A front end cannot be written to."""


class Viewer:
    """A front end that listens.

    Args:
        send: takes a message; raises where the connection is gone.
        answers: it answers when it is asked whether it is there.
    """

    def __init__(self, send: Callable[[Message], None], *, answers: bool = False) -> None:
        self.beat = Beat()
        self.presence = Presence(answers=answers)
        self.is_stale = True
        """True while it is to be told everything."""
        self._send = send
        self._seq = 0
        self._generation = 0
        self._version = 0
        self._end = 0
        self._whole_span_s = 0.0
        self._known: dict[str, Any] = {}

    def send(self, message: Message) -> None:
        """Sends a message with the next number.

        Raises:
            GoneError: where the connection is gone.
        """
        self._seq += 1
        try:
            self._send({**message, "seq": self._seq})
        except Exception as error:
            raise GoneError from error

    def needs_snapshot(self, view: View) -> bool:
        """True if what has changed would not say all."""
        return (
            self.is_stale or self._generation != view.generation or self._version < view.forgotten
        )

    def snapshot(self, view: View, message: Message) -> None:
        """Sends a snapshot of the view as it is."""
        self._whole_span_s = view.parts.span_s
        self._known = _optional(view.parts)
        self._told(view)
        self.send(message)

    def tick(self, view: View, now_s: float) -> None:
        """Sends what has changed."""
        parts = view.parts
        message: Message = {
            "v": VERSION,
            "kind": "tick",
            "state": parts.state,
            "now": parts.now,
            "session": parts.session,
            "cells": view.changed_since(self._version),
            "power": {"recent": view.recent(self._end)},
        }
        if parts.span_s >= self._whole_span_s + _whole_step_s(self._whole_span_s):
            self._whole_span_s = parts.span_s
            message["power"]["whole"] = view.whole()
        if self.presence.asks(now_s):
            message["ping"] = True
        optional = _optional(parts)
        for key, said in optional.items():
            if said != self._known.get(key):
                message[key] = getattr(parts, key)
        self._known = optional
        self._told(view)
        self.send(message)

    def _told(self, view: View) -> None:
        self.is_stale = False
        self._generation, self._version = view.generation, view.version
        self._end = view.parts.end


def _whole_step_s(span_s: float) -> float:
    return min(_WHOLE_AT_MOST_S, max(_WHOLE_AT_LEAST_S, _WHOLE_SHARE * span_s))


def _optional(parts: Parts) -> dict[str, Any]:
    """The parts that a tick has only where they have changed; of the sources, what is shown."""
    return {
        "meter": parts.meter,
        "grid": parts.grid,
        "budgets": parts.budgets,
        "not_measured": parts.not_measured,
        "notes": parts.notes,
        "sources": [
            {**source, "energy_j": [source["energy_j"][key] for key in ("number", "unit", "range")]}
            for source in parts.sources
        ],
    }

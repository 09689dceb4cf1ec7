"""`%carbon` and `%%carbon` as IPython knows them: commands, help, completion."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_carbon.budget import BudgetError, standing
from jupyter_carbon.carbon import CarbonError, parse_pue
from jupyter_carbon.grid.place import UnknownPlace
from jupyter_carbon.kernel.completion import Completion
from jupyter_carbon.kernel.display import PLAIN_WAIT_S, Answer, show_answer
from jupyter_carbon.kernel.hooks import CellHooks
from jupyter_carbon.kernel.options import (
    Command,
    OptionError,
    parse_cell_options,
    parse_command,
)
from jupyter_carbon.kernel.synchronize import wait_for_gpus
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.recording.resume import ResumeError, resume
from jupyter_carbon.stream.static import cell_text
from jupyter_carbon.summary.doctor import doctor_text
from jupyter_carbon.summary.document import build_document
from jupyter_carbon.summary.form import ExportError, write
from jupyter_carbon.summary.rich import cells_html, status_html
from jupyter_carbon.summary.text import cells_text, status_text
from jupyter_carbon.units import MassUnit, intensity_text, quoted
from jupyter_carbon.windows import WindowStatus

if TYPE_CHECKING:
    from jupyter_carbon.ledger.place import Place


class CarbonMagics:
    """The magics of one meter.

    Args:
        shell: the InteractiveShell.
        meter: what they ask and command.
        hooks: open the cell that `%%carbon` runs.
    """

    def __init__(self, shell: Any, meter: CarbonMeter, hooks: CellHooks) -> None:
        self._shell = shell
        self._hooks = hooks
        self._meter = meter
        self.place: Callable[[], Place | None] = lambda: None
        """Says where the kernel's ledger lies, once it is open."""
        self._completion = Completion(getattr(shell, "Completer", None), self._places)
        self._commands: dict[str, Callable[[Command], Answer]] = {
            "status": self._status,
            "cells": self._cells,
            "history": self._history,
            "pause": self._pause,
            "resume": self._resume,
            "reset": self._reset,
            "resume-session": self._resume_session,
            "region": self._region,
            "pue": self._pue,
            "budget": self._budget,
            "project-name": self._project,
            "export": self._export,
            "doctor": self._doctor,
        }

    def register(self) -> None:
        """Makes the magics and their completion known."""
        self._shell.register_magic_function(self.line_magic, "line", "carbon")
        self._shell.register_magic_function(self.cell_magic, "cell", "carbon")
        self._completion.register()

    def unregister(self) -> None:
        """Takes them back."""
        for kind in ("line", "cell"):
            self._shell.magics_manager.magics[kind].pop("carbon", None)
        self._completion.unregister()

    def line_magic(self, line: str) -> None:
        """The energy and carbon meter: what the session has cost, and the meter's settings.

        ::

            %carbon [status]            the session so far, its sources, what is not measured
            %carbon cells               every cell's energy and CO2e
            %carbon history             what all sessions cost, as the ledger has it
            %carbon history --by day    ... or notebook, label, project, host
            %carbon history --since 7d  ... or a day, a month, today, yesterday; also --until
            %carbon region PLACE        count CO2e at a place's intensity from now on
            %carbon region PLACE --all  ... and for the whole session
            %carbon pue NUMBER [--all]  the building's energy over the machines', 1 to 10
            %carbon budget              how the session's budget stands
            %carbon budget LIMIT        warn at 80 % and 100 % of it, as 0.5kWh or 200gCO2e
            %carbon budget LIMIT --stop ... and end the run there with a BudgetExceeded
            %carbon budget off          no budget
            %carbon pause               count nothing until resume; exports name the gap
            %carbon resume              count again
            %carbon reset               begin a new session, with nothing counted
            %carbon resume-session      go on with this notebook's session before a restart
            %carbon project-name NAME   the session belongs to a project; off: to none
            %carbon export PATH         write the summary: .json, .csv or .md
            %carbon doctor              how each figure is got, and what would make it better

        `%%carbon` at the head of a cell shows what that cell costs.
        """
        try:
            command = parse_command(line)
            answer = self._commands[command.name](command)
            show_answer(self._shell, answer)
        except (OptionError, ExportError, ResumeError) as error:
            sys.stderr.write(f"{error}\n")

    def cell_magic(self, line: str, cell: str) -> None:
        """Shows the cell's energy, CO2e, duration and power, live and when it has ended.

        ::

            %%carbon [--label NAME] [--no-sync] [--quiet] [--budget LIMIT [--stop]]

        --label NAME    a name for the cell, in the summary and in its line
        --no-sync       do not wait at the end for work that the cell queued on a GPU
        --quiet         show one line only, at the end
        --budget LIMIT  warn at 80 % and 100 % of it, as 0.5kWh or 200gCO2e
        --stop          end the cell at the budget's limit with a BudgetExceeded

        The cell runs exactly as it would without the line: every cell is
        metered, `%%carbon` only has its figure shown.
        """
        # Reached only by run_cell_magic: in a cell of its own the line is blanked beforehand.
        try:
            options = parse_cell_options(line)
        except OptionError as error:
            sys.stderr.write(f"{error}\n")
            options = parse_cell_options("")
        window = self._meter.open_label(options.label or "%%carbon")
        status: WindowStatus = "error"
        self._hooks.next_budget = options.budget
        try:
            result = self._shell.run_cell(cell)
            status = "ok" if result.success else "error"
            if options.synchronize and self._meter.synchronize:
                wait_for_gpus()
        finally:
            self._hooks.next_budget = None
            self._meter.close_label(window, status)
        self._meter.wait_final(window, PLAIN_WAIT_S)
        sys.stdout.write(cell_text(self._meter, window) + "\n")
        result.raise_error()

    def _places(self) -> list[str]:
        """Names first, then codes, of a look-up that can tell them."""
        known: list[str] = []
        for kind in ("names", "codes"):
            tell = getattr(self._meter.lookup, kind, None)
            known += [] if tell is None else tell()
        return known

    def _status(self, _command: Command) -> Answer:
        document = build_document(self._meter)
        return Answer(
            status_text(document, co2e_unit=self._unit), status_html(document, co2e_unit=self._unit)
        )

    def _cells(self, _command: Command) -> Answer:
        document = build_document(self._meter)
        return Answer(
            cells_text(document, None, co2e_unit=self._unit),
            cells_html(document, co2e_unit=self._unit),
        )

    def _history(self, command: Command) -> Answer:
        # Here, since most sessions read no ledger.
        from jupyter_carbon.kernel.history import history_answer

        return history_answer(self._meter, command, self.place())

    def _pause(self, _command: Command) -> Answer:
        if not self._meter.pause():
            return Answer("The meter was paused already; %carbon resume has it count again.")
        return Answer(
            "The meter is paused: nothing is counted until %carbon resume, and exports say so."
        )

    def _resume(self, _command: Command) -> Answer:
        if not self._meter.resume():
            return Answer("The meter was not paused; it goes on counting.")
        return Answer("The meter counts again.")

    def _reset(self, _command: Command) -> Answer:
        old = self._meter.reset()
        document = build_document(self._meter, old)
        first = status_text(document, co2e_unit=self._unit).splitlines()[0]
        ended = first.removeprefix("Session").strip()
        return Answer(f"A new session has begun. The one that ended: {ended}")

    def _resume_session(self, command: Command) -> Answer:
        return Answer(resume(self._meter, command.argument))

    def _region(self, command: Command) -> Answer:
        try:
            intensity = self._meter.set_region(command.argument, everything=command.everything)
        except UnknownPlace as error:
            place = self._meter.rate.intensity.place
            raise OptionError(f"{error} The region stays {place}.") from None
        span = "the whole session" if command.everything else "what follows"
        year = f", {intensity.year}" if intensity.year else ""
        return Answer(
            f"CO2e of {span} is counted at {intensity_text(intensity.g_per_kwh, self._unit)}:"
            f" {intensity.place} ({intensity.basis} {intensity.kind}{year}, {intensity.source})."
        )

    def _pue(self, command: Command) -> Answer:
        try:
            pue = parse_pue(command.argument)
        except CarbonError as error:
            raise OptionError(f"{error} The PUE stays {self._meter.rate.pue:g}.") from None
        self._meter.set_pue(pue, everything=command.everything)
        span = "the whole session" if command.everything else "what follows"
        return Answer(f"CO2e of {span} is counted with a PUE of {pue:g}.")

    def _budget(self, command: Command) -> Answer:
        if command.argument:
            limit = None if command.argument == "off" else command.argument
            try:
                self._meter.set_budget(limit, stops=command.stops)
            except BudgetError as error:
                raise OptionError(f"{error} {self._standing()}") from None
        return Answer(self._standing())

    def _standing(self) -> str:
        uses = [use for use in self._meter.budgets if use.scope == "session"]
        if not uses:
            return "The session has no budget."
        return f"The session's budget: {standing(uses[0])}."

    def _project(self, command: Command) -> Answer:
        if command.argument:
            self._meter.project = "" if command.argument.lower() == "off" else command.argument
        name = self._meter.project
        if not name:
            return Answer("The session belongs to no project.")
        return Answer(f"The session belongs to the project {quoted(name)}.")

    def _export(self, command: Command) -> Answer:
        is_final = self._meter.wait_final()
        path = write(build_document(self._meter), command.argument)
        rest = "" if is_final else " The newest figures in it may still have moved a little."
        return Answer(f"The session's summary is in {path}.{rest}")

    def _doctor(self, _command: Command) -> Answer:
        return Answer(doctor_text(self._meter))

    @property
    def _unit(self) -> MassUnit:
        return self._meter.mass_unit

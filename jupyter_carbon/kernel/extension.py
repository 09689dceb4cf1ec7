"""`%load_ext jupyter_carbon` puts a meter in the kernel, `%unload_ext` takes it out.

A reload is both: the session ends, and another begins.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_carbon.kernel.cell_magic import blank_magic_line
from jupyter_carbon.kernel.display import CellDisplay
from jupyter_carbon.kernel.hooks import CellHooks
from jupyter_carbon.kernel.lookback import LookBack
from jupyter_carbon.kernel.magics import CarbonMagics
from jupyter_carbon.kernel.notices import NoticePrinter
from jupyter_carbon.kernel.stop import Stopper
from jupyter_carbon.kernel.stream import CommStream
from jupyter_carbon.kernel.synchronize import wait_for_gpus
from jupyter_carbon.meter import CarbonMeter
from jupyter_carbon.recorder import Recorder

_UNLOAD_WAIT_S = 0.5


class Extension:
    """A meter with all that ties it to one shell.

    Args:
        shell: the InteractiveShell.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.meter = CarbonMeter(parent=shell)
        self.meter.notebook = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get(
            "__vsc_ipynb_file__"
        )
        if self.meter.synchronize:
            self.meter.before_end = wait_for_gpus
        self._display = CellDisplay(shell, self.meter)
        self._hooks = CellHooks(shell, self.meter, self._display)
        self._magics = CarbonMagics(shell, self.meter, self._hooks)
        self._stream = CommStream(shell, self.meter)
        self._stopper = Stopper(shell, self.meter, self._hooks.open_cells)
        self._notices = NoticePrinter(
            shell, self.meter, self._hooks.open_cells, lambda: self._stream.is_watched
        )
        self._hooks.notices = self._notices
        self._recorder = Recorder(self.meter, kernel=_kernel_of(shell))
        self._magics.place = lambda: self._recorder.place
        self._look_back = LookBack(self.meter)

    def load(self) -> None:
        """Begins to meter; the sources are found on the meter's own thread."""
        self._magics.register()
        self.shell.input_transformers_cleanup.append(blank_magic_line)
        self._hooks.register()
        self._stopper.register()
        self._notices.register()
        self._stream.register()
        self.meter.start()
        self._recorder.start()
        self._look_back.start()
        for complaint in self.meter.complaints:
            sys.stderr.write(f"jupyter_carbon: {complaint}\n")

    def unload(self) -> None:
        """Leaves the shell as it was."""
        self._look_back.stop()
        self._stream.unregister()
        self._hooks.unregister()
        self._stopper.unregister()
        self._notices.unregister()
        self._magics.unregister()
        cleanup = self.shell.input_transformers_cleanup
        if blank_magic_line in cleanup:
            cleanup.remove(blank_magic_line)
        self.meter.stop(_UNLOAD_WAIT_S)
        self._recorder.stop(_UNLOAD_WAIT_S)
        self._display.close()


def _kernel_of(shell: Any) -> str:
    """The kernel's id, as its connection file has it; "ipython" where there is no kernel."""
    application = getattr(getattr(shell, "kernel", None), "parent", None)
    file = getattr(application, "connection_file", "")
    return Path(file).stem.removeprefix("kernel-") or "ipython"


_loaded: dict[int, Extension] = {}


def load(shell: Any) -> None:
    """What IPython's `load_ipython_extension` does; once a shell."""
    if id(shell) in _loaded:
        return
    extension = Extension(shell)
    _loaded[id(shell)] = extension
    extension.load()


def unload(shell: Any) -> None:
    """What IPython's `unload_ipython_extension` does."""
    extension = _loaded.pop(id(shell), None)
    if extension is not None:
        extension.unload()


def loaded_meter() -> CarbonMeter | None:
    """The meter that an extension runs in this process, the newest if there are several."""
    return list(_loaded.values())[-1].meter if _loaded else None

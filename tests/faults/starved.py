"""In a process of its own, of a user without rights: the system gives no thread any more.

It prints as JSON what a shell and its meter did meanwhile and after.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import threading
import time
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from jupyter_carbon.kernel.extension import loaded_meter

NOBODY = 65_534


@contextlib.contextmanager
def no_more_threads() -> Any:
    """The limit of this user's processes, threads included, is what there are now at the most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
    try:
        thread = threading.Thread(target=bool)
        try:
            thread.start()
        except RuntimeError:
            yield
        else:
            thread.join()
            raise SystemExit("the limit does not hold here")
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))


def lose_rights(home: str) -> None:
    """The limit holds for everybody but the superuser."""
    if os.getuid() == 0:
        os.chown(home, NOBODY, NOBODY)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def main() -> None:
    home = tempfile.mkdtemp(dir="/tmp")
    os.environ.update(HOME=home, IPYTHONDIR=home, XDG_DATA_HOME=home)

    shell: Any = InteractiveShell.instance()

    def run(cell: str) -> tuple[bool, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = shell.run_cell(cell, store_history=True)
        return result.success, said.getvalue()

    # All is imported once, since who has no rights may not be able to.
    for cell in ("%load_ext jupyter_carbon", "%%carbon\n1", "%carbon status"):
        run(cell)
    run("%unload_ext jupyter_carbon")
    lose_rights(home)
    answer: dict[str, Any] = {}
    with no_more_threads():
        answer["load"] = run("%load_ext jupyter_carbon")
        answer["cells"] = [run("x = 1")[0], run("%%carbon\nx += 1"), run("%carbon status")[0]]
        answer["ran"] = loaded_meter().is_running
    answer["reload"] = run("%reload_ext jupyter_carbon")
    answer["runs"] = loaded_meter().is_running
    run("import time; time.sleep(0.5)")
    with no_more_threads():
        answer["later"] = [run("x += 1")[0], run("time.sleep(0.5)")[0]]
        refused = "import threading; threading.Thread(target=bool).start()"
        answer["refused"] = run(refused)[0]
        time.sleep(0.3)
        meter = loaded_meter()
        with meter.look() as account:
            cells = account.session.cells
            windows = [cells.get(place, "cell") for place in range(len(cells))]
        answer["goes_on"] = meter.is_running
    figures = [meter.figure(window) for window in windows]
    answer["statuses"] = [figure.status for figure in figures]
    answer["joules"] = [figure.energy_j.value for figure in figures if figure.duration_s > 0.4]
    answer["x"] = shell.user_ns["x"]
    answer["complaints"] = meter.complaints
    run("%unload_ext jupyter_carbon")
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

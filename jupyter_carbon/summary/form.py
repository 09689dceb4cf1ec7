"""Writes the summary to a file, in the form that the file's ending names."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from jupyter_carbon.summary.json_form import to_json
from jupyter_carbon.summary.keys import SummaryDict
from jupyter_carbon.summary.markdown import to_markdown
from jupyter_carbon.summary.plain import one_line
from jupyter_carbon.summary.table import to_csv

FORMS: Mapping[str, Callable[[SummaryDict], str]] = MappingProxyType(
    {".json": to_json, ".csv": to_csv, ".md": to_markdown, ".markdown": to_markdown}
)
"""From a file's ending to the function that makes its text."""

_NOT_YOURS = (
    "Name a file in a folder of your own; on Windows, first close the program that has it open."
)
_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free some space, or name a file on another disk."),
    errno.EDQUOT: (
        "your disk quota is used up",
        "Free some space, or name a file on another disk.",
    ),
    errno.EFBIG: (
        "the file would be larger than is allowed here",
        "Name a file on another disk.",
    ),
    errno.EACCES: ("you may not write there", _NOT_YOURS),
    errno.EPERM: ("you may not write there", _NOT_YOURS),
    errno.EROFS: ("that disk can only be read", "Name a file on another disk."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
    errno.ENOTDIR: ("a part of the path is no folder", "Name a file in a folder that exists."),
}


class ExportError(Exception):
    """The summary could not be written.

    `str(error)` says what happened, that nothing was changed, and what to do.
    """


def write(document: SummaryDict, path: str | Path) -> Path:
    """Writes the document to a file, whole or not at all.

    The ending chooses the form (`FORMS`), whatever its case; `~` is the home
    folder. A file that is there is replaced only when the new one is safely on
    the disk, and keeps its permission bits; a link stays, and what it points to
    is replaced. Exports to one file at once leave one of them, whole.

    Returns:
        The path written to, absolute, as given otherwise.

    Raises:
        ExportError: where it could not be written; the file is then as it was.
    """
    form = FORMS[ending_of(path, FORMS)]
    return write_pieces(path, lambda: [form(document)])


def write_pieces(path: str | Path, pieces: Callable[[], Iterable[str]]) -> Path:
    """Writes a text to a file, whole or not at all, as `write` does; its ending is not asked for.

    Args:
        path: of the file.
        pieces: makes the text, piece by piece; it is called when the file can be written.

    Returns:
        The path written to, absolute, as given otherwise.

    Raises:
        ExportError: where it could not be written; the file is then as it was.
    """
    asked, target = _located(path)
    _check_target(target)
    try:
        _replace(target, (piece.encode("utf-8") for piece in pieces()))
    except ValueError as error:
        raise ExportError(
            f"The summary could not be put into words: {error}. Nothing was written. "
            "Please report this as a fault of jupyter_carbon."
        ) from error
    except OSError as error:
        raise _refusal(target, error) from error
    return asked


def ending_of(path: str | Path, forms: Iterable[str]) -> str:
    """The ending of a file's name, in small letters.

    Raises:
        ExportError: if it is none of those that name a form.
    """
    ending, endings = Path(path).suffix.lower(), list(forms)
    if ending not in endings:
        known = ", ".join(endings[:-1]) + f" or {endings[-1]}"
        what = f"ends in {one_line(ending)}" if ending else "has no ending"
        raise ExportError(
            f"The form of an export is chosen by the file's ending, and {_shown(path)} {what}. "
            f"Nothing was written. Use {known}."
        )
    return ending


def _located(path: str | Path) -> tuple[Path, Path]:
    """The path as asked for, made absolute, and the file behind it, links followed."""
    try:
        asked = Path(path).expanduser().absolute()
        target = Path(os.path.realpath(asked))
        is_loop = target.is_symlink()
    except (RuntimeError, ValueError) as error:
        raise ExportError(
            f"{_shown(path)} is not a path that can be used here ({error}). "
            "Nothing was written. Give the full path of a file."
        ) from error
    except OSError as error:
        raise _refusal(Path(path), error) from error
    if is_loop:
        raise ExportError(
            f"{_shown(path)} is a link that leads back to itself. "
            "Nothing was written. Name another file."
        )
    return asked, target


def _check_target(target: Path) -> None:
    """Refuses what would fail later, or would replace what an export must not replace."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise ExportError(
                f"There is no folder {_shown(target.parent)}. "
                "Nothing was written. Create it first, or name a file in a folder that exists."
            ) from None
        return
    except OSError as error:
        raise _refusal(target, error) from error
    if stat.S_ISDIR(mode):
        raise ExportError(f"{_shown(target)} is a folder. Nothing was written. Name a file in it.")
    if not stat.S_ISREG(mode):
        raise ExportError(
            f"{_shown(target)} is not a plain file. Nothing was written. Name another file."
        )
    try:
        # A file may be write-protected in a folder where it could be replaced all the same.
        with target.open("r+b"):
            pass
    except OSError as error:
        raise _refusal(target, error) from error


def _replace(target: Path, content: Iterable[bytes]) -> None:
    """Puts the content in the target's place in one step.

    Raises:
        OSError: the target is then as it was, and nothing is left beside it.
    """
    temporary = target.parent / f".jupyter_carbon-{secrets.token_hex(8)}.tmp"
    # Made by hand and not by tempfile, so that a new file has the user's usual permissions.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the new name last through a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refusal(target: Path, error: OSError) -> ExportError:
    """The sentence for an error of the operating system."""
    reason = (error.strerror or type(error).__name__).lower()
    cause, remedy = _CAUSES.get(
        error.errno or 0, (f"the system says: {reason}", "Name another file.")
    )
    return ExportError(
        f"{_shown(target)} could not be written: {cause}. Nothing was changed. {remedy}"
    )


def _shown(path: str | Path) -> str:
    return f"'{one_line(str(path), 300)}'"

"""Files that a command writes where a person says."""

from __future__ import annotations

from pathlib import Path

from planner.errors import InputError


def require_folder(path: Path) -> None:
    """Checks that a file can be written there, before work is done for it.

    Raises:
        InputError: there is no such folder.
    """
    if not path.resolve().parent.is_dir():
        raise InputError(f"There is no folder {path.parent} for {path.name}. Make it first.")


def require_free(path: Path) -> None:
    """Checks that a new file can be written there, before work is done for it, by trying it.

    Raises:
        InputError: there is no such folder, a file is there, which somebody may have filled in, or
            it may not be written there.
    """
    require_folder(path)
    try:
        path.open("xb").close()
    except FileExistsError as error:
        raise InputError(
            f"{path} is there already and was left as it is. Name another file."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}). Name another file, or another folder."
        ) from error
    path.unlink()


def write_file(path: Path, text: str) -> None:
    """Writes a text file.

    Raises:
        InputError: there is no such folder, or it may not be written there.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}). Make its folder, or name another file."
        ) from error

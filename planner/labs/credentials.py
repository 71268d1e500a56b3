"""Reading secrets when they are needed; nothing here keeps or shows one."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path

from pydantic import SecretStr

from planner.campaign import HttpDevice, MqttDevice, Secret
from planner.errors import InputError

MASK = "********"
_MOST_BYTES = 65_536  # of a file that holds one secret
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_secret(secret: Secret, *, what: str, folder: Path) -> SecretStr:
    """Returns a secret from where the campaign file says it is.

    Args:
        secret: its variable or file.
        what: it is, such as ``the token of source 'furnace'``, for messages.
        folder: of the campaign file.

    Raises:
        InputError: it is not there, is empty, or others may read its file.
    """
    if secret.env is not None:
        text = os.environ.get(secret.env, "").strip()
        if not text:
            raise InputError(
                f"The environment has no variable {secret.env}, which holds {what}. Set it before "
                f"the command is started."
            )
    else:
        text = _read_file(folder / str(secret.file), what)
    if not (text.isascii() and text.isprintable()):
        where = f"variable {secret.env}" if secret.env else f"file {secret.file}"
        raise InputError(
            f"The {where} holds more than one line, or letters that no header can carry, where "
            f"{what} should be. Write it as one line of plain letters, digits and signs."
        )
    return SecretStr(text)


def where_it_is(secret: Secret) -> str:
    """Returns where a secret comes from, in words."""
    return f"from the variable {secret.env}" if secret.env else f"from the file {secret.file}"


def make_trust(source: HttpDevice | MqttDevice, *, folder: Path) -> ssl.SSLContext:
    """Returns what decides whether a server is the one that it says it is; it is always asked.

    Raises:
        InputError: the file of the authority is not there, or holds no certificate.
    """
    if source.ca is None:
        return ssl.create_default_context()
    path = folder / source.ca
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or error
        raise InputError(
            f"The certificate of the authority that source {source.name!r} names, {path}, cannot "
            f"be read: {why}. Give a PEM file, which begins with BEGIN CERTIFICATE."
        ) from error


def _read_file(path: Path, what: str) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & _FOR_OTHERS:
            raise InputError(
                f"The file {path}, which holds {what}, can be read by others (mode "
                f"{stat.S_IMODE(mode):o}). Type: chmod 600 {path}"
            )
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", errors="replace").strip()
    except OSError as error:
        raise InputError(
            f"The file {path}, which holds {what}, cannot be read: {error.strerror}. Make it, and "
            f"type: chmod 600 {path}"
        ) from error
    if not text:
        raise InputError(f"The file {path}, which holds {what}, is empty. Write it there.")
    return text

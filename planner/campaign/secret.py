"""Secrets by reference: a file says where one is, and it is read when it is needed.

Nothing here keeps or shows one.
"""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from planner.campaign.source_base import Part
from planner.errors import InputError

MASK = "********"
_MOST_BYTES = 65_536  # of a file that holds one secret
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret(Part):
    """Where a secret is: in a variable of the environment, or in a file that only its owner reads.

    Args:
        env: name of the variable.
        file: path of the file, from the folder of the file that names it; others must not read it
            (600).
    """

    env: str | None = Field(default=None, min_length=1)
    file: str | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _is_no_secret_itself(cls, content: object) -> object:
        if isinstance(content, dict):
            return content
        # whatever stands there may be the secret, so it is not repeated
        raise ValueError(
            "never holds the secret itself: put that into a variable of the environment and write "
            "{env: NAME}, or into a file of mode 600 and write {file: PATH}"
        )

    @model_validator(mode="after")
    def _one_of_both(self) -> Secret:
        if (self.env is None) == (self.file is None):
            raise ValueError("needs either env or file: give one of them")
        return self


def read_secret(secret: Secret, *, what: str, folder: Path) -> SecretStr:
    """Returns a secret from where a file says it is.

    Args:
        secret: its variable or file.
        what: it is, such as ``the token of source 'furnace'``, for messages.
        folder: from which a relative path is meant.

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


def check_private(path: Path, *, what: str) -> None:
    """Accepts a file that nobody but its owner can read.

    Args:
        path: of the file.
        what: it holds, for messages.

    Raises:
        InputError: others can, or it is not there.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(_not_read(path, what, error)) from error
    if os.name == "posix" and mode & _FOR_OTHERS:
        raise InputError(
            f"The file {path}, which holds {what}, can be read by others (mode "
            f"{stat.S_IMODE(mode):o}). Type: chmod 600 {path}"
        )


def _read_file(path: Path, what: str) -> str:
    check_private(path, what=what)
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", errors="replace").strip()
    except OSError as error:
        raise InputError(_not_read(path, what, error)) from error
    if not text:
        raise InputError(f"The file {path}, which holds {what}, is empty. Write it there.")
    return text


def _not_read(path: Path, what: str, error: OSError) -> str:
    return (
        f"The file {path}, which holds {what}, cannot be read: {error.strerror}. Make it, and "
        f"type: chmod 600 {path}"
    )


def show_identity(
    trust: ssl.SSLContext, certificate: Path, key: Path, *, what: str
) -> ssl.SSLContext:
    """Has a connection show who we are, where the other side asks.

    Args:
        trust: of the connection.
        certificate: PEM file.
        key: of the certificate, a PEM file that others cannot read, without a password.
        what: whose certificate it is, such as ``source 'furnace'``, for messages.

    Returns:
        The same context.

    Raises:
        InputError: a file is not there, others may read the key, or the two do not belong together.
    """
    check_private(key, what=f"the key of {what}")
    try:
        # a password would be asked for on the terminal, where nobody may sit
        trust.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"The certificate of {what} in {certificate} and its key in {key} cannot be used: "
            f"{error.strerror or error}. Give two PEM files that belong together; the key has no "
            f"password."
        ) from error
    return trust

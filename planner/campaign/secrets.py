"""Where secrets are: the file says where, and never the secret itself."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from planner.errors import InputError

_MOST_BYTES = 65_536
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret(BaseModel):
    """Where a secret is: in a variable of the environment, or in a file that only its owner reads.

    Args:
        env: name of the variable.
        file: path of the file, from the campaign file's folder; others must not read it (600).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = Field(default=None, min_length=1)
    file: str | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _is_no_secret_itself(cls, content: object) -> object:
        if isinstance(content, dict | Secret):
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
    """Returns a secret from where the campaign file says it is.

    Args:
        secret: its variable or file.
        what: it is, such as ``the password of 'mail'``, for messages.
        folder: of the campaign file.

    Raises:
        InputError: it is not there, is empty, or others may read its file.
    """
    if secret.env is None:
        return SecretStr(_read_file(folder / str(secret.file), what))
    text = os.environ.get(secret.env, "").strip()
    if not text:
        raise InputError(
            f"The environment has no variable {secret.env}, which holds {what}. Set it before the "
            f"command is started."
        )
    return SecretStr(text)


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

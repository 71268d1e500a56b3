"""Secrets by reference: the file says where one is, and never what it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from planner.errors import InputError


class Secret(BaseModel):
    """Where a secret is: an environment variable, or a file that only its owner may read.

    Args:
        env: name of the variable.
        file: path of the file; its mode is 600 at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Secret:
        if (self.env is None) == (self.file is None):
            raise ValueError("needs either env: NAME or file: PATH")
        return self


def read_secret(secret: Secret, *, folder: Path) -> str:
    """Returns the secret.

    Args:
        secret: where it is.
        folder: from which a relative path is meant.

    Raises:
        InputError: it is not there, it is empty, or others may read its file.
    """
    if secret.env is not None:
        value = os.environ.get(secret.env, "").strip()
        if not value:
            raise InputError(f"The environment has no {secret.env}. Set it, and start again.")
        return value
    assert secret.file is not None  # one of the two
    path = folder / secret.file
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The secret in {path} cannot be read: {error}.") from error
    if mode & 0o077:
        raise InputError(f"{path} can be read by others (mode {mode:o}). Type: chmod 600 {path}")
    if not value:
        raise InputError(f"{path} is empty. Write the secret into it.")
    return value

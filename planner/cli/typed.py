"""The campaign file as it was typed, for the commands that messages name."""

from __future__ import annotations

import re
import shlex
from contextvars import ContextVar
from pathlib import Path

_FILE: ContextVar[str] = ContextVar("file", default="FILE")
_NAME: ContextVar[str] = ContextVar("name", default="")
_COMMAND = re.compile(r"\b(planner(?: [a-z][a-z-]*)+) FILE(?!\.?\w)")


def keep_file(file: Path) -> Path:
    """Keeps the file that a command was given."""
    _FILE.set(shlex.quote(str(file)))
    return file


def keep_name(name: str | None) -> str | None:
    """Keeps the other name that a command was given; None where there is none."""
    _NAME.set(f" --as {shlex.quote(name)}" if name is not None else "")
    return name


def to_type(text: str) -> str:
    """Returns a message in which commands have the file that was typed in place of ``FILE``."""
    return _COMMAND.sub(lambda found: f"{found[1]} {_FILE.get()}{_NAME.get()}", text)

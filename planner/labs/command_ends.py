"""How the run of a program ended, from what is in its folder."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.labs.replies import shorten
from planner.trials import RESULTS, Answer, DeviceState, Result

_LAST_WORDS_BYTES = 2_000  # of what a failed program wrote to stderr


def read_end(key: str, run: Path, ended: Mapping[str, Any]) -> Answer:
    """Returns what became of a run, from how its keeper says that it ended and what it wrote."""
    how, code = ended.get("how"), ended.get("code")
    if how == "not started":
        return Answer(key=key, state=DeviceState.REFUSED, reason=str(ended.get("reason")))
    if how == "aborted":
        return Answer(key=key, state=DeviceState.ABORTED, reason="the program was ended")
    if how != "by itself":
        reason = f"the program {how} and was ended; see {run}"
        return Answer(key=key, state=DeviceState.FAILED, reason=reason)
    if code != 0:
        is_killed = isinstance(code, int) and code < 0
        why = f"was killed by signal {-int(code or 0)}" if is_killed else f"ended with code {code}"
        reason = f"the program {why}{_last_words(run)}"
        return Answer(key=key, state=DeviceState.FAILED, reason=reason)
    return _read_said(key, run)


def _read_said(key: str, run: Path) -> Answer:
    """Reads what a program wrote; what cannot be read is for a person, since it has run."""
    text = (run / "stdout").read_bytes()
    try:
        said = json.loads(text)
        if isinstance(said, dict) and "failed" in said:
            reason = shorten(str(said.get("reason") or "the program says that it failed"))
            return Answer(
                key=key,
                state=DeviceState.FAILED,
                reason=reason,
                failure="process" if said["failed"] == "process" else "machine",
            )
        result = _read_result(said)
    except (ValueError, RecursionError, ValidationError) as error:
        problem = _find_fault(text, error)
        reason = f"the program has run, and what it wrote cannot be read ({problem}); see {run}"
        return Answer(key=key, state=DeviceState.UNKNOWN, reason=reason)
    return Answer(key=key, state=DeviceState.DONE, result=result)


def _find_fault(text: bytes, error: Exception) -> str:
    """Returns why what a program wrote cannot be read."""
    begins = f"it is no JSON, and begins with {shorten(text[:40].decode(errors='replace'))!r}"
    match error:
        case _ if not text.strip():
            return "it wrote nothing"
        case UnicodeDecodeError():
            return "it is no text"
        case json.JSONDecodeError():
            return begins
        case RecursionError():
            return "it is nested too deep"
    return shorten(str(error).splitlines()[0])


def _read_result(said: object) -> Result:
    """Reads a result, in which a plain number or name may stand for a value without a unit."""
    if not isinstance(said, dict) or not isinstance(said.get("outcomes"), dict):
        raise ValueError('it has no "outcomes"')
    whole = {
        part: {name: _whole(each) for name, each in said.get(part, {}).items()}
        for part in ("outcomes", "achieved")
        if isinstance(said.get(part, {}), dict)
    }
    return RESULTS.validate_json(json.dumps(whole))


def _whole(value: object) -> object:
    is_plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    return {"value": value} if is_plain else value


def _last_words(run: Path) -> str:
    with contextlib.suppress(OSError), (run / "stderr").open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LAST_WORDS_BYTES))
        lines = file.read().decode("utf-8", errors="replace").strip().splitlines()
        if lines:
            return f": {shorten(lines[-1])}"
    return ""

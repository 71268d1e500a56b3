"""What a device's replies mean to us: their sizes, and its rejections as our errors."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import ValidationError

from planner.errors import (
    Conflict,
    LabUnavailable,
    Locked,
    PlannerError,
    Refused,
    StaleToken,
    UnknownKey,
)
from planner.trials import Rejection

MOST_ORDER_BYTES = 1 << 20
MOST_REPLY_BYTES = 32 << 20
MOST_KEYS = 1_000  # of one question
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")  # what OpenSSL calls it

_SHOWN = 300  # characters of what a device says, in a message of ours


class NotTaken(Exception):
    """A device has rejected a message: it kept nothing of it and does nothing."""

    def __init__(self, rejection: Rejection) -> None:
        self.rejection = rejection
        super().__init__(rejection.error)


def explain(rejection: Rejection, *, who: str) -> PlannerError:
    """Returns the error that a rejection is to the planner.

    Args:
        rejection: the device's word that it took nothing.
        who: rejected, such as ``furnace at https://furnace.lab``.
    """
    about = f" {rejection.key}" if rejection.key else ""
    why = f" for {rejection.key}" if rejection.key else ""
    said = shorten(rejection.reason) or rejection.error
    match rejection.error:
        case "stale token":
            heard = f" It has heard {rejection.token}." if rejection.token is not None else ""
            return StaleToken(
                f"{who} did not take the order{about}: {said}.{heard} Another driver has taken "
                f"over; this one stops."
            )
        case "other order":
            return Conflict(
                f"{who} knows the key{about} for another order, and did not take this one: {said}. "
                f"Look there who gave it the other."
            )
        case "locked":
            return Locked(
                f"{who} is locked and did not take the order{about}: {said}. Unlock it there."
            )
        case "too often":
            return LabUnavailable(
                f"{who} is asked too often and did nothing{why}: {said}. It is asked again later."
            )
        case "other ledger":
            return Refused(
                f"{who} obeys another ledger, or did for another what this one asks, and did not "
                f"take the order{about}: {said}. A person releases it there; a campaign that was "
                f"begun anew needs another name."
            )
        case "not allowed":
            return Refused(
                f"{who} does not speak to us: {said}. Check the token or password of the source "
                f"in the campaign file."
            )
        case "unknown key":
            return UnknownKey(f"{who} never took the order{about}: {said}.")
        case _:
            return Refused(
                f"{who} cannot read what was sent{why}: {said}. Compare what it expects with "
                f"'planner labs send FILE NAME=VALUE --dry-run'."
            )


def find_fault(error: ValidationError) -> str:
    """Returns what is wrong with an answer that cannot be read, in words."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"][:4])
    match problem["type"]:
        case "json_invalid":
            is_empty = isinstance(problem["input"], bytes | str) and not problem["input"].strip()
            why = str(problem.get("ctx", {}).get("error", "")).lower()
            return "its answer is empty" if is_empty else f"its answer is no JSON ({why})"
        case "missing":
            return f"its answer has no {where!r}"
        case "dataclass_type" if not where:
            return "its answer is no JSON object"
    rule = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"its answer cannot be read at {where!r}: {rule.removeprefix('input ')}"


def check_size(body: bytes) -> None:
    """Accepts a message that is not too large.

    Raises:
        Refused: it is; it was not sent.
    """
    if len(body) > MOST_ORDER_BYTES:
        raise Refused(
            f"A message of {len(body)} bytes was not sent: a device takes at most "
            f"{MOST_ORDER_BYTES}. Give profiles fewer knots."
        )


def in_parts(keys: Collection[str]) -> list[list[str]]:
    """Returns keys in parts of which each is one question."""
    listed = list(dict.fromkeys(keys))
    return [listed[start : start + MOST_KEYS] for start in range(0, len(listed), MOST_KEYS)]


def shorten(text: str) -> str:
    """Returns what somebody else said as one line of limited length, without a full stop."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return (line if len(line) <= _SHOWN else f"{line[:_SHOWN]}...").rstrip(".")

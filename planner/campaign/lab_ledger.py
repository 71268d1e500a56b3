"""The ledger that the campaigns at a lab share, as a campaign file names it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

_KINDS = ("postgresql", "sqlite")


def _check(place: str) -> str:
    """Accepts a path or a URL; what is refused is not repeated, for it may hold a password."""
    kind, is_url, rest = place.partition("://")
    if not is_url:
        return place
    if kind not in _KINDS:
        raise ValueError(
            "is no ledger: write the path of a file, or postgresql://USER@HOST/DATABASE"
        )
    if kind == "sqlite" and not rest.startswith("//"):
        raise ValueError(
            "begins in whatever folder a command is typed: write the path alone, which begins in "
            "the folder of this file, or a whole one, such as sqlite:////srv/lab/ledger.db"
        )
    if _has_password(place):
        raise ValueError(
            "holds a password, which no campaign file does: leave it out (PostgreSQL takes it from "
            "PGPASSWORD or ~/.pgpass), or put the whole URL into PLANNER_DATABASE_URL"
        )
    return place


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # who knows
    return parts.password is not None or "password" in parts.query.casefold()


LabLedger = Annotated[str, StringConstraints(min_length=1), AfterValidator(_check)]

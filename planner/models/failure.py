"""A fit that did not come about, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FitFailure:
    """No surrogate could be fitted.

    Args:
        reason: why, in words for the person who runs the campaign, and what to do.
        tried: what was attempted, one line each.
    """

    reason: str
    tried: tuple[str, ...] = ()

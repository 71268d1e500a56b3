"""Clocks: how far a device's is from ours, and whether the time limit of an order bears that.

The device decides by its own clock whether an order has come too late. Where that clock is far
ahead it refuses every order, and where it is far behind it would start what has long expired.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from planner.campaign.sources import Runner
from planner.campaign.words.phrases import duration
from planner.trials import Heartbeat

_BORNE = 0.5  # of an order's time: what is left is for the way to the device, and for its queue
_NONE = timedelta(0)


def find_offset(beat: Heartbeat, *, asked: datetime, answered: datetime) -> timedelta | None:
    """Returns how far a device's clock is ahead of ours, at the least.

    It said its time at some moment between question and answer, so that a slow way is no offset.

    Args:
        beat: what it said.
        asked: when it was asked, by our clock.
        answered: when its answer was there.

    Returns:
        Below zero where it is behind; None where it told no time with a zone, or where somebody
        else spoke for a device that is gone.
    """
    if beat.at is None or beat.at.tzinfo is None or beat.state == "offline":
        return None
    if beat.at > answered:
        return beat.at - answered
    return min(_NONE, beat.at - asked)


def why_not_by_clock(source: Runner, device: str | None, offset: timedelta | None) -> str:
    """Returns why no order goes to a device whose clock is far from ours; empty where one may.

    Args:
        source: of the campaign.
        device: None for its only one.
        offset: how far its clock is ahead; None where that is not known.
    """
    lasts_s = getattr(source, "not_after", None)
    if offset is None or lasts_s is None or abs(offset.total_seconds()) <= _BORNE * lasts_s:
        return ""
    return (
        f"the clock of {device or source.name!r} is {in_words(offset)} this machine's, too far for "
        f"orders that expire after {duration(lasts_s)}; set one of them"
    )


def in_words(offset: timedelta) -> str:
    """Says how far a clock is ahead or behind, as in ``45 minutes ahead of``."""
    side = "ahead of" if offset > _NONE else "behind"
    return f"{duration(abs(offset.total_seconds()))} {side}"

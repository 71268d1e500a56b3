"""What a campaign will do, in plain words, for the person who is about to start it."""

from __future__ import annotations

from datetime import datetime

from planner.campaign.spec import CampaignSpec
from planner.campaign.words.advice import advise
from planner.campaign.words.aims import describe_aims, describe_policy, describe_stopping
from planner.campaign.words.limits import describe_limits
from planner.campaign.words.sensing import describe_sensors
from planner.campaign.words.settings import describe_settings, n_within_rules
from planner.campaign.words.work import describe_work
from planner.space import SearchSpace

__all__ = ["describe"]


def describe(
    spec: CampaignSpec, space: SearchSpace, *, now: datetime | None = None
) -> tuple[str, ...]:
    """Returns what the campaign will do, a line a fact.

    Args:
        spec: the campaign.
        space: its search space, with the rows of its candidate table.
        now: the time, for when it can run; without it nothing is said of that.
    """
    n_left = n_within_rules(spec, space)
    return (
        f"Campaign {spec.campaign}{f': {spec.about}' if spec.about else ''}.",
        *describe_settings(spec, space, n_left=n_left),
        *describe_aims(spec),
        *describe_work(spec, now),
        *describe_sensors(spec),
        *describe_limits(spec, space, now),
        *describe_policy(spec),
        *describe_stopping(spec),
        *advise(spec, space, n_left=n_left),
    )

"""Mistakes that no single part of a campaign can see."""

from planner.campaign.contradictions.aims import find_in_aims
from planner.campaign.contradictions.devices import find_in_devices
from planner.campaign.contradictions.draft import Draft, Found, Parts
from planner.campaign.contradictions.limits import find_in_limits
from planner.campaign.contradictions.modelling import find_in_model
from planner.campaign.contradictions.region import find_in_region
from planner.campaign.contradictions.sensed import find_in_sensed
from planner.campaign.contradictions.work import find_in_work

__all__ = ["Draft", "find_contradictions"]


def find_contradictions(parts: Parts) -> Found:
    """Finds mistakes between the parts of a campaign.

    Yields:
        For each the path of the entry, and what is wrong with it.
    """
    yield from find_in_region(parts)
    yield from find_in_aims(parts)
    yield from find_in_model(parts)
    yield from find_in_work(parts)
    yield from find_in_devices(parts)
    yield from find_in_sensed(parts)
    yield from find_in_limits(parts)

"""How well the response is known over the whole space."""

from __future__ import annotations

import torch

from planner.acquisition.learning import reference_of
from planner.ledger.replay import CampaignState
from planner.loop.deciding.model import expected_at
from planner.loop.deciding.stating import stated_factor
from planner.models import FitFailure, Surrogate
from planner.report.facts import Known
from planner.space import SearchSpace

_SEED = 0  # of the places that stand for the space: the same report gives the same figures


def find_known(
    state: CampaignState, space: SearchSpace, fitted: Surrogate | FitFailure
) -> Known | None:
    """Returns how well the space is known; None where another aim is followed, or no model is."""
    if state.spec.policy.aim != "learn" or isinstance(fitted, FitFailure):
        return None
    places = torch.from_numpy(reference_of(space, seed=_SEED))
    said, factor = expected_at(fitted, places, state.spec), stated_factor(state.spec)
    return Known(
        sd=factor * float(said.sd.square().mean().sqrt()),
        spread=factor * float(said.mean.std(correction=0)),
    )

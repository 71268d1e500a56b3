"""The worth of a candidate: the acquisition function that the settings name."""

from __future__ import annotations

import torch

from planner.acquisition.bounds import upper_confidence_bound
from planner.acquisition.candidates import Score
from planner.acquisition.improvement import log_noisy_expected_improvement
from planner.acquisition.learning import log_share_learned, reference_of
from planner.acquisition.situation import Situation
from planner.models import Surrogate
from planner.space import Floats


def make_score(situation: Situation, surrogate: Surrogate, *, waiting: Floats, seed: int) -> Score:
    """Returns the acquisition function of a situation.

    Args:
        situation: for the objective, the space and the settings.
        surrogate: fitted, not conditioned on what waits.
        waiting: encoded configurations under way or picked earlier in this batch, ``m d``.
        seed: of draws, where it makes any.
    """
    objective, settings = situation.objective, situation.settings
    pending = torch.from_numpy(waiting)
    if settings.acquisition == "variance":
        reference = torch.from_numpy(reference_of(situation.space, seed=seed))
        return log_share_learned(surrogate.conditioned_on(pending), reference)
    if settings.acquisition == "ucb" or len(surrogate.observations.y) == 0:
        conditioned = surrogate.conditioned_on(pending)
        return lambda x: upper_confidence_bound(conditioned, objective, x, beta=settings.beta)
    return log_noisy_expected_improvement(surrogate, objective, pending=pending, seed=seed)

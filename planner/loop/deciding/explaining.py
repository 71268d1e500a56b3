"""Why a trial is worth its run, by what the ledger holds now; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.acquisition.explaining import Explanation, explain
from planner.campaign import HitClass
from planner.ledger.replay import CampaignState
from planner.loop.deciding.context import last_context
from planner.loop.deciding.model import fit_surrogate, make_situation
from planner.models import FitFailure, Surrogate
from planner.rng import derive_seed
from planner.space import Configuration, SearchSpace

# With fewer results the trials fill the space, and no model is worth a question.
_FEWEST_RESULTS = 2


def explain_each(
    state: CampaignState,
    space: SearchSpace,
    configurations: Sequence[Configuration],
    *,
    fitted: Surrogate | FitFailure | None = None,
) -> list[Explanation] | None:
    """Returns the explanation of each configuration; None while no model can say anything.

    Args:
        state: of the campaign; trials under way count as such, with no result.
        space: what may be tried.
        configurations: such as those of proposed trials.
        fitted: to the state, where that was done already.
    """
    if len(state.observations) < _FEWEST_RESULTS:
        return None
    surrogate = fitted if fitted is not None else fit_surrogate(state, space)
    if isinstance(surrogate, FitFailure):
        return None
    situation = make_situation(state, space.restricted(last_context(state, space))).in_context()
    unit = "" if state.spec.outcome.unit == "1" else state.spec.outcome.unit
    seed = derive_seed(state.seed, "explanation")
    x = np.asarray(space.encode(list(configurations)), dtype=np.float64)
    found = [explain(situation, surrogate, each, seed=seed) for each in x]
    if isinstance(state.spec.stated_objective, HitClass):
        return found  # their effects are in log-odds
    return [replace(each, unit=unit) for each in found]

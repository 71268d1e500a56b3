"""A trial of a person's own beside the planner's choice: what to expect, how good it looks.

Everything here is computed before the result is looked at, from what the ledger holds by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.acquisition import Situation, make_score
from planner.acquisition.candidates import score_in_blocks
from planner.acquisition.forecasts import best_so_far, forecast
from planner.ledger.replay import CampaignState
from planner.loop.deciding.best import find_best
from planner.loop.deciding.model import fit_surrogate, make_situation, predict, predict_classes
from planner.loop.deciding.propose import decide
from planner.models import FitFailure, Surrogate
from planner.rng import derive_seed
from planner.space import Configuration, SearchSpace
from planner.trials import Prediction

_POOL = 512  # settings that stand for all, where they are not listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the model expected of settings.

    Args:
        configuration: the settings.
        prediction: of the objective's outcome; None where no model could predict.
        probability: of meeting the goal, or of beating the best so far by the stated gain.
        model_version: of the surrogate.
    """

    configuration: Configuration
    prediction: Prediction | None = None
    probability: float | None = None
    model_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Settings of a person's own beside what the planner would have chosen.

    Args:
        own: of the person's settings.
        planners: of the planner's next choice; None where nothing is left to choose.
        best: predicted outcome at the best so far, and the trial's name; None where there is none.
        better_than: share of the settings that the planner's own measure puts below it;
            None where nothing was measured yet.
        n_pool: how many settings that is a share of.
        why_not: why no model could predict; empty where one could.
    """

    own: Expected
    planners: Expected | None
    best: tuple[float, str] | None
    better_than: float | None
    n_pool: int
    why_not: str = ""


def expect_each(
    state: CampaignState, space: SearchSpace, configurations: Sequence[Configuration]
) -> list[Expected]:
    """Returns what the model expects of each of these settings, from the same observations."""
    situation = make_situation(state, space)
    surrogate = fit_surrogate(state, space)
    if isinstance(surrogate, FitFailure):
        return [Expected(configuration=each) for each in configurations]
    return [_expect(state, situation, surrogate, each) for each in configurations]


def compare(state: CampaignState, space: SearchSpace, configuration: Configuration) -> Compared:
    """Compares settings with the planner's own next choice; writes nothing."""
    situation = make_situation(state, space)
    surrogate = fit_surrogate(state, space)
    chosen = decide(state, space, q=1)
    picked = [pick.configuration for pick in chosen.picks]
    if isinstance(surrogate, FitFailure):
        return Compared(
            own=Expected(configuration=configuration),
            planners=Expected(configuration=picked[0]) if picked else None,
            best=None,
            better_than=None,
            n_pool=0,
            why_not=surrogate.reason,
        )
    best = find_best(state, space, surrogate)
    better_than, n_pool = None, 0
    if best is not None:  # before anything is measured all settings look alike
        better_than, n_pool = _rank(state, situation, surrogate, configuration)
    return Compared(
        own=_expect(state, situation, surrogate, configuration),
        planners=_expect(state, situation, surrogate, picked[0]) if picked else None,
        best=(best.mean, best.name) if best is not None else None,
        better_than=better_than,
        n_pool=n_pool,
    )


def _expect(
    state: CampaignState,
    situation: Situation,
    surrogate: Surrogate,
    configuration: Configuration,
) -> Expected:
    x = situation.space.encode([configuration])
    classes = predict_classes(state, situation.space, surrogate, x)
    said = forecast(situation, surrogate, x[0], best=best_so_far(situation, surrogate))
    predicted = predict(surrogate, x, state.spec, classes=classes)[0]
    return Expected(
        configuration=configuration,
        prediction=replace(predicted, spread=said.spread),
        probability=said.probability,
        model_version=surrogate.version,
    )


def _rank(
    state: CampaignState,
    situation: Situation,
    surrogate: Surrogate,
    configuration: Configuration,
) -> tuple[float, int]:
    """Returns the share of settings with a lower upper bound, and how many were looked at."""
    space = situation.space
    if space.rows is not None:
        pool = space.encoded_rows
    else:
        seed = derive_seed(state.seed, "rank", state.next_trial)
        pool = space.encode(space.sample(_POOL, seed=seed))
    x = np.vstack([space.encode([configuration]), pool])
    waiting = situation.pending_rows()
    seed = derive_seed(state.seed, "worth", state.next_trial)
    worth = score_in_blocks(make_score(situation, surrogate, waiting=waiting, seed=seed), x)
    return float((worth[1:] < worth[0]).mean()), len(pool)

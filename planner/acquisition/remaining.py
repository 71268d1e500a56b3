"""What is left to gain: the chance that nothing better remains, by draws of the whole process.

"Best so far" is the measured configuration with the highest predicted utility, not the one with the
highest outcome: of noisy outcomes the highest is the luckiest.

Of a target all that lies within its tolerance counts as equal here, as within a range: nothing is
better than a hit. What is proposed still aims at the target itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.bounds import upper_confidence_bound
from planner.acquisition.candidates import (
    TableCandidates,
    are_among,
    chosen_columns,
    score_in_blocks,
)
from planner.acquisition.fitted import fit_for
from planner.acquisition.forecasts import best_so_far
from planner.acquisition.open_space import OpenCandidates
from planner.acquisition.promising import looked_at
from planner.acquisition.situation import Situation
from planner.acquisition.utility import utility_of
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.models import Bounds, FitFailure, Surrogate, family
from planner.models.comparing.comparison import FAVOURITES
from planner.rng import derive_seed
from planner.space import Floats

# The judge draws these together from each of its components: 0.5 s in all.
MOST_CANDIDATES = 1000
# One set of hyperparameters says too soon that nothing is left; averaged over their posterior the
# probability is honest: docs/benchmarks/stopping.md.
# Of many results one set says nearly as much, and averaging takes too long.
JUDGES = FAVOURITES
JUDGE = JUDGES[0]
_DRAWS = 1024
# Weight of the deviation where candidates are chosen for what they may still hold.
_BETA = 2.0


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the model expects of the configurations that were not measured.

    Args:
        gain: mean of how far the best of them beats the best so far, 0 where it does not, in the
            outcome's unit; of a target how much nearer to its tolerance; of a class in probability.
        probability_done: that none of them beats it by more than what counts as a gain.
        standard_error: of that probability, from the number of draws.
        n_candidates: how many configurations this was computed over.
    """

    gain: float
    probability_done: float
    standard_error: float
    n_candidates: int


def fit_judge(situation: Situation) -> Surrogate | FitFailure:
    """Fits what says how much is left, whatever family chooses; of a class its margin."""
    if isinstance(situation.objective, HitClass):
        return fit_for(situation)
    name = next(name for name in JUDGES if family(name).is_quick_for(len(situation.y)))
    settings = replace(situation.settings, family=name)
    return fit_for(replace(situation, settings=settings, memo=None))


def remaining(
    situation: Situation, surrogate: Surrogate, *, seed: int, worthwhile: float | None = None
) -> Remaining | None:
    """Estimates what is still to be gained, and whether anything is.

    All rows of a table that may still be chosen, and what is under way, are drawn together; of more
    than 1,000 the 1,000 with the highest mean + 2 sd, so the gain is then slightly too low. Of a
    space without a table 1,000 samples stand for all configurations, with the highest upper bound
    that the search finds among them.

    Args:
        situation: what may be tried and what was.
        surrogate: from ``fit_judge``.
        seed: of the draws and samples.
        worthwhile: how much better counts, in the outcome's unit, at least 0; without it the
            objective's stated gain, or any amount where none is stated; of a target, any amount
            outside of its tolerance.

    Returns:
        The estimate; None where nothing was measured yet.

    Raises:
        InputError: the context names what is set.
    """
    situation = situation.in_context()
    best = best_so_far(situation, surrogate)
    if best is None:
        return None
    candidates = _candidates(situation, surrogate, seed=seed)
    if len(candidates) == 0:
        return Remaining(gain=0.0, probability_done=1.0, standard_error=0.0, n_candidates=0)
    here = surrogate.observations.x[best.index : best.index + 1]
    together = torch.cat([here, torch.from_numpy(candidates)])
    draws = surrogate.draw(together, _DRAWS, seed=derive_seed(seed, "remaining draws"))
    within = Bounds(*situation.bounds).clip(draws) if _is_number(situation) else draws
    utility = utility_of(_with_hits_equal(situation.objective), within)
    ahead = utility[:, 1:].max(dim=1).values - utility[:, 0]
    threshold = _stated_gain(situation) if worthwhile is None else worthwhile
    done = float((ahead <= threshold).double().mean())
    return Remaining(
        gain=float(ahead.clamp_min(0.0).mean()),
        probability_done=done,
        standard_error=(done * (1.0 - done) / _DRAWS) ** 0.5,
        n_candidates=len(candidates),
    )


def _is_number(situation: Situation) -> bool:
    """Tells whether draws are of the outcome itself; of a class they are of its margin."""
    return not isinstance(situation.objective, HitClass)


def _with_hits_equal(objective: AnyObjective) -> AnyObjective:
    """Returns an objective by which all hits of a target are as good as each other."""
    if not isinstance(objective, HitTarget):
        return objective
    low, high = objective.target - objective.tolerance, objective.target + objective.tolerance
    return HitRange(outcome=objective.outcome, low=low, high=high)


def _stated_gain(situation: Situation) -> float:
    objective = situation.objective
    return (objective.gain or 0.0) if isinstance(objective, Maximise | Minimise) else 0.0


def _candidates(situation: Situation, surrogate: Surrogate, *, seed: int) -> Floats:
    """Returns the configurations that may still be better, at most 1,000, encoded."""

    def upper(x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        return upper_confidence_bound(
            surrogate, situation.objective, x, beta=_BETA, bounds=Bounds(*situation.bounds)
        )

    space = situation.space
    measured = situation.x.reshape(-1, space.n_columns)
    if space.rows is None:
        sampling = derive_seed(seed, "remaining samples")
        pool = space.encode(space.sample(MOST_CANDIDATES - 1, seed=sampling))
        top = OpenCandidates(space, looked_at(situation)).best(upper, taken=measured, seed=sampling)
        pool = pool if top is None else np.vstack([pool, top.x])
    else:
        table = TableCandidates(space, situation.blocked)
        pool = space.encoded_rows[table.left(np.empty((0, space.n_columns)))]
    columns = chosen_columns(space)

    def without(x: Floats, taken: Floats) -> Floats:
        left: Floats = x[~are_among(x[:, columns], taken[:, columns])]
        return left

    # what was tried and failed, or was refused, is never chosen again
    pool = without(pool, situation.tried.reshape(-1, space.n_columns))
    # what is under way is not chosen again either, and is still to come
    pool = np.unique(without(np.vstack([pool, situation.pending_rows()]), measured), axis=0)
    if len(pool) > MOST_CANDIDATES:
        order = np.argsort(-score_in_blocks(upper, pool), kind="stable")
        pool = pool[np.sort(order[:MOST_CANDIDATES])]
    return pool

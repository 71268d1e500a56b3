"""When to repeat a setting rather than try a new one: what a run is worth to the final answer.

In the end the measured setting with the highest predicted utility is told as the best. A run at x
moves the prediction at every setting j by ``c_j z``, with z standard normal and

``c_j = cov(j, x) / sqrt(var(x) + noise(x)^2)``,

and its worth is how much that raises the highest prediction on average:
``E_z[max_j utility_j(z)] - max_j utility_j``. A new setting is among those that can be told once it
was run; a repeat only tells better which one it should be.
"""

from __future__ import annotations

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from planner.acquisition.candidates import Found, Score, are_among, score_in_blocks
from planner.acquisition.replicates import noise_of_a_repeat, share_between_runs
from planner.acquisition.situation import Repeatable, Situation
from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import AnyObjective
from planner.models import Bounds, Surrogate
from planner.space import Floats, SearchSpace, Value

# The maximum has kinks, so the distance of the nodes and not a polynomial's order sets the error:
# h^2 / 12 of a slope's jump, at most 0.2 % of the deviation by which a run moves a prediction.
_NODES = 65
_FARTHEST = 5.0
# Only these many settings, the best by prediction, are looked at for a repeat.
MOST_REPEATABLE = 32
# A run that is worth less than this share of the deviation between the settings that were measured
# settles nothing.
LEAST_WORTH = 0.005


def worth_of_runs(
    surrogate: Surrogate,
    objective: AnyObjective,
    x: Float64[Tensor, "k d"],
    *,
    measured: Float64[Tensor, "n d"],
    new: Float64[Tensor, "l d"] | None = None,
    bounds: Bounds | None = None,
    noise_sd: Float64[Tensor, " k"] | None = None,
) -> Float64[Tensor, " k"]:
    """Returns what one run at each configuration is worth, in the unit of the utility.

    Args:
        surrogate: conditioned on what is under way.
        objective: what is wanted.
        x: where the run would be.
        measured: what could be told as the best now, at least one.
        new: what could be told besides, once the run was done.
        bounds: of the outcome, if it has any.
        noise_sd: of the runs; None for what the surrogate says.

    Source: the knowledge gradient of Frazier, Powell and Dayanik (INFORMS J. Computing 2009),
    equation 11, with the maximum over what was, or is then, measured (Scott et al. 2011).
    """
    bounds = bounds or Bounds()
    told = measured if new is None else torch.cat([measured, new])
    noise_sd = surrogate.noise_sd(x) if noise_sd is None else noise_sd
    with torch.no_grad():
        mean, sd = surrogate.moments(told)
        of_run = surrogate.moments(x)[1].square() + noise_sd.square()
        step = surrogate.covariance(told, x) / of_run.sqrt()
        left = (sd[:, None].square() - step.square()).clamp_min(1e-12 * sd[:, None].square()).sqrt()
        nodes, weights = _normal_nodes(mean.dtype)
        after = mean[:, None] + nodes[:, None, None] * step
        utilities = utility_moments(
            objective, after.flatten(), left.expand_as(after).flatten(), bounds=bounds
        ).mean.reshape(after.shape)
        now = utility_moments(objective, *surrogate.moments(measured), bounds=bounds).mean.max()
        return weights @ utilities.amax(dim=1) - now


def _normal_nodes(dtype: torch.dtype) -> tuple[Float64[Tensor, " s"], Float64[Tensor, " s"]]:
    """Returns evenly spaced nodes, and normal weights that sum to one."""
    nodes = torch.linspace(-_FARTHEST, _FARTHEST, _NODES, dtype=dtype)
    weights = (-0.5 * nodes.square()).exp()
    return nodes, weights / weights.sum()


def find_repeat(
    situation: Situation, surrogate: Surrogate, new: Found, *, score: Score, waiting: Floats
) -> Repeatable | None:
    """Returns the setting that is worth more to repeat than a new one is to try; None if none is.

    Where the aim is to learn, both are worth what they teach.

    Args:
        situation: with what may be repeated; its space says what is admissible now.
        surrogate: fitted, not conditioned on what waits.
        new: the best of what was never tried.
        score: the acquisition function.
        waiting: encoded configurations under way or picked earlier in this batch, ``m d``; none of
            them is repeated before it was measured.
    """
    space = situation.space
    may_be = [each for each in situation.repeatable if space.is_admissible(today(each, space))]
    x = space.encode([today(each, space) for each in may_be])
    is_free = ~are_among(x, waiting)
    free = [each for each, is_it in zip(may_be, is_free, strict=True) if is_it]
    if not free or len(surrogate.observations.y) == 0:
        return None
    if situation.acquisition == "variance":
        taught = score_in_blocks(score, x[is_free])
        best = int(taught.argmax())
        return free[best] if new.score is not None and taught[best] > new.score else None
    conditioned = surrogate.conditioned_on(torch.from_numpy(waiting))
    n_runs = torch.tensor([len(each.trials) for each in free])
    found = _most_worth_repeating(
        situation, conditioned, torch.from_numpy(x[is_free]), n_runs, new,
        share=share_between_runs(surrogate),
    )  # fmt: skip
    return None if found is None else free[found]


def today(again: Repeatable, space: SearchSpace) -> dict[str, Value]:
    """Returns a setting as it would be run now, with what is measured and not set as it is."""
    measured = {name: space.held[name] for name in space.contextual if name in space.held}
    return {**again.configuration, **measured}


def _most_worth_repeating(
    situation: Situation,
    surrogate: Surrogate,
    repeatable: Float64[Tensor, "m d"],
    n_runs: Int64[Tensor, " m"],
    new: Found,
    *,
    share: float,
) -> int | None:
    objective, bounds = situation.objective, Bounds(*situation.bounds)
    measured = torch.unique(surrogate.observations.x, dim=0)
    with torch.no_grad():
        moments = surrogate.moments(repeatable)
        promise = utility_moments(objective, *moments, bounds=bounds).mean
    looked_at = torch.argsort(promise, descending=True, stable=True)[:MOST_REPEATABLE]
    at_them = repeatable[looked_at]
    of_one = noise_of_a_repeat(surrogate.noise_sd(at_them), n_runs[looked_at], share=share)
    repeats = worth_of_runs(
        surrogate, objective, at_them, measured=measured, bounds=bounds, noise_sd=of_one
    )
    at = torch.from_numpy(new.x)[None, :]
    trying = worth_of_runs(surrogate, objective, at, measured=measured, new=at, bounds=bounds)
    best = int(repeats.argmax())
    least = LEAST_WORTH * float(promise.std(correction=0))
    return int(looked_at[best]) if float(repeats[best]) > max(float(trying[0]), least) else None

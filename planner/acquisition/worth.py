"""The worth of a candidate: the acquisition function that the settings name."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.bounds import upper_confidence_bound
from planner.acquisition.candidates import Score
from planner.acquisition.improvement import log_noisy_expected_improvement
from planner.acquisition.learning import log_share_learned, reference_of
from planner.acquisition.situation import Situation
from planner.models import Bounds, Surrogate
from planner.space import Floats

# Share of a candidate's variance that is to be left once the process is known at what waits.
NEAREST = 0.05
# More than acquisition functions differ over a space, in deviations or in nats.
_LOSS = 100.0
_JITTER = 1e-9


def make_score(situation: Situation, surrogate: Surrogate, *, waiting: Floats, seed: int) -> Score:
    """Returns the acquisition function of a situation.

    Args:
        situation: for the objective, the space and the settings.
        surrogate: fitted, not conditioned on what waits.
        waiting: encoded configurations under way or picked earlier in this batch, ``m d``.
        seed: of draws, where it makes any.
    """
    score = _acquisition(situation, surrogate, torch.from_numpy(waiting), seed=seed)
    size = surrogate.prior_sd if situation.acquisition == "ucb" else 1.0
    return kept_apart(score, surrogate, torch.from_numpy(waiting), size=size)


def share_learned(
    situation: Situation,
    surrogate: Surrogate,
    here: Float64[Tensor, "1 d"],
    *,
    waiting: Floats,
    seed: int,
) -> float:
    """Returns the share of what is unknown over the space that a run removes: 0 to 1.

    Args:
        situation: as of ``make_score``.
        surrogate: likewise.
        here: the encoded configuration of the run.
        waiting: as of ``make_score``.
        seed: likewise.
    """
    score = _learning(situation, surrogate, torch.from_numpy(waiting), seed=seed)
    with torch.no_grad():
        return float(score(here).exp())


def _learning(
    situation: Situation, surrogate: Surrogate, pending: Float64[Tensor, "m d"], *, seed: int
) -> Score:
    reference = torch.from_numpy(reference_of(situation.space, seed=seed))
    return log_share_learned(surrogate.conditioned_on(pending), reference)


def kept_apart(
    score: Score, surrogate: Surrogate, waiting: Float64[Tensor, "m d"], *, size: float
) -> Score:
    """Returns the score less what a candidate loses that is a repeat of what waits in all but name.

    That is one of whose variance less than a twentieth is left once the process is known at what
    waits. The fall of the uncertainty around it alone does not keep picks apart where the learned
    noise is large, or where all of them share a parameter. A candidate is still chosen where
    nothing else is left.

    Args:
        score: the acquisition function.
        surrogate: not conditioned on what waits.
        waiting: encoded configurations under way or picked earlier in this batch.
        size: by what amounts scores differ.
    """
    if len(waiting) == 0:
        return score
    known = torch.unique(waiting, dim=0)
    with torch.no_grad():
        cov = surrogate.covariance(known, known)
        jitter = _JITTER * surrogate.prior_sd**2
        factor = torch.linalg.cholesky(cov + jitter * torch.eye(len(known), dtype=cov.dtype))

    def apart(x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        w = torch.linalg.solve_triangular(factor, surrogate.covariance(known, x), upper=False)
        var = surrogate.moments(x)[1].square().clamp_min(jitter)
        left = 1.0 - w.square().sum(dim=0) / var
        return score(x) - _LOSS * size * torch.relu(1.0 - left / NEAREST)

    return apart


def _acquisition(
    situation: Situation, surrogate: Surrogate, pending: Float64[Tensor, "m d"], *, seed: int
) -> Score:
    objective = situation.objective
    match situation.acquisition:
        case "variance":
            return _learning(situation, surrogate, pending, seed=seed)
        case "ucb":
            conditioned, beta = surrogate.conditioned_on(pending), situation.settings.beta
            return lambda x: upper_confidence_bound(conditioned, objective, x, beta=beta)
        case "log_nei":
            bounds = Bounds(*situation.bounds)
            return log_noisy_expected_improvement(
                surrogate, objective, pending=pending, bounds=bounds, seed=seed
            )

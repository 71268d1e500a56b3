"""Integrated variance: how much of what is unknown over the whole space one run would remove.

| symbol | meaning                                                            | shape |
|--------|--------------------------------------------------------------------|-------|
| z      | reference: all rows of a table, or samples that fill the space     | r d   |
| c      | posterior covariance of the process at z and at a candidate        | r     |
| v, t   | variance of the process at the candidate, and of one run around it |       |

A run there lowers the variance at ``z_i`` by ``c_i^2 / (v + t)`` whatever comes out of it, so the
share of the unknown that it removes is ``sum c_i^2 / (v + t) / sum var(z_i)``; its logarithm is
what is climbed. Of a class the process is its margin.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.candidates import Score
from planner.models import Surrogate
from planner.rng import make_generator
from planner.space import Floats, SearchSpace

# Of a larger table this many rows stand for all: the share is then a mean over a random part, and
# is off by a few hundredths of itself, for every candidate alike.
MOST_REFERENCES = 2048
_SAMPLES = 512
# Below this share of the prior variance there is nothing to learn but rounding.
_NOTHING = 1e-30


def log_share_learned(surrogate: Surrogate, reference: Float64[Tensor, "r d"]) -> Score:
    """Returns a function of candidates, ``n d``: the log of the share of variance removed.

    Args:
        surrogate: conditioned on pending trials, where there are any.
        reference: where it matters what is known.

    Source: Seo et al., "Gaussian Process Regression: Active Data Selection and Test Point
    Rejection" (IJCNN 2000), equation 6; Cohn's criterion (1996) for a Gaussian process.
    """
    with torch.no_grad():
        unknown = surrogate.moments(reference)[1].square().sum()
    floor = _NOTHING * surrogate.prior_sd**2

    def score(x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        sd = surrogate.moments(x)[1]
        of_run = sd.square() + surrogate.noise_sd(x).square()
        removed = surrogate.covariance(reference, x).square().sum(dim=0) / of_run.clamp_min(floor)
        return (removed.clamp_min(floor) / unknown.clamp_min(floor)).log()

    return score


def reference_of(space: SearchSpace, *, seed: int) -> Floats:
    """Returns encoded configurations that stand for the space, ``r d``."""
    if space.rows is None:
        return space.encode(space.sample(_SAMPLES, seed=seed))
    if len(space.rows) <= MOST_REFERENCES:
        return space.encoded_rows
    chosen = make_generator(seed).choice(len(space.rows), MOST_REFERENCES, replace=False)
    return space.encoded_rows[np.sort(chosen)]

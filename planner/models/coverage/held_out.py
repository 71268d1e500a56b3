"""Observations predicted without themselves, weighted to stand for the settings not chosen.

What was chosen lies where outcomes are good, and close together. So the plain spread of outcomes,
by which a model is standardised, is not that of the space, and errors there are not those
elsewhere. Each observation is therefore weighted by the share of the space that lies nearest to
it: few of a crowd count, and one that stands alone counts for all its surroundings.

| symbol | meaning                                                                       | shape |
|--------|-------------------------------------------------------------------------------|-------|
| V      | share of the space that is nearest to each observation                        | n     |
| m, s^2 | mean and variance of the process at an observation                            | k n   |
| n^2    | variance of its measurement                                                   | k n   |
| v      | variance of the process without it, ``1 / (1/s^2 - 1/n^2)``                   | k n   |
| u      | mean without it, ``v (m / s^2 - y / n^2)``                                    | k n   |

For a Gaussian process with given hyperparameters that is leave-one-out exactly. Of a mixture each
component is weighted by the inverse density of what is left out, so that it does not count.

Source: weights as Sugiyama, Krauledat and Mueller, "Covariate Shift Adaptation by Importance
Weighted Cross Validation" (J. Mach. Learn. Res. 2007), with the shares of Voronoi cells in the
place of a ratio of densities.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from planner.models.coverage.correction import Evidence
from planner.models.surrogate import Surrogate
from planner.space import Floats

# So many that count most are left out in turn; more teach no more.
_MOST = 200
_PLACES_AT_ONCE = 256
# Of so few effective observations half of what their weighted spread says is believed.
_HALF_BELIEVED = 3.0
# How far the weighted spread is followed, in the logarithm.
_FARTHEST = 1.0


def shares_of_space(x: Floats, places: Floats) -> Floats:
    """Returns the share of places that is nearest to each observation, ``V``; they sum to one.

    Args:
        x: encoded configurations that were measured, ``n d``; replicates share alike.
        places: encoded configurations that stand for the space, ``p d``.
    """
    distinct, setting, counts = np.unique(
        np.round(x, 8), axis=0, return_inverse=True, return_counts=True
    )
    # a few places at a time: of very many observations all distances would take gigabytes
    parts = torch.split(torch.from_numpy(places), _PLACES_AT_ONCE)
    settings = torch.from_numpy(distinct)
    nearest = torch.cat([torch.cdist(part, settings).argmin(dim=1) for part in parts]).numpy()
    cells = np.bincount(nearest, minlength=len(distinct)) / len(places)
    return np.asarray((cells / counts)[setting.ravel()], dtype=np.float64)


def log_fairness(y: Floats, shares: Floats, *, sd: float) -> float:
    """Returns the logarithm of the weighted spread of outcomes over what they were divided by.

    Args:
        y: outcomes, ``n``.
        shares: of the space, ``n``.
        sd: by which the model standardised the outcomes.
    """
    effective = 1.0 / float(shares @ shares)
    if effective < 2.0:
        return 0.0
    mean = float(shares @ y)
    variance = float(shares @ (y - mean) ** 2) / (1.0 - 1.0 / effective)
    if variance <= 0.0:
        return 0.0
    ratio = 0.5 * math.log(variance) - math.log(sd)
    believed = effective / (effective + _HALF_BELIEVED)
    return believed * min(max(ratio, -_FARTHEST), _FARTHEST)


def hold_out(surrogate: Surrogate, shares: Floats) -> Evidence:
    """Returns what the surrogate says of its observations, each without itself.

    Args:
        surrogate: whose observations.
        shares: of the space, in the order of its observations.

    Returns:
        Errors weighted by share and by how little is known there; none of a model whose
        observations cannot be taken out again, as it is no Gaussian process near them.
    """
    heaviest = np.argsort(-shares, kind="stable")[:_MOST]
    seen = surrogate.observations
    index = torch.from_numpy(np.sort(heaviest))
    x, y, var = seen.x[index], seen.y[index], seen.var[index]
    with torch.no_grad():
        said = surrogate.predictive_mixture(x)
    noise = torch.where(var.isnan(), said.noise_sds.square(), var)
    precision = said.sds.square().reciprocal() - noise.reciprocal()
    can_be_left_out = (precision > 0.0).all(dim=0) & (noise > 0.0).all(dim=0)
    if not bool(can_be_left_out.any()):
        return Evidence.none()
    v = precision.clamp_min(1e-300).reciprocal()
    u = v * (said.means / said.sds.square() - y / noise)
    run = v + noise
    log_density = -0.5 * (y - u).square() / run - 0.5 * run.log()
    log_weights = said.weights.log()[:, None] - log_density
    weights = torch.softmax(log_weights, dim=0)
    mean = (weights * u).sum(dim=0)
    variance = (weights * (v + (u - mean).square())).sum(dim=0)
    noise_variance = (weights * noise).sum(dim=0)
    errors = (y - mean) / (variance + noise_variance).sqrt()
    unknown = (variance.sqrt() / surrogate.prior_sd).clamp(0.0, 1.0)
    kept = can_be_left_out.numpy()
    return _weighted(errors.numpy()[kept], unknown.numpy()[kept], shares[index.numpy()][kept])


def _weighted(errors: Floats, unknown: Floats, shares: Floats) -> Evidence:
    weights = shares * unknown**2
    total = float(weights.sum())
    if total <= 0.0:
        return Evidence.none()
    # scaled to the number of equal ones that would say as much
    effective = total**2 / float(weights @ weights)
    return Evidence(errors=errors, unknown=unknown, weights=weights / total * effective)

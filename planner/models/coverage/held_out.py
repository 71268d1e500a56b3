"""Observations predicted without themselves, weighted to stand for the settings not chosen.

What was chosen lies where outcomes are good, and close together. So the plain spread of outcomes,
by which a model is standardised, is not that of the space, and errors there are not those
elsewhere. Each observation is therefore weighted by the share of the space that lies nearest to
it: few of a crowd count, and one that stands alone counts for all its surroundings.

How an observation is taken out of a fit again is the family's own matter
(``planner/models/predictive/left_out.py``). What a fit doubts stands for nothing: its share falls
to its neighbours.

Source: weights as Sugiyama, Krauledat and Mueller, "Covariate Shift Adaptation by Importance
Weighted Cross Validation" (J. Mach. Learn. Res. 2007), with the shares of Voronoi cells in the
place of a ratio of densities.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from planner.models.coverage.correction import Evidence
from planner.models.predictive.left_out import LeftOut
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


def trusted_shares(surrogate: Surrogate, places: Floats) -> Floats:
    """Returns the shares of space of a surrogate's observations, 0 of those that it doubts.

    Args:
        surrogate: whose observations.
        places: encoded configurations that stand for the space, ``p d``.
    """
    trusted = surrogate.trusted.numpy()
    shares = np.zeros(len(trusted))
    shares[trusted] = shares_of_space(surrogate.observations.x.numpy()[trusted], places)
    return shares


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
    rows = torch.from_numpy(np.sort(heaviest[shares[heaviest] > 0.0]))
    said = _left_out_of_all(surrogate, rows)
    weights = torch.softmax(said.log_weights, dim=0)
    mean = (weights * said.means).sum(dim=0)
    variance = (weights * (said.sds.square() + (said.means - mean).square())).sum(dim=0)
    noise = (weights * said.noise_sds.square()).sum(dim=0)
    errors = (surrogate.observations.y[rows] - mean) / (variance + noise).sqrt()
    unknown = (variance.sqrt() / surrogate.prior_sd).clamp(0.0, 1.0)
    kept = said.is_possible.numpy()
    return _weighted(errors.numpy()[kept], unknown.numpy()[kept], shares[rows.numpy()][kept])


def _left_out_of_all(surrogate: Surrogate, rows: Int64[Tensor, " r"]) -> LeftOut:
    """Returns the mixture of all parts of a surrogate; one that doubts a row has no say of it."""
    found, log_weights = [], []
    for weight, part in surrogate.parts:
        with torch.no_grad():
            each = part.left_out(rows)
        doubt = torch.where(part.trusted[rows], 0.0, -math.inf)
        found.append(each)
        log_weights.append(each.log_weights + math.log(weight) + doubt)
    return LeftOut(
        means=torch.cat([each.means for each in found]),
        sds=torch.cat([each.sds for each in found]),
        noise_sds=torch.cat([each.noise_sds for each in found]),
        log_weights=torch.cat(log_weights),
        is_possible=torch.stack([each.is_possible for each in found]).all(dim=0),
    )


def _weighted(errors: Floats, unknown: Floats, shares: Floats) -> Evidence:
    weights = shares * unknown**2
    total = float(weights.sum())
    if total <= 0.0:
        return Evidence.none()
    # scaled to the number of equal ones that would say as much
    effective = total**2 / float(weights @ weights)
    return Evidence.of_errors(errors, unknown, weights=weights / total * effective)

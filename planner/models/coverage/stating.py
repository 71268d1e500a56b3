"""The whole distribution of the next run at one configuration, as it is written down."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.coverage.corrected import Corrected
from planner.models.surrogate import Surrogate
from planner.trials import Spread

# A mixture of more components is written down by groups of them, each with the group's mean and
# deviation: the ledger keeps every forecast.
_MOST_COMPONENTS = 16


def spread_at(surrogate: Surrogate, x: Float64[Tensor, "1 d"]) -> Spread:
    """Returns the distribution of the next single run at one configuration.

    Args:
        surrogate: corrected or not.
        x: the configuration, encoded.
    """
    base = surrogate.base if isinstance(surrogate, Corrected) else surrogate
    with torch.no_grad():
        said = base.predictive_mixture(x)
        (_, sd), noise_sd = base.moments(x), base.noise_sd(x)
        scales, shares = torch.ones(1, 1), torch.ones(1)
        if isinstance(surrogate, Corrected):
            correction = surrogate.correction
            r = (sd / base.prior_sd).clamp(0.0, 1.0)
            scales, shares = correction.scales(r), torch.from_numpy(correction.weights)
    sds = torch.hypot(said.sds, said.noise_sds)[:, 0]
    means, sds, weights = _in_groups(said.means[:, 0], sds, said.weights)
    return Spread(
        means=tuple(means.tolist()),
        sds=tuple(sds.tolist()),
        weights=tuple(weights.tolist()),
        scales=tuple(scales[:, 0].tolist()),
        scale_weights=tuple(shares.tolist()),
        sd=float(sd[0]),
        noise_sd=float(noise_sd[0]),
        prior_sd=base.prior_sd,
    )


def _in_groups(
    means: Float64[Tensor, " k"], sds: Float64[Tensor, " k"], weights: Float64[Tensor, " k"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns at most sixteen components: neighbours in the mean are merged, moments kept."""
    if len(means) <= _MOST_COMPONENTS:
        return means, sds, weights
    order = means.argsort(stable=True)
    means, sds, weights = means[order], sds[order], weights[order]
    # groups of about equal weight
    middles = weights.cumsum(dim=0) - 0.5 * weights
    groups = (middles * _MOST_COMPONENTS).long().clamp(0, _MOST_COMPONENTS - 1)
    in_group = torch.nn.functional.one_hot(groups, _MOST_COMPONENTS).to(means)
    in_group = in_group[:, in_group.sum(dim=0) > 0]
    total = weights @ in_group
    mean = (weights * means) @ in_group / total
    apart = means[:, None] - mean
    variance = (weights[:, None] * in_group * (sds[:, None].square() + apart.square())).sum(dim=0)
    return mean, (variance / total).sqrt(), total

"""Where a search among networks starts: draws of the prior that explain the data."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.networks.evidence import Data, negative_log_evidence
from planner.models.networks.network import Network


def near_the_prior(network: Network, data: Data, *, n: int, seed: int) -> Float64[Tensor, "c p"]:
    """Returns draws of the prior, each moved as little as explains the data.

    Args:
        network: shape of the networks.
        data: what they have to explain.
        n: how many.
        seed: of the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(n, network.n_weights, dtype=data.z.dtype, generator=generator)
    return near(network, data, drawn, steps=60)


def near(
    network: Network, data: Data, anchors: Float64[Tensor, "s p"], *, steps: int
) -> Float64[Tensor, "s p"]:
    """Returns networks near the anchors that explain the data.

    In the many directions that data say nothing of they stay spread as the anchors, and so does
    the posterior: ``min -log p(z | theta) + |theta - anchor|^2 / 2`` of each.

    Args:
        network: shape of the networks.
        data: what they have to explain.
        anchors: draws of the prior, one a network.
        steps: of the search, which is one for all of them.

    Source: the sampler of Bardsley et al., "Randomize-Then-Optimize" (SIAM J. Sci. Comput. 2014).
    """
    theta = anchors.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([theta], max_iter=steps, line_search_fn="strong_wolfe")

    def value() -> Tensor:
        optimiser.zero_grad()
        each = negative_log_evidence(network, data, theta)
        total = each.sum() + 0.5 * (theta - anchors).square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(value)  # type: ignore[no-untyped-call]
    return theta.detach()

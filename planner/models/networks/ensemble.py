"""A deep ensemble with randomised priors: networks of two hidden layers, each trained by itself.

Every member is drawn from the prior and trained to explain the data while it stays as near as it
can to what was drawn (its anchor), so the members agree at the data and differ where there are
none. Of the last layer anchor and bootstrapped noise need not be drawn: the least-squares solution
from a normal anchor and normal noise is a draw of its posterior, which is known exactly.

Trained networks fit noise as well as the process, so the noise is not what they leave: it is
learned from what members that did not see a result miss of it. Lengthscales and signal are
anchored at those of the plain process.

Source: Osband, Aslanides and Cassirer, "Randomized Prior Functions for Deep Reinforcement Learning"
(NeurIPS 2018), lemma 3; anchors after Pearce et al., "Uncertainty in Neural Networks: Approximately
Bayesian Ensembling" (AISTATS 2020).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.drawn.noise import NoiseField, fit_noise
from planner.models.failure import FitFailure
from planner.models.gaussian.fitting import fit as fit_plain
from planner.models.gaussian.process import GaussianProcess
from planner.models.networks.evidence import Data, last_layer
from planner.models.networks.network import Network
from planner.models.networks.starting import near
from planner.models.networks.surrogate import Networks
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import lengthscale_prior
from planner.models.task import Task

_WIDTH = 48
_MEMBERS = 32
_STEPS = 60
# The noise: so many members leave out each part of the data.
_PARTS, _PER_PART = 5, 4
_FEWEST_FOR_NOISE = 10
# How far lengthscales of members lie apart, in deviations of their prior.
_APART = 0.3
# A variance at which a result says nothing.
_UNSEEN = 1e6


def fit(task: Task, *, members: int = _MEMBERS) -> Networks | FitFailure:
    """Trains the members, all at once.

    Args:
        task: what to fit to; its seed is that of all draws.
        members: how many.

    Returns:
        The surrogate, or a value that says why there is none.
    """
    plain = fit_plain(replace(task, memo=None))
    if isinstance(plain, FitFailure):
        return plain
    network = Network(
        columns=task.columns, width=_WIDTH, depth=2, is_expected=plain.scale == task.scale
    )
    data = Data.of(plain.observations, plain.scale)
    generator = torch.Generator().manual_seed(task.seed)
    noise = _noise(network, data, plain, generator)
    theta = near(
        network,
        data.with_noise(noise.log_variance(data.x).exp()),
        _anchors(network, plain, members, generator),
        steps=_STEPS,
    )
    if not bool(theta.isfinite().all()):
        return FitFailure(
            reason="The training of the ensemble ended in what is not a number. Choose a Gaussian "
            "process as the model's family.",
            tried=(f"{_STEPS} steps of {members} members",),
        )
    return Networks(
        observations=plain.observations,
        columns=task.columns,
        scale=plain.scale,
        name="deep_ensemble",
        network=network,
        theta=theta,
        found={"n": len(data.z), "noise": {"level": noise.level, "trends": list(noise.trends)}},
        noise=noise,
    )


def _anchors(
    network: Network, plain: GaussianProcess, n: int, generator: torch.Generator
) -> Float64[Tensor, "s p"]:
    """Returns draws of the prior, their lengthscales and signal near those of the plain process."""
    dtype = plain.observations.y.dtype
    drawn = torch.randn(n, network.n_weights, dtype=dtype, generator=generator)
    prior = lengthscale_prior(network.n_parameters)
    found = torch.tensor(plain.hyperparameters.lengthscales, dtype=dtype).log()
    k = network.n_parameters
    drawn[:, :k] = (found - prior.mean) / prior.sd + _APART * drawn[:, :k]
    signal = sum(network.sizes[:5])
    drawn[:, signal] *= _APART
    return drawn


def _noise(
    network: Network, data: Data, plain: GaussianProcess, generator: torch.Generator
) -> NoiseField:
    """Learns the noise from results that members did not see."""
    level = math.log(max(plain.hyperparameters.noise_variance, SMALLEST_NOISE))
    n, d = data.x.shape
    if n < _FEWEST_FOR_NOISE:
        return NoiseField(level=level, trends=(0.0,) * d)
    part = torch.arange(n)[torch.randperm(n, generator=generator)] % _PARTS
    without = torch.arange(_PARTS).repeat_interleave(_PER_PART)
    is_unseen = without[:, None] == part[None, :]
    known = data.with_noise(torch.full_like(data.z, math.exp(level))).known_noise
    seen = replace(data, known_noise=torch.where(is_unseen, _UNSEEN, known))
    anchors = _anchors(network, plain, len(without), generator)
    theta = near(network, seen, anchors, steps=_STEPS)
    features, last = network.units(theta, data.x).features, last_layer(network, seen, theta)
    means = (features @ last.mean[..., None])[..., 0]
    reduced = torch.linalg.solve_triangular(last.factor, features.mT, upper=False)
    weights = is_unseen.to(means.dtype) / _PER_PART
    mean = (weights * means).sum(dim=0)
    variance = reduced.square().sum(dim=-2) + (means - mean).square()
    return fit_noise(
        data.x.numpy(),
        (data.z - mean).numpy(),
        (weights * variance).sum(dim=0).numpy(),
        known=data.known_noise.numpy(),
    )

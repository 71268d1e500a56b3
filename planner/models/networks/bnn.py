"""A Bayesian neural network for few data: chains over its hidden layer.

Its chains start afresh with every fit, so equal observations give equal draws, whatever was fitted
before; the memo only says how the chains fared.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.quasirandom import SobolEngine

from planner.models.drawn.noise import known_noise
from planner.models.failure import FitFailure
from planner.models.known_noise import prior_beside
from planner.models.networks.evidence import Data, last_layer
from planner.models.networks.network import Network
from planner.models.networks.potential import potential
from planner.models.networks.starting import near_the_prior
from planner.models.networks.surrogate import Networks
from planner.models.sampling.chains import Chains, Effort, sample
from planner.models.sampling.convergence import Convergence, check
from planner.models.scaling import standard_scale
from planner.models.task import Task

# Wide: the fewer units share the work, the sharper is the posterior of each, and the shorter the
# sampler's steps. Beyond this the time of a step grows and its length no longer does.
_WIDTH = 128
_CHAINS = 4
_EFFORT = Effort(n_warmup=80, n_draws=60)
# A second try goes on from the first one's end.
_MORE_EFFORT = Effort(n_warmup=40, n_draws=120)
_KEPT = 32
_WATCHED = 16


def fit(
    task: Task, *, effort: Effort = _EFFORT, more: Effort | None = _MORE_EFFORT
) -> Networks | FitFailure:
    """Draws networks from their posterior.

    Chains that have not converged are continued once. If they still have not, the surrogate says
    so as its ``caveat``; if they describe different posteriors, there is none.

    Args:
        task: what to fit to; its seed is that of all draws.
        effort: how much sampling is done.
        more: how much more where chains have not converged; None for no more.

    Returns:
        The surrogate, or a value that says why there is none.
    """
    ordered = task.observations.in_order()
    scale = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(scale, FitFailure):
        return scale
    data = Data.of(ordered, scale)
    network = Network(
        columns=task.columns,
        width=_WIDTH,
        is_expected=scale == task.scale,
        noise=prior_beside(data.known_noise.numpy()),
    )
    chains = sample(
        partial(potential, network, data),
        near_the_prior(network, data, n=_CHAINS, seed=task.seed),
        effort=effort,
        seed=task.seed,
    )
    convergence = _convergence(network, data, chains)
    if convergence.verdict != "converged" and more is not None:
        chains = sample(
            partial(potential, network, data),
            chains.draws[:, -1],
            effort=more,
            seed=task.seed + 1,
            step_size=chains.step_size,
        )
        convergence = _convergence(network, data, chains)
    if convergence.verdict == "failed":
        return FitFailure(
            reason=f"The chains of the network did not converge: {convergence.words}. "
            f"Choose variational_bnn, or a Gaussian process, as the model's family.",
            tried=(f"{_CHAINS} chains of {effort}", f"continued by {more}"),
        )
    return Networks(
        observations=ordered,
        columns=task.columns,
        scale=scale,
        name="bnn",
        network=network,
        noise=known_noise(data.known_noise.numpy(), d=len(task.columns)),
        theta=_thinned(chains.draws),
        found={"n": len(ordered.y), "convergence": convergence.to_json()},
        doubt=None if convergence.verdict == "converged" else _doubt(convergence),
    )


def _doubt(convergence: Convergence) -> str:
    return (
        f"The network's chains have not converged ({convergence.words}), so its deviations may be "
        f"off; compare with another family before much rests on them."
    )


def _convergence(network: Network, data: Data, chains: Chains) -> Convergence:
    """Judges by what the networks say all over the cube; weights may trade places or scales."""
    engine = SobolEngine(data.x.shape[1], scramble=True, seed=0)  # type: ignore[no-untyped-call]
    x = engine.draw(_WATCHED, dtype=data.x.dtype)
    units = network.units(chains.draws, x)
    last = last_layer(network, data, chains.draws)
    means = (units.features @ last.mean[..., None])[..., 0]
    watched = torch.cat([means, units.log_noise.mean(dim=-1, keepdim=True)], dim=-1)
    return check(watched, divergences=chains.divergences)


def _thinned(draws: Float64[Tensor, "c s p"]) -> Float64[Tensor, "k p"]:
    """Returns draws of all chains, as far apart as there are."""
    per_chain = max(1, _KEPT // len(draws))
    every = torch.linspace(0, draws.shape[1] - 1, min(per_chain, draws.shape[1])).long()
    return draws[:, every].flatten(0, 1)

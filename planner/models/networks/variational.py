"""A Bayesian neural network for more data: a variational posterior of its hidden layer.

Each of a few normal distributions with independent coordinates is fitted to the posterior around a
mode of its own, and all count alike. The last layer stays exact, so what is approximated is which
features there are, not how sure their weights are: with both approximated a network would be as
sure between the data as at them (Foong et al., "On the Expressiveness of Approximate Inference in
Bayesian Neural Networks", NeurIPS 2020).

| symbol   | meaning                                                                     |
|----------|-----------------------------------------------------------------------------|
| q        | a normal of independent coordinates over theta                              |
| bound    | ``E_q[log p(z | theta)] - KL(q, prior)``, below log p(z)                    |

Source: Ranganath et al., "Black Box Variational Inference" (AISTATS 2014), in Pyro.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.drawn.noise import known_noise
from planner.models.failure import FitFailure
from planner.models.known_noise import prior_beside
from planner.models.networks.evidence import Data, negative_log_evidence
from planner.models.networks.network import Network
from planner.models.networks.starting import near_the_prior
from planner.models.networks.surrogate import Networks
from planner.models.scaling import standard_scale
from planner.models.task import Task

_WIDTH = 64
_MODES = 4
_PARTICLES = 2
_STEPS = 1000
_FIRST_RATE, _LAST_RATE = 0.05, 0.005
_FIRST_SD = 0.3
_DRAWS_PER_MODE = 8
# A bound that still rises by more than this many nats a hundred steps has not arrived.
_STILL_RISING = 2.0


def fit(task: Task, *, steps: int = _STEPS) -> Networks | FitFailure:
    """Fits the variational posterior and draws networks from it.

    Args:
        task: what to fit to; its seed is that of all draws.
        steps: of the search.

    Returns:
        The surrogate, with a caveat where the bound was still rising; or a value that says why
        there is none.
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
    theta, bounds = _fitted(network, data, steps=steps, seed=task.seed)
    late = bounds[2 * len(bounds) // 3 :]
    first, second = late[: len(late) // 2], late[len(late) // 2 :]
    rise = float(second.mean() - first.mean()) / max(len(late) / 2, 1) * 100
    if not (math.isfinite(rise) and bool(theta.isfinite().all())):
        return FitFailure(
            reason="The variational network's bound is not a number. Choose a Gaussian process "
            "as the model's family.",
            tried=(f"{steps} steps from {_MODES} starts",),
        )
    return Networks(
        observations=ordered,
        columns=task.columns,
        scale=scale,
        name="variational_bnn",
        network=network,
        noise=known_noise(data.known_noise.numpy(), d=len(task.columns)),
        theta=theta,
        found={"n": len(ordered.y), "bound": float(second.mean()), "rise": rise},
        doubt=_doubt(rise, steps) if abs(rise) > _still(data) else None,
    )


def _still(data: Data) -> float:
    return max(_STILL_RISING, 0.05 * len(data.z))


def _doubt(rise: float, steps: int) -> str:
    return (
        f"The variational network's bound still changed by {rise:.1f} nats in a hundred steps "
        f"after {steps}, so it may explain the data better than it does; compare with another "
        f"family before much rests on it."
    )


def _fitted(
    network: Network, data: Data, *, steps: int, seed: int
) -> tuple[Float64[Tensor, "s p"], Float64[Tensor, " t"]]:
    """Returns draws of the fitted distributions, and the bound by step, a mode's on average."""
    # late: Pyro takes a second to import
    import pyro
    from pyro import distributions as dist
    from pyro.infer import SVI, TraceMeanField_ELBO
    from pyro.optim import ExponentialLR  # type: ignore[attr-defined]

    start = near_the_prior(network, data, n=_MODES, seed=seed)
    first_scale = torch.full_like(start, _FIRST_SD)

    def model() -> None:
        prior = dist.Normal(torch.zeros_like(start), torch.ones_like(start))
        theta = pyro.sample("theta", dist.Independent(prior, 2))
        pyro.factor("evidence", -negative_log_evidence(network, data, theta).sum(dim=-1))

    def guide() -> None:
        mean = pyro.param("mean", start)
        log_sd = pyro.param("log_sd", first_scale.log())
        pyro.sample("theta", dist.Independent(dist.Normal(mean, log_sd.exp()), 2))

    rate = ExponentialLR(
        {
            "optimizer": torch.optim.Adam,
            "optim_args": {"lr": _FIRST_RATE},
            "gamma": (_LAST_RATE / _FIRST_RATE) ** (1.0 / steps),
        }
    )
    elbo = TraceMeanField_ELBO(  # type: ignore[no-untyped-call]
        num_particles=_PARTICLES, vectorize_particles=True, max_plate_nesting=0
    )
    store = pyro.get_param_store()
    # what the sampler and the parameters' store keep globally is put back afterwards
    with torch.random.fork_rng(devices=[]), store.scope(), pyro.validation_enabled(False):
        torch.manual_seed(seed)
        svi = SVI(model, guide, rate, loss=elbo)  # type: ignore[no-untyped-call]
        bounds = []
        for _ in range(steps):
            bounds.append(-svi.step() / _MODES)  # type: ignore[no-untyped-call]
            rate.step()
        mean, sd = store["mean"].detach(), store["log_sd"].detach().exp()
        normal = torch.randn(_DRAWS_PER_MODE, *mean.shape, dtype=mean.dtype, device=mean.device)
        return (mean + sd * normal).flatten(0, 1), torch.tensor(bounds, dtype=mean.dtype)

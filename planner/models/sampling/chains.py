"""Chains of the No-U-Turn sampler, all moved together by one call of a batched potential.

| symbol | meaning                                                                   | shape |
|--------|---------------------------------------------------------------------------|-------|
| theta  | positions of the chains                                                   | c p   |
| U      | potential of each chain: the negative log density                         | c     |

The chains are one point of a product space whose potential is the sum of theirs, so each follows
its own target, and a batch of four costs little more than one. They share the step size, and how
far a transition goes.

Source: Hoffman and Gelman, "The No-U-Turn Sampler" (JMLR 2014); Pyro's implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

Potential = Callable[[Float64[Tensor, "c p"]], Float64[Tensor, " c"]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much sampling is done.

    Args:
        n_warmup: transitions in which the step size is found; they are thrown away.
        n_draws: transitions that are kept, by chain.
        depth: of the longest trajectory, which has 2 to this power steps.
        adapts_mass: whether the scale of each coordinate is learned; where the prior is standard
            normal and the data few, the warm-up is too short to learn better ones.
    """

    n_warmup: int
    n_draws: int
    depth: int = 6
    adapts_mass: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """What the sampler drew.

    Args:
        draws: after warm-up, ``c s p``.
        divergences: transitions after warm-up that left the posterior's surface, those of each
            chain counted, as all move together.
        step_size: that was found.
    """

    draws: Float64[Tensor, "c s p"]
    divergences: int
    step_size: float


def sample(
    potential: Potential,
    start: Float64[Tensor, "c p"],
    *,
    effort: Effort,
    seed: int,
    step_size: float = 0.1,
) -> Chains:
    """Draws from the density ``exp(-potential)``, by one chain from each start.

    The same arguments give the same draws. The sampler draws from torch's global generator, which
    is seeded for the time of the call and put back afterwards.

    Args:
        potential: can be differentiated; where it cannot be computed it raises torch's error for
            matrices that cannot be factored, or is not a number.
        start: of each chain, far enough apart that chains which agree have forgotten it.
        effort: how much sampling is done.
        seed: of all draws.
        step_size: that the search for one begins with.
    """
    # checks of every distribution's arguments would take half of the time
    import pyro

    with torch.random.fork_rng(devices=[]), pyro.validation_enabled(False):
        torch.manual_seed(seed)
        return _run(potential, start, effort=effort, step_size=step_size)


def _run(
    potential: Potential, start: Float64[Tensor, "c p"], *, effort: Effort, step_size: float
) -> Chains:
    # late: Pyro takes a second to import
    from pyro.infer.mcmc import NUTS

    n_chains, p = start.shape
    kernel = NUTS(  # type: ignore[no-untyped-call]
        potential_fn=lambda at: potential(at["theta"].view(n_chains, p)).sum(),
        adapt_mass_matrix=effort.adapts_mass,
        max_tree_depth=effort.depth,
        step_size=step_size,
    )
    kernel.initial_params = {"theta": start.detach().reshape(-1).clone()}
    kernel.setup(effort.n_warmup)  # type: ignore[no-untyped-call]
    at, kept = kernel.initial_params, []
    for index in range(effort.n_warmup + effort.n_draws):
        at = kernel.sample(at)  # type: ignore[no-untyped-call]
        if index >= effort.n_warmup:
            kept.append(at["theta"].view(n_chains, p))
    told = kernel.diagnostics()  # type: ignore[no-untyped-call]
    return Chains(
        draws=torch.stack(kept, dim=1),
        divergences=n_chains * len(told["divergences"]),
        step_size=float(kernel.step_size),
    )

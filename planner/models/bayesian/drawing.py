"""Draws of hyperparameters by the No-U-Turn sampler, with an analytic gradient.

| symbol | meaning                                                                   | shape |
|--------|---------------------------------------------------------------------------|-------|
| u      | coordinates of the hyperparameters                                        | q     |
| B      | root of the covariance of the normal approximation at the highest mode    | q q   |
| t      | what the sampler moves: u = mode + B t, about standard normal             | q     |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.averaging.laplace import Mode
from planner.models.sampling.chains import Chains, Effort, Potential, sample
from planner.models.sampling.convergence import Convergence, check
from planner.space import Floats

N_CHAINS = 4
EFFORT = Effort(n_warmup=80, n_draws=150)
# Chains that have not converged go on for twice as long, so often at most.
_ATTEMPTS = 3
# How far apart the chains start, in deviations of the normal approximation: farther than the
# posterior is wide, so that chains which agree have forgotten where they began.
_APART = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What the sampler drew.

    Args:
        u: draws by chain, ``c s q``.
        convergence: what the chains say of themselves.
    """

    u: Floats
    convergence: Convergence

    def thinned(self, n: int) -> Floats:
        """Returns ``n`` draws, as many of each chain up to one, evenly spaced in it; ``n q``."""
        n_chains, n_draws, size = self.u.shape
        places = np.linspace(0, n_chains * n_draws - 1, n).round().astype(int)
        rows: Floats = self.u.reshape(-1, size)[places]
        return rows


def draw(posterior: Hyperposterior, modes: Sequence[Mode], *, effort: Effort, seed: int) -> Drawn:
    """Draws hyperparameters from their posterior, for longer where the chains do not agree.

    Args:
        posterior: of the hyperparameters.
        modes: of it, the highest first; chains start around them in turn.
        effort: how much sampling is done at first.
        seed: of all draws.

    Returns:
        What the last attempt drew; its convergence may be any.
    """
    mode = modes[0]
    rng = np.random.default_rng(seed)
    start = np.stack([
        np.linalg.solve(mode.root, modes[chain % len(modes)].u - mode.u)
        + _APART * rng.standard_normal(posterior.size)
        for chain in range(N_CHAINS)
    ])  # fmt: skip

    of_u, root = potential([posterior] * N_CHAINS), torch.from_numpy(mode.root)
    for attempt in range(_ATTEMPTS):
        longer = replace(effort, n_draws=effort.n_draws << attempt)
        chains = sample(
            lambda t: of_u(torch.from_numpy(mode.u) + t @ root.T),
            torch.from_numpy(start),
            effort=longer,
            seed=seed + attempt,
            step_size=0.5,
        )
        drawn = _read(posterior, mode, chains)
        if drawn.convergence.verdict == "converged":
            break
        start = chains.draws[:, -1].numpy()
    return drawn


def _read(posterior: Hyperposterior, mode: Mode, chains: Chains) -> Drawn:
    u = mode.u + chains.draws.numpy() @ mode.root.T
    values = np.stack([posterior.values(chain) for chain in u])
    watched = torch.from_numpy(np.concatenate([u, values[..., None]], axis=2))
    return Drawn(u=u, convergence=check(watched, divergences=chains.divergences))


def potential(posteriors: Sequence[Hyperposterior]) -> Potential:
    """Returns minus the log density of coordinates, ``c q``, each row under its own posterior."""

    def value(u: Float64[Tensor, "c q"]) -> Float64[Tensor, " c"]:
        values: Tensor = _Potential.apply(u, posteriors)  # type: ignore[no-untyped-call]
        return values

    return value


class _Potential(torch.autograd.Function):
    """Minus the log density of each row, whose gradient is computed with the value."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, posteriors: Sequence[Hyperposterior]) -> Tensor:
        pairs = zip(posteriors, u.detach().numpy(), strict=True)
        rows = [posterior.value_and_gradient(row) for posterior, row in pairs]
        ctx.save_for_backward(torch.from_numpy(np.stack([-gradient for _, gradient in rows])))
        values = [-value if math.isfinite(value) else math.nan for value, _ in rows]
        return torch.tensor(values, dtype=u.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return grad_outputs[0][:, None] * gradient, None

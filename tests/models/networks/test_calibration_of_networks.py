"""Simulation-based calibration: truths drawn from the prior rank evenly among posterior draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pyro.ops.stats import effective_sample_size

from planner.models.networks.evidence import Data, last_layer, negative_log_posterior
from planner.models.networks.network import Network
from planner.models.sampling.chains import Effort, sample

# Each truth has a chain of its own; all move together, at a step that suits the stiffest. So the
# measurements are coarse, of a known noise, a trajectory may be long, and the ranked draws are few:
# the effective size of a chain must be well above their number, or ranks are uneven from
# autocorrelation alone. With trajectories of 64 steps it was too small for one set of truths in 60.
N_TRUTHS = 128
N_DRAWS, EVERY = 56, 8
BINS = 4
NOISE = 0.5
NETWORK = Network(columns=(0,), width=16)
X = torch.linspace(0.1, 0.9, 4, dtype=torch.float64)[:, None]
HERE = torch.tensor([[0.3]], dtype=torch.float64)


def simulated(seed: int) -> tuple[torch.Tensor, torch.Tensor, Data]:
    """Hidden layers from the prior, the process at a place, and what was measured."""
    generator = torch.Generator().manual_seed(seed)
    theta = torch.randn(N_TRUTHS, NETWORK.n_weights, dtype=torch.float64, generator=generator)
    units = NETWORK.units(theta, torch.cat([X, HERE]))
    w = torch.randn(N_TRUTHS, NETWORK.width + 1, dtype=torch.float64, generator=generator)
    f = (units.features @ w[..., None])[..., 0]
    noise = torch.randn(N_TRUTHS, len(X), dtype=torch.float64, generator=generator)
    z = f[:, :-1] + noise * NOISE**0.5
    return theta, f[:, -1], Data(x=X, z=z, known_noise=torch.full_like(z, NOISE))


def ranks(seed: int, *, sharpened: float, depth: int) -> dict[str, np.ndarray]:
    """Ranks of the truths among draws of ``posterior ** sharpened``."""
    theta, f, data = simulated(seed)
    start = torch.randn(theta.shape, dtype=theta.dtype, generator=torch.Generator().manual_seed(9))
    chains = sample(
        lambda at: sharpened * negative_log_posterior(NETWORK, data, at),
        start,
        effort=Effort(n_warmup=40, n_draws=N_DRAWS, depth=depth),
        seed=seed,
    )
    if sharpened == 1.0:
        watched = chains.draws[:, :, [0, sum(NETWORK.sizes[:5])]]
        each = torch.stack([effective_sample_size(chain[None]) for chain in watched])
        assert float(each.median()) > 2 * N_DRAWS / EVERY, "the chains are too short to be ranked"
    generator = torch.Generator().manual_seed(seed)
    length, signal = 0, sum(NETWORK.sizes[:5])
    told: dict[str, list[torch.Tensor]] = {"length": [], "signal": [], "process": []}
    for index in range(EVERY - 1, N_DRAWS, EVERY):
        draw = chains.draws[:, index]
        last = last_layer(NETWORK, data, draw)
        normal = torch.randn(*last.mean.shape, 1, dtype=draw.dtype, generator=generator)
        w = last.mean[..., None] + torch.linalg.solve_triangular(last.factor.mT, normal, upper=True)
        process = (NETWORK.units(draw, HERE).features @ w)[:, 0, 0]
        told["length"].append(draw[:, length] < theta[:, length])
        told["signal"].append(draw[:, signal] < theta[:, signal])
        told["process"].append(process < f)
    return {name: torch.stack(each).sum(dim=0).numpy() for name, each in told.items()}


def chi_square(rank: np.ndarray) -> float:
    counts = np.bincount(rank * BINS // (N_DRAWS // EVERY + 1), minlength=BINS)
    expected = N_TRUTHS / BINS
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.slow
def test_truths_rank_evenly_among_the_draws_of_the_sampler() -> None:
    """Of 3 degrees of freedom a statistic above 28.3 is a false alarm in 300,000, times three.

    A posterior whose deviations are a third of what they should be puts four fifths of the truths
    in the outer bins: a statistic of some 50.
    """
    seed = int(np.random.default_rng().integers(10**6))
    right = ranks(seed, sharpened=1.0, depth=9)
    # what is wrong need not be sampled well
    wrong = ranks(seed, sharpened=9.0, depth=4)

    assert max(chi_square(rank) for rank in right.values()) < 28.3, right
    assert max(chi_square(rank) for rank in wrong.values()) > 28.3, wrong

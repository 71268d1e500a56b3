"""The sampler against a posterior in closed form, and what it says when it has not converged."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.sampling.chains import Chains, Effort, sample
from planner.models.sampling.convergence import Convergence, check

NOISE_SD = 0.5


def make_regression(n: int = 30, p: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    f = rng.normal(size=(n, p))
    return torch.from_numpy(f), torch.from_numpy(
        f @ rng.normal(size=p) + NOISE_SD * rng.normal(size=n)
    )


def sampled(effort: Effort, *, seed: int, spread: float = 1.0) -> Chains:
    """Chains over the weights of a last layer whose features are given."""
    f, y = make_regression()

    def potential(w: Float64[Tensor, "c p"]) -> Float64[Tensor, " c"]:
        away = (y - w @ f.T) / NOISE_SD
        return 0.5 * (away.square().sum(dim=1) + w.square().sum(dim=1))

    generator = torch.Generator().manual_seed(seed)
    start = spread * torch.randn(4, f.shape[1], dtype=f.dtype, generator=generator)
    return sample(potential, start, effort=effort, seed=seed)


def test_draws_have_the_moments_of_a_conjugate_posterior() -> None:
    f, y = make_regression()
    precision = f.T @ f / NOISE_SD**2 + torch.eye(f.shape[1], dtype=f.dtype)
    cov = torch.linalg.inv(precision)
    mean = cov @ f.T @ y / NOISE_SD**2

    chains = sampled(
        Effort(n_warmup=60, n_draws=150), seed=int(np.random.default_rng().integers(99))
    )

    told = check(chains.draws, divergences=chains.divergences)
    assert told.verdict == "converged", told.words
    draws = chains.draws.flatten(0, 1)
    # At the smallest effective size of any weight; its own error, some 20 %, is in the sixth error.
    error = (cov.diagonal() / told.ess).sqrt()
    # six errors of eight numbers: a false alarm in a million
    assert bool(((draws.mean(dim=0) - mean).abs() < 6 * error).all())
    # squares mix no faster than half as well as the weights themselves
    relative = draws.var(dim=0) / cov.diagonal() - 1.0
    assert bool((relative.abs() < 6 * (2 / (0.5 * told.ess)) ** 0.5).all())


def test_a_run_without_a_warm_up_is_flagged() -> None:
    chains = sampled(Effort(n_warmup=1, n_draws=4, depth=1), seed=1, spread=30.0)

    told = check(chains.draws, divergences=chains.divergences)

    assert told.verdict == "failed"
    assert "R-hat" in told.words


def test_the_seed_makes_the_draws_and_leaves_the_global_generator_alone() -> None:
    effort = Effort(n_warmup=10, n_draws=3)
    before = torch.get_rng_state()

    one, same, other = (sampled(effort, seed=seed).draws for seed in (1, 1, 2))

    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_potential_that_cannot_be_computed_is_counted_as_a_divergence() -> None:
    def walled(w: Float64[Tensor, "c p"]) -> Float64[Tensor, " c"]:
        return torch.where(w[:, 0] > 0.0, 0.5 * w.square().sum(dim=1), torch.nan)

    start = torch.full((2, 1), 0.1, dtype=torch.float64)
    chains = sample(walled, start, effort=Effort(n_warmup=0, n_draws=20), seed=0, step_size=0.5)

    assert chains.divergences > 0
    assert bool((chains.draws > 0).all())


def test_split_r_hat_is_that_of_its_formula() -> None:
    rng = np.random.default_rng(3)
    chain = rng.normal(size=(3, 40, 1)) + rng.normal(size=(3, 1, 1))
    halves = chain.reshape(6, 20)
    within = halves.var(axis=1, ddof=1).mean()
    between = halves.mean(axis=1).var(ddof=1)

    told = check(torch.from_numpy(chain), divergences=0)

    np.testing.assert_allclose(told.r_hat, np.sqrt((19 / 20 * within + between) / within))


def test_independent_draws_count_fully_and_repeated_ones_do_not() -> None:
    """Of 4 chains of 250 the estimate of the effective size is off by about a tenth."""
    draws = torch.from_numpy(np.random.default_rng().normal(size=(4, 250, 1)))

    assert 500 < check(draws, divergences=0).ess < 2000
    # each draw ten times over: a hundred independent ones
    assert check(draws[:, :25].repeat_interleave(10, dim=1), divergences=0).ess < 200


def test_chains_that_never_move_have_failed() -> None:
    told = check(torch.ones(4, 50, 2, dtype=torch.float64), divergences=0)

    assert told.verdict == "failed"
    assert told.to_json()["r_hat"] is None


def test_a_few_divergences_are_doubtful_and_many_a_failure() -> None:
    def of(divergences: int) -> Convergence:
        return Convergence(r_hat=1.0, ess=300, divergences=divergences, n_chains=4, n_draws=400)

    assert of(0).verdict == "converged"
    assert of(8).verdict == "doubtful"
    assert of(80).verdict == "failed"

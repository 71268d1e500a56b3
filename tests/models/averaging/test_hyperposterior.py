"""Posteriors of hyperparameters, their modes and proposals, against closed forms and a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from planner.models.averaging.evidence import Evidence
from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.averaging.importance import smoothed_weights
from planner.models.averaging.laplace import Mode, around, find_modes, propose
from planner.models.priors import SAAS_SCALE, LogNormal
from tests.models.averaging.test_evidence import make_evidence
from tests.oracles import hyperparameters as oracle

LENGTHSCALE, NOISE, SIGNAL = LogNormal(-1.0, 1.0), LogNormal(-3.0, 0.8), LogNormal(0.2, 1.5)


def make_posterior(evidence: Evidence, *, is_sparse: bool = False) -> Hyperposterior:
    if is_sparse:
        return Hyperposterior.with_sparse_axes(evidence, noise=NOISE, signal=SIGNAL)
    return Hyperposterior.with_log_normals(
        evidence, lengthscale=LENGTHSCALE, noise=NOISE, signal=SIGNAL
    )


@pytest.mark.parametrize("is_sparse", [False, True])
def test_the_gradient_is_that_of_finite_differences(is_sparse: bool) -> None:
    posterior, step = make_posterior(make_evidence(), is_sparse=is_sparse), 1e-5
    u = np.random.default_rng(1).normal(size=posterior.size)

    gradient = posterior.value_and_gradient(u)[1]

    for index, move in enumerate(step * np.eye(posterior.size)):
        ahead, behind = posterior.values(np.stack([u + move, u - move]))
        # rounding of values of 100 over the step of 1e-5 leaves 1e-8, the third derivative less
        assert gradient[index] == pytest.approx((ahead - behind) / (2 * step), abs=1e-5)


def test_log_normal_priors_are_what_they_say() -> None:
    posterior = make_posterior(make_evidence())
    u = np.random.default_rng(2).normal(size=(20, 4))
    priors = [LENGTHSCALE, LENGTHSCALE, NOISE, SIGNAL]

    prior = posterior.values(u) - posterior.evidence.values(posterior.theta(u))

    theta = posterior.theta(u)
    expected = sum(
        stats.norm.logpdf(theta[:, i], prior.mean, prior.sd) for i, prior in enumerate(priors)
    )
    # equal up to a constant; rounding of values of 100
    np.testing.assert_allclose(prior - prior[0], expected - expected[0], atol=1e-10)


def test_the_sparse_prior_is_that_of_half_cauchy_scales() -> None:
    rng = np.random.default_rng()
    posterior, n = make_posterior(make_evidence(), is_sparse=True), 4_000
    shared = SAAS_SCALE * np.abs(rng.standard_cauchy(n))
    inverse_squares = shared[:, None] * np.abs(rng.standard_cauchy((n, 2)))

    # coordinates of the logarithm of a half-Cauchy: by its inverse distribution function
    u = np.log(np.tan(0.5 * math.pi * rng.random((n, 5))))
    drawn = np.exp(-2.0 * posterior.theta(u)[:, :2])

    # two samples of 4000: the largest difference of their distributions exceeds .06 in 1 of 1e6
    for column in range(2):
        assert stats.ks_2samp(drawn[:, column], inverse_squares[:, column]).statistic < 0.06
    ratio = stats.ks_2samp(drawn[:, 0] / drawn[:, 1], inverse_squares[:, 0] / inverse_squares[:, 1])
    assert ratio.statistic < 0.06
    # and the density of those coordinates is 1 / (pi cosh u)
    at = np.zeros((2, 5))
    at[1, 0] = 1.3
    prior = posterior.values(at) - posterior.evidence.values(posterior.theta(at))
    assert prior[1] - prior[0] == pytest.approx(-math.log(math.cosh(1.3)), abs=1e-10)


def test_a_proposal_has_the_density_that_it_states() -> None:
    rng = np.random.default_rng(4)
    root = np.linalg.cholesky(np.array([[0.5, 0.2], [0.2, 0.3]]))
    modes = [Mode(np.array([1.0, -1.0]), 0.0, root), Mode(np.array([-2.0, 0.0]), -1.0, 0.4 * root)]
    proposal = propose(around(modes, 2048))

    # a normal target well inside: its total mass and mean from weighted draws
    target = stats.multivariate_normal([0.5, -0.7], [[0.3, 0.1], [0.1, 0.4]])
    weights = smoothed_weights(target.logpdf(proposal.u) - proposal.log_density)

    mean = weights.w @ proposal.u
    error = np.sqrt(weights.w**2 @ (proposal.u - mean) ** 2)
    # five standard errors of as many independent draws, than which quasi-random ones are better
    assert (np.abs(mean - target.mean) < 5 * error).all()
    assert weights.n_effective > 200
    # no other density gives the right mean: the negative control
    wrong = smoothed_weights(target.logpdf(proposal.u) - rng.permutation(proposal.log_density))
    assert (np.abs(wrong.w @ proposal.u - target.mean) > 5 * error).any()


def test_the_first_draws_of_a_longer_proposal_are_those_of_the_shorter() -> None:
    parts = around([Mode(np.zeros(3), 0.0, np.eye(3))], 200)

    longer = propose((*parts, *parts))

    np.testing.assert_array_equal(longer.u[: len(propose(parts).u)], propose(parts).u)


def test_before_any_observation_the_posterior_is_the_prior() -> None:
    empty = Evidence(
        distances=np.zeros((2, 0, 0)), z=np.empty(0), known_noise=np.empty(0), mean_variance=1.0
    )
    posterior = make_posterior(empty)

    (mode,) = find_modes(posterior, [np.full(4, 0.5), np.full(4, -1.0)])

    # the optimiser stops at a gradient of 1e-5
    np.testing.assert_allclose(mode.u, np.zeros(4), atol=1e-4)
    np.testing.assert_allclose(mode.root @ mode.root.T, np.eye(4), atol=1e-6)


def average_errors(seed: int, *, is_weighted: bool) -> np.ndarray:
    """Errors of the coordinates' means against a grid, in standard errors of the draws."""
    rng = np.random.default_rng(seed)
    x = rng.random((5, 1))
    z = rng.normal(0.0, 1.0) + np.sin(6.0 * x[:, 0]) + rng.normal(0.0, 0.2, 5)
    data = oracle.Data(x=x, z=z, mean_variance=4.0)
    evidence = Evidence(
        distances=((x - x.T) ** 2)[None], z=z, known_noise=np.full(5, np.nan), mean_variance=4.0
    )
    posterior = make_posterior(evidence)
    modes = find_modes(posterior, [np.zeros(3), np.array([1.0, 2.0, 0.0])])
    proposal = propose(around(modes, 256))
    log_ratios = posterior.values(proposal.u) - proposal.log_density
    weights = smoothed_weights(log_ratios if is_weighted else np.zeros(len(log_ratios)))

    def log_density(u: np.ndarray) -> np.ndarray:
        return oracle.log_likelihood(data, posterior.theta(u)) - 0.5 * (u**2).sum(axis=-1)

    # 17 nodes over 4.5 deviations: 0.56 apart, where the rule for a normal errs by 1e-13
    mean, sd = oracle.moments_by_grid(log_density, 3, reach=4.5, n=17)
    return (weights.w @ proposal.u - mean) / (sd / math.sqrt(weights.n_effective))


def test_weighted_draws_average_as_a_grid_over_the_posterior_does() -> None:
    seeds = np.random.default_rng().integers(1 << 31, size=5)

    errors = np.concatenate([average_errors(int(seed), is_weighted=True) for seed in seeds])

    # 15 errors in standard errors; quasi-random draws err less than independent ones would: their
    # mean square was at most 0.3 in 40 such tests, and without the weights at least 3.1
    assert np.mean(errors**2) < 1.2
    # without the weights they are biased by about one deviation: the negative control
    plain = np.concatenate([average_errors(int(seed), is_weighted=False) for seed in seeds])
    assert np.mean(plain**2) > 1.2

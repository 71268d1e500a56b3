"""The network's prior and its posterior given a hidden layer, each computed another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from planner.models import Hyperparameters, Observations, OutcomeScale
from planner.models.gaussian import kernel
from planner.models.networks.evidence import Data, negative_log_evidence, negative_log_posterior
from planner.models.networks.network import Network
from planner.models.networks.potential import potential
from planner.models.networks.surrogate import Networks

COLUMNS = (0, 1, 2, 2, 2)  # two numbers and a category of three choices
SCALE = OutcomeScale(mean=40.0, sd=7.0)


def make_observations(n: int, seed: int) -> Observations:
    rng = np.random.default_rng(seed)
    x = np.hstack([rng.random((n, 2)), np.eye(3)[rng.integers(3, size=n)]])
    var = np.where(rng.random(n) < 0.5, 4.0, np.nan)
    return Observations.from_arrays(x, 40.0 + 7.0 * rng.normal(size=n), var)


def make_theta(network: Network, s: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(s, network.n_weights, dtype=torch.float64, generator=generator)


def networks(observations: Observations, *, s: int, width: int = 20) -> Networks:
    network = Network(columns=COLUMNS, width=width)
    return Networks(
        observations=observations,
        columns=COLUMNS,
        scale=SCALE,
        name="bnn",
        network=network,
        theta=make_theta(network, s),
        found={},
    )


@pytest.mark.parametrize("p", [2, 5])
def test_prior_functions_vary_as_those_of_the_plain_process(p: int) -> None:
    """Mean over 300 hidden layers of 100 units: of the correlations' own error 0.01 is left."""
    network = Network(columns=tuple(range(p)), width=100)
    theta = make_theta(network, 300)
    theta[:, :p] = 0.0  # lengthscales in the middle of their prior
    theta[:, -1] = 0.0  # and so the signal
    x = torch.from_numpy(np.random.default_rng(0).random((40, p)))

    features = network.units(theta, x).features[..., :-1]

    cov = (features @ features.mT).mean(dim=0)
    lengthscales = tuple(network.log_lengthscales(theta)[0].exp().tolist())
    h = Hyperparameters(lengthscales=lengthscales, noise_variance=0.1, mean=0.0)
    plain = kernel.matern(x, x, columns=network.columns, hyperparameters=h)
    sd = cov.diagonal().sqrt()
    assert float((cov / torch.outer(sd, sd) - plain).abs().mean()) < 0.2
    assert 0.6 < float(cov.diagonal().mean()) < 1.4
    # a correlation that is 1 everywhere, or 0, is far from that
    assert float((1.0 - plain).abs().mean()) > 0.3


@pytest.mark.parametrize("n", [7, 30])
def test_the_evidence_is_the_density_of_a_normal(n: int) -> None:
    """Fewer observations than units and more, which are computed differently."""
    data = Data.of(make_observations(n, 1), SCALE)
    network = Network(columns=COLUMNS, width=20)
    theta = make_theta(network, 3)
    units = network.units(theta, data.x)

    cov = units.features @ units.features.mT + torch.diag_embed(data.noise(units))
    dense = MultivariateNormal(torch.zeros(n, dtype=torch.float64), cov).log_prob(data.z)

    ours = negative_log_evidence(network, data, theta) + 0.5 * n * math.log(2 * math.pi)
    # conditions of some 1e3 times rounding of values of some 1e2
    torch.testing.assert_close(ours, -dense, atol=1e-9, rtol=0)


def test_the_gradient_by_hand_is_that_of_the_traced_posterior() -> None:
    data = Data.of(make_observations(12, 2), SCALE)
    network = Network(columns=COLUMNS, width=9)
    theta = make_theta(network, 3).requires_grad_()

    by_hand, traced = (of(network, data, theta) for of in (potential, negative_log_posterior))

    torch.testing.assert_close(by_hand, traced, atol=1e-9, rtol=0)
    torch.testing.assert_close(
        torch.autograd.grad(by_hand.sum(), theta)[0],
        torch.autograd.grad(traced.sum(), theta)[0],
        atol=1e-8,
        rtol=0,
    )


def test_one_hidden_layer_is_a_process_with_the_features_as_its_kernel() -> None:
    observations, x = make_observations(15, 3), make_observations(6, 4).x
    one = networks(observations, s=1)
    data = Data.of(observations, SCALE)
    units, there = one.network.units(one.theta, data.x), one.network.units(one.theta, x)
    f, g, noise = units.features[0], there.features[0], data.noise(units)[0]

    gain = torch.linalg.solve(f @ f.T + torch.diag(noise), f @ g.T).T
    mean, cov = gain @ data.z, g @ g.T - gain @ f @ g.T

    joint = one.joint(x)
    # conditions of some 1e3 times rounding of outcomes of 40
    torch.testing.assert_close(joint.mean, 40.0 + 7.0 * mean, atol=1e-9, rtol=0)
    torch.testing.assert_close(joint.cov, 49.0 * cov, atol=1e-9, rtol=0)
    torch.testing.assert_close(one.moments(x)[1].square(), 49.0 * cov.diagonal(), atol=1e-9, rtol=0)


def test_botorch_is_given_the_mean_and_covariance_that_are_stated() -> None:
    several = networks(make_observations(10, 12), s=4)
    x = make_observations(6, 13).x

    batch = several.model.posterior(torch.stack([x, x.flip(0)]))
    joint = several.joint(x)

    # conditions of some 1e3 times rounding of outcomes of 40; the jitter is 1e-6 of the variance
    torch.testing.assert_close(batch.mean[0, :, 0], joint.mean, atol=1e-9, rtol=0)
    torch.testing.assert_close(batch.mean[1, :, 0], joint.mean.flip(0), atol=1e-9, rtol=0)
    covariance = batch.distribution.covariance_matrix
    torch.testing.assert_close(covariance[0], joint.cov, atol=1.1e-6 * 49.0, rtol=0)
    torch.testing.assert_close(covariance[1], joint.cov.flip(0, 1), atol=1.1e-6 * 49.0, rtol=0)


def test_draws_have_the_moments_that_are_stated() -> None:
    several = networks(make_observations(10, 5), s=8)
    x = make_observations(5, 6).x
    n = 20_000

    draws, joint = several.draw(x, n, seed=1), several.joint(x)

    error = (joint.cov.diagonal() / n).sqrt()
    # five errors of five means: a false alarm in 350,000
    assert bool(((draws.mean(dim=0) - joint.mean).abs() < 5 * error).all())
    # a mixture's squares vary more than a normal's, at most by its kurtosis of here below 6
    bound = 5 * torch.outer(error, error) * (6 * n) ** 0.5
    assert bool(((torch.cov(draws.T) - joint.cov).abs() < bound).all())
    assert torch.equal(draws, several.draw(x, n, seed=1))


def test_the_mixture_has_the_moments_of_the_prediction() -> None:
    several, x = networks(make_observations(10, 7), s=6), make_observations(9, 8).x

    said, predicted = several.predictive_mixture(x), several.predict(x)

    mean = said.weights @ said.means
    variance = said.weights @ (said.sds.square() + (said.means - mean).square())
    torch.testing.assert_close(mean, predicted.mean)
    torch.testing.assert_close(variance.sqrt(), predicted.sd)
    torch.testing.assert_close((said.weights @ said.noise_sds.square()).sqrt(), predicted.noise_sd)


def test_the_moments_can_be_climbed() -> None:
    several = networks(make_observations(10, 9), s=2, width=6)
    x = make_observations(1, 10).x.requires_grad_()

    def upper(at: torch.Tensor) -> torch.Tensor:
        mean, sd = several.moments(at)
        return mean + sd

    assert torch.autograd.gradcheck(upper, (x,))

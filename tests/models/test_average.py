"""The average of surrogates against sums over its components, and as a BoTorch model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from botorch.acquisition.active_learning import qNegIntegratedPosteriorVariance
from botorch.acquisition.analytic import ExpectedImprovement
from botorch.acquisition.knowledge_gradient import qKnowledgeGradient
from botorch.acquisition.logei import qLogExpectedImprovement, qLogNoisyExpectedImprovement
from botorch.acquisition.max_value_entropy_search import qLowerBoundMaxValueEntropy
from botorch.acquisition.monte_carlo import (
    qLowerConfidenceBound,
    qProbabilityOfImprovement,
    qSimpleRegret,
    qUpperConfidenceBound,
)
from botorch.acquisition.objective import ScalarizedPosteriorTransform
from botorch.generation.sampling import MaxPosteriorSampling
from botorch.models.model import Model
from botorch.sampling.normal import IIDNormalSampler, SobolQMCNormalSampler
from scipy.stats import norm
from torch import Tensor

from planner.errors import InputError
from planner.models import GaussianProcess, Observations, Surrogate, Task, fit
from planner.models.average import Average
from planner.models.averaging.averaged_gp import AveragedProcess, fit_averaged

COLUMNS = (0, 1, 1, 1)
WEIGHTS = (0.5, 0.3, 0.2)


def make_configurations(n: int, seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.hstack([rng.random((n, 1)), np.eye(3)[rng.integers(3, size=n)]]))


def make_components(n: int = 14, seed: int = 1) -> tuple[GaussianProcess, ...]:
    """Three processes that disagree about everything, of noise partly known."""
    rng = np.random.default_rng(seed)
    x = make_configurations(n, seed).numpy()
    y = 40.0 + 7.0 * np.sin(6.0 * x[:, 0]) + 3.0 * x[:, 2] + rng.normal(0.0, 0.5, n)
    var = np.where(rng.random(n) < 0.3, 0.25, np.nan)
    first = fit(Task(observations=Observations.from_arrays(x, y, var), columns=COLUMNS))
    assert isinstance(first, GaussianProcess)
    h = first.hyperparameters
    short = replace(h, lengthscales=(0.1, 0.4), noise_variance=0.1, mean=0.6)
    loud = replace(h, signal_variance=3.0, noise_variance=0.3, mean=-0.5)
    return (
        first,
        replace(first, hyperparameters=short),
        replace(first, hyperparameters=loud),
    )


def make_average(**of: int) -> Average:
    return Average(make_components(**of), WEIGHTS)


def pieced(average: Average) -> Average:
    """The same mixture of components of different kinds, which are evaluated one by one."""
    rest = Average(average.components[1:], (0.6, 0.4))
    return Average((average.components[0], rest), (0.5, 0.5))


@pytest.mark.parametrize("is_pieced", [False, True])
def test_moments_are_those_of_the_mixture(is_pieced: bool) -> None:
    average, at = make_average(), make_configurations(20, 2)
    average = pieced(average) if is_pieced else average
    parts = [each.predict(at) for each in make_components()]
    w = np.array(WEIGHTS)[:, None]
    mean = sum(w[i] * parts[i].mean.numpy() for i in range(3))
    second = sum(w[i] * (parts[i].sd.numpy() ** 2 + parts[i].mean.numpy() ** 2) for i in range(3))
    noise = sum(w[i] * parts[i].noise_sd.numpy() ** 2 for i in range(3))

    said = average.predict(at)

    # second moments of 50^2 in double precision leave 1e-12, times some ten operations
    np.testing.assert_allclose(said.mean.numpy(), mean, atol=1e-11)
    np.testing.assert_allclose(said.sd.numpy() ** 2, second - mean**2, atol=1e-10)
    np.testing.assert_allclose(said.noise_sd.numpy() ** 2, noise, atol=1e-12)


@pytest.mark.parametrize("is_pieced", [False, True])
def test_covariance_is_that_of_the_mixture(is_pieced: bool) -> None:
    average, at = make_average(), make_configurations(9, 3)
    average = pieced(average) if is_pieced else average
    joints = [each.joint(at) for each in make_components()]
    mean = sum(w * each.mean for w, each in zip(WEIGHTS, joints, strict=True))
    second = sum(
        w * (each.cov + torch.outer(each.mean, each.mean))
        for w, each in zip(WEIGHTS, joints, strict=True)
    )

    # as above: differences of second moments of 50^2
    torch.testing.assert_close(
        average.covariance(at, at), second - torch.outer(mean, mean), atol=1e-10, rtol=0
    )
    torch.testing.assert_close(
        average.covariance(at[:4], at[2:]), average.covariance(at, at)[:4, 2:], atol=1e-11, rtol=0
    )
    torch.testing.assert_close(
        average.covariance(at, at).diagonal(), average.moments(at)[1].square(), atol=1e-10, rtol=0
    )


@pytest.mark.parametrize("is_pieced", [False, True])
def test_moments_have_the_gradient_of_finite_differences(is_pieced: bool) -> None:
    average = make_average()
    average = pieced(average) if is_pieced else average
    at = make_configurations(3, 4).requires_grad_(True)

    # compares with central differences of 1e-6, whose own error is below 1e-5 of values of 50
    assert torch.autograd.gradcheck(average.moments, at, atol=1e-4)


def test_densities_are_those_of_a_mixture_of_normals() -> None:
    average, at = make_average(), make_configurations(5, 5)
    y = torch.linspace(25.0, 60.0, 5, dtype=torch.float64)
    var = torch.tensor([np.nan, 4.0, np.nan, 0.01, np.nan], dtype=torch.float64)
    density = np.zeros(5)
    for weight, each in zip(WEIGHTS, average.components, strict=True):
        said = each.predict(at)
        noise = np.where(var.isnan(), said.noise_sd.numpy() ** 2, var.numpy())
        sd = np.sqrt(said.sd.numpy() ** 2 + noise)
        density += weight * norm.pdf(y.numpy(), said.mean.numpy(), sd)

    for one in (average, pieced(average)):
        # logarithms of densities down to exp(-600): their relative error is rounding
        np.testing.assert_allclose(one.log_density(at, y, var).numpy(), np.log(density), rtol=1e-9)


def test_draws_have_the_moments_of_the_mixture() -> None:
    average, at = make_average(), make_configurations(3, 6)
    n = 20_000

    draws = average.draw(at, n, seed=4)

    joint = average.joint(at)
    # five standard errors from the same draws: a false alarm in 1.7 million, times nine
    mean_error = draws.std(dim=0) / n**0.5
    assert bool(((draws.mean(dim=0) - joint.mean).abs() < 5 * mean_error).all())
    around = draws - draws.mean(dim=0)
    products = around[:, :, None] * around[:, None, :]
    error = products.std(dim=0) / n**0.5
    assert bool(((products.mean(dim=0) - joint.cov).abs() < 5 * error).all())
    assert torch.equal(draws, average.draw(at, n, seed=4))


def test_few_draws_are_of_components_as_often_as_they_weigh() -> None:
    at = make_configurations(1, 7)
    # of outcomes 1000 apart, with deviations below 30, the draws tell whose they are
    apart = Average(
        tuple(
            replace(
                each,
                observations=replace(each.observations, y=each.observations.y + 1000.0 * index),
                scale=replace(each.scale, mean=each.scale.mean + 1000.0 * index),
            )
            for index, each in enumerate(make_components())
        ),
        WEIGHTS,
    )
    n = 500

    first = torch.cat([apart.draw(at, 1, seed=seed)[:, 0] for seed in range(n)])

    counts = torch.bincount(((first - 40.0) / 1000.0).round().long(), minlength=3).numpy()
    expected = n * np.array(WEIGHTS)
    # single draws are multinomial; five standard errors
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected * (1 - np.array(WEIGHTS)))).all()


def test_fantasies_leave_the_mean_and_lower_the_uncertainty() -> None:
    average, pending, at = make_average(), make_configurations(3, 8), make_configurations(40, 9)

    after = average.conditioned_on(pending)

    # as of one process: only rounding of 50 moves the mean
    torch.testing.assert_close(after.moments(at)[0], average.moments(at)[0], atol=1e-9, rtol=0)
    assert bool((after.moments(at)[1] <= average.moments(at)[1] + 1e-9).all())
    assert bool((after.moments(pending)[1] < average.moments(pending)[1]).all())
    assert after.weights == average.weights


def test_an_average_of_one_is_that_one() -> None:
    only, at = make_components()[0], make_configurations(8, 10)
    average = Average((only,), (1.0,))

    # the same operations in the same order, one of them a product with 1
    torch.testing.assert_close(average.joint(at).mean, only.joint(at).mean, atol=1e-12, rtol=0)
    torch.testing.assert_close(average.joint(at).cov, only.joint(at).cov, atol=1e-12, rtol=0)
    assert average.prior_sd == pytest.approx(only.prior_sd)
    assert average.lengthscales == pytest.approx(only.lengthscales)


@pytest.mark.parametrize(
    "weights", [(0.5, 0.5), (0.5, 0.6, -0.1), (0.5, 0.3, 0.3), (1.0, 0.0, 0.0)]
)
def test_weights_that_are_none_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="weight"):
        Average(make_components(), weights)


@pytest.mark.parametrize("is_pieced", [False, True])
def test_the_botorch_model_is_the_same_mixture(is_pieced: bool) -> None:
    average, at = make_average(), make_configurations(4, 11)
    average = pieced(average) if is_pieced else average
    posterior = average.model.posterior(at.reshape(2, 2, -1))
    n = 2**14

    draws = SobolQMCNormalSampler(torch.Size([n]), seed=1)(posterior).reshape(n, 4)
    free = posterior.rsample(torch.Size([n])).reshape(n, 4)

    mean, sd = average.moments(at)
    # the jitter of 1e-9 prior variances of 100 is the difference
    torch.testing.assert_close(posterior.mean.reshape(-1), mean, atol=1e-7, rtol=0)
    torch.testing.assert_close(posterior.variance.reshape(-1), sd.square(), atol=1e-6, rtol=0)
    joint = average.covariance(at[:2], at[:2])
    for drawn in (draws, free):
        # five standard errors of as many independent draws, of which the quasi-random have fewer
        assert bool(((drawn.mean(dim=0) - mean).abs() < 5 * drawn.std(dim=0) / n**0.5).all())
        product = (drawn[:, 0] - mean[0]) * (drawn[:, 1] - mean[1])
        assert abs(product.mean() - joint[0, 1]) < 5 * product.std() / n**0.5


def test_improvement_of_the_mixture_is_the_mean_of_that_of_its_components() -> None:
    average, at = make_average(), make_configurations(6, 12)
    best = float(average.observations.y.max()) - 2.0
    n = 2**14
    exact = sum(
        weight * ExpectedImprovement(each.model, best)(at[:, None])
        for weight, each in zip(WEIGHTS, average.components, strict=True)
    )

    for model in (average.model, pieced(average).model):
        sampler = IIDNormalSampler(torch.Size([n]), seed=2)
        found = qLogExpectedImprovement(model, best, sampler=sampler)(at[:, None]).exp()
        gain = (sampler(model.posterior(at[:, None]))[..., 0, 0] - best).clamp_min(0.0)
        # five standard errors of these draws, and the smoothing of BoTorch: tau_relu of 1e-6
        assert bool(((found - exact).abs() < 5 * gain.std(dim=0) / n**0.5 + 1e-5).all())


def every_acquisition(model: Model, surrogate: Surrogate, at: Tensor) -> dict[str, object]:
    best, turned = 45.0, ScalarizedPosteriorTransform(torch.tensor([-1.0], dtype=torch.float64))
    seen = surrogate.observations.x
    return {
        "noisy improvement": qLogNoisyExpectedImprovement(model, seen, X_pending=at[:1]),
        "improvement of a minimum": qLogExpectedImprovement(
            model, -best, posterior_transform=turned
        ),
        "probability": qProbabilityOfImprovement(model, best),
        "upper bound": qUpperConfidenceBound(model, 2.0),
        "lower bound": qLowerConfidenceBound(model, 2.0),
        "mean": qSimpleRegret(model),
        "integrated variance": qNegIntegratedPosteriorVariance(model, at),
        "knowledge": qKnowledgeGradient(model, num_fantasies=2),
        "entropy": qLowerBoundMaxValueEntropy(model, at),
    }


@pytest.mark.parametrize("is_pieced", [False, True])
def test_every_acquisition_from_draws_works_on_the_mixture(is_pieced: bool) -> None:
    average, at = make_average(), make_configurations(12, 13)
    average = pieced(average) if is_pieced else average

    for name, acquisition in every_acquisition(average.model, average, at).items():
        x = at[:, None] if name == "entropy" else at.reshape(4, 3, -1)
        x = x.clone().requires_grad_(True)
        value = acquisition(x)
        value.sum().backward()
        assert value.shape == x.shape[:1], name
        assert bool(value.isfinite().all()), name
        assert bool(x.grad.isfinite().all()), name
        assert bool((x.grad != 0).any()), name
    picked = MaxPosteriorSampling(average.model, replacement=False)(at, 3)
    assert all(any(torch.equal(row, one) for one in at) for row in picked)


def test_what_a_component_warns_of_the_average_warns_of() -> None:
    plain = make_components()[0]
    averaged = fit_averaged(Task(observations=plain.observations, columns=COLUMNS))
    assert isinstance(averaged, AveragedProcess)
    doubtful = replace(averaged, diagnosis=replace(averaged.diagnosis, k_hat=0.9))

    assert Average((plain, doubtful), (0.5, 0.5)).caveat == doubtful.caveat
    assert Average((plain, plain), (0.5, 0.5)).caveat is None

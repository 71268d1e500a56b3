"""The surrogate against dense algebra and against BoTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from planner.models import Observations, OutcomeScale, Surrogate, Task, fit
from tests.oracles import gaussian_process as oracle

COLUMNS = (0, 1, 2, 2, 2)  # two numbers and a category of three choices


def make_observations(n: int, seed: int, *, known_noise: bool = False) -> Observations:
    rng = np.random.default_rng(seed)
    category = np.eye(3)[rng.integers(3, size=n)]
    x = np.hstack([rng.random((n, 2)), category])
    y = 40.0 + 7.0 * np.sin(4 * x[:, 0]) + 3.0 * category[:, 1] + rng.normal(0.0, 0.3, n)
    var = np.where(rng.random(n) < 0.5, 0.09, np.nan) if known_noise else np.full(n, np.nan)
    return Observations.from_arrays(x, y, var)


def fitted(observations: Observations) -> Surrogate:
    surrogate = fit(Task(observations=observations, columns=COLUMNS))
    assert isinstance(surrogate, Surrogate)
    return surrogate


def dense_posterior(surrogate: Surrogate, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance in the outcome's unit, from the oracle."""
    h, scale, data = surrogate.hyperparameters, surrogate.scale, surrogate.observations
    var = data.var.numpy() / scale.sd**2
    mean, cov = oracle.posterior(
        data.x.numpy(),
        (data.y.numpy() - scale.mean) / scale.sd,
        np.where(np.isnan(var), h.noise_variance, var),
        at,
        lengthscales=np.array([h.lengthscales[index] for index in COLUMNS]),
        mean=h.mean,
    )
    return scale.mean + scale.sd * mean, scale.sd**2 * cov


@pytest.mark.parametrize("known_noise", [False, True])
def test_mean_and_covariance_agree_with_dense_algebra(known_noise: bool) -> None:
    surrogate = fitted(make_observations(25, 3, known_noise=known_noise))
    at = make_observations(9, 4).x
    mean, cov = dense_posterior(surrogate, at.numpy())

    joint, prediction = surrogate.joint(at), surrogate.predict(at)

    # Both solve with a matrix of condition number below n / noise < 1e5; double rounding of 1e-16
    # times that, times the outcome of 50 (variance of 50) leaves 1e-9.
    np.testing.assert_allclose(joint.mean.numpy(), mean, atol=1e-9)
    np.testing.assert_allclose(joint.cov.numpy(), cov, atol=1e-9)
    np.testing.assert_allclose(prediction.mean.numpy(), mean, atol=1e-9)
    np.testing.assert_allclose(prediction.sd.numpy() ** 2, np.diag(cov), atol=1e-9)


def test_predictions_of_many_rows_do_not_depend_on_the_blocks() -> None:
    surrogate = fitted(make_observations(12, 7))
    at = make_observations(5000, 8).x

    together = surrogate.predict(at)

    some = surrogate.predict(at[4090:4100])
    # the same sums of 12 terms, at most in another order: a few units in the 16th digit of 50
    torch.testing.assert_close(together.mean[4090:4100], some.mean, atol=1e-11, rtol=0)
    torch.testing.assert_close(together.sd[4090:4100], some.sd, atol=1e-11, rtol=0)


def test_the_version_is_that_of_data_and_hyperparameters() -> None:
    observations = make_observations(10, 14)
    one, same = fitted(observations), fitted(observations)
    moved = Observations(x=observations.x, y=observations.y * 1.001, var=observations.var)

    assert one.version == same.version
    assert fitted(moved).version != one.version


def test_an_expected_scale_speaks_before_the_first_observation() -> None:
    empty = Observations.from_arrays(np.empty((0, 5)), np.empty(0))
    surrogate = fit(Task(observations=empty, columns=COLUMNS, scale=OutcomeScale(mean=5.0, sd=2.0)))
    assert isinstance(surrogate, Surrogate)

    prediction = surrogate.predict(make_observations(3, 1).x)

    torch.testing.assert_close(prediction.mean, torch.full((3,), 5.0, dtype=torch.float64))
    torch.testing.assert_close(prediction.sd, torch.full((3,), 2.0, dtype=torch.float64))

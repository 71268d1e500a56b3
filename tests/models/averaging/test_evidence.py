"""The marginal likelihood of many hyperparameters against dense algebra."""

from __future__ import annotations

import numpy as np
import pytest

from planner.models import Observations
from planner.models.averaging.evidence import Evidence
from tests.oracles import hyperparameters as oracle

MEAN_VARIANCE = 4.0


def make_evidence(
    n: int = 12, *, known_noise: bool = False, mean_variance: float = MEAN_VARIANCE
) -> Evidence:
    rng = np.random.default_rng(n)
    x = rng.random((n, 2))
    y = 7.0 + 3.0 * np.sin(5.0 * x[:, 0]) + rng.normal(0.0, 0.3, n)
    var = np.where(rng.random(n) < 0.5, 0.2, np.nan) if known_noise else None
    return Evidence.of(
        Observations.from_arrays(x, y, var),
        mean=8.0,
        sd=2.0,
        columns=(0, 1),
        mean_variance=mean_variance,
    )


def make_thetas(s: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal([-0.5, -0.5, -3.0, 0.0], 0.7, size=(s, 4))


def data_of(n: int = 12, mean_variance: float = MEAN_VARIANCE) -> oracle.Data:
    rng = np.random.default_rng(n)
    x = rng.random((n, 2))
    y = 7.0 + 3.0 * np.sin(5.0 * x[:, 0]) + rng.normal(0.0, 0.3, n)
    return oracle.Data(x=x, z=(y - 8.0) / 2.0, mean_variance=mean_variance)


@pytest.mark.parametrize("mean_variance", [0.0, MEAN_VARIANCE])
def test_values_agree_with_dense_algebra(mean_variance: float) -> None:
    evidence, thetas = make_evidence(mean_variance=mean_variance), make_thetas(40)
    expected = [oracle.log_likelihood(data_of(mean_variance=mean_variance), row) for row in thetas]

    # condition numbers below 12 (10 + 4) / exp(-6) = 1e5 times rounding of 1e-16, of values of 100
    np.testing.assert_allclose(evidence.values(thetas), expected, atol=1e-8)
    one_by_one = [evidence.value_and_gradient(row)[0] for row in thetas]
    np.testing.assert_allclose(one_by_one, expected, atol=1e-8)


@pytest.mark.parametrize("known_noise", [False, True])
def test_the_gradient_is_that_of_finite_differences(known_noise: bool) -> None:
    evidence, step = make_evidence(known_noise=known_noise), 1e-5

    for theta in make_thetas(5, seed=2):
        gradient = evidence.value_and_gradient(theta)[1]
        for index, move in enumerate(step * np.eye(4)):
            ahead, behind = evidence.values(np.stack([theta + move, theta - move]))
            # rounding of values of 100 over the step of 1e-5 leaves 1e-8, the third derivative less
            assert gradient[index] == pytest.approx((ahead - behind) / (2 * step), abs=1e-5)


def test_noise_that_is_known_everywhere_leaves_none_to_learn() -> None:
    rng = np.random.default_rng(3)
    evidence = Evidence.of(
        Observations.from_arrays(rng.random((6, 1)), rng.random(6), np.full(6, 0.1)),
        mean=0.5,
        sd=1.0,
        columns=(0,),
        mean_variance=1.0,
    )

    quiet, loud = evidence.values(np.array([[0.0, -6.0, 0.0], [0.0, 1.0, 0.0]]))

    assert quiet == loud
    assert evidence.value_and_gradient(np.zeros(3))[1][1] == 0.0


def test_the_constant_mean_has_its_conjugate_posterior() -> None:
    thetas = make_thetas(6, seed=4)
    mean, sd = make_evidence().mean_given(thetas)

    data = data_of()
    for index, theta in enumerate(thetas):
        noise = np.exp(theta[2]) * np.eye(len(data.z))
        inverse = np.linalg.inv(oracle.covariance(data.x, data.x, theta, 0.0) + noise)
        precision = 1.0 / MEAN_VARIANCE + inverse.sum()
        # as above: condition numbers of 1e5
        assert mean[index] == pytest.approx(inverse.sum(axis=0) @ data.z / precision, abs=1e-8)
        assert sd[index] == pytest.approx(precision**-0.5, abs=1e-8)


def test_before_any_observation_every_hyperparameter_is_as_likely() -> None:
    empty = Evidence.of(
        Observations.from_arrays(np.empty((0, 2)), np.empty(0)),
        mean=0.0,
        sd=1.0,
        columns=(0, 1),
        mean_variance=4.0,
    )
    thetas = make_thetas(3)

    assert empty.values(thetas).tolist() == [0.0, 0.0, 0.0]
    assert empty.value_and_gradient(thetas[0])[1].tolist() == [0.0] * 4
    assert empty.mean_given(thetas)[1].tolist() == [2.0] * 3


def test_what_cannot_be_factored_is_impossible_and_spares_the_rest() -> None:
    evidence = make_evidence(mean_variance=0.0)
    # a signal variance beyond all numbers
    thetas = np.array([[0.0, 0.0, -3.0, 800.0], [0.0, 0.0, -3.0, 0.0]])

    with np.errstate(over="ignore", invalid="ignore"):
        values = evidence.values(thetas)

    assert not np.isfinite(values[0])
    assert np.isfinite(values[1])

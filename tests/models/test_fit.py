"""The fit: its optimum, its symmetries, and its failures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from planner.errors import InputError
from planner.models import (
    FitFailure,
    Hyperparameters,
    Observations,
    OutcomeScale,
    Surrogate,
    Task,
    fit,
)
from tests.oracles import gaussian_process as oracle

COLUMNS = (0, 1, 2)


def make_data(n: int = 20, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.random((n, 3))
    return x, 5.0 + np.sin(6 * x[:, 0]) + 0.5 * x[:, 1] + rng.normal(0.0, 0.1, n)


def fitted(x: np.ndarray, y: np.ndarray, var: np.ndarray | None = None) -> Surrogate:
    found = fit(Task(observations=Observations.from_arrays(x, y, var), columns=COLUMNS))
    assert isinstance(found, Surrogate)
    return found


def negative_log_posterior(theta: np.ndarray, x: np.ndarray, z: np.ndarray) -> float:
    """The stated value, from the dense oracle: theta is log l (3), log noise, constant mean."""
    likelihood = oracle.log_marginal_likelihood(
        x, z, np.full(len(z), math.exp(theta[3])), lengthscales=np.exp(theta[:3]), mean=theta[4]
    )
    prior = sum((t - (-1 + 0.5 * math.log(3))) ** 2 for t in theta[:3]) + (theta[3] + 4) ** 2
    return 0.5 * prior - likelihood


def test_the_fit_is_the_maximum_of_the_posterior() -> None:
    x, y = make_data(12)
    h = fitted(x, y).hyperparameters
    z = (y - y.mean()) / y.std(ddof=1)
    theta = np.array([*np.log(h.lengthscales), math.log(h.noise_variance), h.mean])
    ours = negative_log_posterior(theta, x, z)

    starts = [theta + shift for shift in np.random.default_rng(0).normal(0.0, 1.0, (3, 5))]
    theirs = min(
        minimize(
            negative_log_posterior,
            s,
            args=(x, z),
            method="Nelder-Mead",
            options={"maxiter": 4000, "fatol": 1e-7, "xatol": 1e-5},
        ).fun
        for s in starts
    )

    # L-BFGS stops at a relative fall of 2e-9, a value of about 10: 1e-6 has room
    assert ours <= theirs + 1e-6


def test_the_same_arguments_give_the_same_bits() -> None:
    x, y = make_data(30, seed=4)
    at = torch.full((1, 3), 0.3, dtype=torch.float64)

    assert fitted(x, y).hyperparameters == fitted(x, y).hyperparameters
    assert torch.equal(fitted(x, y).predict(at).sd, fitted(x, y).predict(at).sd)


def test_one_more_observation_never_raises_the_variance() -> None:
    x, y = make_data(10)
    surrogate = fitted(x, y)
    at = torch.rand(200, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    more = surrogate.conditioned_on(torch.tensor([[0.2, 0.9, 0.4]], dtype=torch.float64))

    # equality holds far away; rounding of the solve may add 1e-12
    assert bool((more.predict(at).sd <= surrogate.predict(at).sd + 1e-12).all())


def test_a_learned_noise_is_that_of_the_replicates() -> None:
    """400 replicate differences: the estimate's deviation is 5 %, five of them 25 %."""
    rng = np.random.default_rng()
    x = np.repeat(rng.random((100, 3)), 5, axis=0)
    y = 3.0 * x[:, 0] + rng.normal(0.0, 0.2, len(x))

    prediction = fitted(x, y).predict(torch.full((1, 3), 0.5, dtype=torch.float64))

    assert float(prediction.noise_sd[0]) == pytest.approx(0.2, rel=0.25)


def test_a_given_noise_is_kept_and_a_noisy_observation_weighs_less() -> None:
    x = np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0]])
    y = np.array([1.0, 3.0, 2.0])
    var = np.array([1e-4, 1.0, 1e-4])

    prediction = fitted(x, y, var).predict(torch.full((1, 3), 0.5, dtype=torch.float64))

    assert abs(float(prediction.mean[0]) - 1.0) < abs(float(prediction.mean[0]) - 3.0)
    assert float(prediction.noise_sd[0]) == pytest.approx(math.sqrt(np.median(var)), rel=1e-12)


def test_replicates_and_zero_variances_can_be_factored() -> None:
    x = np.zeros((6, 3))
    y = np.array([1.0, 1.1, 0.9, 1.0, 1.2, 0.8])

    assert fitted(x, y, np.zeros(6)).predict(torch.zeros(1, 3, dtype=torch.float64)).mean.isfinite()


@pytest.mark.parametrize("y", [[], [2.0], [2.0, 2.0, 2.0]])
def test_fewer_than_two_different_outcomes_are_a_failure_that_says_what_to_do(
    y: list[float],
) -> None:
    observations = Observations.from_arrays(np.zeros((len(y), 3)), np.array(y))

    failure = fit(Task(observations=observations, columns=COLUMNS))

    assert isinstance(failure, FitFailure)
    assert "two observations" in failure.reason
    assert "'expected:'" in failure.reason


@pytest.mark.parametrize("y", [[], [2.0], [2.0, 2.0, 2.0]])
def test_with_an_expected_range_they_are_a_fit(y: list[float]) -> None:
    observations = Observations.from_arrays(np.zeros((len(y), 3)), np.array(y))

    found = fit(
        Task(observations=observations, columns=COLUMNS, scale=OutcomeScale(mean=0.0, sd=4.0))
    )

    assert isinstance(found, Surrogate)
    far = found.predict(torch.full((1, 3), 1.0, dtype=torch.float64))
    assert float(far.sd[0]) > 0.5


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("is_equal", [True, False])
def test_up_to_four_outcomes_are_judged_by_the_expected_range(n: int, *, is_equal: bool) -> None:
    """Outcomes that lie close to each other say little of how far others may lie from them."""
    expected = OutcomeScale.from_range(0.0, 100.0)
    x = np.random.default_rng(n).random((n, 3))
    y = np.full(n, 30.0) if is_equal else np.linspace(30.0, 30.1, n)

    found = fit(Task(observations=Observations.from_arrays(x, y), columns=COLUMNS, scale=expected))

    assert isinstance(found, Surrogate)
    assert found.scale == expected
    at = torch.from_numpy(np.vstack([x, [[9.0, 9.0, 9.0]]]))
    prediction = found.predict(at)
    # nine ranges away nothing is known, but that the lengthscale's prior has a tail: 1e-2 of it
    assert float(prediction.mean[-1]) == pytest.approx(50.0, abs=1.0)
    assert float(prediction.sd[-1]) == pytest.approx(25.0, rel=0.01)
    # where it was measured, noise of about 14 % of the deviation leaves less than half of it
    assert bool((prediction.sd[:-1] < 12.5).all())
    assert bool(((prediction.mean[:-1] - 30.0).abs() < 10.0).all())


def test_from_five_outcomes_on_their_own_spread_is_the_scale() -> None:
    x, y = make_data(5)
    observations = Observations.from_arrays(x, y)

    found = fit(
        Task(observations=observations, columns=COLUMNS, scale=OutcomeScale.from_range(0.0, 100.0))
    )
    without = fit(Task(observations=observations, columns=COLUMNS))

    assert isinstance(found, Surrogate)
    assert isinstance(without, Surrogate)
    assert found.version == without.version


def test_five_equal_outcomes_are_still_judged_by_the_expected_range() -> None:
    expected = OutcomeScale.from_range(0.0, 100.0)
    x = make_data(7)[0]

    found = fit(
        Task(
            observations=Observations.from_arrays(x, np.full(7, 30.0)),
            columns=COLUMNS,
            scale=expected,
        )
    )

    assert isinstance(found, Surrogate)
    assert found.scale == expected


def test_the_fifth_outcome_moves_predictions_by_no_more_than_the_two_scales_differ() -> None:
    """Outcomes as expected: the switch is no jump.

    The spread of five normal outcomes is below a tenth of the true one, or above three times of it,
    once in 5,000 times (chi-square of 4): more than two of 40 fields less than once in 10 million.
    """
    expected = OutcomeScale(mean=50.0, sd=25.0)
    generator = np.random.default_rng()
    n_jumps = 0
    for _ in range(40):
        x, y = generator.random((5, 3)), generator.normal(50.0, 25.0, 5)
        at = torch.from_numpy(generator.random((30, 3)))
        four = fit(
            Task(
                observations=Observations.from_arrays(x[:4], y[:4]), columns=COLUMNS, scale=expected
            )
        )
        assert isinstance(four, Surrogate)
        five = fit(
            Task(
                observations=Observations.from_arrays(x, y),
                columns=COLUMNS,
                memo=four.hyperparameters.to_json(),
                scale=expected,
            )
        )
        assert isinstance(five, Surrogate)
        ratio = five.scale.sd / four.scale.sd
        n_jumps += not 0.1 < ratio < 3.0
        before, after = four.predict(at), five.predict(at)
        # both deviations are shares of their scales, of at least a hundredth and at most one
        assert bool((after.sd <= five.scale.sd).all())
        assert bool((before.sd <= four.scale.sd).all())
        # the mean may overshoot what was measured: in 4,000 such fields by 0.29 deviations at most
        reach = max(expected.sd, five.scale.sd)
        assert bool((after.mean > min(y.min(), 50.0) - reach).all())
        assert bool((after.mean < max(y.max(), 50.0) + reach).all())
    assert n_jumps <= 2


def test_outcomes_that_overflow_are_a_failure_and_no_exception() -> None:
    x, y = make_data(5)

    failure = fit(Task(observations=Observations.from_arrays(x, y * 1e200), columns=COLUMNS))

    assert isinstance(failure, FitFailure)
    assert "too large" in failure.reason


def test_the_last_fit_is_one_more_start_and_never_hurts() -> None:
    x, y = make_data(25, seed=6)
    first = fitted(x[:-1], y[:-1]).hyperparameters
    observations = Observations.from_arrays(x, y)

    warm = fit(Task(observations=observations, columns=COLUMNS, memo=first.to_json()))

    assert isinstance(warm, Surrogate)
    z = (y - y.mean()) / y.std(ddof=1)
    values = [
        negative_log_posterior(
            np.array([*np.log(h.lengthscales), math.log(h.noise_variance), h.mean]), x, z
        )
        for h in (warm.hyperparameters, fitted(x, y).hyperparameters)
    ]
    assert values[0] <= values[1] + 1e-6


def test_hyperparameters_of_another_space_are_refused() -> None:
    x, y = make_data()
    other = Hyperparameters(lengthscales=(1.0,), noise_variance=0.1, mean=0.0)

    with pytest.raises(InputError, match="1 lengthscales, the space has 3 parameters"):
        fit(
            Task(observations=Observations.from_arrays(x, y), columns=COLUMNS, memo=other.to_json())
        )


def test_hyperparameters_go_to_json_and_back_exactly() -> None:
    found = fitted(*make_data()).hyperparameters

    assert Hyperparameters.from_json(json.loads(json.dumps(found.to_json()))) == found
    with pytest.raises(InputError, match="no hyperparameters"):
        Hyperparameters.from_json({"lengthscales": [1.0]})


def test_observations_refuse_what_is_not_finite() -> None:
    with pytest.raises(InputError, match="not a finite number"):
        Observations.from_arrays(np.zeros((1, 2)), np.array([np.nan]))
    with pytest.raises(InputError, match="at least 0, or NaN"):
        Observations.from_arrays(np.zeros((1, 2)), np.array([1.0]), np.array([-1.0]))
    with pytest.raises(InputError, match="shape n d"):
        Observations.from_arrays(np.zeros((2, 2)), np.array([1.0]))

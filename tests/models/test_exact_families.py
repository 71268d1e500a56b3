"""What every exact family of Gaussian processes must do, whatever it adds to the plain one."""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.sampling.normal import SobolQMCNormalSampler

from planner.errors import InputError
from planner.models import Bounds, FitFailure, Observations, OutcomeScale, family
from planner.models.mixed import fitting as mixed
from planner.models.transformed import fitting as transformed
from planner.models.warped import fitting as warped
from tests.models.exact_families import (
    COLUMNS,
    ENDS,
    FAMILIES,
    draw_theta,
    fitted,
    make_observations,
    make_task,
    points,
    problem_of,
)
from tests.models.gradients import assert_gradient

EVERY = pytest.mark.parametrize("name", FAMILIES)


@EVERY
def test_the_order_of_observations_changes_nothing(name: str) -> None:
    data = make_observations(20, 1, known_noise=True)
    order = torch.from_numpy(np.random.default_rng(2).permutation(20))
    shuffled = Observations(x=data.x[order], y=data.y[order], var=data.var[order])

    one, other = (fitted(name, make_task(each)) for each in (data, shuffled))

    assert one.version == other.version
    at = points(5, 3)
    assert torch.equal(one.predict(at).mean, other.predict(at).mean)
    assert torch.equal(one.noise_sd(at), other.noise_sd(at))


@EVERY
@pytest.mark.parametrize("bounds", [Bounds(), Bounds(low=20.0, high=60.0)])
@pytest.mark.parametrize(("size", "shift"), [(1000.0, 273.15), (1e-12, 0.0)])
def test_units_of_the_outcome_change_nothing(
    name: str, bounds: Bounds, size: float, shift: float
) -> None:
    """From degC to K and times 1,000, and from g to pg."""
    data, at = make_observations(20, 4, known_noise=True), points(20, 5)
    rescaled = Observations(x=data.x, y=size * (data.y + shift), var=size**2 * data.var)
    ends = (None if end is None else size * (end + shift) for end in (bounds.low, bounds.high))

    plain = fitted(name, make_task(data, bounds=bounds)).predict(at)
    other = fitted(name, make_task(rescaled, bounds=Bounds(*ends))).predict(at)

    # L-BFGS ends within about 1e-5 of the optimum in each logarithm, from wherever rounding leads;
    # a curve or a field of noise has flat directions, in which it may end 1e-3 apart
    torch.testing.assert_close(other.mean, size * (plain.mean + shift), rtol=1e-4, atol=0)
    rtol = 1e-3 if name == "gp" else 5e-3
    torch.testing.assert_close(other.sd, size * plain.sd, rtol=rtol, atol=0)
    torch.testing.assert_close(other.noise_sd, size * plain.noise_sd, rtol=rtol, atol=0)


@EVERY
def test_draws_have_the_moments_of_the_posterior(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(12, 6)))
    at, n = points(4, 7), 20_000 if name == "gp" else 5_000

    draws = surrogate.draw(at, n, seed=1)

    joint = surrogate.joint(at)
    error = (joint.cov.diagonal() / n).sqrt()
    # five standard errors: a false alarm in 1.7 million for a mean or a covariance, of 20
    assert bool(((draws.mean(dim=0) - joint.mean).abs() < 5 * error).all())
    apart = draws - joint.mean
    products = apart[:, :, None] * apart[:, None, :]
    error = products.std(dim=0) / n**0.5
    assert bool(((products.mean(dim=0) - joint.cov).abs() < 5 * error).all())
    assert torch.equal(draws, surrogate.draw(at, n, seed=1))
    assert not torch.equal(draws, surrogate.draw(at, n, seed=2))


@EVERY
def test_moments_are_the_diagonal_of_the_covariance(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(15, 8)))
    at = points(30, 9)

    sd = surrogate.moments(at)[1]

    # both come from the same factor; differences of squares of about 25 leave 1e-12 of it
    torch.testing.assert_close(
        surrogate.covariance(at, at).diagonal(), sd.square(), atol=1e-9, rtol=0
    )


@EVERY
def test_moments_can_be_differentiated(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(15, 10)))
    at = points(3, 11).requires_grad_()

    for part in (0, 1):
        slope = torch.autograd.grad(surrogate.moments(at)[part].sum(), at)[0]
        for column in (0, 1):
            step = torch.zeros_like(at)
            step[:, column] = 1e-5
            with torch.no_grad():
                ahead, behind = (surrogate.moments(at + side * step)[part] for side in (1, -1))
            # central differences of functions of size 40 over 2e-5: rounding of 1e-9, and a third
            # derivative of below 1e4 times 1e-10
            torch.testing.assert_close(
                slope[:, column], (ahead - behind) / 2e-5, atol=1e-4, rtol=1e-5
            )


@EVERY
def test_fantasies_lower_the_uncertainty_and_leave_the_mean(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(15, 12)))
    pending, at = points(3, 13), points(40, 14)

    after = surrogate.conditioned_on(pending)

    assert len(after.observations.y) == 18
    assert bool((after.predict(pending).sd < surrogate.predict(pending).sd).all())
    if name == "transformed_gp":  # there the bent outcome's mean stays
        surrogate, after = surrogate.latent, after.latent
    # residuals of zero: only rounding of 40 moves the mean
    atol = 1e-9 if name == "gp" else 1e-8
    torch.testing.assert_close(
        after.predict(at).mean, surrogate.predict(at).mean, atol=atol, rtol=0
    )
    assert bool((after.predict(at).sd <= surrogate.predict(at).sd + 1e-9).all())
    assert surrogate.conditioned_on(at[:0]) is surrogate


@EVERY
def test_a_fantasy_counts_as_one_run_at_its_place(name: str) -> None:
    """The variance falls by ``cov^2 / (var + noise)``, as for one more observation."""
    surrogate = fitted(name, make_task(make_observations(15, 29)))
    if name == "transformed_gp":
        surrogate = surrogate.latent
    pending, at = points(1, 30), points(20, 31)

    after = surrogate.conditioned_on(pending).predict(at).sd

    run = surrogate.predict(pending)
    fall = surrogate.covariance(at, pending)[:, 0].square() / (run.sd**2 + run.noise_sd**2)
    # differences of variances of about 25, from factors that lose five digits
    torch.testing.assert_close(
        after.square(), surrogate.predict(at).sd.square() - fall, atol=1e-8, rtol=0
    )


@EVERY
def test_the_botorch_model_is_the_same_process(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(20, 15, known_noise=True)))
    at = points(6, 16)

    posterior = surrogate.model.posterior(at)

    joint = surrogate.joint(at)
    atol = 1e-9 if name == "gp" else 1e-8
    # condition number below n / noise < 1e5, times rounding of 1e-16, times 50 squared
    torch.testing.assert_close(posterior.mean[:, 0], joint.mean, atol=atol, rtol=0)
    torch.testing.assert_close(posterior.variance[:, 0], joint.cov.diagonal(), atol=atol, rtol=0)
    if name != "transformed_gp":
        torch.testing.assert_close(
            posterior.distribution.covariance_matrix, joint.cov, atol=atol, rtol=0
        )


@EVERY
def test_botorch_acquisitions_run_on_it(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(12, 17)))
    acquisition = qLogNoisyExpectedImprovement(
        surrogate.model,
        X_baseline=surrogate.observations.x,
        sampler=SobolQMCNormalSampler(torch.Size([32]), seed=1),
        prune_baseline=False,
    )
    batches = points(6, 18).reshape(3, 2, len(COLUMNS)).requires_grad_()

    values = acquisition(batches)

    assert values.shape == (3,)
    assert bool(values.isfinite().all())
    assert bool(torch.autograd.grad(values.sum(), batches)[0].isfinite().all())


@EVERY
def test_the_density_of_a_run_sums_to_one(name: str) -> None:
    surrogate = fitted(name, make_task(make_observations(15, 19)))
    at = points(1, 20)
    said = surrogate.predict(at)
    reach = 12 * float(torch.hypot(said.sd, said.noise_sd))
    y = torch.linspace(float(said.mean) - reach, float(said.mean) + reach, 4001).double()

    density = surrogate.log_density(at.expand(len(y), -1), y, torch.full_like(y, torch.nan)).exp()

    # 170 steps a deviation: the trapezoid is exact to 1e-10; a curve's tail beyond 12 is below 1e-4
    assert float(torch.trapezoid(density, y)) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("known_noise", [False, True])
@pytest.mark.parametrize(
    ("fitting", "bounds", "spread"),
    [
        (mixed, Bounds(), 1.0),
        (warped, Bounds(), 1.0),
        *((transformed, ends, 0.7) for ends in ENDS.values()),
    ],
    ids=["mixed", "warped", *(f"transformed-{name}" for name in ENDS)],
)
def test_the_gradient_is_that_of_the_value(
    fitting: ModuleType, bounds: Bounds, spread: float, known_noise: bool
) -> None:
    task = make_task(make_observations(12, 3, known_noise=known_noise), bounds=bounds)
    problem = problem_of(fitting, task)

    assert_gradient(problem.value_and_gradient, draw_theta(problem, 1, spread=spread)[0])


@EVERY
def test_a_fit_goes_on_from_what_was_found(name: str) -> None:
    data, at = make_observations(20, 21), points(10, 22)
    first = fitted(name, make_task(data))
    memo = json.loads(json.dumps(dict(first.memo)))

    again = fitted(name, make_task(data, memo=memo))

    # from its own optimum the search may go 1e-3 farther along a flat direction
    torch.testing.assert_close(again.predict(at).mean, first.predict(at).mean, rtol=1e-3, atol=0)
    with pytest.raises(InputError):
        family(name).fit(make_task(data, memo={"hyperparameters": {"lengthscales": [1.0]}}))


@EVERY
@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_few_outcomes_are_judged_by_the_expected_range(name: str, n: int) -> None:
    expected, data = OutcomeScale.from_range(0.0, 100.0), make_observations(n, 23)

    found = fitted(name, make_task(data, scale=expected, bounds=Bounds(low=0.0)))

    far = found.predict(points(1, 24) + 50.0)
    # a curve that is bent at its median bends a deviation of 25 by less than a third
    assert float(far.mean) == pytest.approx(50.0, abs=9.0)
    assert float(far.sd) == pytest.approx(25.0, rel=0.35)


@EVERY
def test_outcomes_that_do_not_differ_are_a_failure_in_words(name: str) -> None:
    data = make_observations(12, 25)
    flat = replace(data, y=torch.full_like(data.y, 3.0))

    failure = family(name).fit(make_task(flat))

    assert isinstance(failure, FitFailure)
    assert "two observations that differ" in failure.reason


@pytest.mark.parametrize(
    ("name", "fewest"),
    [("warped_gp", 8), ("transformed_gp", 8), ("robust_gp", 10), ("varying_noise_gp", 10)],
)
def test_a_family_says_when_there_is_too_little(name: str, fewest: int) -> None:
    few, enough = (make_task(make_observations(n, 26)) for n in (fewest - 1, fewest))

    assert f"at least {fewest} results, and there are {fewest - 1}" in str(family(name).misfit(few))
    assert family(name).misfit(enough) is None


def test_a_family_says_when_the_parameters_are_not_of_its_kind() -> None:
    task = make_task(make_observations(12, 28))
    numbers, choices = (
        replace(task, categories=frozenset()),
        replace(task, categories=frozenset({0, 1, 2})),
    )

    assert "no parameter is a choice" in str(family("mixed_gp").misfit(numbers))
    assert "every parameter is a choice" in str(family("mixed_gp").misfit(choices))
    assert "every parameter is a choice" in str(family("warped_gp").misfit(choices))
    assert family("mixed_gp").misfit(task) is family("warped_gp").misfit(numbers) is None

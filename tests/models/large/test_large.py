"""The nearest-neighbour process against the exact one, dense algebra and its own statements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chi2, multivariate_normal

from planner.models import Observations, OutcomeScale, Surrogate, Task, family
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.process import GaussianProcess
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.large.fitting import _composite, _priors
from planner.models.large.merged import Merged
from planner.models.large.surrogate import LargeProcess
from tests.models.gradients import assert_gradient

D = 3
COLUMNS = (0, 1, 2)
SCALE = OutcomeScale(mean=5.0, sd=2.0)
FOUND = Hyperparameters(
    lengthscales=(0.4, 0.7, 1.2), noise_variance=0.04, mean=0.3, signal_variance=0.8
)


def rows(n: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((n, D)))


def seen(n: int, seed: int = 0) -> Observations:
    """Some settings have replicates, and some noise is known."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, D))
    x[1] = x[2] = x[0]
    x[4] = x[3]
    y = 5.0 + 2.0 * np.sin(4.0 * x[:, 0]) + x[:, 1] + rng.normal(0.0, 0.4, n)
    return Observations.from_arrays(x, y, np.where(rng.random(n) < 0.4, 0.09, np.nan))


def large(observations: Observations, *, k: int) -> LargeProcess:
    return LargeProcess(
        observations=observations,
        hyperparameters=FOUND,
        columns=COLUMNS,
        scale=SCALE,
        n_neighbours=k,
    )


def exact(observations: Observations) -> GaussianProcess:
    return GaussianProcess(
        observations=observations, hyperparameters=FOUND, columns=COLUMNS, scale=SCALE
    )


def test_with_all_settings_as_neighbours_it_is_the_exact_process() -> None:
    data, a, b = seen(40), rows(7, 1), rows(5, 2)
    near, dense = large(data, k=40), exact(data)

    # condition number below 40 / 0.02, times rounding of 1e-16, times outcomes of 10
    for mine, theirs in zip(near.moments(a), dense.moments(a), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=0)
    for left, right in ((a, b), (b, a), (a, a)):
        torch.testing.assert_close(
            near.covariance(left, right), dense.covariance(left, right), atol=1e-10, rtol=0
        )
    pending = rows(3, 3)
    for mine, theirs in zip(
        near.conditioned_on(pending).moments(a), dense.conditioned_on(pending).moments(a),
        strict=True,
    ):  # fmt: skip
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=0)


def test_the_mean_and_variance_are_those_of_the_exact_process_of_the_nearest() -> None:
    data, k = seen(60), 9
    here = rows(1, 4)
    scaled = (data.x - here) / torch.tensor(FOUND.lengthscales, dtype=torch.float64)
    settings = torch.unique(scaled.norm(dim=1).round(decimals=12))[:k]
    is_near = scaled.norm(dim=1) <= settings[-1] + 1e-9
    assert 0 < int(is_near.sum()) < 60
    part = Observations(x=data.x[is_near], y=data.y[is_near], var=data.var[is_near])

    for mine, theirs in zip(large(data, k=k).moments(here), exact(part).moments(here), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=0)


def test_the_covariance_is_that_of_the_errors_by_dense_algebra() -> None:
    """Errors are linear in the process and the noise: their covariance needs no neighbour code."""
    data, k = seen(50), 6
    a, near = rows(8, 5), large(data, k=k)
    n, m = 50, len(a)
    every = torch.cat([data.x, a])
    prior = exact(data).prior_covariance(every, every)
    prior[:n, :n] += torch.diag(exact(data).noise_variances / SCALE.sd**2)
    # what each prediction takes of each outcome is how its mean changes with it
    base = near.moments(a)[0]
    taken = torch.stack(
        [
            near_moved.moments(a)[0] - base
            for near_moved in (
                replace(near, observations=replace(data, y=data.y + step))
                for step in torch.eye(n, dtype=torch.float64)
            )
        ],
        dim=1,
    )
    of_error = torch.cat([-taken, torch.eye(m, dtype=torch.float64)], dim=1)

    expected = SCALE.sd**2 * of_error @ prior @ of_error.T
    # differences of means of 10 by steps of 1 lose 1e-14; fifty of them
    torch.testing.assert_close(near.covariance(a, a), expected, atol=1e-10, rtol=0)
    torch.testing.assert_close(near.moments(a)[1].square(), expected.diagonal(), atol=1e-10, rtol=0)


def test_a_joint_covariance_has_no_negative_eigenvalue() -> None:
    a = torch.cat([rows(120, 6), rows(120, 6) + 1e-3])

    cov = large(seen(400, 7), k=10).covariance(a, a)

    torch.testing.assert_close(cov, cov.T, atol=1e-12, rtol=0)
    # rounding of 240 entries of size 3
    assert float(torch.linalg.eigvalsh(cov)[0]) > -1e-12


def test_parts_of_a_covariance_are_worked_on_apart_without_a_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near, a, b = large(seen(80), k=12), rows(20, 8), rows(9, 9)
    whole = near.covariance(a, b)

    monkeypatch.setattr("planner.models.large.neighbours._MOST_ENTRIES", 500)

    torch.testing.assert_close(near.covariance(a, b), whole, atol=1e-12, rtol=0)


def test_moments_and_covariances_can_be_differentiated() -> None:
    near, b = large(seen(80), k=12), rows(2, 10)
    at = rows(2, 11).requires_grad_()
    functions = (
        lambda x: near.moments(x)[0].sum(),
        lambda x: near.moments(x)[1].sum(),
        lambda x: near.covariance(b, x).sum(),
    )
    for function in functions:
        slope = torch.autograd.grad(function(at), at)[0]
        step = 1e-6 * torch.ones_like(at)
        with torch.no_grad():
            along = (function(at + step) - function(at - step)) / 2e-6
        # values of 10 leave 1e-15 * 10 / 2e-6 of rounding, and a second-order term of 1e-12
        assert float(slope.sum()) == pytest.approx(float(along), abs=1e-6)


def predicted(k: int, *, n: int = 300, n_draws: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Draws processes and runs, and returns errors in deviations: of one run, and of six places."""
    rng = np.random.default_rng(None)
    x, at = rng.random((n, D)), torch.from_numpy(rng.random((6, D)))
    every = torch.cat([torch.from_numpy(x), at])
    empty = np.full(n, np.nan)
    process = exact(Observations.from_arrays(x, np.zeros(n), empty))
    root = torch.linalg.cholesky(process.prior_covariance(every, every) + 1e-10 * torch.eye(n + 6))
    runs, places = np.empty(n_draws), np.empty((n_draws, 6))
    near = large(process.observations, k=k)
    white = np.linalg.cholesky(near.covariance(at, at).numpy())
    sd = float(near.moments(at)[1][0])
    noise_sd = SCALE.sd * FOUND.noise_variance**0.5
    for draw in range(n_draws):
        f = SCALE.mean + SCALE.sd * (FOUND.mean + (root @ torch.from_numpy(rng.normal(size=n + 6))))
        y = f[:n].numpy() + noise_sd * rng.normal(size=n)
        told = replace(near, observations=Observations.from_arrays(x, y, empty))
        error = f[n:].numpy() - told.moments(at)[0].numpy()
        runs[draw] = (error[0] + noise_sd * rng.normal()) / np.hypot(sd, noise_sd)
        places[draw] = np.linalg.solve(white, error)
    return runs, places


def test_intervals_hold_also_where_few_neighbours_are_asked() -> None:
    """400 draws; each error is standard normal if the variance is right, joint ones independent.

    Bounds at a false-alarm rate of 2e-6 each: a deviation that is off by a sixth is caught in half
    of the cases, and the control, whose deviations are three quarters of the right ones, always.
    """
    runs, places = predicted(12)

    for errors in (runs, places.ravel()):
        low, high = chi2.ppf([1e-6, 1.0 - 1e-6], errors.size)
        assert low < float(np.square(errors).sum()) < high
        assert not low < float(np.square(errors / 0.75).sum()) < high
    products = places[:, 0] * places[:, 1]
    assert abs(products.mean()) < 5 * products.std() / len(products) ** 0.5


def test_merged_runs_have_the_density_of_all_runs() -> None:
    """Of one setting: the centre's density times that within is the joint density of the runs."""
    rng = np.random.default_rng(None)
    z, known = rng.normal(size=5), np.array([0.3, np.nan, 0.1, np.nan, np.nan])
    x = torch.zeros(5, 2, dtype=torch.float64)
    noise, variance = 0.2, 0.7

    def total(z: np.ndarray) -> float:
        merged = Merged.of(x, torch.from_numpy(z), torch.from_numpy(known))
        centre = merged.centres(torch.tensor(noise, dtype=torch.float64))
        var = variance + float(centre.var[0])
        log_centre = -0.5 * (np.log(var) + float(centre.z[0]) ** 2 / var)
        return float(centre.log_within[0]) + log_centre

    cov = variance + np.diag(np.where(np.isnan(known), noise, known))
    dense = multivariate_normal(np.zeros(5), cov)
    other = rng.normal(size=5)
    # up to a constant; sums of ten numbers of size 10
    assert total(z) - total(other) == pytest.approx(dense.logpdf(z) - dense.logpdf(other), abs=1e-9)


def make_task(n: int, seed: int) -> Task:
    return Task(observations=seen(n, seed), columns=COLUMNS)


def test_the_gradient_of_the_fit_is_that_of_its_value() -> None:
    task = make_task(60, 12)
    data = standardise(task)
    assert isinstance(data, Standardised)
    z, known = torch.from_numpy(data.z), torch.from_numpy(data.known_noise)
    merged, priors = Merged.of(data.observations.x, z, known), _priors(data, task)
    problem = _composite(merged, task, priors.mean, 0.0, priors)

    assert_gradient(problem.value_and_gradient, priors.mean + 0.3)


@pytest.mark.slow
def test_a_fit_predicts_as_well_as_the_truth() -> None:
    """Of 1,200 runs of a drawn process; 600 more are predicted.

    Twenty such fits were behind the truth by 0.0065 nat in the mean, their deviation 0.0063, the
    worst 0.023: the bound is eight deviations away. One that learned nothing is behind by more
    than 0.3.
    """
    rng = np.random.default_rng(None)
    x = rng.random((1800, D))
    every = torch.from_numpy(x)
    process = exact(Observations.from_arrays(x[:0], np.zeros(0)))
    root = torch.linalg.cholesky(
        process.prior_covariance(every, every) + 1e-8 * torch.eye(1800, dtype=torch.float64)
    )
    f = SCALE.mean + SCALE.sd * (FOUND.mean + (root @ torch.from_numpy(rng.normal(size=1800))))
    y = f.numpy() + SCALE.sd * FOUND.noise_variance**0.5 * rng.normal(size=1800)
    data = Observations.from_arrays(x[:1200], y[:1200])
    out = (every[1200:], torch.from_numpy(y[1200:]), torch.full((600,), torch.nan).double())

    found = family("large_gp").fit(Task(observations=data, columns=COLUMNS))

    assert isinstance(found, Surrogate)
    truth = large(data, k=128).log_density(*out)
    assert float((truth - found.log_density(*out)).mean()) < 0.06
    blunt = replace(FOUND, lengthscales=(0.05, 0.05, 0.05))
    unlearned = replace(large(data, k=128), hyperparameters=blunt).log_density(*out)
    assert float((truth - unlearned).mean()) > 0.3


def test_a_hundred_repeats_of_the_nearest_setting_hide_no_other() -> None:
    near = seen(40)
    crowd = Observations(
        x=torch.cat([near.x, near.x[5].expand(200, -1)]),
        y=torch.cat([near.y, near.y[5].expand(200)]),
        var=torch.cat([near.var, torch.full((200,), torch.nan, dtype=torch.float64)]),
    )
    at = near.x[5:6] + 0.05

    for mine, theirs in zip(large(crowd, k=40).moments(at), exact(crowd).moments(at), strict=True):
        # the crowd's condition number is 200 times as high
        torch.testing.assert_close(mine, theirs, atol=1e-8, rtol=0)

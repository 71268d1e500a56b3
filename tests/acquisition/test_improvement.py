"""Log noisy expected improvement against quadrature, in the far tail too; the bound by hand."""

from __future__ import annotations

import math
import warnings

import mpmath
import numpy as np
import pytest
import torch
from linear_operator.utils.warnings import NumericalWarning

from planner.acquisition import log_noisy_expected_improvement, upper_confidence_bound
from planner.acquisition.improvement import log_improvement
from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Maximise, Minimise
from planner.campaign.objectives import utility as utility_of_one
from planner.models import Bounds, Observations, Surrogate, Task, fit
from tests.oracles.improvement import log_expected_improvement, mean_and_sd

NOTHING = torch.empty(0, 2, dtype=torch.float64)
Y = np.array([1.0, 2.0, 1.5, 0.5, 1.8])


def surrogate_of(y: np.ndarray, *, seed: int = 0, var: float = 1e-12) -> Surrogate:
    """By default nearly noise-free, so that the best so far is a number."""
    x = np.random.default_rng(seed).random((len(y), 2))
    found = fit(
        Task(
            observations=Observations.from_arrays(x, y, np.full(len(y), var)),
            columns=(0, 1),
        )
    )
    assert isinstance(found, Surrogate)
    return found


def points(n: int, seed: int) -> torch.Tensor:
    return torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def log_nei(
    surrogate: Surrogate, objective: AnyObjective, x: torch.Tensor, *, pending: torch.Tensor
) -> torch.Tensor:
    score = log_noisy_expected_improvement(surrogate, objective, pending=pending, seed=1)
    with torch.no_grad():
        return score(x)


def test_log_improvement_agrees_with_fifty_digits() -> None:
    u = torch.tensor([5.0, 0.0, -0.999, -1.001, -5.0, -30.0, -1e3, -9e4], dtype=torch.float64)
    with mpmath.workdps(50):
        exact = [float(mpmath.log(mpmath.npdf(v) + v * mpmath.ncdf(v))) for v in u.tolist()]

    found = log_improvement(u).numpy()

    # the bracket is 1 / u^2 of two numbers near 1: it keeps 1e-16 u^2, 1e-6 at the far end
    np.testing.assert_allclose(found, exact, rtol=1e-14, atol=2e-6)
    near = np.abs(u.numpy()) <= 30
    np.testing.assert_allclose(found[near], np.array(exact)[near], rtol=1e-13)


def test_beyond_all_digits_it_is_the_asymptote_and_has_a_slope() -> None:
    u = torch.tensor([-1.1e5, -1e8], dtype=torch.float64, requires_grad=True)

    found = log_improvement(u)

    (slope,) = torch.autograd.grad(found.sum(), u)
    expected = [-0.5 * v**2 - 0.5 * math.log(2 * math.pi) - 2 * math.log(-v) for v in u.tolist()]
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-14)
    torch.testing.assert_close(slope, -u.detach(), rtol=1e-8, atol=0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_expected_improvement_agrees_with_quadrature_in_the_far_tail_too(sign: float) -> None:
    surrogate = surrogate_of(sign * Y)
    objective = Maximise(outcome="y") if sign > 0 else Minimise(outcome="y")
    x = torch.cat([points(12, 1), surrogate.observations.x + 0.004])
    prediction = surrogate.predict(x)
    expected = np.array(
        [
            log_expected_improvement(sign * float(m), float(s), 2.0)
            for m, s in zip(prediction.mean, prediction.sd, strict=True)
        ]
    )
    assert expected.min() < -745  # where improvement itself is 0 in double precision

    found = log_nei(surrogate, objective, x, pending=NOTHING).numpy()

    # The best so far still moves by the least noise, 1e-3 of the outcome's deviation of 0.6, so by
    # 6e-4; that moves log EI by about u / sd times as much (u the distance in deviations), and by
    # half of its square where the draws spread.
    u = (2.0 - sign * prediction.mean.numpy()) / prediction.sd.numpy()
    slope = np.maximum(np.abs(u), 1.0) / prediction.sd.numpy()
    step = 3 * 6e-4 * slope
    assert (np.abs(found - expected) <= 0.01 + step + step**2).all()


@pytest.mark.parametrize(
    "objective",
    [HitTarget(outcome="y", target=1.6, tolerance=0.1), HitRange(outcome="y", low=2.5, high=2.8)],
    ids=lambda objective: objective.aim,
)
def test_improvement_towards_targets_and_ranges_agrees_with_quadrature(
    objective: AnyObjective,
) -> None:
    surrogate = surrogate_of(Y)
    best = max(utility_of_one(objective, float(y)) for y in Y)
    x = points(60, 2)
    prediction = surrogate.predict(x)
    kinks = (1.5, 1.6, 1.7, 2.0, 2.5, 2.8, 3.3)
    exact = [
        mean_and_sd(
            lambda y: max(0.0, utility_of_one(objective, y) - best), float(m), float(s), kinks=kinks
        )
        for m, s in zip(prediction.mean, prediction.sd, strict=True)
    ]
    means, sds = np.array([each for each in exact if each[0] > 0.0]).T
    x = x[torch.tensor([each[0] > 0.0 for each in exact])]
    # five standard errors of 128 plain draws (quasi-random ones do better), in the logarithm;
    # judged where that is under a factor of three
    room = 5 * sds / means / np.sqrt(128)
    judged = room < 2.0
    assert judged.sum() >= 10

    found = log_nei(surrogate, objective, x, pending=NOTHING).exp().numpy()

    assert (np.abs(found / means - 1.0) <= room + 0.02)[judged].all()


def test_measurement_noise_is_not_mistaken_for_success() -> None:
    """One lucky result among noisy ones: what is to be beaten is the process, not the result."""
    y = np.array([1.0, 1.1, 0.9, 3.0, 1.0, 1.05])
    noisy, exact = surrogate_of(y, var=1.0), surrogate_of(y)
    x = points(8, 4)

    worth = [log_nei(s, Maximise(outcome="y"), x, pending=NOTHING) for s in (noisy, exact)]

    prediction = noisy.predict(x)
    against_luck = [
        log_expected_improvement(float(m), float(s), 3.0)
        for m, s in zip(prediction.mean, prediction.sd, strict=True)
    ]
    assert bool((worth[0] > torch.tensor(against_luck) + 1.0).all())
    assert bool(worth[1].isfinite().all())


def test_a_pending_trial_takes_its_worth_away() -> None:
    surrogate = surrogate_of(Y)
    x = points(60, 2)
    for objective in (
        Maximise(outcome="y"),
        Minimise(outcome="y"),
        HitTarget(outcome="y", target=2.5, tolerance=0.1),
    ):
        before = log_nei(surrogate, objective, x, pending=NOTHING)
        top = x[before.argmax()][None, :]
        after = log_nei(surrogate, objective, x, pending=top)

        # adding the pending trial to the incumbents can only lower the improvement at its place
        assert float(after[before.argmax()]) < float(before.max()) - 1.0


def test_nobody_is_warned_of_draws_beside_a_measured_setting() -> None:
    """Jitter factors their joint covariance; as all is known there, little is to be gained."""
    surrogate = surrogate_of(Y)
    beside = surrogate.observations.x + 1e-9
    objective = HitTarget(outcome="y", target=1.6, tolerance=0.1)

    with warnings.catch_warnings():
        warnings.simplefilter("error", NumericalWarning)
        found = log_nei(surrogate, objective, beside, pending=beside[:2])
        elsewhere = log_nei(surrogate, objective, points(500, 1), pending=NOTHING)

    assert float(found.max()) < float(elsewhere.max()) - 1.0


def test_maximising_and_minimising_the_negative_agree() -> None:
    up, down = surrogate_of(Y), surrogate_of(-Y)
    x = points(20, 2)

    bounds = [
        upper_confidence_bound(up, Maximise(outcome="y"), x, beta=1.3),
        upper_confidence_bound(down, Minimise(outcome="y"), x, beta=1.3),
    ]

    # the two fits see mirrored data and stop within 1e-5 of the same hyperparameters
    torch.testing.assert_close(bounds[0], bounds[1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("beta", [0.0, 1.0, 3.0])
def test_the_upper_bound_is_the_mean_and_its_deviations(beta: float) -> None:
    surrogate = surrogate_of(Y)
    x = points(9, 5)
    prediction = surrogate.predict(x)

    found = upper_confidence_bound(surrogate, Maximise(outcome="y"), x, beta=beta)

    torch.testing.assert_close(found, prediction.mean + beta * prediction.sd, rtol=1e-14, atol=0)


def test_what_is_drawn_for_a_target_keeps_to_the_bounds_of_the_outcome() -> None:
    """A target at the bound is met by all that would lie beyond it.

    Against draws of the process where it was measured and at the candidates together, clipped by
    hand; without bounds the value of the best candidate is a third less.
    """
    surrogate = surrogate_of(Y, var=0.04)
    objective, x = HitTarget(outcome="y", target=2.2, tolerance=0.1), points(60, seed=4)
    drawn = surrogate.draw(torch.cat([surrogate.observations.x, x]), 50_000, seed=5)
    missed = (2.2 - drawn.clamp(max=2.2)).numpy()
    gains = np.maximum(missed[:, :5].min(axis=1)[:, None] - missed[:, 5:], 0.0).mean(axis=0)
    best = np.argsort(-gains)[:5]

    within, without = (
        log_noisy_expected_improvement(surrogate, objective, pending=NOTHING, seed=1, bounds=bounds)
        for bounds in (Bounds(high=2.2), None)
    )

    # 128 quasi-random draws, and the smoothing of a maximum: a tenth, twice what it is here
    np.testing.assert_allclose(within(x[best]).exp().detach(), gains[best], rtol=0.1)
    assert float(without(x[best]).exp()[0]) < 0.8 * gains[best][0]

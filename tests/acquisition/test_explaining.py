"""Explanations: Shapley values with their uncertainty, and what a run would settle."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation
from planner.acquisition.explaining import QUICK, THOROUGH, explain
from planner.acquisition.explaining.attribution import (
    all_coalitions,
    attribute,
    sampled_orders,
    unknown_of,
)
from planner.acquisition.explaining.effects import shares_settled
from planner.acquisition.forecasts import best_so_far
from planner.campaign.objectives import Maximise
from planner.models import Observations, Surrogate, Task, fit
from planner.space import Categorical, Continuous, SearchSpace


def fitted(n: int, d: int, *, effect: float = 1.0) -> Surrogate:
    rng = np.random.default_rng(n + d)
    x = rng.random((n, d))
    y = effect * np.sin(3 * x[:, 0]) + x[:, -1] ** 2 + 0.05 * rng.standard_normal(n)
    found = fit(Task(observations=Observations.from_arrays(x, y), columns=tuple(range(d))))
    assert isinstance(found, Surrogate)
    return found


def by_orders(f, x: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley's own definition: the mean gain of each over all orders in which they join."""
    p = len(x)
    values = np.zeros(p)
    orders = list(permutations(range(p)))
    for order in orders:
        now = background.copy()
        for index in order:
            before = f(now).mean()
            now[:, index] = x[index]
            values[index] += (f(now).mean() - before) / len(orders)
    return values


def test_of_a_linear_process_the_values_are_known_in_closed_form() -> None:
    rng = np.random.default_rng(0)
    slopes, x, background = rng.normal(size=6), rng.random(6), rng.random((20, 6))

    found = all_coalitions(x, background, columns=np.arange(6), most=4096, seed=1)

    # sums of 1,280 numbers of order 1
    np.testing.assert_allclose(
        found.weights @ (found.points @ slopes), slopes * (x - background.mean(axis=0)), atol=1e-12
    )


def test_they_are_the_mean_gain_over_all_orders() -> None:
    rng = np.random.default_rng(1)
    x, background = rng.random(4), rng.random((7, 4))

    def f(at: np.ndarray) -> np.ndarray:
        return np.sin(3 * at[:, 0] * at[:, 1]) + at[:, 2] ** at[:, 3]

    found = all_coalitions(x, background, columns=np.arange(4), most=4096, seed=1)

    np.testing.assert_allclose(
        found.weights @ f(found.points), by_orders(f, x, background), atol=1e-12
    )


def test_the_columns_of_one_parameter_join_together() -> None:
    x, background = np.array([1.0, 0.0, 0.3]), np.array([[0.0, 1.0, 0.8]])

    found = all_coalitions(x, background, columns=np.array([0, 0, 1]), most=4096, seed=1)

    assert len(found.points) == 4
    assert {tuple(point[:2]) for point in found.points} == {(1.0, 0.0), (0.0, 1.0)}


@pytest.mark.parametrize("d", [3, 10])
def test_with_the_average_they_sum_to_the_prediction(d: int) -> None:
    surrogate = fitted(20, d)
    rng = np.random.default_rng(3)
    x, background = rng.random(d), rng.random((1 if d > 8 else 30, d))

    found = attribute(surrogate, x, background, columns=tuple(range(d)), effort=THOROUGH, seed=1)

    average = surrogate.moments(torch.from_numpy(background))[0].mean()
    # rounding of sums of up to 4,096 predictions of order 1
    assert found.base == pytest.approx(float(average), abs=1e-10)
    here = surrogate.moments(torch.from_numpy(x)[None, :])[0]
    assert found.base + found.values.sum() == pytest.approx(float(here[0]), abs=1e-12)


def test_their_deviations_are_those_of_draws_of_the_process() -> None:
    surrogate = fitted(6, 2)
    rng = np.random.default_rng(4)
    x, background = rng.random(2), rng.random((5, 2))
    n = 20_000

    found = attribute(surrogate, x, background, columns=(0, 1), effort=THOROUGH, seed=1)
    functional = all_coalitions(x, background, columns=np.arange(2), most=4096, seed=1)
    points, at = np.unique(functional.points, axis=0, return_inverse=True)
    draws = surrogate.draw(torch.from_numpy(points), n, seed=2).numpy()[:, at.ravel()]
    values = draws @ functional.weights.T

    assert found.sd.min() > 0.01
    # five standard errors of a deviation, sd / sqrt(2 n), and of a mean
    np.testing.assert_allclose(values.std(axis=0), found.sd, rtol=5 / np.sqrt(2 * n))
    np.testing.assert_allclose(values.mean(axis=0), found.values, atol=5 * found.sd.max() / n**0.5)


def test_sampled_orders_agree_with_all_coalitions_within_their_stated_error() -> None:
    """Five standard errors of nine values: one false alarm in 200,000 with other seeds."""
    surrogate = fitted(30, 9, effect=2.0)
    rng = np.random.default_rng(5)
    x, background = rng.random(9), rng.random((8, 9))
    exact = all_coalitions(x, background, columns=np.arange(9), most=4096, seed=1)
    mean = surrogate.moments(torch.from_numpy(exact.points))[0].numpy()

    # too few points for 2^9 coalitions with each of 8 settings
    effort = replace(THOROUGH, points=2048)
    found = attribute(surrogate, x, background, columns=tuple(range(9)), effort=effort, seed=3)

    assert (found.error > 0).all()
    assert (np.abs(found.values - exact.weights @ mean) <= 5 * found.error).all()
    assert np.abs(found.values - np.roll(exact.weights @ mean, 1)).max() > 5 * found.error.max()


def test_sampled_orders_give_every_draw_its_own_sum() -> None:
    """Whatever the process is, values sum to what it has at x more than over the background."""
    rng = np.random.default_rng(6)
    x, background = rng.random(12), rng.random((1, 12))
    found = sampled_orders(x, background, columns=np.arange(12), most=4096, seed=1)
    process = {tuple(point): rng.normal() for point in found.points}

    values = found.weights @ np.array([process[tuple(point)] for point in found.points])

    assert values.sum() == pytest.approx(process[tuple(x)] - process[tuple(background[0])])


def test_of_a_part_of_the_background_the_variance_is_that_of_the_whole() -> None:
    """In the mean over 1,000 parts of two settings, within five standard errors.

    The variance of the mean over a part, which holds what the drawing adds too, is found to be
    another by the same measure.
    """
    surrogate = fitted(8, 2)
    rng = np.random.default_rng(9)
    x, background = rng.random(2), rng.random((64, 2))
    columns = np.arange(2)

    def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
        part = all_coalitions(x, background, columns=columns, most=8, seed=seed)
        points = torch.from_numpy(part.points)
        of_part = part.weights @ surrogate.covariance(points, points).numpy() @ part.weights.T
        return unknown_of(surrogate, part).var.numpy(), np.diag(of_part)

    everything = all_coalitions(x, background, columns=columns, most=256, seed=1)
    exact = unknown_of(surrogate, everything).var.numpy()
    found, of_parts = map(np.array, zip(*(drawn(seed) for seed in range(1000)), strict=True))

    def off(variances: np.ndarray) -> np.ndarray:
        errors = variances.std(axis=0, ddof=1) / np.sqrt(len(variances))
        return np.abs(variances.mean(axis=0) - exact) / errors

    assert off(found).max() < 5
    assert off(of_parts).min() > 5


def test_a_run_leaves_of_the_deviations_what_conditioning_on_it_does() -> None:
    surrogate = fitted(8, 3)
    rng = np.random.default_rng(10)
    x, background = rng.random(3), rng.random((5, 3))
    columns = (0, 1, 2)

    found = attribute(surrogate, x, background, columns=columns, effort=THOROUGH, seed=1)
    then = surrogate.conditioned_on(torch.from_numpy(x)[None, :])
    after = attribute(then, x, background, columns=columns, effort=THOROUGH, seed=1)

    # conditioning factors another matrix, and a variance is a difference of larger numbers
    np.testing.assert_allclose(found.sd_after, after.sd, rtol=1e-5)
    assert (found.sd_after < 0.95 * found.sd).any()


def test_of_a_batch_a_run_leaves_what_conditioning_on_all_before_it_and_on_it_does() -> None:
    surrogate = fitted(8, 3)
    rng = np.random.default_rng(12)
    x, background, waiting = rng.random(3), rng.random((5, 3)), rng.random((2, 3))
    at, earlier = torch.from_numpy(x)[None, :], torch.from_numpy(waiting)
    then, all_in = (surrogate.conditioned_on(each) for each in (earlier, torch.cat([earlier, at])))
    how = {"columns": (0, 1, 2), "effort": THOROUGH, "seed": 1}

    alone = attribute(surrogate, x, background, **how)
    found = attribute(surrogate, x, background, **how, then=then)

    np.testing.assert_array_equal(found.values, alone.values)
    np.testing.assert_array_equal(found.sd, alone.sd)
    np.testing.assert_array_equal(alone.sd_before, alone.sd)
    # conditioning factors another matrix, and a variance is a difference of larger numbers
    for said, of in ((found.sd_before, then), (found.sd_after, all_in)):
        np.testing.assert_allclose(said, attribute(of, x, background, **how).sd, rtol=1e-5)
    # the variance of a sum never rises with more that is known
    assert (found.sd_after < alone.sd_after).all()


def test_a_quick_look_agrees_with_a_thorough_one() -> None:
    surrogate = fitted(25, 4)
    rng = np.random.default_rng(11)
    x, background = rng.random(4), rng.random((500, 4))
    columns = (0, 1, 2, 3)

    quick, thorough = (
        attribute(surrogate, x, background, columns=columns, effort=effort, seed=2)
        for effort in (QUICK, THOROUGH)
    )

    error = np.hypot(quick.error, thorough.error)
    assert (np.abs(quick.values - thorough.values) < 5 * error).all()
    large = thorough.sd > 0.5 * thorough.sd.max()
    # of nine pairs of orders: within a quarter on average, and a factor of two in all but few
    assert (np.abs(np.log(quick.sd / thorough.sd))[large] < np.log(2.5)).all()


@pytest.mark.parametrize("d", [6, 12])
def test_the_deviations_of_a_quick_look_are_near_the_true_ones(d: int) -> None:
    """Of six fits: none is 0, and of the larger ones half are within a quarter or little more.

    The true ones are of pairs of orders enough that all agree with each other within a twentieth.
    """
    off = []
    for seed in range(6):
        surrogate, rng = fitted(2 * d + seed, d), np.random.default_rng(seed)
        x, background, columns = rng.random(d), rng.random((500, d)), np.arange(d)

        quick = attribute(
            surrogate, x, background, columns=tuple(range(d)), effort=QUICK, seed=seed
        )

        many = sampled_orders(x, background, columns=columns, most=400 * (d + 1), seed=99)
        true = unknown_of(surrogate, many).var.clamp_min(0.0).sqrt().numpy()
        assert quick.sd.min() > 0
        large = true > 0.5 * np.median(true)
        off += list(np.abs(np.log(quick.sd / true.clip(1e-12)))[large])
    assert np.median(off) < np.log(1.35)
    assert np.quantile(off, 0.9) < np.log(2.5)


def test_what_a_run_settles_is_what_conditioning_on_it_removes() -> None:
    surrogate = fitted(8, 2)
    rng = np.random.default_rng(7)
    x, background = rng.random(2), rng.random((6, 2))

    def unknown(of: Surrogate, own: int) -> float:
        levels = np.sort(background[:, own])
        grid = np.repeat(background[None], 6, axis=0)
        grid[:, :, own] = levels[:, None]
        at = torch.from_numpy(grid.reshape(-1, 2))
        rows = np.kron(np.eye(6) - 1 / 6, np.full((1, 6), 1 / 6))
        return float(np.trace(rows @ of.covariance(at, at).numpy() @ rows.T))

    found = shares_settled(surrogate, x, background, columns=(0, 1), effort=THOROUGH)

    after = surrogate.conditioned_on(torch.from_numpy(x)[None, :])
    for own in (0, 1):
        expected = 1 - unknown(after, own) / unknown(surrogate, own)
        assert found[own] == pytest.approx(expected, rel=1e-6)


def test_the_parameter_that_matters_comes_first_and_the_untried_one_is_settled_most() -> None:
    space = SearchSpace(
        (
            Continuous(name="temperature", low=20, high=120),
            Continuous(name="stirring", low=1, high=9),
            Categorical(name="solvent", choices=("water", "ethanol", "toluene")),
        )
    )
    rng = np.random.default_rng(8)
    x = space.encode(space.sample(25, seed=1))
    # stirring does nothing, and was never tried in its upper half
    x[:, 1] /= 2
    y = 10 * x[:, 0] + 3 * x[:, 2] + 0.1 * rng.standard_normal(25)
    now = Situation(space=space, objective=Maximise(outcome="y"), x=x, y=y)
    surrogate = fit(Task(observations=Observations.from_arrays(x, y), columns=space.columns))
    assert isinstance(surrogate, Surrogate)
    at = space.encode([{"temperature": 118.0, "stirring": 8.5, "solvent": "water"}])[0]

    best = best_so_far(now, surrogate)
    found = explain(now, surrogate, at, best=best, effort=THOROUGH, seed=1)

    assert [part.parameter for part in found.parts][:2] == ["temperature", "solvent"]
    assert found.parts[0].value == 118.0
    assert found.base + sum(part.effect.adds for part in found.parts) == pytest.approx(found.mean)
    assert max(found.parts, key=lambda part: part.effect.settled).parameter == "stirring"
    assert all(0 <= part.effect.settled <= 1 for part in found.parts)


def test_the_mode_follows_from_the_aim_and_from_what_is_promised() -> None:
    space = SearchSpace((Continuous(name="a", low=0, high=1),))
    x = np.linspace(0, 0.5, 6)[:, None]
    now = Situation(space=space, objective=Maximise(outcome="y"), x=x, y=x[:, 0])
    surrogate = fit(Task(observations=Observations.from_arrays(x, x[:, 0]), columns=(0,)))
    assert isinstance(surrogate, Surrogate)
    learning = Situation(
        space=space, objective=now.objective, x=x, y=now.y, settings=Settings.of_aim("learn")
    )

    best = best_so_far(now, surrogate)
    modes = [
        explain(situation, surrogate, np.array([at]), best=best, effort=QUICK, seed=1).mode
        for situation, at in ((now, 0.6), (now, 0.05), (learning, 0.6))
    ]

    assert modes == ["exploits", "explores", "learns"]

"""What is stated of the process and of the next run, within bounds and of classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.models import (
    Bounds,
    Observations,
    Surrogate,
    Task,
    chance,
    expect,
    fit,
    probability_of_meeting,
)
from tests.oracles.improvement import mean_and_sd

YIELD = Bounds(0.0, 100.0)
WANTED = HitClass(outcome="form", wanted=("a",))
EVERYWHERE = torch.linspace(-3.0, 4.0, 60, dtype=torch.float64)[:, None]


def surrogate_of(y: list[float]) -> Surrogate:
    x = np.linspace(0.0, 1.0, len(y))[:, None]
    found = fit(Task(observations=Observations.from_arrays(x, np.array(y)), columns=(0,)))
    assert isinstance(found, Surrogate)
    return found


def one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@given(y=st.lists(st.floats(0.0, 100.0), min_size=2, max_size=8).filter(lambda y: np.ptp(y) > 1.0))
def test_nothing_that_is_said_of_a_yield_leaves_its_bounds(y: list[float]) -> None:
    said = expect(
        surrogate_of(y), EVERYWHERE, objective=Maximise(outcome="y"), bounds=YIELD, level=0.99
    )

    for part in (said.mean, said.low, said.high, said.run_low, said.run_high):
        assert bool(((part >= 0.0) & (part <= 100.0)).all())
    for part in (said.sd, said.sd_run):
        assert bool(((part >= 0.0) & (part <= 50.0)).all())  # half of the width


def test_mean_and_deviations_are_those_of_the_clipped_process_and_run() -> None:
    surrogate = surrogate_of([2.0, 60.0, 99.0, 97.0])
    latent = surrogate.predict(EVERYWHERE)

    said = expect(surrogate, EVERYWHERE, objective=Maximise(outcome="y"), bounds=YIELD)

    for i in range(0, len(EVERYWHERE), 7):
        mean, sd, noise = (float(part[i]) for part in (latent.mean, latent.sd, latent.noise_sd))

        def within(y: float) -> float:
            return min(max(y, 0.0), 100.0)

        process = mean_and_sd(within, mean, sd, kinks=(0.0, 100.0))
        run = mean_and_sd(within, mean, math.hypot(sd, noise), kinks=(0.0, 100.0))
        # the oracle's variance is a difference of squares of 1e4
        assert float(said.mean[i]) == pytest.approx(process[0], abs=1e-10)
        assert float(said.sd[i]) == pytest.approx(process[1], rel=1e-8, abs=5e-6)
        assert float(said.sd_run[i]) == pytest.approx(run[1], rel=1e-8, abs=5e-6)


def test_without_bounds_it_is_the_prediction() -> None:
    surrogate = surrogate_of([1.0, 3.0, 2.0])
    latent = surrogate.predict(EVERYWHERE)

    said = expect(surrogate, EVERYWHERE, objective=Minimise(outcome="y"), level=0.5)

    assert torch.equal(said.mean, latent.mean)
    assert torch.equal(said.sd, latent.sd)
    assert torch.equal(said.sd_run, torch.hypot(latent.sd, latent.noise_sd))


@pytest.mark.parametrize(
    ("objective", "best", "expected"),
    [
        (Maximise(outcome="y", goal=100.0), None, norm.sf(100.0, 97, 3)),
        (Maximise(outcome="y", goal=101.0), None, 0.0),
        (Maximise(outcome="y"), 99.0, norm.sf(99.0, 97, 3)),
        (Maximise(outcome="y"), 100.0, 0.0),
        (Maximise(outcome="y", gain=1.0), 99.0, norm.sf(100.0, 97, 3)),
        (Maximise(outcome="y", gain=1.0), 99.5, 0.0),
        (Minimise(outcome="y"), 0.0, 0.0),
        (Minimise(outcome="y", goal=0.0), None, norm.cdf(0.0, 97, 3)),
        (Minimise(outcome="y", goal=-1.0), None, 0.0),
        (HitTarget(outcome="y", target=100.0, tolerance=2.0), None, norm.sf(98.0, 97, 3)),
        (HitRange(outcome="y", low=95.0, high=100.0), None, norm.sf(95.0, 97, 3)),
        (HitRange(outcome="y", low=101.0, high=110.0), None, 0.0),
        (HitRange(outcome="y", low=-9.0, high=98.0), None, norm.cdf(98.0, 97, 3)),
    ],
)
def test_chances_count_what_lies_beyond_a_bound_at_the_bound(
    objective: AnyObjective, best: float | None, expected: float
) -> None:
    assert not isinstance(objective, HitClass)

    found = probability_of_meeting(objective, one(97.0), one(3.0), best=best, bounds=YIELD)

    assert float(found[0]) == pytest.approx(float(expected), rel=1e-12)


def test_a_class_is_said_in_probabilities_of_its_margin() -> None:
    margin = surrogate_of([-4.0, 1.0, 2.0])
    latent = margin.predict(EVERYWHERE)

    said = expect(margin, EVERYWHERE, objective=WANTED)

    for i in range(0, len(EVERYWHERE), 9):
        mean, sd = mean_and_sd(
            lambda g: 1.0 / (1.0 + math.exp(-g)), float(latent.mean[i]), float(latent.sd[i])
        )
        # both quadratures are good to 1e-9 at a deviation of 3
        assert float(said.mean[i]) == pytest.approx(mean, abs=1e-8)
        assert float(said.sd[i]) == pytest.approx(sd, abs=1e-7)
        assert float(said.sd_run[i]) == pytest.approx(math.sqrt(mean * (1 - mean)), abs=1e-7)
        # 5 and 95 % of the margin are 5 and 95 % of a rising function of it
        for end, z in ((said.low, -1.0), (said.high, 1.0)):
            edge = float(latent.mean[i]) + z * norm.ppf(0.95) * float(latent.sd[i])
            assert float(end[i]) == pytest.approx(1.0 / (1.0 + math.exp(-edge)), rel=1e-12)
    assert bool(((said.low > 0.0) & (said.low < said.mean)).all())
    assert bool(((said.high < 1.0) & (said.high > said.mean)).all())


def test_a_run_of_a_class_is_wanted_or_not() -> None:
    said = expect(surrogate_of([-9.0, 0.0, 9.0]), EVERYWHERE, objective=WANTED)

    runs = torch.stack([said.run_low, said.run_high], dim=1)
    assert set(runs.flatten().tolist()) == {0.0, 1.0}
    # at a probability p both ends hold at least 90 %
    mass = torch.where(runs[:, 0] > 0, said.mean, torch.where(runs[:, 1] < 1, 1 - said.mean, 1.0))
    assert bool((mass >= 0.9).all())


def test_the_chance_of_a_class_is_its_probability_or_that_enough_is_reached() -> None:
    margin = surrogate_of([-4.0, 1.0, 2.0])
    latent = margin.predict(EVERYWHERE)
    enough = HitClass(outcome="form", wanted=("a",), goal=0.8)

    plain = chance(margin, EVERYWHERE, objective=WANTED)

    assert torch.equal(plain, expect(margin, EVERYWHERE, objective=WANTED).mean)
    assert torch.equal(chance(margin, EVERYWHERE, objective=enough, of_next_run=True), plain)
    reached = chance(margin, EVERYWHERE, objective=enough).numpy()
    expected = norm.sf(math.log(4.0), latent.mean.numpy(), latent.sd.numpy())
    np.testing.assert_allclose(reached, expected, rtol=1e-10)


def test_the_chance_of_a_run_counts_its_noise() -> None:
    surrogate = surrogate_of([1.0, 3.0, 2.0])
    latent = surrogate.predict(EVERYWHERE)
    goal = Maximise(outcome="y", goal=2.5)

    found = chance(surrogate, EVERYWHERE, objective=goal, of_next_run=True).numpy()

    sd = torch.hypot(latent.sd, latent.noise_sd).numpy()
    np.testing.assert_allclose(found, norm.sf(2.5, latent.mean.numpy(), sd), rtol=1e-10)

"""Forecasts whose results lie at a bound of the outcome."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from planner.models import Correction, Evidence, evidence_of
from planner.models.coverage.correction import OF_AN_AVERAGE, learn
from planner.models.coverage.widening import widening
from planner.trials import Spread

FORECAST = Spread(means=(50.0,), sds=(5.0,), weights=(1.0,), sd=4.0, noise_sd=3.0, prior_sd=20.0)
# twelve results as a right forecast has them: quantiles of its distribution
AS_STATED = [(FORECAST, 50.0 + 5.0 * float(ndtri((i + 0.5) / 12))) for i in range(12)]


def learned(seen: Evidence) -> Correction:
    return learn(seen, Evidence.none(), log_fairness=0.0, prior=OF_AN_AVERAGE)


def width(found: Correction) -> float:
    return widening(found, level=0.9, unknown=0.2)


def test_a_result_at_a_bound_is_kept_as_at_least_that_far_out() -> None:
    pairs = [(FORECAST, 0.0), (FORECAST, 60.0), (FORECAST, 100.0)]
    seen = evidence_of(pairs, bounds=(0.0, 100.0))
    assert seen.errors.tolist() == [-10.0, 2.0, 10.0]
    assert seen.beyond.tolist() == [-1.0, 0.0, 1.0]
    assert evidence_of(pairs, bounds=(None, None)).beyond.tolist() == [0.0, 0.0, 0.0]
    assert evidence_of(pairs, bounds=(None, 100.0)).beyond.tolist() == [0.0, 0.0, 1.0]


def test_forecasts_that_never_expected_nothing_are_widened_when_nothing_comes() -> None:
    """Eight of twenty came out at 0, ten deviations off: no less is learned than without bound."""
    pairs = [*AS_STATED, *[(FORECAST, 0.0)] * 8]
    found, free = (
        learned(evidence_of(pairs, bounds=bounds)) for bounds in ((0.0, 100.0), (None, None))
    )
    assert found.n_forecasts == 20
    assert width(found) > width(free) > 2.5
    without = learned(evidence_of(AS_STATED, bounds=(0.0, 100.0)))
    assert width(without) < 1.2


def test_what_was_sure_to_lie_beyond_a_bound_teaches_nothing() -> None:
    """Forecast twenty deviations beyond, found at the bound: as any scale would have it."""
    sure = Spread(means=(-100.0,), sds=(5.0,), weights=(1.0,), sd=4.0, noise_sd=3.0, prior_sd=20.0)
    found = learned(evidence_of([(sure, 0.0)] * 10, bounds=(0.0, None)))
    nothing = learned(Evidence.none())
    assert found.known == pytest.approx(nothing.known, abs=0.01)
    assert found.tail == pytest.approx(nothing.tail, abs=0.01)


def test_the_likelihood_at_a_bound_is_the_mass_beyond() -> None:
    """Of a single forecast: posterior means of the log scales by a plain sum over a finer grid."""
    seen = evidence_of([(FORECAST, 60.0)], bounds=(None, 60.0))
    u = np.linspace(-3.0, 3.0, 61)
    a = 0.25 * u[:, None]
    b = 0.05 + 0.25 * u[None, :]
    total = np.zeros_like(a + b)
    nodes = np.linspace(-6.0, 6.0, 121)
    for tail, share in ((0.1, 0.25), (0.4, 0.5), (0.7, 0.25)):
        weights = np.exp(-0.5 * nodes**2)
        mass = np.zeros_like(total)
        for node, weight in zip(nodes, weights / weights.sum(), strict=True):
            # posterior over prior deviation is 4 / 20; 60 is 2 deviations above the mean
            scale = np.exp(0.8 * a + 0.2 * b + tail * node)
            mass += weight * ndtr(-2.0 / scale)
        total += share * np.exp(-0.5 * (u[:, None] ** 2 + u[None, :] ** 2)) * mass
    total /= total.sum()
    found = learned(seen)
    # nodes and grid of the correction are coarse; the shift is about 0.05
    assert found.known == pytest.approx(float((total * a).sum()), abs=0.004)
    assert found.known > 0.03

"""The correction: right models are left alone, wrong ones mended, as often as is stated."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from planner.models.coverage.correction import (
    PRIOR_SD,
    TAIL_PRIOR,
    TAILS,
    Correction,
    Evidence,
    ScalePrior,
    learn,
)

PRIOR = ScalePrior(known=0.05, unknown=0.15)
LEVELS = np.array([0.5, 0.8, 0.9, 0.95])


def forecasts(n: int, *, factor: float, generator: np.random.Generator) -> Evidence:
    """Forecasts of a model whose deviations should be multiplied by a factor."""
    return Evidence.of_errors(
        factor * generator.normal(size=n),
        generator.uniform(0.0, 0.6, size=n),
        weights=np.ones(n),
    )


def needed(correction: Correction, later: Evidence) -> np.ndarray:
    """The levels whose corrected intervals hold later results."""
    scales = correction.scales(torch.from_numpy(later.unknown)).numpy()
    return np.asarray(2.0 * (correction.weights @ ndtr(np.abs(later.errors) / scales)) - 1.0)


def coverage(n: int, *, factor: float, n_campaigns: int = 60) -> np.ndarray:
    """How often corrected intervals hold after n forecasts, on average over campaigns."""
    generator = np.random.default_rng()
    found = []
    for _ in range(n_campaigns):
        correction = learn(
            forecasts(n, factor=factor, generator=generator),
            Evidence.none(),
            log_fairness=0.0,
            prior=PRIOR,
        )
        later = forecasts(400, factor=factor, generator=generator)
        found.append((needed(correction, later)[:, None] <= LEVELS).mean(axis=0))
    return np.mean(found, axis=0)


def test_a_right_model_is_not_harmed() -> None:
    """The control. Of 120 simulated campaigns 49.4, 82.2, 93.3 and 98.0 % held after 24 forecasts.

    The deviation of one campaign's coverage is below 0.09 at every level, so the mean of 60 is
    known to 0.012, and 5 of these are 0.06: none is below its level by more than rounding (1
    point) and that, and none above by more than the 4 points stated and that.
    """
    held = coverage(24, factor=1.0)
    assert (held > LEVELS - 0.01 - 0.06).all()
    assert (held < np.minimum(1.0, LEVELS + 0.04 + 0.06)).all()


@pytest.mark.parametrize(("factor", "before"), [(2.0, 0.59), (0.5, 0.999)])
def test_an_overconfident_and_a_timid_model_are_corrected(factor: float, before: float) -> None:
    """At 90 % an uncorrected model that is off by two holds 59 or 99.9 %.

    After 40 forecasts 86 and 98 % held in simulation; asked for is that four tenths of the
    distance are made up for, which 60 campaigns miss by five standard errors (0.03) if there were
    no correction beyond the prior's (71 and 100 %).
    """
    held = coverage(40, factor=factor)[2]
    if factor > 1.0:
        assert before + 0.4 * (0.9 - before) + 0.05 < held < 0.95
    else:
        assert held < before - 0.005
    narrow, wide = (coverage(n, factor=factor)[0] for n in (8, 100))
    # at 50 % a timid model holds 82 % uncorrected, an overconfident one 26 %: more data, nearer
    assert abs(wide - 0.5) < abs(narrow - 0.5)


def test_over_models_as_the_prior_says_intervals_hold_as_often_as_they_state() -> None:
    """Bayes' own argument, after 5 forecasts; simulation-based calibration.

    Of 300 models 40 later results each: the standard error is at most 0.02 (models, not results,
    are the sample), and grid and nodes are off by less than a point. The control leaves the
    deviations as they were stated.
    """
    generator = np.random.default_rng()
    held, uncorrected = [], []
    for _ in range(300):
        a, b = generator.normal([PRIOR.known, PRIOR.unknown], PRIOR_SD)
        tail = generator.choice(TAILS, p=TAIL_PRIOR)
        r = generator.uniform(size=45)
        scale = np.exp(a * (1 - r) + b * r + tail * generator.normal(size=45))
        errors = scale * generator.normal(size=45)
        seen, later = (
            Evidence(errors=errors[part], unknown=r[part], weights=np.ones(len(r[part])))
            for part in (slice(0, 5), slice(5, None))
        )
        found = needed(learn(seen, Evidence.none(), log_fairness=0.0, prior=PRIOR), later)
        held.append((found[:, None] <= LEVELS).mean(axis=0))
        uncorrected.append((np.abs(2 * ndtr(later.errors) - 1)[:, None] <= LEVELS).mean(axis=0))
    error = np.std(held, axis=0) / np.sqrt(len(held))
    assert (np.abs(np.mean(held, axis=0) - LEVELS) < 5 * error + 0.01).all()
    assert np.abs(np.mean(uncorrected, axis=0) - LEVELS).max() > 0.03


def test_held_out_observations_teach_of_what_is_not_known_alone() -> None:
    wild = Evidence(errors=np.full(10, 3.0), unknown=np.full(10, 0.9), weights=np.ones(10))
    found = learn(Evidence.none(), wild, log_fairness=0.0, prior=PRIOR)
    assert found.known == pytest.approx(PRIOR.known, abs=1e-12)
    assert found.unknown > PRIOR.unknown + PRIOR_SD


def test_no_forecasts_leave_the_prior() -> None:
    found = learn(Evidence.none(), Evidence.none(), log_fairness=0.0, prior=PRIOR)
    assert (found.known, found.unknown) == pytest.approx((PRIOR.known, PRIOR.unknown), abs=1e-12)
    # cut off at three deviations a normal keeps 97.3 % of its variance; the grid's sum is as near
    assert found.var_known == pytest.approx(0.973 * PRIOR_SD**2, rel=0.02)


def test_order_and_units_of_evidence_do_not_matter() -> None:
    """Weights of two count as the same forecast twice."""
    generator = np.random.default_rng(3)
    one = forecasts(9, factor=1.5, generator=generator)
    twice = Evidence(
        errors=np.tile(one.errors, 2)[::-1], unknown=np.tile(one.unknown, 2)[::-1],
        weights=np.ones(18),
    )  # fmt: skip
    heavy = Evidence(errors=one.errors, unknown=one.unknown, weights=np.full(9, 2.0))
    first, second = (
        learn(each, Evidence.none(), log_fairness=0.0, prior=PRIOR) for each in (twice, heavy)
    )
    assert (first.known, first.unknown) == pytest.approx((second.known, second.unknown), abs=1e-10)

"""A corrected surrogate: everything that it says follows from the surrogate and the scales."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from planner.acquisition import upper_confidence_bound
from planner.campaign.objectives import Maximise
from planner.models import (
    Bounds,
    Corrected,
    Correction,
    Evidence,
    GaussianProcess,
    Hyperparameters,
    Observations,
    OutcomeScale,
    Surrogate,
    Task,
    chance,
    correct,
    expect,
    family,
    spread_at,
)
from planner.models.average import Average
from planner.models.coverage.correction import NO_CORRECTION, OF_AN_AVERAGE, OF_ONE_FIT
from planner.models.coverage.distribution import Distribution

GENERATOR = np.random.default_rng(11)
X = torch.from_numpy(GENERATOR.uniform(size=(6, 2)))
WIDE = Correction(known=0.2, unknown=0.7, var_known=0.04, var_unknown=0.09, tail=0.3)
OBJECTIVE = Maximise(outcome="y", goal=3.0)


def process() -> GaussianProcess:
    return GaussianProcess(
        observations=Observations.from_arrays(
            GENERATOR.uniform(size=(7, 2)), GENERATOR.normal(size=7)
        ),
        hyperparameters=Hyperparameters(lengthscales=(0.3, 0.5), noise_variance=0.02, mean=0.0),
        columns=(0, 1),
        scale=OutcomeScale(mean=1.0, sd=2.0),
    )


def test_without_a_correction_nothing_changes() -> None:
    base = process()
    same = Corrected(base=base, correction=NO_CORRECTION)
    for before, after in zip(base.moments(X), same.moments(X), strict=True):
        assert torch.allclose(before, after, rtol=1e-12, atol=0.0)
    ends = [expect(each, X, objective=OBJECTIVE).run_high for each in (base, same)]
    # by halving the last digit is reached, by formula too
    assert torch.allclose(*ends, rtol=1e-10, atol=0.0)


def test_deviations_are_multiplied_and_means_and_correlations_stay() -> None:
    base = process()
    found = Corrected(base=base, correction=WIDE)
    (mean, sd), (same, wide) = base.moments(X), found.moments(X)
    r = sd / base.prior_sd
    assert torch.equal(mean, same)
    assert torch.allclose(wide, sd * torch.exp(0.2 * (1 - r) + 0.7 * r), rtol=1e-12)
    before, after = base.covariance(X, X), found.covariance(X, X)
    assert torch.allclose(
        before / torch.outer(sd, sd), after / torch.outer(wide, wide), rtol=1e-9, atol=1e-9
    )


def test_draws_are_as_wide_as_the_stated_intervals_say() -> None:
    """Of 20,000 draws the share within a 90 % interval is known to 0.0021; 5 of these."""
    found = Corrected(base=process(), correction=WIDE)
    ends = expect(found, X, objective=OBJECTIVE)
    draws = found.draw(X, 20_000, seed=1)
    held = ((draws >= ends.low) & (draws <= ends.high)).to(torch.float64).mean(dim=0)
    assert torch.allclose(held, torch.full_like(held, 0.9), rtol=0.0, atol=0.0106)


def test_intervals_chances_and_what_is_written_down_are_one_distribution() -> None:
    found = Corrected(base=process(), correction=WIDE)
    bounds = Bounds(0.0, 4.0)
    for x in X:
        here = x[None, :]
        stated = expect(found, here, objective=OBJECTIVE, bounds=bounds, level=0.8)
        said = Distribution.of(spread_at(found, here), (0.0, 4.0))
        # both by halving or Brent's method, to 1e-12 of the deviation
        assert float(stated.run_low) == pytest.approx(said.quantile(0.1), abs=1e-9)
        assert float(stated.run_high) == pytest.approx(said.quantile(0.9), abs=1e-9)
        meets = chance(found, here, objective=OBJECTIVE, bounds=bounds, of_next_run=True)
        above = (
            said.weights
            @ torch.special.ndtr(torch.from_numpy((said.means - 3.0) / said.sds)).numpy()
        )
        assert float(meets) == pytest.approx(float(above), rel=1e-9)


def test_the_acquisition_decides_with_the_corrected_deviation() -> None:
    """Two places of equal mean: where less is known is worth more after the correction."""
    base = process()
    found = Corrected(base=base, correction=WIDE)
    mean, sd = found.moments(X)
    assert torch.allclose(upper_confidence_bound(found, OBJECTIVE, X, beta=1.0), mean + sd)
    assert (upper_confidence_bound(found, OBJECTIVE, X, beta=1.0)
            > upper_confidence_bound(base, OBJECTIVE, X, beta=1.0)).all()  # fmt: skip


def test_botorch_gets_the_same_process() -> None:
    found = Corrected(base=process(), correction=WIDE)
    posterior = found.model.posterior(X[:, None, :])
    mean, sd = found.moments(X)
    # BoTorch's own arithmetic of the same process agrees to 1e-6
    assert torch.allclose(posterior.mean[:, 0, 0], mean, rtol=1e-6)
    assert torch.allclose(posterior.variance[:, 0, 0].sqrt(), sd, rtol=1e-4)
    with torch.random.fork_rng():
        draws = posterior.rsample(torch.Size([4000]))[:, :, 0, 0]
    # a deviation of 4,000 draws is known to 1.1 %; 5 of these
    assert torch.allclose(draws.std(dim=0), sd, rtol=0.056)


def test_pending_trials_take_uncertainty_away() -> None:
    found = Corrected(base=process(), correction=WIDE)
    after = found.conditioned_on(X[:1])
    assert float(after.moments(X[:1])[1]) < float(found.moments(X[:1])[1])
    assert after.correction == found.correction
    assert found.version != found.base.version


@pytest.mark.parametrize(
    ("name", "prior"),
    [
        ("gp", OF_ONE_FIT),
        ("transformed_gp", OF_ONE_FIT),
        ("robust_gp", OF_ONE_FIT),
        ("averaged_gp", OF_AN_AVERAGE),
        pytest.param("deep_ensemble", OF_AN_AVERAGE, marks=pytest.mark.slow),
    ],
)
def test_the_prior_is_that_of_one_fit_or_of_an_average_whatever_the_mixture(name, prior) -> None:
    """Without a forecast what is known keeps its prior exactly; one outcome is an outlier."""
    ((_, part),) = fit_to_twelve(name).parts
    correction = correct(part, Evidence.none(), places=X.numpy()).correction
    assert correction.known == pytest.approx(prior.known, abs=1e-12)


def test_an_average_of_families_has_the_mean_of_their_priors() -> None:
    one, averaged = fit_to_twelve("transformed_gp"), fit_to_twelve("averaged_gp")
    both = Average(components=(one, averaged), weights=(0.4, 0.6))
    within = Average(components=(both, one), weights=(0.5, 0.5))
    for each, share in ((both, 0.4), (within, 0.7)):
        assert sum(weight for weight, _ in each.parts) == pytest.approx(1.0)
        correction = correct(each, Evidence.none(), places=X.numpy()).correction
        known = share * OF_ONE_FIT.known + (1 - share) * OF_AN_AVERAGE.known
        assert correction.known == pytest.approx(known, abs=1e-12)


def fit_to_twelve(name: str) -> Surrogate:
    x = np.random.default_rng(1).uniform(size=(12, 2))
    y = np.sin(4 * x[:, 0])
    y[3] += 20.0
    task = Task(observations=Observations.from_arrays(x, y), columns=(0, 1))
    found = family(name).fit(task)
    assert isinstance(found, Surrogate)
    return found

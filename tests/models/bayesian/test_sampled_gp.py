"""Gaussian processes with sampled hyperparameters."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from planner.errors import InputError
from planner.models import FitFailure, Observations, OutcomeScale, Surrogate, Task, fit
from planner.models.averaging.evidence import Evidence
from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.averaging.laplace import find_modes
from planner.models.averaging.processes import starts
from planner.models.bayesian import drawing
from planner.models.bayesian.drawing import draw, potential
from planner.models.bayesian.sampled_gp import (
    SampledProcess,
    fit_bayesian,
    fit_saas,
)
from planner.models.priors import LogNormal
from planner.models.sampling.chains import Effort, sample
from tests.oracles import hyperparameters as oracle

LENGTHSCALE, NOISE, SIGNAL = LogNormal(-1.0, 1.0), LogNormal(-3.0, 0.8), LogNormal(0.2, 1.0)
# Enough for tests of what is done with draws.
FEW = Effort(n_warmup=30, n_draws=40)


def make_posterior(x: np.ndarray, z: np.ndarray) -> Hyperposterior:
    evidence = Evidence(
        distances=np.stack([(column[:, None] - column) ** 2 for column in x.T]),
        z=z,
        known_noise=np.full(len(z), np.nan),
        mean_variance=4.0,
    )
    return Hyperposterior.with_log_normals(
        evidence, lengthscale=LENGTHSCALE, noise=NOISE, signal=SIGNAL
    )


def make_task(n: int, *, d: int = 3, seed: int = 1) -> Task:
    rng = np.random.default_rng(seed)
    x = rng.random((n, d))
    y = 40.0 + 7.0 * np.sin(5.0 * x[:, 0]) + 3.0 * x[:, 1] + rng.normal(0.0, 0.5, n)
    return Task(observations=Observations.from_arrays(x, y), columns=tuple(range(d)))


def fitted(task: Task) -> SampledProcess:
    surrogate = fit_bayesian(task, effort=FEW)
    assert isinstance(surrogate, SampledProcess)
    return surrogate


def test_draws_average_as_a_grid_over_the_posterior_does() -> None:
    rng = np.random.default_rng()
    x = rng.random((5, 1))
    z = np.sin(6.0 * x[:, 0]) + rng.normal(0.0, 0.2, 5)
    posterior, data = make_posterior(x, z), oracle.Data(x=x, z=z, mean_variance=4.0)
    # 17 nodes over 4.5 deviations: 0.56 apart, where the rule for a normal errs by 1e-13
    mean, sd = oracle.moments_by_grid(
        lambda u: oracle.log_likelihood(data, posterior.theta(u)) - 0.5 * (u**2).sum(axis=-1),
        3,
        reach=4.5,
        n=17,
    )

    drawn = draw(
        posterior,
        find_modes(posterior, starts(posterior)),
        effort=Effort(n_warmup=50, n_draws=100),
        seed=int(rng.integers(1 << 31)),
    )

    assert drawn.convergence.verdict == "converged", drawn.convergence.words
    # at the smallest effective size of any coordinate, six errors: a false alarm in 100 million
    off = drawn.u.reshape(-1, 3).mean(axis=0) - mean
    assert (np.abs(off) < 6 * sd / math.sqrt(drawn.convergence.ess)).all()
    # squares mix no faster than half as well
    ratio = drawn.u.reshape(-1, 3).var(axis=0) / sd**2
    assert (np.abs(ratio - 1.0) < 6 * math.sqrt(2 / (0.5 * drawn.convergence.ess))).all()


def test_before_any_observation_the_draws_are_those_of_the_prior() -> None:
    empty = make_posterior(np.empty((0, 1)), np.empty(0))

    drawn = draw(
        empty,
        find_modes(empty, starts(empty)),
        effort=Effort(n_warmup=40, n_draws=100),
        seed=int(np.random.default_rng().integers(1 << 31)),
    )

    # as above, of a standard normal
    error = 1.0 / math.sqrt(drawn.convergence.ess)
    assert (np.abs(drawn.u.reshape(-1, 3).mean(axis=0)) < 6 * error).all()
    assert (np.abs(drawn.u.reshape(-1, 3).var(axis=0) - 1.0) < 12 * error).all()


def test_thinned_draws_are_spread_over_all_chains() -> None:
    u = np.arange(4 * 50 * 2, dtype=np.float64).reshape(4, 50, 2)
    drawn = drawing.Drawn(u=u, convergence=None)  # type: ignore[arg-type]

    kept = drawn.thinned(32)

    chains = (kept[:, 0] // 100).astype(int)
    assert np.bincount(chains).tolist() == [8, 8, 8, 8]


def test_the_memo_gives_the_same_surrogate_without_sampling() -> None:
    task = make_task(12)
    first = fitted(task)

    # with no effort there would be nothing
    nothing = Effort(n_warmup=0, n_draws=0)
    again = fit_bayesian(replace(task, memo=json.loads(json.dumps(first.memo))), effort=nothing)

    at = torch.from_numpy(np.random.default_rng(2).random((9, 3)))
    assert isinstance(again, SampledProcess)
    assert again.version == first.version
    assert torch.equal(again.moments(at)[0], first.moments(at)[0])
    assert len(first.components) == 32


def test_few_more_results_weight_the_draws_and_many_call_for_new_ones() -> None:
    all_data = make_task(30)
    old = all_data.observations

    def first(n: int, memo: object) -> Task:
        part = Observations(x=old.x[:n], y=old.y[:n], var=old.var[:n])
        return replace(all_data, observations=part, memo=memo)

    start = fitted(first(20, None))
    weighted = fitted(first(21, start.memo))
    grown = fitted(first(30, start.memo))
    fewer = fitted(first(15, start.memo))

    assert weighted.memo == start.memo
    assert max(weighted.weights) > min(weighted.weights)
    assert len(weighted.observations.y) == 21
    assert grown.remembered.n == 30
    assert fewer.remembered.n == 15


def test_weights_are_those_of_the_posterior_now_over_the_posterior_then() -> None:
    task = make_task(14)
    old = task.observations
    start = fitted(replace(task, observations=Observations(old.x[:13], old.y[:13], old.var[:13])))
    y = old.y.numpy()
    now = oracle.Data(x=old.x.numpy(), z=(y - y.mean()) / y.std(ddof=1), mean_variance=25.0)
    before = oracle.Data(
        x=now.x[:13], z=(y[:13] - y[:13].mean()) / y[:13].std(ddof=1), mean_variance=25.0
    )
    thetas = np.array([
        [*np.log(each.lengthscales), math.log(each.hyperparameters.noise_variance),
         math.log(each.hyperparameters.signal_variance)]
        for each in start.components
    ])  # fmt: skip

    later = fitted(replace(task, memo=start.memo))

    log_ratios = oracle.log_likelihood(now, thetas) - oracle.log_likelihood(before, thetas)
    expected = np.exp(log_ratios - log_ratios.max())
    expected = np.array([w for w in expected / expected.sum() if w > 1e-4])
    # likelihoods of 14 results with condition numbers of 1e5: relative errors of 1e-9
    np.testing.assert_allclose(later.weights, expected / expected.sum(), rtol=1e-6)


def test_a_memo_of_another_family_is_refused() -> None:
    plain = fit(make_task(8))
    assert isinstance(plain, Surrogate)

    with pytest.raises(InputError, match="no draws of hyperparameters"):
        fit_bayesian(replace(make_task(8), memo=plain.memo))


def test_chains_that_do_not_converge_are_a_reason_not_a_surrogate() -> None:
    failure = fit_bayesian(make_task(15), effort=Effort(n_warmup=1, n_draws=1, depth=1))

    assert isinstance(failure, FitFailure)
    assert "averaged_gp" in failure.reason
    assert "R-hat" in failure.tried[0]


def test_what_is_expected_speaks_before_the_first_observation() -> None:
    empty = Observations.from_arrays(np.empty((0, 3)), np.empty(0))

    surrogate = fitted(Task(empty, columns=(0, 1, 2), scale=OutcomeScale(mean=5.0, sd=2.0)))

    mean, sd = surrogate.moments(torch.full((1, 3), 0.5, dtype=torch.float64))
    assert float(mean) == pytest.approx(5.0)
    # 2.13, as of the averaged process, from 32 draws of few effective ones
    assert 1.5 < float(sd) < 3.0


def test_the_sparse_prior_tells_the_few_parameters_that_matter() -> None:
    surrogate = fit_saas(make_task(25, d=6), effort=FEW)
    assert isinstance(surrogate, SampledProcess)

    lengthscales = np.array(surrogate.lengthscales)

    # a fact about this task: of six parameters the first matters most and the last four not at all
    assert surrogate.family == "saas_gp"
    assert lengthscales[0] == lengthscales.min()
    assert lengthscales[2:].min() > 3 * lengthscales[0]


def ranks(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of true coordinates among 8 draws, by simulation; and those of the mean draw."""
    true = rng.standard_normal((n, 3))
    posteriors = []
    for u in true:
        x = rng.random((5, 1))
        theta = make_posterior(np.empty((0, 1)), np.empty(0)).theta(u)
        c = oracle.covariance(x, x, theta, 4.0) + np.exp(theta[1]) * np.eye(5)
        posteriors.append(make_posterior(x, rng.multivariate_normal(np.zeros(5), c)))
    chains = sample(
        potential(posteriors),
        torch.from_numpy(rng.standard_normal((n, 3))),
        effort=Effort(n_warmup=30, n_draws=24),
        seed=int(rng.integers(1 << 31)),
    )
    draws = chains.draws.numpy()[:, ::3]
    only_mean = 8 * (chains.draws.numpy().mean(axis=1) < true)
    return (draws < true[:, None]).sum(axis=1), only_mean


def unevenness(ranks: np.ndarray) -> float:
    """Chi-square of three equal classes of ranks from 0 to 8, summed over the coordinates."""
    counts = [np.bincount(column // 3, minlength=3) for column in ranks.T]
    return sum(float(stats.chisquare(each).statistic) for each in counts)


@pytest.mark.slow
def test_true_hyperparameters_rank_evenly_among_their_draws() -> None:
    of_draws, of_mean = ranks(60, np.random.default_rng())

    # Simulation-based calibration, 60 tasks of three coordinates: 6 degrees of freedom, exceeded by
    # chance in 1 of 100,000. Posteriors of a quarter of their deviation reach 49 on average.
    limit = float(stats.chi2.isf(1e-5, df=6))
    assert unevenness(of_draws) < limit
    # the mean alone is above or below all the time, which is at least 30 a coordinate
    assert unevenness(of_mean) > limit


def test_chains_that_do_not_quite_agree_are_said() -> None:
    surrogate = fitted(make_task(8))
    remembered = surrogate.remembered
    fine = replace(remembered.convergence, r_hat=1.01, ess=200.0, divergences=0)
    apart = replace(fine, r_hat=1.2)

    assert replace(surrogate, remembered=replace(remembered, convergence=fine)).caveat is None
    caveat = replace(surrogate, remembered=replace(remembered, convergence=apart)).caveat
    assert caveat is not None
    assert "split R-hat 1.20" in caveat

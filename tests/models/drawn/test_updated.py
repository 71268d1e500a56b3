"""Learning without a new fit: exact where the process is normal, and honest where it is not."""

from __future__ import annotations

from dataclasses import replace

import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.sampling.normal import SobolQMCNormalSampler

from planner.models import Observations
from tests.models.networks.test_network import make_observations, networks

NEWS = make_observations(4, 20)
NEWS = replace(NEWS, var=torch.full_like(NEWS.y, 2.0))


def together(one: Observations, other: Observations) -> Observations:
    return Observations(
        x=torch.cat([one.x, other.x]),
        y=torch.cat([one.y, other.y]),
        var=torch.cat([one.var, other.var]),
    )


def test_a_normal_process_learns_exactly_as_if_it_had_known_from_the_start() -> None:
    before = networks(make_observations(12, 21), s=1)
    refitted = replace(before, observations=together(before.observations, NEWS))
    x = make_observations(7, 22).x

    after = before.after(NEWS.x, NEWS.y, NEWS.var)

    mean, sd = after.moments(x)
    # conditions of some 1e3 times rounding of outcomes of 40
    torch.testing.assert_close(mean, refitted.moments(x)[0], atol=1e-8, rtol=0)
    torch.testing.assert_close(sd, refitted.moments(x)[1], atol=1e-8, rtol=0)
    torch.testing.assert_close(after.covariance(x, x), refitted.covariance(x, x), atol=1e-8, rtol=0)
    assert after.version != before.version


def test_fantasies_leave_the_mean_and_lower_the_uncertainty() -> None:
    before = networks(make_observations(12, 23), s=6)
    x = make_observations(40, 24).x

    after = before.conditioned_on(NEWS.x)

    torch.testing.assert_close(after.moments(x)[0], before.moments(x)[0], atol=1e-9, rtol=0)
    assert bool((after.moments(x)[1] <= before.moments(x)[1] + 1e-9).all())
    assert bool((after.moments(NEWS.x)[1] < 0.9 * before.moments(NEWS.x)[1]).all())
    assert before.conditioned_on(NEWS.x[:0]) is before


def test_draws_after_the_news_have_the_moments_that_are_stated() -> None:
    after = networks(make_observations(12, 25), s=6).after(NEWS.x, NEWS.y, NEWS.var)
    x, n = make_observations(3, 26).x, 20_000

    draws, (mean, sd) = after.draw(x, n, seed=1), after.moments(x)

    # Five errors of three means; the variance of draws, whose kurtosis is below 6, within five too.
    assert bool(((draws.mean(dim=0) - mean).abs() < 5 * sd / n**0.5).all())
    assert bool(((draws.var(dim=0) / sd.square() - 1).abs() < 5 * (6 / n) ** 0.5).all())


def test_the_mixture_after_the_news_has_their_moments() -> None:
    after = networks(make_observations(12, 27), s=6).after(NEWS.x, NEWS.y, NEWS.var)
    x = make_observations(5, 28).x

    said, (mean, sd) = after.predictive_mixture(x), after.moments(x)

    torch.testing.assert_close(said.weights @ said.means, mean)
    variance = said.weights @ (said.sds.square() + (said.means - mean).square())
    torch.testing.assert_close(variance.sqrt(), sd)


def test_functions_are_moved_towards_the_news() -> None:
    before = networks(make_observations(12, 29), s=64)
    certain = torch.full_like(NEWS.y, 1e-4)

    f = before.after(NEWS.x, NEWS.y, certain).functions(NEWS.x)

    # each passes within its drawn noise of 0.01, times five
    assert float((f - NEWS.y).abs().max()) < 0.05


def test_botorch_improves_on_the_draws_in_batches() -> None:
    before = networks(make_observations(12, 30), s=40)
    improvement = qLogNoisyExpectedImprovement(
        before.model,
        X_baseline=before.observations.x,
        sampler=SobolQMCNormalSampler(torch.Size([64]), seed=1),
        prune_baseline=False,
    )

    x = make_observations(6, 31).x.view(3, 2, -1).requires_grad_()
    value = improvement(x)

    assert value.shape == (3,)
    gradient = torch.autograd.grad(value.sum(), x)[0]
    assert bool(gradient.isfinite().all())
    assert float(gradient.abs().max()) > 0


def test_botorch_is_given_the_mean_and_covariance_that_are_stated_after_the_news() -> None:
    after = networks(make_observations(12, 32), s=5).after(NEWS.x, NEWS.y, NEWS.var)
    x = make_observations(6, 33).x

    batch = after.model.posterior(torch.stack([x[:3], x[3:]]))

    for given, part in zip(range(2), (x[:3], x[3:]), strict=True):
        # conditions of some 1e3 times rounding of outcomes of 40; the jitter is 1e-6 of 49
        torch.testing.assert_close(
            batch.mean[given, :, 0], after.moments(part)[0], atol=1e-8, rtol=0
        )
        torch.testing.assert_close(
            batch.distribution.covariance_matrix[given],
            after.covariance(part, part), atol=1.1e-6 * 49.0, rtol=0,
        )  # fmt: skip

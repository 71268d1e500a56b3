"""Repeats: what another run of a setting is worth, and when it is chosen."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from planner.acquisition import Choice, Repeatable, Settings, Situation, choose
from planner.acquisition.repeating import worth_of_runs
from planner.campaign.objectives import AnyObjective, HitTarget, Maximise, Minimise
from planner.models import GaussianProcess, Hyperparameters, Observations, OutcomeScale
from planner.space import Continuous, SearchSpace
from tests.oracles import gaussian_process as oracle

NOISE = 0.2  # variance, in units of the signal's
AT = np.array([[0.1], [0.45], [0.5], [0.9]])
Y = np.array([-0.5, 1.0, 1.1, -0.8])


def process(*, noise: float = NOISE) -> GaussianProcess:
    return GaussianProcess(
        observations=Observations.from_arrays(AT, Y),
        hyperparameters=Hyperparameters(
            lengthscales=(0.3,), noise_variance=noise, mean=0.0, signal_variance=1.0
        ),
        columns=(0,),
        scale=OutcomeScale(mean=0.0, sd=1.0),
    )


def best_after(x: float, told: np.ndarray, utility) -> float:
    """The mean of the highest predicted utility after a run at x, by going through its results."""

    def posterior(at, y, where):
        return oracle.posterior(
            at, y, np.full(len(y), NOISE), where, lengthscales=np.array([0.3]), mean=0.0
        )

    mean, cov = posterior(AT, Y, np.array([[x]]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(101)
    total = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        result = mean[0] + node * math.sqrt(cov[0, 0] + NOISE)
        after, _ = posterior(np.vstack([AT, [[x]]]), np.append(Y, result), told)
        total += weight * utility(after).max()
    return total


@pytest.mark.parametrize("sign", [1, -1], ids=["maximise", "minimise"])
@pytest.mark.parametrize(("x", "is_new"), [(0.5, False), (0.45, False), (0.6, True), (0.3, True)])
def test_the_worth_of_a_run_is_what_its_results_would_change(x, is_new, sign) -> None:
    surrogate = process()
    at, measured = torch.tensor([[x]], dtype=torch.float64), torch.from_numpy(AT)
    objective = Maximise(outcome="y") if sign > 0 else Minimise(outcome="y")

    worth = worth_of_runs(surrogate, objective, at, measured=measured, new=at if is_new else None)

    told = np.vstack([AT, [[x]]]) if is_new else AT
    now = (sign * surrogate.moments(measured)[0]).max()
    expected = best_after(x, told, lambda mean: sign * mean) - float(now)
    # both go through the kinks of a maximum in steps, of 0.16 and about 0.15 deviations: each is
    # off by up to h^2 / 12 = 0.002 of a prediction's move, which is below 0.5
    assert float(worth[0]) == pytest.approx(expected, abs=0.002)


def test_without_noise_and_with_one_known_setting_it_is_expected_improvement() -> None:
    surrogate = process(noise=1e-9)
    at = torch.tensor([[0.7]], dtype=torch.float64)
    measured = torch.from_numpy(AT)

    worth = worth_of_runs(surrogate, Maximise(outcome="y"), at, measured=measured, new=at)

    mean, sd = (float(each[0]) for each in surrogate.moments(at))
    u = (mean - 1.1) / sd
    density, below = math.exp(-u * u / 2) / math.sqrt(2 * math.pi), math.erfc(-u / 2**0.5) / 2
    assert float(worth[0]) == pytest.approx(sd * (density + u * below), abs=0.002 * sd)


def test_a_run_whose_result_is_known_is_worth_nothing() -> None:
    surrogate = process(noise=1e-9)
    measured = torch.from_numpy(AT)

    worth = worth_of_runs(surrogate, Maximise(outcome="y"), measured, measured=measured)

    # the deviation of the process is 3e-5 where it was measured with this noise
    assert float(worth.abs().max()) < 1e-4


def situation(
    y: np.ndarray, x: np.ndarray, objective: AnyObjective, *, noise_sd: float, **more: object
) -> Situation:
    rows = tuple({"x": float(each)} for each in np.linspace(0, 1, 21).round(3))
    space = SearchSpace((Continuous(name="x", low=0, high=1),), rows=rows)
    tried = dict.fromkeys(x[:, 0].round(3))
    return Situation(
        space=space,
        objective=objective,
        x=x,
        y=y,
        var=np.full(len(y), noise_sd**2),
        repeatable=tuple(
            Repeatable(configuration={"x": float(at)}, trials=(number,), row=round(20 * at))
            for number, at in enumerate(tried, start=1)
        ),
        **more,  # type: ignore[arg-type]
    )


def two_hills(x: np.ndarray) -> np.ndarray:
    return np.exp(-(((x[:, 0] - 0.2) / 0.08) ** 2)) + np.exp(-(((x[:, 0] - 0.8) / 0.08) ** 2))


def after_the_whole_table(
    noise_sd: float, *, q: int = 1, left: tuple[int, ...] = (20,), **more: object
) -> Choice:
    """Every setting was measured but those that are left; two of them are alike the best."""
    x = np.delete(np.linspace(0, 1, 21).round(3), left)[:, None]
    y = two_hills(x) + noise_sd * np.random.default_rng(3).standard_normal(len(x))
    now = situation(y, x, more.pop("objective", Maximise(outcome="y")), noise_sd=noise_sd, **more)  # type: ignore[arg-type]
    return choose(now, q=q, seed=1)


def test_where_noise_hides_which_is_best_a_leading_setting_is_repeated() -> None:
    pick = after_the_whole_table(0.25).picks[0]

    assert pick.repeats
    assert pick.row in {3, 4, 5, 15, 16, 17}
    assert pick.reason.startswith(f"Repeat of trial {pick.repeats[0]}: predicted ")
    assert pick.kind == "model"


def test_the_reason_for_a_repeat_follows_from_its_figures() -> None:
    """One run more leaves what two independent figures leave together: 1 / (1/sd^2 + 1/noise^2)."""
    reason = after_the_whole_table(0.25, settings=Settings(family="gp")).picks[0].reason

    sd, noise, left = (float(each) for each in re.findall(r"± ([\d.]+)", reason))
    assert f"runs there differ by ± {noise:.2f}, and one more leaves ± {left:.2f}; know" in reason
    # each is rounded to two digits: within half of the second one
    assert left == pytest.approx(sd * noise / math.hypot(sd, noise), abs=0.01)


def test_without_noise_nothing_is_repeated() -> None:
    pick = after_the_whole_table(1e-4).picks[0]

    assert pick.repeats == ()
    assert pick.row == 20


def test_a_batch_repeats_different_settings() -> None:
    picks = after_the_whole_table(0.25, q=3, left=(0, 10, 20)).picks

    assert len({pick.row for pick in picks}) == 3
    assert sum(bool(pick.repeats) for pick in picks) > 1


def test_what_may_not_be_repeated_is_not() -> None:
    x = np.linspace(0, 1, 21).round(3)[:-1, None]
    y = two_hills(x) + 0.25 * np.random.default_rng(3).standard_normal(20)
    now = situation(y, x, Maximise(outcome="y"), noise_sd=0.25)
    locked = situation(y, x, Maximise(outcome="y"), noise_sd=0.25)
    locked = Situation(
        space=locked.space.restricted(avoid=[{"x": float(at)} for at in x[:, 0]]),
        objective=locked.objective, x=x, y=y, var=locked.var, repeatable=locked.repeatable,
    )  # fmt: skip
    never = Situation(space=now.space, objective=now.objective, x=x, y=y, var=now.var)

    assert [choose(each, q=1, seed=1).picks[0].row for each in (locked, never)] == [20, 20]


def test_a_setting_under_way_is_not_repeated_before_its_result_is_in() -> None:
    first = after_the_whole_table(0.25).picks[0]

    second = after_the_whole_table(0.25, pending=first.x[None, :]).picks[0]

    assert first.repeats
    assert second.row != first.row


def test_towards_a_target_the_nearest_are_repeated() -> None:
    target = HitTarget(outcome="y", target=1.0, tolerance=0.1)

    pick = after_the_whole_table(0.25, objective=target).picks[0]

    assert pick.repeats
    assert pick.row in {3, 4, 5, 15, 16, 17}


def test_who_learns_repeats_where_the_noise_is() -> None:
    """What was not measured lies between two that were; less is known at the ends."""
    pick = after_the_whole_table(0.4, left=(10,), settings=Settings.of_aim("learn")).picks[0]

    assert pick.repeats
    assert "teaches more than any new setting" in pick.reason

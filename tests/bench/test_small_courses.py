"""The study of batches and repeats: what courses answer, and what joint policies maximise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation, fit_for
from planner.bench.pools import Pool
from planner.bench.racing import Race
from planner.bench.references import regret_scale
from planner.campaign import Maximise, Minimise
from planner.campaign.objectives import AnyObjective
from planner.models import Surrogate
from planner.space import Continuous, Floats, SearchSpace
from tests.cost.batch_policies import best_set, joint_bound, joint_improvement, play, policies
from tests.cost.repeat_races import AUTO, OFF, judge, outcomes, repeatable
from tests.cost.repeat_races import play as play_repeating
from tests.cost.small_courses import Course, grids


def table(n: int, *, n_repeats: int = 1, noise: float = 0.0) -> Pool:
    at = np.linspace(0, 1, n)
    heights = np.sin(5 * at) + at
    generator = np.random.default_rng(0)
    repeats: tuple[Floats, ...] = tuple(
        each + noise * generator.standard_normal(n_repeats) for each in heights
    )
    return Pool(
        name="hill",
        space=SearchSpace(
            (Continuous(name="x", low=0, high=1),), rows=tuple({"x": float(each)} for each in at)
        ),
        objective=Maximise(outcome="y"),
        repeats=repeats,
        n_trials=15,
    )


def test_real_repeats_come_one_after_the_other_and_end() -> None:
    pool = table(20, n_repeats=3, noise=1.0)
    course = Course(pool, "repeats")

    told = [course.answer(4, nth=nth, seed=7) for nth in range(3)]

    assert sorted(told) == sorted(pool.repeats[4])
    assert [course.has_more(4, n=n) for n in (1, 2, 3)] == [True, True, False]
    assert [each.row for each in repeatable(course, [4, 5, 4, 4])] == [5]
    assert outcomes(course, [4, 5, 4], seed=7)[[0, 2]].tolist() == told[:2]


def test_noise_has_its_deviation_and_is_the_same_for_whoever_tries_at_the_same_time() -> None:
    """Of 4,000 draws a deviation has a standard error of 1.1 %; five of them are allowed."""
    pool = table(20)
    course = Course(pool, "noise", 0.5)
    drawn = np.array([course.answer(3, nth=nth, seed=1) for nth in range(4000)]) - pool.means[3]

    assert drawn.std() == pytest.approx(0.5 * pool.means.std(), rel=5 * 0.0112)
    assert course.answer(3, nth=0, seed=1) == course.answer(3, nth=0, seed=1)


def test_a_function_over_a_grid_keeps_its_values() -> None:
    [branin] = grids(["branin_2"])

    assert branin.n_settings == 22 * 22
    corner = branin.space.rows[0]  # type: ignore[index]
    assert corner == {"x1": -5.0, "x2": 0.0}
    assert branin.means[0] == pytest.approx(308.1291, abs=1e-4)  # by hand, from its formula
    assert branin.means.min() > 0.3978


def fitted(objective: AnyObjective, *, beta: float) -> tuple[Situation, Surrogate]:
    pool = table(40)
    rows = [2, 9, 17, 30, 36]
    situation = Situation(
        space=pool.space, objective=objective, x=pool.space.encoded_rows[rows],
        y=pool.means[rows], blocked=frozenset(rows), settings=Settings(family="gp", beta=beta),
    )  # fmt: skip
    surrogate = fit_for(situation)
    assert isinstance(surrogate, Surrogate)
    return situation, surrogate


@pytest.mark.parametrize(("objective", "sign"), [(Maximise, 1), (Minimise, -1)])
def test_the_joint_bound_of_one_setting_is_the_planners_own(objective, sign) -> None:
    """The mean of |z| over 128 quasi-random draws is off by less than 2 % (0.2 % is usual)."""
    situation, surrogate = fitted(objective(outcome="y"), beta=1.7)
    x = torch.from_numpy(situation.space.encoded_rows)

    with torch.no_grad():
        worth = joint_bound(situation, surrogate, 3)(x[:, None, :])
        mean, sd = surrogate.moments(x)

    assert torch.allclose(worth, sign * mean + 1.7 * sd, atol=0.02 * 1.7 * float(sd.max()))


@pytest.mark.parametrize("make", [joint_bound, joint_improvement])
def test_a_joint_set_holds_different_settings_that_were_not_tried(make) -> None:
    situation, surrogate = fitted(Maximise(outcome="y"), beta=1.0)

    rows = best_set(make, situation, surrogate, q=4, seed=3)

    assert best_set(make, situation, surrogate, q=4, seed=3) == rows
    assert len(set(rows)) == 4
    assert not set(rows) & situation.blocked


@pytest.mark.slow
def test_every_policy_plays_its_budget_from_the_shared_start() -> None:
    races = [play(each, Course(table(30), "means"), seed=2) for each in policies("gp", q=4)]

    assert len({race.rows[:5] for race in races}) == 1
    assert {len(set(race.rows)) for race in races} == {15}


def test_a_setting_counts_once_however_often_it_was_run() -> None:
    pool = table(40)
    first, second = map(int, np.flatnonzero(pool.is_winner))
    rows = (3, 12, first, 20, 30, first, first, 3)
    race = Race.model_validate(
        {"pool": pool.name, "seed": 1, "rows": rows, "kinds": ("start",) * len(rows)}
    )

    scores = judge(Course(pool, "means"), race, family="gp")

    assert second not in rows
    assert scores.found == 0.5
    # of a smooth hill without noise the higher of the two that lead is told, and right
    assert scores.told == pytest.approx((pool.means.max() - pool.means[first]) / regret_scale(pool))
    assert scores.error < 0.1
    assert scores.repeated == pytest.approx(3 / 8)


def test_where_no_setting_has_another_run_nothing_is_repeated() -> None:
    course = Course(table(30, noise=1.5), "repeats")

    races = [
        play_repeating(course, Settings(family="gp"), repeats=each, seed=1) for each in (AUTO, OFF)
    ]

    assert races[0].rows == races[1].rows
    assert len(set(races[0].rows)) == 15

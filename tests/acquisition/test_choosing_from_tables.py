"""The policy on candidate tables."""

from __future__ import annotations

import numpy as np
import pytest

from planner.acquisition import Settings, Situation, choose
from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Maximise, Minimise
from planner.models import OutcomeScale
from planner.space import Categorical, Continuous, SearchSpace

OBJECTIVES: tuple[AnyObjective, ...] = (
    Maximise(outcome="yield"),
    Minimise(outcome="yield"),
    HitTarget(outcome="yield", target=50.0, tolerance=2.0),
    HitRange(outcome="yield", low=45.0, high=55.0),
)


def table(n: int = 60, seed: int = 0) -> SearchSpace:
    rng = np.random.default_rng(seed)
    rows = tuple(
        {
            "temperature": float(t),
            "flow": float(f),
            "solvent": ("water", "ethanol", "toluene")[int(s)],
        }
        for t, f, s in zip(
            rng.uniform(20, 120, n).round(1),
            rng.uniform(1, 9, n).round(2),
            rng.integers(3, size=n),
            strict=True,
        )
    )
    return SearchSpace(
        parameters=(
            Continuous(name="temperature", unit="degC", low=20, high=120),
            Continuous(name="flow", unit="mL/min", low=1, high=9),
            Categorical(name="solvent", choices=("water", "ethanol", "toluene")),
        ),
        rows=rows,
    )


def outcome(space: SearchSpace) -> np.ndarray:
    x = space.encoded_rows
    return 30.0 + 40.0 * x[:, 0] - 20.0 * (x[:, 1] - 0.3) ** 2 + 8.0 * x[:, 3]


def situation(
    space: SearchSpace, measured: list[int], objective: AnyObjective = OBJECTIVES[0], **more: object
) -> Situation:
    y = outcome(space)
    return Situation(
        space=space,
        objective=objective,
        x=space.encoded_rows[measured],
        y=y[measured],
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("acquisition", ["ucb", "log_nei"])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.aim)
def test_a_batch_holds_no_duplicate_and_nothing_tried_pending_or_blocked(
    objective: AnyObjective, acquisition: str
) -> None:
    space = table()
    measured, pending, blocked = [0, 1, 2, 3, 4, 5], [6, 7], frozenset(range(8, 40))
    chosen = choose(
        situation(
            space,
            measured,
            objective,
            pending=space.encoded_rows[pending],
            blocked=blocked,
            settings=Settings(acquisition=acquisition),  # type: ignore[arg-type]
        ),
        q=4,
        seed=1,
    )

    rows = [pick.row for pick in chosen.picks]
    assert len(set(rows)) == 4
    assert not set(rows) & {*measured, *pending, *blocked}
    assert all(pick.kind == "model" for pick in chosen.picks)
    assert not chosen.is_exhausted


def test_the_same_situation_and_seed_give_the_same_choice() -> None:
    space = table()
    for measured in ([], [3, 4], [0, 1, 2, 3, 4, 5]):
        for acquisition in ("ucb", "log_nei"):
            now = situation(space, measured, settings=Settings(acquisition=acquisition))  # type: ignore[arg-type]
            one, two = (choose(now, q=3, seed=7) for _ in range(2))
            assert [p.row for p in one.picks] == [p.row for p in two.picks]
            assert [p.forecast for p in one.picks] == [p.forecast for p in two.picks]
            assert [p.reason for p in one.picks] == [p.reason for p in two.picks]
            assert one.version == two.version


def test_the_order_of_observations_does_not_matter() -> None:
    space = table()
    measured = [0, 9, 2, 33, 4, 5, 21]
    rows = [
        [pick.row for pick in choose(situation(space, order), q=3, seed=1).picks]
        for order in (measured, measured[::-1])
    ]

    assert rows[0] == rows[1]


def test_an_exhausted_table_gives_what_is_left_and_says_so() -> None:
    space = table(8)
    chosen = choose(situation(space, [0, 1, 2, 3, 4, 5]), q=4, seed=1)

    assert sorted(pick.row for pick in chosen.picks if pick.row is not None) == [6, 7]
    assert chosen.is_exhausted


def test_results_from_before_the_campaign_fill_the_start() -> None:
    space = table()

    def kinds(measured: list[int]) -> list[str]:
        return [pick.kind for pick in choose(situation(space, measured), q=4, seed=1).picks]

    assert kinds([]) == ["start"] * 4
    assert kinds([0, 1, 2]) == ["start", "start", "model", "model"]
    assert kinds([0, 1, 2, 3, 4, 5, 6]) == ["model"] * 4


def test_a_trial_that_was_achieved_elsewhere_counts_once_and_a_failed_one_too() -> None:
    space = table()
    tried = space.encoded_rows[:3]  # the third failed; the others were achieved a little beside
    achieved = tried[:2] + np.array([0.01, 0.0, 0.0, 0.0, 0.0])
    now = Situation(
        space=space, objective=OBJECTIVES[0], x=achieved, y=np.array([1.0, 2.0]), tried=tried
    )

    picks = choose(now, q=4, seed=1).picks

    assert [pick.kind for pick in picks] == ["start", "start", "model", "model"]
    assert not {0, 1, 2} & {pick.row for pick in picks}


def test_the_start_avoids_where_data_are() -> None:
    """With one half of the table measured densely, all of the start goes to the other half."""
    space = table(200)
    cold = np.flatnonzero(space.encoded_rows[:, 0] < 0.5)[:4].tolist()
    chosen = choose(situation(space, cold, settings=Settings(n_start=7)), q=3, seed=1)

    warm = [pick.x[0] > 0.5 for pick in chosen.picks]
    assert sum(warm) >= 2


def test_a_failed_fit_is_said_in_every_pick() -> None:
    space = table()
    now = situation(space, [0, 1, 2, 3, 4, 5])
    broken = Situation(space=space, objective=now.objective, x=now.x, y=now.y * 1e200)

    chosen = choose(broken, q=2, seed=1)

    assert chosen.failure is not None
    assert [pick.kind for pick in chosen.picks] == ["fallback", "fallback"]
    assert all(chosen.failure.reason in pick.reason for pick in chosen.picks)
    assert all(pick.forecast is None for pick in chosen.picks)


def test_while_no_result_is_in_the_start_goes_on() -> None:
    space = table()
    now = situation(space, [], pending=space.encoded_rows[:6])

    assert [pick.kind for pick in choose(now, q=1, seed=1).picks] == ["start"]
    expected = situation(
        space, [], pending=space.encoded_rows[:6], scale=OutcomeScale(mean=40.0, sd=15.0)
    )
    assert [pick.kind for pick in choose(expected, q=1, seed=1).picks] == ["model"]


def test_forecasts_keep_to_the_bounds_of_the_outcome() -> None:
    space = table()
    top = float(outcome(space)[:6].max())
    now = situation(space, [0, 1, 2, 3, 4, 5], bounds=(0.0, top))

    forecast = choose(now, q=1, seed=1).picks[0].forecast

    assert forecast is not None
    assert forecast.mean <= top
    assert forecast.high <= top


def test_reasons_name_the_prediction_and_what_is_unknown() -> None:
    space = table()
    worst = np.argsort(outcome(space))[:30].tolist()
    greedy = choose(situation(space, worst), q=1, seed=1).picks[0]
    curious = choose(
        situation(space, list(range(6)), settings=Settings(beta=50.0)), q=1, seed=1
    ).picks[0]

    assert greedy.forecast is not None
    assert greedy.reason.startswith("Highest mean + 1 sd: predicted ")
    assert "above what is expected of the best so far (" in greedy.reason
    assert "the nearest measured setting has" in curious.reason

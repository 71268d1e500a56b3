"""What a proposal's sentence states: one mean and deviation, and what they are compared with."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from planner.acquisition import Choice, Settings, Situation, choose
from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Maximise, Minimise
from planner.models import Surrogate
from planner.space import Continuous, SearchSpace

SQUARE = SearchSpace(
    (Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1)),
)
POORLY_UNDERSTOOD = "the physics there is poorly understood ("
# predicted mean ± deviation, size, above or below, what is expected of the best
COMPARED = re.compile(
    r"predicted (\S+) ± (\S+), (\S+) (above|below) what is expected of the best so far \((\S+)\)"
)


def plane(objective: AnyObjective = Maximise(outcome="y"), **more: object) -> Situation:  # noqa: B008 - frozen
    """Eight results of a plane, all in the quarter of the box where it is lowest."""
    x = np.random.default_rng(0).random((8, 2)) / 2
    now = Situation(
        space=SQUARE, objective=objective, x=x, y=10 * x.sum(axis=1), settings=Settings(family="gp")
    )
    return replace(now, **more)  # type: ignore[arg-type]


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def surrogate_of(choice: Choice) -> Surrogate:
    assert choice.surrogate is not None
    return choice.surrogate


def test_that_little_is_known_is_said_too_where_the_prediction_is_ahead() -> None:
    choice = choose(plane(), q=1, seed=1)

    (pick,), surrogate = choice.picks, surrogate_of(choice)
    sd = float(surrogate.moments(torch.from_numpy(pick.x)[None, :])[1])
    assert sd > 0.5 * surrogate.prior_sd
    assert "most of the promise is the prediction" in pick.reason
    assert f"; {POORLY_UNDERSTOOD}" in pick.reason


def test_where_much_is_known_and_the_prediction_is_ahead_it_is_not_said() -> None:
    x = np.random.default_rng(0).random((30, 2))

    (pick,) = choose(plane(x=x, y=10 * x.sum(axis=1)), q=1, seed=1).picks

    assert "most of the promise is the prediction" in pick.reason
    assert POORLY_UNDERSTOOD not in pick.reason


@pytest.mark.parametrize("settings", [Settings(family="gp"), Settings(family="averaged_gp")])
def test_the_deviation_is_the_one_that_decides(settings: Settings) -> None:
    choice = choose(plane(settings=settings), q=1, seed=1)

    (pick,), surrogate = choice.picks, surrogate_of(choice)
    mean, sd = (float(each) for each in surrogate.moments(torch.from_numpy(pick.x)[None, :]))
    assert f"predicted {mean:.1f} ± {sd:.1f}, " in pick.reason
    assert pick.forecast is not None
    # that of the whole distribution, with its rare large errors, is another
    assert f"{pick.forecast.sd:.1f}" != f"{sd:.1f}"


@pytest.mark.parametrize("bounds", [(None, None), (0.0, 10.0)])
@pytest.mark.parametrize("objective", [Maximise(outcome="y"), Minimise(outcome="y")])
def test_the_comparison_is_with_what_is_expected_of_the_best_and_adds_up(
    objective: AnyObjective, bounds: tuple[float | None, float | None]
) -> None:
    choice = choose(plane(objective, bounds=bounds), q=1, seed=1)

    (pick,), best = choice.picks, choice.best
    found = COMPARED.search(pick.reason)
    assert found is not None
    assert best is not None
    mean, size, of_best = (number(found[group]) for group in (1, 3, 5))
    decimals = len(found[1].partition(".")[2])
    assert found[5] == f"{best.mean:.{decimals}f}"
    assert round(abs(mean - of_best), decimals) == size
    assert (mean > of_best) == (found[4] == "above")


@pytest.mark.parametrize(
    ("objective", "what"),
    [
        (HitTarget(outcome="y", target=8.5, tolerance=1.0), "target"),
        (HitRange(outcome="y", low=8.4, high=9.0), "range"),
    ],
)
def test_of_a_target_or_a_range_it_says_by_how_much_each_will_miss_it(
    objective: AnyObjective, what: str
) -> None:
    choice = choose(plane(objective), q=1, seed=1)

    assert choice.best is not None
    found = re.search(
        rf"expected to miss the {what} by (\S+), (\S+) (more|less) than is expected of the best so "
        rf"far \((\S+)\)",
        choice.picks[0].reason,
    )
    assert found is not None
    here, size, of_best = (float(found[group]) for group in (1, 2, 4))
    assert of_best == pytest.approx(-choice.best.utility, abs=0.5 * 10.0 ** -len(found[4][2:]))
    assert abs(here - of_best) == pytest.approx(size)
    assert (here > of_best) == (found[3] == "more")


def test_a_negative_prediction_has_a_true_minus_sign() -> None:
    x = np.random.default_rng(3).random((8, 2)) / 2

    (pick,) = choose(
        plane(x=x, y=x[:, 0] - 9, settings=Settings(acquisition="variance")), q=1, seed=1
    ).picks

    assert re.search(r"predicted \u2212[89]\.\d+ ± ", pick.reason)


@pytest.mark.parametrize("seed", [8, 32])
def test_what_the_promise_is_follows_from_the_figures_that_are_shown(seed: int) -> None:
    """Near a bound of the outcome the middle of the distribution and its mean order otherwise."""
    rng = np.random.default_rng(seed)
    x = rng.random((10, 2))
    y = np.clip(104 - 120 * ((x - 0.6) ** 2).sum(axis=1) + 2 * rng.standard_normal(10), 0, 100)

    (pick,) = choose(plane(x=x, y=y, bounds=(0.0, 100.0)), q=1, seed=seed).picks

    found = COMPARED.search(pick.reason)
    assert found is not None
    assert (found[4] == "above") == ("most of the promise is the prediction" in pick.reason)


def test_where_one_deviation_better_is_not_as_good_as_the_best_little_is_promised() -> None:
    """The two rows that are left of a ramp are its lowest."""
    rows = tuple({"a": k / 10, "b": 0.5} for k in range(11))
    space = SearchSpace(SQUARE.parameters, rows=rows)
    x = space.encoded_rows[2:]

    picks = choose(plane(space=space, x=x, y=10 * x[:, 0]), q=2, seed=1).picks

    assert [pick.row for pick in picks] == [1, 0]
    for pick in picks:
        assert "; even one deviation better would not reach that, so its promise is" in pick.reason


def test_a_narrow_range_is_told_with_the_digits_that_tell_its_settings_apart() -> None:
    space = SearchSpace((Continuous(name="T", low=1550, high=1551, resolution=0.01, unit="nm"),))
    x = space.encode([{"T": value} for value in (1550.05, 1550.21, 1550.33)])

    (pick,) = choose(
        plane(space=space, x=x, y=x[:, 0], settings=Settings(acquisition="variance", n_start=1)),
        q=1, seed=1,
    ).picks  # fmt: skip

    there = pick.configuration["T"]
    assert f"the nearest measured setting has T 1550.33 nm, not {there:g}" in pick.reason.replace(
        f"{there:.9g}", f"{there:g}"
    )

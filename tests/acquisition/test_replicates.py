"""What one more run of a setting tells: only what differs from run to run can be averaged out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from planner.acquisition import Repeatable, Situation
from planner.acquisition.candidates import Found
from planner.acquisition.repeating import find_repeat
from planner.acquisition.replicates import noise_of_a_repeat, share_between_runs
from planner.campaign.objectives import Maximise
from planner.models import GaussianProcess, Hyperparameters, Observations, OutcomeScale
from planner.space import Continuous, SearchSpace

TAU = 0.3


def learned(x: np.ndarray, y: np.ndarray) -> GaussianProcess:
    return GaussianProcess(
        observations=Observations.from_arrays(x, y),
        hyperparameters=Hyperparameters(
            lengthscales=(0.3,), noise_variance=TAU**2, mean=0.0, signal_variance=1.0
        ),
        columns=(0,),
        scale=OutcomeScale(mean=0.0, sd=1.0),
    )


def left_after(n_runs: int, share: float) -> float:
    """Variance of a standard normal process at a setting after runs that have a part in common."""
    within = TAU**2 * (share * np.eye(n_runs) + (1 - share) * np.ones((n_runs, n_runs)))
    ones = np.ones(n_runs)
    return float(1 - ones @ np.linalg.solve(within + np.ones((n_runs, n_runs)), ones))


@pytest.mark.parametrize("share", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("n_runs", [1, 2, 5])
def test_one_more_run_tells_as_much_as_a_run_of_its_own_with_that_noise(n_runs, share) -> None:
    noise = noise_of_a_repeat(
        torch.tensor([TAU], dtype=torch.float64), torch.tensor([n_runs]), share=share
    )

    before, after = left_after(n_runs, share), left_after(n_runs + 1, share)
    assert 1 / (1 / before + 1 / float(noise[0]) ** 2) == pytest.approx(after, rel=1e-9)


def test_where_all_of_the_noise_differs_from_run_to_run_a_repeat_has_just_that_noise() -> None:
    noise_sd = torch.tensor([0.1, 2.0], dtype=torch.float64)

    assert torch.equal(noise_of_a_repeat(noise_sd, torch.tensor([1, 7]), share=1.0), noise_sd)


def test_before_a_setting_was_run_twice_all_noise_is_taken_to_differ() -> None:
    assert share_between_runs(learned(np.array([[0.1], [0.5]]), np.array([0.3, 1.0]))) == 1.0


def test_runs_that_are_alike_say_that_little_of_the_noise_differs() -> None:
    x = np.array([[0.1], [0.1], [0.1], [0.5], [0.5], [0.9]])
    y = np.array([0.3, 0.3, 0.3, 1.0, 1.0, 0.0])

    # three comparisons of nothing, beside the one that all of it differed
    assert share_between_runs(learned(x, y)) == pytest.approx(1 / 4)


def test_of_runs_that_differ_the_share_is_found() -> None:
    """Of 4,000 pairs the share has a standard error of sqrt(2 / 4000) = 2.2 % of itself.

    Five of them are allowed (one false alarm in a million); a share that took the variance of all
    outcomes, or forgot a degree of freedom a setting, would be twice the right one or more.
    """
    generator = np.random.default_rng()
    x = np.repeat(np.linspace(0, 1, 4000), 2)[:, None]
    settings = np.repeat(3 * generator.standard_normal(4000), 2)
    y = settings + TAU * np.sqrt(0.4) * generator.standard_normal(8000)
    plain = learned(x[:2], y[:2])

    class Many:
        observations = Observations.from_arrays(x, y)
        noise_sd = staticmethod(plain.noise_sd)
        prior_sd = 1.0

    assert share_between_runs(Many()) == pytest.approx(0.4, rel=5 * 0.0224)  # type: ignore[arg-type]


def test_the_margin_of_a_class_which_has_no_noise_gives_a_number() -> None:
    class Quiet:
        observations = Observations.from_arrays(np.array([[0.1], [0.1]]), np.array([1.0, 0.0]))
        prior_sd = 1.0

        @staticmethod
        def noise_sd(x: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(x), dtype=torch.float64)

    assert share_between_runs(Quiet()) == 1.0  # type: ignore[arg-type]


def repeat_of(differing_by: float) -> Repeatable | None:
    """What is repeated of two hills, whose settings all ran twice with results so far apart."""
    at = np.linspace(0, 1, 21).round(3)
    heights = sum(np.exp(-(((at - top) / 0.08) ** 2)) for top in (0.2, 0.8))
    x, y = np.tile(at[:20], 2)[:, None], np.tile(heights[:20], 2)
    y[:20] += differing_by / 2
    y[20:] -= differing_by / 2
    space = SearchSpace(
        (Continuous(name="x", low=0, high=1),), rows=tuple({"x": float(each)} for each in at)
    )
    now = Situation(
        space=space,
        objective=Maximise(outcome="y"),
        x=x,
        y=y,
        repeatable=tuple(
            Repeatable(configuration={"x": float(each)}, trials=(row + 1, row + 21), row=row)
            for row, each in enumerate(at[:20])
        ),
    )
    new = Found(configuration={"x": 1.0}, row=20, x=at[20:])
    return find_repeat(now, learned(x, y), new, score=lambda x: x[:, 0], waiting=np.empty((0, 1)))


def test_settings_whose_runs_differ_as_the_learned_noise_says_are_run_again() -> None:
    again = repeat_of(differing_by=2**0.5 * TAU)

    assert again is not None
    assert again.row in {3, 4, 5, 15, 16, 17}


def test_settings_whose_runs_are_alike_are_not_run_again_whatever_noise_was_learned() -> None:
    assert repeat_of(differing_by=0.0) is None

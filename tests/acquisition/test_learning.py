"""What a run teaches: integrated variance, and the policy that learns by it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation, choose
from planner.acquisition.learning import MOST_REFERENCES, log_share_learned, reference_of
from planner.campaign.objectives import Maximise
from planner.campaign.words.phrases import rough, unknown_then
from planner.models import Observations, Surrogate, Task, fit
from planner.space import Continuous, SearchSpace

LEARN = replace(Settings.of_aim("learn"), family="gp")
POORLY_UNDERSTOOD = "the physics there is poorly understood"


def space_of(d: int, *, rows: np.ndarray | None = None) -> SearchSpace:
    names = [f"x{i}" for i in range(d)]
    return SearchSpace(
        tuple(Continuous(name=name, low=0, high=1) for name in names),
        rows=None
        if rows is None
        else tuple(dict(zip(names, map(float, row), strict=True)) for row in rows),
    )


def line(n: int = 201) -> SearchSpace:
    return space_of(1, rows=np.linspace(0, 1, n).round(4)[:, None])


def wave(x: np.ndarray) -> np.ndarray:
    return np.sin(7 * x[:, 0]) + x[:, 0]


def situation_with_a_gap(seed: int, settings: Settings) -> Situation:
    """Twelve noisy observations, none of them in the middle third."""
    rng = np.random.default_rng(seed)
    x = rng.random((12, 1)) * 2 / 3
    x[x > 1 / 3] += 1 / 3
    return Situation(
        space=line(),
        objective=Maximise(outcome="y"),
        x=x,
        y=wave(x) + 0.05 * rng.standard_normal(12),
        settings=settings,
    )


def fitted(n: int, d: int) -> Surrogate:
    rng = np.random.default_rng(n)
    x = rng.random((n, d))
    y = wave(x) + 0.1 * rng.standard_normal(n)
    found = fit(Task(observations=Observations.from_arrays(x, y), columns=tuple(range(d))))
    assert isinstance(found, Surrogate)
    return found


def test_the_share_learned_is_what_conditioning_on_the_run_removes() -> None:
    surrogate = fitted(15, 2)
    rng = np.random.default_rng(1)
    reference, candidates = (torch.from_numpy(rng.random((n, 2))) for n in (50, 8))
    before = surrogate.moments(reference)[1].square().sum()

    shares = log_share_learned(surrogate, reference)(candidates).exp()

    for share, candidate in zip(shares, candidates, strict=True):
        after = surrogate.conditioned_on(candidate[None, :]).moments(reference)[1].square().sum()
        # both are differences of variances of order 1, each rounded at 1e-16 times the condition
        # of the covariance, here below 1e6
        torch.testing.assert_close(share, 1 - after / before, rtol=1e-8, atol=1e-9)


@pytest.mark.slow
def test_with_a_third_of_the_range_cut_out_learning_goes_there() -> None:
    """In all of 20 seeds but two at most; a campaign that looks for the best does not."""
    picks = [
        [
            float(choose(situation_with_a_gap(seed, settings), q=1, seed=seed).picks[0].x[0])
            for seed in range(20)
        ]
        for settings in (LEARN, Settings())
    ]
    learning, optimising = (sum(1 / 3 < x < 2 / 3 for x in each) for each in picks)

    assert learning >= 18
    assert optimising < 18


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "n_seeds"),
    [("averaged_gp", 20), ("deep_ensemble", 5), ("variational_bnn", 2), ("bnn", 1)],
)
def test_other_families_go_there_as_well_and_say_that_little_is_known(
    family: str, n_seeds: int
) -> None:
    """In nine of ten seeds; all of 20 were measured of each: ``docs/benchmarks/gaps.md``."""
    settings = replace(LEARN, family=family)
    picks = [
        choose(situation_with_a_gap(seed, settings), q=1, seed=seed).picks[0]
        for seed in range(n_seeds)
    ]

    assert sum(1 / 3 < float(pick.x[0]) < 2 / 3 for pick in picks) >= 0.9 * n_seeds
    assert sum(POORLY_UNDERSTOOD in pick.reason for pick in picks) >= 0.9 * n_seeds


@pytest.mark.parametrize("family", ["gp", "averaged_gp"])
def test_where_the_settings_lie_evenly_no_place_is_poorly_understood(family: str) -> None:
    """None of 20 seeds says so; what is left between the settings is small and alike."""
    x = np.linspace(0, 1, 12)[:, None]
    for seed in range(5):
        gap = situation_with_a_gap(seed, replace(LEARN, family=family))
        y = wave(x) + 0.05 * np.random.default_rng(seed).standard_normal(12)

        pick = choose(replace(gap, x=x, y=y), q=1, seed=seed).picks[0]

        assert "Teaches most" in pick.reason
        assert POORLY_UNDERSTOOD not in pick.reason


def test_an_average_that_expected_more_than_the_results_show_says_so_too() -> None:
    """Of what it expected less than half is left, yet a third of the space is unknown."""
    situation = situation_with_a_gap(5, replace(LEARN, family="averaged_gp"))

    choice = choose(situation, q=1, seed=5)

    pick, surrogate = choice.picks[0], choice.surrogate
    assert surrogate is not None
    sd = surrogate.moments(torch.from_numpy(pick.x)[None, :])[1]
    assert float(sd) < 0.5 * surrogate.prior_sd
    assert f"{POORLY_UNDERSTOOD} (half of the space has less than " in pick.reason


def test_its_reason_says_how_much_is_learned_and_that_little_is_known_there() -> None:
    pick = choose(situation_with_a_gap(0, LEARN), q=1, seed=0).picks[0]

    assert pick.acquisition_value is not None
    assert pick.reason.startswith(
        f"Teaches most: one run removes {rough(100 * np.exp(pick.acquisition_value))} % of what is "
        f"unknown over the whole space; predicted "
    )
    assert POORLY_UNDERSTOOD in pick.reason


def test_in_a_batch_each_reason_tells_its_share_of_what_the_earlier_ones_leave() -> None:
    """Also where every candidate is so near another that it loses to all that are not there."""
    now = situation_with_a_gap(0, LEARN)

    choice = choose(now, q=12, seed=1)

    surrogate = choice.surrogate
    assert surrogate is not None
    reference = torch.from_numpy(reference_of(now.space, seed=0))
    for index, pick in enumerate(choice.picks):
        said = re.match(
            r"Teaches most: one run removes (less than )?(\S+) % of (.+) over", pick.reason
        )
        assert said is not None
        assert said[3] == unknown_then(index)
        earlier = np.vstack([other.x for other in choice.picks[:index]] or [np.empty((0, 1))])
        then = surrogate.conditioned_on(torch.from_numpy(earlier))
        share = log_share_learned(then, reference)(torch.from_numpy(pick.x)[None, :]).exp()
        # other settings stand for the space, and shares are rounded to two digits
        assert float(said[2]) == pytest.approx(100 * float(share), rel=0.15)


def test_a_batch_spreads_over_what_is_unknown() -> None:
    now = situation_with_a_gap(0, LEARN)

    at = np.sort([float(pick.x[0]) for pick in choose(now, q=3, seed=1).picks])
    waiting = Situation(
        space=now.space, objective=now.objective, x=now.x, y=now.y, settings=LEARN,
        pending=np.array([[0.5]]),
    )  # fmt: skip
    beside = float(choose(waiting, q=1, seed=1).picks[0].x[0])

    assert np.diff(at).min() > 0.05
    assert abs(beside - 0.5) > 0.05


def test_rescaling_the_outcome_changes_no_choice() -> None:
    now = situation_with_a_gap(3, LEARN)
    other = Situation(
        space=now.space, objective=now.objective, x=now.x, y=1000 * now.y - 7, settings=LEARN
    )

    assert choose(now, q=1, seed=1).picks[0].row == choose(other, q=1, seed=1).picks[0].row


def test_all_rows_of_a_table_count_and_of_a_large_one_a_part() -> None:
    small, large = line(101), line(3001)

    assert reference_of(small, seed=1) is small.encoded_rows
    assert len(np.unique(reference_of(large, seed=1))) == MOST_REFERENCES
    assert reference_of(space_of(3), seed=1).shape[1] == 3


@pytest.mark.parametrize("d", [1, 3])
def test_its_gradient_is_that_of_finite_differences(d: int) -> None:
    surrogate = fitted(10, d)
    rng = np.random.default_rng(2)
    score = log_share_learned(surrogate, torch.from_numpy(rng.random((40, d))))
    x = torch.from_numpy(rng.random((3, d))).requires_grad_()

    assert torch.autograd.gradcheck(lambda at: score(at), (x,), eps=1e-6, atol=1e-4)

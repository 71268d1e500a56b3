"""A family that is named: over what it serves, and who decides past what it learns from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.acquisition import Settings, Situation, choose
from planner.acquisition.fitted import make_task
from planner.campaign import HitClass, Maximise
from planner.errors import InputError
from planner.space import Categorical, Discrete, Parameter, SearchSpace

NUMBERS = tuple(Discrete(name=name, values=tuple(range(30))) for name in "tu")
SOLVENT = Categorical(name="solvent", choices=("THF", "DMF", "MeCN", "water"))
LIGAND = Categorical(name="ligand", choices=("XPhos", "SPhos", "PPh3", "dppf"))


def situation(*parameters: Parameter, family: str, n: int) -> Situation:
    space = SearchSpace(parameters)  # type: ignore[arg-type]
    x = space.encode(space.sample(n, seed=1))
    y = x[:, 0] + np.sin(3.0 * x[:, -1]) + 0.1 * np.random.default_rng(2).standard_normal(len(x))
    return Situation(
        space=space,
        objective=Maximise(outcome="y"),
        x=x,
        y=y,
        settings=Settings(family=family),
    )


@pytest.mark.parametrize("parameters", [(SOLVENT, LIGAND), (SOLVENT, NUMBERS[0])])
def test_auto_compares_what_serves_the_kinds_of_parameters(parameters: tuple[Parameter]) -> None:
    choice = choose(situation(*parameters, family="auto", n=12), q=1, seed=1)

    assert [pick.kind for pick in choice.picks] == ["model"]
    assert choice.surrogate is not None
    assert choice.surrogate.comparison is not None
    left_out = choice.surrogate.comparison.left_out
    expected = {"mixed_gp", "warped_gp"} if LIGAND in parameters else set()
    assert set(left_out) == expected
    assert all("every parameter is a choice" in why for why in left_out.values())


@pytest.mark.parametrize(
    ("parameters", "family", "why"),
    [
        (NUMBERS, "mixed_gp", "no parameter is a choice"),
        ((SOLVENT, LIGAND), "mixed_gp", "every parameter is a choice"),
        ((SOLVENT, LIGAND), "warped_gp", "every parameter is a choice"),
    ],
)
def test_a_family_that_does_not_serve_the_space_is_refused(
    parameters: tuple[Parameter], family: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        choose(situation(*parameters, family=family, n=12), q=1, seed=1)


SAID = "averaged_gp decides: saas_gp learns from at most 200 results."


def test_past_its_limit_a_family_hands_over_and_the_first_proposal_says_so() -> None:
    before = situation(*NUMBERS, family="saas_gp", n=201)
    first = choose(before, q=1, seed=1)
    assert first.surrogate is not None
    assert first.memo is not None
    after = replace(before, memo=first.memo)
    second = choose(after, q=1, seed=2)

    assert first.surrogate.family == first.memo["family"] == "averaged_gp"
    assert [pick.kind for pick in first.picks] == ["model"]
    assert [SAID in pick.reason for pick in first.picks] == [True]
    assert [SAID in pick.reason for pick in second.picks] == [False]
    # who took over goes on from what it found itself
    assert make_task(before).memo is None
    assert make_task(after).memo == first.memo["found"]


def test_what_another_family_found_is_no_start_for_who_takes_over() -> None:
    now = situation(*NUMBERS, family="saas_gp", n=201)
    memo = {"family": "saas_gp", "found": {"draws": [1.0]}}

    choice = choose(replace(now, memo=memo), q=1, seed=1)

    assert choice.surrogate is not None
    assert SAID in choice.picks[0].reason


@pytest.mark.slow
def test_past_a_hundred_results_chains_hand_over_to_the_variational_network() -> None:
    choice = choose(situation(*NUMBERS, family="bnn", n=101), q=1, seed=1)

    assert choice.surrogate is not None
    assert choice.surrogate.family == "variational_bnn"
    assert "variational_bnn decides" in choice.picks[0].reason


def test_where_a_class_is_wanted_no_family_is_named() -> None:
    now = situation(*NUMBERS, family="bnn", n=30)
    wanted = HitClass(outcome="y", wanted=("good",))

    assert replace(now, objective=wanted, y=(now.y > 0.9).astype(float)).serving is None

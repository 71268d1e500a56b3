"""The policy where a class is wanted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.acquisition import Settings, Situation, choose
from planner.campaign.objectives import HitClass
from planner.space import Continuous, SearchSpace

FORM = HitClass(outcome="form", wanted=("needles",))
PARAMETERS = (Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1))


def table(n: int = 200) -> SearchSpace:
    rows = np.random.default_rng(0).random((n, 2)).round(4)
    return SearchSpace(PARAMETERS, rows=tuple({"a": float(a), "b": float(b)} for a, b in rows))


def is_wanted(x: np.ndarray) -> np.ndarray:
    """A corner of a tenth of the square."""
    return ((x[:, 0] > 0.6) & (x[:, 1] > 0.7)).astype(np.float64)


def situation(space: SearchSpace, rows: list[int], acquisition: str) -> Situation:
    x = space.encoded_rows[rows]
    return Situation(
        space=space,
        objective=FORM,
        x=x,
        y=is_wanted(x),
        blocked=frozenset(rows),
        bounds=(0.0, 1.0),
        settings=Settings(acquisition=acquisition),  # type: ignore[arg-type]
    )


def test_a_wanted_class_is_found_and_kept_to() -> None:
    """Of 200 settings 27 are wanted; thirty at random would hold four."""
    space = table()
    rows: list[int] = []
    while len(rows) < 30:
        pick = choose(situation(space, rows, "ucb"), q=1, seed=len(rows)).picks[0]
        assert pick.row is not None
        rows.append(pick.row)
        if pick.forecast is not None:
            assert 0.0 <= pick.forecast.low <= pick.forecast.high <= 1.0
            assert 0.0 < pick.forecast.mean < 1.0

    # more than twelve of 30 at random: 8 in a million (hypergeometric)
    assert is_wanted(space.encoded_rows[rows]).sum() > 12


@pytest.mark.parametrize("acquisition", ["ucb", "log_nei"])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_alone_is_enough_to_choose(label: float, acquisition: str) -> None:
    space = table()
    now = situation(space, [1, 2, 3, 4, 5, 6], acquisition)
    now = replace(now, y=np.full(6, label))

    chosen = choose(now, q=3, seed=1)

    assert [pick.kind for pick in chosen.picks] == ["model"] * 3
    assert chosen.failure is None
    assert chosen.memo is not None
    assert all(pick.forecast is not None for pick in chosen.picks)

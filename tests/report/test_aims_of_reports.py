"""A report says what the aim is, and begins with how far it is reached."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from planner.loop.deciding.model import fit_surrogate
from planner.models import Surrogate
from planner.report import gather, make_page, render, words
from planner.report.facts import Facts
from tests.report.campaigns import Diary, make_spec, measured

VALUES = [10.0, 30.0, 55.0, 80.0, 60.0, 20.0]


def facts_of(diary: Diary) -> Facts:
    return gather(diary.state, diary.space, folder=Path())


def printed(facts: Facts) -> str:
    file = io.StringIO()
    Console(file=file, width=80, highlight=False).print(render(facts))
    return " ".join(file.getvalue().split())


def test_how_well_the_space_is_known_is_a_mean_over_its_rows() -> None:
    """Anew from the model's mixture: the bounds are twenty deviations off what it predicts."""
    diary = measured(make_spec(aim="learn"), [48.0, 49.0, 50.0, 51.0, 52.0])
    known = facts_of(diary).known
    assert known is not None
    fitted = fit_surrogate(diary.state, diary.space)
    assert isinstance(fitted, Surrogate)
    assert diary.space.rows is not None
    x = torch.from_numpy(diary.space.encode(diary.space.rows))
    said = fitted.predictive_mixture(x)
    weights, means, sds = (each.detach().numpy() for each in (said.weights, said.means, said.sds))
    mean = weights @ means
    unknown = np.mean(weights @ (sds**2 + means**2) - mean**2)
    assert 20 * np.sqrt(unknown) < 48.0
    assert known.sd == pytest.approx(np.sqrt(unknown), rel=1e-6)
    assert known.unknown == pytest.approx(unknown / (unknown + np.var(mean)), rel=1e-6)


def test_to_learn_the_space_comes_first_and_the_best_last() -> None:
    facts = facts_of(measured(make_spec(aim="learn"), VALUES))
    assert (facts.left, facts.top, facts.savings) == (None, None, None)
    for said in (make_page(facts), printed(facts)):
        assert "Wanted: a model of yield that holds over the whole space." in said
        assert "better" not in words.known(facts)
        assert "Probability that nothing" not in said
        assert said.index("Over the whole space yield is known to") < said.index("Best conditions")


def test_to_optimise_the_best_comes_first() -> None:
    facts = facts_of(measured(make_spec(), VALUES))
    assert facts.known is None
    for said in (make_page(facts), printed(facts)):
        assert "Over the whole space" not in said
        assert said.index("Best conditions") < said.index("Probability that nothing")


def test_without_a_model_it_is_said_that_nothing_is_known() -> None:
    facts = facts_of(Diary(make_spec(aim="learn")))
    assert words.known(facts).startswith("How well the space is known cannot be said: ")
    assert "How well the space is known" in make_page(facts)


def test_to_collect_many_are_wanted() -> None:
    facts = facts_of(measured(make_spec(aim="collect"), VALUES))
    assert words.wanted(facts).endswith("; many good conditions, not the best alone")

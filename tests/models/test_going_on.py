"""A search that goes on from the last fit alone, as in the folds of a comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from planner.models import FAMILIES, Observations, Surrogate, Task
from planner.models.gaussian import search

X = np.random.default_rng(5).random((40, 2))
Y = np.sin(6.0 * X[:, 0]) + X[:, 1] + 0.1 * np.random.default_rng(6).standard_normal(40)
TASK = Task(observations=Observations.from_arrays(X, Y), columns=(0, 1))
SEARCHING = ["gp", "isotropic_gp", "warped_gp", "transformed_gp", "varying_noise_gp", "robust_gp"]


def fitted(family: str, task: Task) -> Surrogate:
    found = FAMILIES[family].fit(task)
    assert isinstance(found, Surrogate)
    return found


@pytest.mark.parametrize("family", [*SEARCHING, "averaged_gp"])
def test_without_a_fold_it_predicts_as_from_all_starts(family: str) -> None:
    """This smooth process has one optimum: both find it to what the search calls converged."""
    whole = fitted(family, TASK)
    part = Observations.from_arrays(X[8:], Y[8:])
    from_all, from_last = (
        fitted(family, replace(TASK, observations=part, memo=whole.memo, goes_on=goes_on))
        for goes_on in (False, True)
    )

    at = torch.from_numpy(X[:8])
    mean, sd = (each.numpy() for each in from_all.moments(at))
    np.testing.assert_allclose(from_last.moments(at)[0].numpy(), mean, atol=0.1 * sd.max())
    np.testing.assert_allclose(from_last.moments(at)[1].numpy(), sd, rtol=0.1)


@pytest.mark.parametrize("family", SEARCHING[:-1])
def test_it_begins_there_alone(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted(family, TASK)
    n_searches = 0
    minimise = search.fmin_l_bfgs_b

    def counted(*args: object, **more: object) -> object:
        nonlocal n_searches
        n_searches += 1
        return minimise(*args, **more)

    monkeypatch.setattr(search, "fmin_l_bfgs_b", counted)
    fitted(family, replace(TASK, memo=whole.memo))
    n_from_all, n_searches = n_searches, 0
    fitted(family, replace(TASK, memo=whole.memo, goes_on=True))

    # of three starts one is left, and noise that varies needs one round less
    n_rounds_less = 1 if family == "varying_noise_gp" else 0
    assert n_searches == n_from_all - 2 - n_rounds_less


def test_without_a_last_fit_it_begins_as_always() -> None:
    afresh, going_on = (fitted("gp", replace(TASK, goes_on=each)) for each in (False, True))

    assert going_on.memo == afresh.memo

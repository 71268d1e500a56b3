"""What is expected and still to be gained of outcomes within bounds, and of classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from planner.acquisition import (
    Settings,
    Situation,
    fit_for,
    log_noisy_expected_improvement,
    reasons,
)
from planner.acquisition.bounds import upper_confidence_bound
from planner.acquisition.candidates import Found
from planner.acquisition.forecasts import best_so_far, expected_at, forecast
from planner.acquisition.remaining import remaining
from planner.campaign.objectives import AnyObjective, HitClass, HitTarget, Maximise
from planner.errors import InputError
from planner.models import Bounds, Corrected, Surrogate
from planner.space import Continuous, SearchSpace

PARAMETERS = (Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1))
FORM = HitClass(outcome="form", wanted=("needles",))
YIELD = (0.0, 100.0)


def table(n: int = 40) -> SearchSpace:
    rows = np.random.default_rng(0).random((n, 2)).round(4)
    return SearchSpace(PARAMETERS, rows=tuple({"a": float(a), "b": float(b)} for a, b in rows))


def situated(
    objective: AnyObjective, outcome: str, bounds: tuple[float | None, float | None]
) -> tuple[Situation, Surrogate]:
    space = table()
    x = space.encoded_rows[:12]
    y = {
        "class": (x[:, 0] > 0.6).astype(np.float64),
        "yield": np.minimum(100.0, 60.0 + 90.0 * x[:, 0]),
    }[outcome]
    now = Situation(
        space=space,
        objective=objective,
        x=x,
        y=y,
        blocked=frozenset(range(12)),
        bounds=bounds,
        settings=Settings(family="gp"),
    )
    surrogate = fit_for(now)
    assert isinstance(surrogate, Surrogate)
    return now, surrogate


def test_of_a_number_the_fit_is_the_surrogate_of_the_number() -> None:
    now, surrogate = situated(Maximise(outcome="y"), "yield", YIELD)

    assert sorted(surrogate.observations.y.tolist()) == sorted(now.y.tolist())


def test_of_a_class_the_fit_is_the_margin_of_the_wanted() -> None:
    now, surrogate = situated(FORM, "class", (0.0, 1.0))

    expected = expected_at(now, surrogate, torch.from_numpy(now.space.encoded_rows))

    assert bool(((expected.mean > 0.0) & (expected.mean < 1.0)).all())
    # the class is the sign of one parameter: far on either side it is known
    left, right = (now.space.encoded_rows[:, 0] < 0.3, now.space.encoded_rows[:, 0] > 0.9)
    assert bool((expected.mean[torch.from_numpy(left)] < 0.4).all())
    assert bool((expected.mean[torch.from_numpy(right)] > 0.6).all())


def test_a_class_that_is_neither_wanted_nor_not_is_refused() -> None:
    now, _ = situated(FORM, "class", (0.0, 1.0))

    with pytest.raises(InputError, match=r"neither|not \(0\); an outcome is 0.5"):
        fit_for(Situation(space=now.space, objective=FORM, x=now.x, y=np.full(12, 0.5)))


@pytest.mark.parametrize("n", [0, 1])
def test_a_class_has_a_model_from_the_first_label_on(n: int) -> None:
    space = table()
    now = Situation(space=space, objective=FORM, x=space.encoded_rows[:n], y=np.ones(n))

    found = fit_for(now)

    assert isinstance(found, Surrogate)
    assert len(found.observations.y) == n


@pytest.mark.parametrize(
    ("objective", "outcome", "bounds"),
    [(Maximise(outcome="y"), "yield", YIELD), (FORM, "class", (0.0, 1.0))],
    ids=["yield", "class"],
)
def test_a_forecast_keeps_to_the_bounds_and_says_what_is_said_everywhere(
    objective: AnyObjective, outcome: str, bounds: tuple[float, float]
) -> None:
    now, surrogate = situated(objective, outcome, bounds)
    low, high = bounds
    for x in now.space.encoded_rows:
        found = forecast(now, surrogate, x, best=best_so_far(now, surrogate))
        expected = expected_at(now, surrogate, torch.from_numpy(x)[None, :])

        assert low <= found.low <= found.high <= high
        assert low <= found.mean <= high
        assert found.mean == float(expected.mean[0])
        # a square, a difference and a root of numbers of the same size
        run = math.hypot(found.sd, found.noise_sd)
        assert run == pytest.approx(float(expected.sd_run[0]), rel=1e-12)
        assert found.probability is not None
        assert 0.0 <= found.probability <= 1.0


def test_the_best_so_far_is_judged_within_the_bounds() -> None:
    """Of the model as it is: a corrected one is no normal, and its mean within bounds another."""
    now, corrected = situated(Maximise(outcome="y"), "yield", YIELD)
    assert isinstance(corrected, Corrected)
    surrogate = corrected.base

    best = best_so_far(now, surrogate)

    assert best is not None
    expected = expected_at(now, surrogate, surrogate.observations.x)
    assert best.mean == pytest.approx(float(expected.mean.max()), rel=1e-12)
    assert best.utility == pytest.approx(best.mean, rel=1e-12)
    assert best.mean <= 100.0


def test_of_a_class_the_best_so_far_is_the_most_probable() -> None:
    now, surrogate = situated(FORM, "class", (0.0, 1.0))

    best = best_so_far(now, surrogate)

    assert best is not None
    expected = expected_at(now, surrogate, surrogate.observations.x)
    assert best.index == int(expected.mean.argmax())
    assert best.mean == pytest.approx(float(expected.mean.max()), rel=1e-12)
    assert best.utility == pytest.approx(best.mean, rel=1e-12)


def test_beyond_a_bound_nothing_is_left_to_gain() -> None:
    """A yield of 100 % was reached, and the model alone would still hope for more."""
    within, surrogate = situated(Maximise(outcome="y"), "yield", YIELD)
    without = Situation(
        space=within.space,
        objective=within.objective,
        x=within.x,
        y=within.y,
        blocked=within.blocked,
    )

    found, unbounded = (remaining(now, surrogate, seed=1) for now in (within, without))

    assert found is not None
    assert unbounded is not None
    best = best_so_far(within, surrogate)
    assert best is not None
    assert found.gain < 0.5 * unbounded.gain
    assert found.gain <= 100.0
    assert found.probability_done >= unbounded.probability_done


def test_of_a_class_the_gain_is_a_probability() -> None:
    now, surrogate = situated(FORM, "class", (0.0, 1.0))
    best = best_so_far(now, surrogate)
    assert best is not None

    found = remaining(now, surrogate, seed=1)

    assert found is not None
    assert 0.0 < found.gain < 1.0
    assert 0.0 < found.probability_done < 1.0


def test_a_class_is_searched_by_its_margin() -> None:
    now, surrogate = situated(FORM, "class", (0.0, 1.0))
    x = torch.from_numpy(now.space.encoded_rows)
    nothing = torch.empty(0, 2, dtype=torch.float64)

    for objective in (FORM, Maximise(outcome="form")):
        bound = upper_confidence_bound(surrogate, objective, x, beta=1.25)
        prediction = surrogate.predict(x)
        torch.testing.assert_close(
            bound, prediction.mean + 1.25 * prediction.sd, rtol=1e-12, atol=0
        )
    scores = [
        log_noisy_expected_improvement(surrogate, each, pending=nothing, seed=1)(x)
        for each in (FORM, Maximise(outcome="form"))
    ]
    assert torch.equal(scores[0], scores[1])


def test_a_target_at_a_bound_is_not_passed() -> None:
    """A purity of 100 is wanted: where more is predicted, 100 will be measured."""
    now, surrogate = situated(HitTarget(outcome="y", target=100.0, tolerance=1.0), "yield", YIELD)
    x = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    mean, sd = (float(part[0]) for part in surrogate.moments(x))
    assert 95.0 < mean < 105.0

    found = upper_confidence_bound(surrogate, now.objective, x, beta=0.0, bounds=Bounds(*YIELD))

    # minus the distance below 100 alone: E max(100 - y, 0), by hand
    a = (100.0 - mean) / sd
    below = sd * (norm.pdf(a) + a * norm.cdf(a))
    assert float(found[0]) == pytest.approx(-below, rel=1e-9)
    assert float(found[0]) > float(upper_confidence_bound(surrogate, now.objective, x, beta=0.0)[0])


def test_the_reason_says_what_the_forecast_says() -> None:
    now, surrogate = situated(FORM, "class", (0.0, 1.0))
    x = now.space.encoded_rows[20]
    found = Found(configuration=dict(now.space.rows[20]), row=20, x=x, score=1.0)  # type: ignore[index]

    words = reasons.chosen(now, surrogate, found, best=best_so_far(now, surrogate))

    expected = forecast(now, surrogate, x, best=best_so_far(now, surrogate))
    mean, sd = 100 * expected.mean, 100 * expected.sd
    decimals = max(0, 1 - math.floor(math.log10(sd)))
    assert f"predicted chance {mean:.{decimals}f} ± {sd:.{decimals}f} %" in words
    assert "the best so far" in words

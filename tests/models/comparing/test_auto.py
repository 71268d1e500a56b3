"""The average of families: who counts, for how long, and what is remembered of it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from planner.errors import InputError
from planner.models import FitFailure, Observations, OutcomeScale, Surrogate, Task, family, fit
from planner.models.comparing.auto import FEWEST, Auto, fit_auto
from planner.models.comparing.comparison import Comparison
from planner.models.comparing.folds import predict_others
from planner.models.families import Family

COLUMNS = (0, 1)


def make_task(n: int, *, seed: int = 3) -> Task:
    generator = np.random.default_rng(seed)
    x = generator.random((n, 2))
    y = np.sin(5.0 * x[:, 0]) + x[:, 1] ** 2 + generator.normal(0.0, 0.05, n)
    return Task(observations=Observations.from_arrays(x, y), columns=COLUMNS)


class Counted:
    """A family that counts its fits, and shuffles what it is told if it is to be bad."""

    def __init__(self, *, is_bad: bool = False) -> None:
        self.n_fits = 0
        self.is_bad = is_bad

    def __call__(self, task: Task) -> Surrogate | FitFailure:
        self.n_fits += 1
        if not self.is_bad:
            return fit(task)
        seen = task.observations
        rolled = Observations(x=seen.x.roll(1, dims=0), y=seen.y, var=seen.var)
        return fit(replace(task, observations=rolled))


def families(**fits: Counted) -> dict[str, Family]:
    return {name: Family(name=name, fit=each) for name, each in fits.items()}


def fitted(task: Task, these: dict[str, Family]) -> Auto:
    found = fit_auto(task, families=these)
    assert isinstance(found, Auto)
    return found


def test_a_family_that_predicts_nothing_gets_no_weight() -> None:
    found = fitted(make_task(40), families(averaged_gp=Counted(), rolled=Counted(is_bad=True)))

    assert list(found.comparison.weights) == ["averaged_gp"]
    assert found.comparison.scores["averaged_gp"] > found.comparison.scores["rolled"] + 0.5
    assert "averaged_gp predicted best" in found.comparison.in_words()


def test_the_favourite_gives_way_to_what_predicts_better() -> None:
    found = fitted(make_task(40), families(averaged_gp=Counted(is_bad=True), other=Counted()))

    assert next(iter(found.comparison.weights)) == "other"


def test_few_results_are_left_to_the_favourite() -> None:
    other = Counted()

    found = fitted(make_task(FEWEST - 1), families(averaged_gp=Counted(), other=other))

    assert found.comparison.weights == {"averaged_gp": 1.0}
    assert other.n_fits == 0
    assert "fewer than 8 results" in found.comparison.in_words()


def test_families_are_compared_anew_when_the_data_have_grown_by_a_tenth() -> None:
    other = Counted()
    these = families(averaged_gp=Counted(), other=other)
    task = make_task(33)

    def part(n: int, memo: object) -> Task:
        seen = task.observations
        observed = Observations(x=seen.x[:n], y=seen.y[:n], var=seen.var[:n])
        return replace(task, observations=observed, memo=memo)

    first = fitted(part(30, None), these)
    after_first = other.n_fits
    between = fitted(part(32, first.memo), these)
    after_between = other.n_fits
    second = fitted(part(33, between.memo), these)

    assert between.comparison == first.comparison
    assert after_between <= after_first + 1
    assert second.comparison.n == 33
    assert other.n_fits > after_between + 1


def test_what_is_remembered_survives_json_and_gives_the_same_surrogate() -> None:
    task, these = make_task(20), families(averaged_gp=Counted(), other=Counted())
    first = fitted(task, these)
    at = torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    kept = json.loads(json.dumps(first.memo))
    again, straight = (fitted(replace(task, memo=memo), these) for memo in (kept, first.memo))

    assert again.version == straight.version
    torch.testing.assert_close(again.moments(at)[0], straight.moments(at)[0], rtol=0, atol=0)


def test_a_family_that_does_not_serve_is_named_with_its_reason() -> None:
    never = Family(name="never", fit=Counted(), fewest=21)
    broken = Family(name="broken", fit=lambda _: FitFailure(reason="it did not converge"))

    found = fitted(
        make_task(20), {**families(averaged_gp=Counted()), "never": never, "broken": broken}
    )

    assert found.comparison.left_out == {
        "never": "it needs at least 21 results, and there are 20",
        "broken": "it did not converge",
    }


def test_an_outcome_that_nothing_can_be_fitted_to_is_a_failure_with_its_reason() -> None:
    task = make_task(10)
    seen = task.observations
    flat = Observations(x=seen.x, y=torch.zeros_like(seen.y), var=seen.var)

    found = fit_auto(replace(task, observations=flat), families=families(averaged_gp=Counted()))

    assert isinstance(found, FitFailure)
    assert "all 10 are equal" in found.reason


def test_the_order_of_the_results_does_not_matter() -> None:
    task, these = make_task(25), families(averaged_gp=Counted(), other=Counted())
    seen = task.observations
    order = torch.from_numpy(np.random.default_rng(5).permutation(25))
    shuffled = Observations(x=seen.x[order], y=seen.y[order], var=seen.var[order])

    first, second = fitted(task, these), fitted(replace(task, observations=shuffled), these)

    assert first.comparison == second.comparison
    assert first.version == second.version


def test_the_unit_of_the_outcome_does_not_matter() -> None:
    task, these = make_task(25), families(averaged_gp=Counted(), other=Counted(is_bad=True))
    seen = task.observations
    scaled = Observations(x=seen.x, y=1000.0 * seen.y - 273.15, var=seen.var)

    first, second = fitted(task, these), fitted(replace(task, observations=scaled), these)

    for name, score in first.comparison.scores.items():
        # the searches stop within 1e-5 of the same hyperparameters
        assert abs(score - second.comparison.scores[name]) < 1e-3


def test_the_memo_of_another_family_is_refused() -> None:
    task = make_task(10)

    with pytest.raises(InputError, match="not one of the family auto"):
        fit_auto(
            replace(task, memo={"lengthscales": [1.0]}), families=families(averaged_gp=Counted())
        )


def test_with_an_expected_range_the_favourite_speaks_before_any_result() -> None:
    task = Task(
        observations=Observations.from_arrays(np.empty((0, 2)), np.empty(0)),
        columns=COLUMNS,
        scale=OutcomeScale(mean=1.0, sd=2.0),
    )

    assert fitted(task, families(averaged_gp=Counted())).weights == (1.0,)


def test_of_many_results_a_part_is_compared_and_all_are_learned_from() -> None:
    other = Counted(is_bad=True)
    task = make_task(300)

    found = fitted(task, families(averaged_gp=Counted(), rolled=other))

    assert list(found.comparison.weights) == ["averaged_gp"]
    assert other.n_fits == 1
    assert len(found.observations.y) == 300
    assert "held-out" not in found.comparison.in_words()
    assert "results that 250 others predicted" in found.comparison.in_words()


def test_what_takes_too_long_gives_way_to_the_next_favourite_which_says_so() -> None:
    slow, plain, near = Counted(), Counted(), Counted()
    these = {
        "averaged_gp": Family(name="averaged_gp", fit=slow, quick_to=20),
        "gp": Family(name="gp", fit=plain, quick_to=255),
        "other": Family(name="other", fit=Counted(), quick_to=255),
        "large_gp": Family(name="large_gp", fit=near),
    }

    before = fitted(make_task(254), these)
    after = fitted(replace(make_task(256), memo=before.memo), these)

    assert (slow.n_fits, near.n_fits) == (0, 1)
    assert "large_gp" not in before.comparison.scores
    assert set(before.comparison.scores) == {"gp", "other"}
    assert after.comparison.weights == {"large_gp": 1.0}
    assert "large_gp decides: past 255 results" in after.comparison.in_words()
    again = fitted(replace(make_task(257), memo=json.loads(json.dumps(after.memo))), these)
    assert again.comparison == after.comparison


def test_dear_families_are_compared_anew_when_the_data_have_grown_by_half() -> None:
    """At 20 and at 30 observations, and not at 22, 25 and 29, where the quick ones are."""
    dear, quick = Counted(), Counted(is_bad=True)
    task = make_task(30)
    these, those = families(averaged_gp=quick), families(deep=dear)
    found, at = None, {}
    for n in (20, 22, 25, 29, 30):
        before, seen = dear.n_fits, task.observations
        observed = Observations(x=seen.x[:n], y=seen.y[:n], var=seen.var[:n])
        memo = None if found is None else found.memo
        part = replace(task, observations=observed, memo=memo)
        found = fit_auto(part, families=these, dear=those, name="full_auto")
        assert isinstance(found, Auto)
        at[n] = dear.n_fits - before
        assert found.comparison.weights["deep"] > 0.5
        assert found.comparison.n_dear == (30 if n == 30 else 20)

    assert found is not None
    assert found.family == "full_auto"
    # one fit between comparisons, and one besides for each fold in them
    assert at == {20: 6, 22: 1, 25: 1, 29: 1, 30: 6}


def test_between_their_comparisons_dear_families_keep_their_weight() -> None:
    task, seen = make_task(23), make_task(23).observations
    these, those = families(averaged_gp=Counted(), other=Counted()), families(deep=Counted())
    early = replace(task, observations=Observations(seen.x[:20], seen.y[:20], seen.var[:20]))
    first = fit_auto(early, families=these, dear=those, name="full_auto")
    assert isinstance(first, Auto)
    second = fit_auto(replace(task, memo=first.memo), families=these, dear=those, name="full_auto")
    assert isinstance(second, Auto)

    assert second.comparison.n == 23
    assert second.comparison.weights["deep"] == first.comparison.weights["deep"] > 0.1
    assert sum(second.comparison.weights.values()) == pytest.approx(1.0)
    assert "when 20 results were in" in second.comparison.in_words()
    assert "when" not in first.comparison.in_words()


def average(task: Task, these: dict[str, Family], those: dict[str, Family]) -> Auto:
    found = fit_auto(task, families=these, dear=those, name="full_auto")
    assert isinstance(found, Auto)
    return found


def part_of(task: Task, n: int, before: Auto | None) -> Task:
    seen = task.observations
    observed = Observations(x=seen.x[:n], y=seen.y[:n], var=seen.var[:n])
    return replace(task, observations=observed, memo=None if before is None else before.memo)


def broken(_: Task) -> FitFailure:
    return FitFailure(reason="the chains did not converge.")


def test_a_member_that_cannot_be_fitted_gives_its_weight_to_the_others() -> None:
    """At 21 the network fails; at 22, when the quick are compared, nobody asks it again."""
    these, task = families(averaged_gp=Counted()), make_task(25)
    deep = Family(name="deep", fit=Counted(), is_dear=True)
    first = average(part_of(task, 20, None), these, {"deep": deep})
    fails = {"deep": replace(deep, fit=broken)}
    second = average(part_of(task, 21, first), these, fails)
    third = average(part_of(task, 22, second), these, {"deep": deep})

    assert 0.1 < first.comparison.weights["deep"] < 0.9
    assert second.comparison.weights == third.comparison.weights == {"averaged_gp": 1.0}
    assert second.comparison.dropped == {"deep": "the chains did not converge."}
    said = "deep is left out since then: the chains did not converge."
    assert second.comparison.in_words().endswith(f"they count averaged_gp 100 %. {said}")
    assert said not in third.comparison.in_words()
    kept = json.loads(json.dumps(second.memo))
    again = average(replace(part_of(task, 21, None), memo=kept), these, fails)
    assert again.comparison == second.comparison


@pytest.mark.parametrize("n", [21, 22, 25])
def test_a_dear_member_is_not_fitted_to_more_than_it_learns_from(n: int) -> None:
    """Neither between the comparisons of the quick, at 21, nor after them."""
    these, task, dear = families(averaged_gp=Counted()), make_task(25), Counted()
    those = {"deep": Family(name="deep", fit=dear, is_dear=True, most=20, heir="averaged_gp")}
    first = average(part_of(task, 20, None), these, those)
    n_fits = dear.n_fits
    second = average(part_of(task, n, first), these, those)

    assert first.comparison.weights["deep"] > 0.1
    assert dear.n_fits == n_fits
    assert second.comparison.weights == {"averaged_gp": 1.0}
    why = f"it learns from at most 20 results, and there are {n}"
    assert second.comparison.dropped == {"deep": why}


def test_where_all_that_count_fail_a_favourite_stands_in() -> None:
    task = make_task(21)
    alone = Comparison(n=20, scores={"deep": 0.1}, weights={"deep": 1.0}, n_dear=20)
    late = replace(task, memo={"comparison": asdict(alone), "members": {}})
    those = {"deep": Family(name="deep", fit=broken, is_dear=True)}

    found = average(late, families(averaged_gp=Counted()), those)
    nobody = fit_auto(
        late, families={"averaged_gp": Family(name="averaged_gp", fit=broken)}, dear=those
    )

    assert found.comparison.weights == {"averaged_gp": 1.0}
    assert found.comparison.dropped == {"deep": "the chains did not converge."}
    assert isinstance(nobody, FitFailure)
    assert nobody.reason == "the chains did not converge."
    assert [each.partition(":")[0] for each in nobody.tried] == ["deep", "averaged_gp"]


@pytest.mark.parametrize(("n", "n_different"), [(8, 1), (9, 2), (20, 1)])
def test_where_folds_have_equal_results_alone_a_favourite_decides(n: int, n_different: int) -> None:
    """A screen in which nearly every run gives nothing."""
    x = np.random.default_rng(n).random((n, 2))
    y = np.where(np.arange(n) < n_different, [30.0 + k for k in range(n)], 0.0)
    task = Task(observations=Observations.from_arrays(x, y), columns=COLUMNS)

    found = family("auto").fit(task)

    assert isinstance(found, Auto)
    assert "averaged_gp" in found.comparison.weights
    if not found.comparison.scores:
        assert found.comparison.weights == {"averaged_gp": 1.0}
        assert "differ" in found.comparison.left_out["averaged_gp"]


def test_of_many_equal_results_with_an_expected_range_families_are_compared() -> None:
    x = np.random.default_rng(1).random((260, 2))
    scale = OutcomeScale(mean=5.0, sd=2.0)
    observations = Observations.from_arrays(x, np.full(260, 3.0))

    with np.errstate(all="raise"):
        found = predict_others(
            family("gp"),
            Task(observations=observations, columns=COLUMNS, scale=scale),
            n_fitted=250,
        )

    assert isinstance(found, np.ndarray)
    assert found.min() > 0.0  # surer than a normal of the expected deviation


def test_a_favourite_that_fails_leaves_the_choice_to_the_others() -> None:
    these = {
        "averaged_gp": Family(name="averaged_gp", fit=broken),
        **families(other=Counted(), third=Counted()),
    }

    found = fitted(make_task(20), these)

    assert set(found.comparison.weights) <= {"other", "third"}
    assert found.comparison.left_out == {"averaged_gp": "the chains did not converge."}

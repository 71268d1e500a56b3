"""Answers against dense algebra and simulation, and what is said where there is no model."""

from __future__ import annotations

import io
import itertools
import json
import math

import numpy as np
import pytest
import torch
from rich.console import Console
from scipy.integrate import quad
from scipy.stats import norm

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.loop.deciding.best import find_best
from planner.loop.deciding.model import fit_surrogate
from planner.models.coverage.distribution import Distribution
from planner.space import SearchSpace
from planner.whatif import answer, draw, render, whatif_json
from tests.oracles.gaussian_process import posterior
from tests.report.campaigns import Diary, at, make_spec, measured

LEVEL_90 = 1.6448536269514722  # the 95 % quantile of the standard normal
VALUES = [10.0, 25.0, 40.0, 75.0, 60.0]


@pytest.fixture(scope="module")
def campaign():
    return measured(make_spec(), VALUES)


def ask(diary, *written, base=None):
    return answer(diary.state, diary.space, written, base=base)


def dense_posterior(diary, configurations):
    """Mean and covariance of the process, and the noise variance, in the outcome's unit.

    As the fit says, before the correction.
    """
    surrogate = fit_surrogate(diary.state, diary.space).base
    found, scale = surrogate.hyperparameters, surrogate.scale
    observed = diary.state.observations
    y = np.array([each.outcomes["yield"].value for each in observed])
    mean, cov = posterior(
        diary.space.encode([each.configuration for each in observed]),
        (y - scale.mean) / scale.sd,
        np.full(len(y), found.noise_variance),
        diary.space.encode(configurations),
        lengthscales=np.array([found.lengthscales[i] for i in diary.space.columns]),
        mean=found.mean,
    )
    return scale.mean + scale.sd * mean, scale.sd**2 * cov, scale.sd**2 * found.noise_variance


def corrected(diary, mean, sd, sd_run):
    """The corrected distribution of a process or run of this mean, from its scales."""
    surrogate = fit_surrogate(diary.state, diary.space)
    r = torch.tensor([sd / surrogate.base.prior_sd], dtype=torch.float64)
    scales = surrogate.correction.scales(r)[:, 0].numpy()
    return Distribution(
        means=np.full(len(scales), mean),
        sds=scales * sd_run,
        weights=surrogate.correction.weights,
        low=0.0,
        high=100.0,
    )


def test_intervals_agree_with_dense_algebra(campaign):
    said = ask(campaign, "temperature=730,790", "flow=3", "catalyst=Fe").said
    mean, cov, noise = dense_posterior(campaign, [at(730.0), at(790.0)])
    for i, each in enumerate(said):
        sd, sd_run = math.sqrt(cov[i, i]), math.sqrt(cov[i, i] + noise)
        # a 5 by 5 inverse of condition below 1e4 keeps 1e-10 of numbers up to 100
        process = corrected(campaign, mean[i], sd, sd)
        run = corrected(campaign, mean[i], sd, sd_run)
        assert each.low == pytest.approx(process.quantile(0.05), abs=1e-6)
        assert each.high == pytest.approx(process.quantile(0.95), abs=1e-6)
        assert each.run_low == pytest.approx(run.quantile(0.05), abs=1e-6)
        assert each.run_high == pytest.approx(run.quantile(0.95), abs=1e-6)
        # what the bounds take off the tails, which are heavier than a normal's
        assert each.mean == pytest.approx(mean_within(process), abs=1e-6)


def mean_within(said):
    """Mean of a distribution within its bounds: the integral of what lies above."""
    above, _ = quad(
        lambda y: float(said.weights @ norm.sf(y, said.means, said.sds)), 0.0, 100.0, limit=200
    )
    return above


def test_a_difference_is_from_the_joint_posterior(campaign):
    found = ask(campaign, "temperature=+40", base="2")
    (said,) = found.said
    assert said.configuration == at(715.0)
    mean, cov, _ = dense_posterior(campaign, [at(675.0), at(715.0)])
    surrogate = fit_surrogate(campaign.state, campaign.space)
    sds = np.sqrt(np.diag(cov))
    r = torch.from_numpy(sds / surrogate.base.prior_sd)
    # each deviation has its own scale; the interval is stretched as that at the place asked for
    scaled = np.outer(*2 * [surrogate.correction.centre(r).numpy()]) * cov
    process = corrected(campaign, mean[1], sds[1], sds[1])
    stretch = (process.quantile(0.95) - mean[1]) / (LEVEL_90 * math.sqrt(scaled[1, 1]))
    half = stretch * LEVEL_90 * math.sqrt(scaled[0, 0] + scaled[1, 1] - 2 * scaled[0, 1])
    assert said.difference.mean == pytest.approx(mean[1] - mean[0], abs=0.01)
    # quantiles of 4,096 draws within the outcome's bounds, which are far away
    assert said.difference.low == pytest.approx(mean[1] - mean[0] - half, abs=0.02 * half)
    assert said.difference.high == pytest.approx(mean[1] - mean[0] + half, abs=0.02 * half)
    # taken as independent the interval would be another
    assert scaled[0, 1] > 0.02 * scaled[1, 1]


def test_a_configuration_does_not_differ_from_itself(campaign):
    (said,) = ask(campaign, "temperature=675", base="2").said
    # a cancelling variance of about 1e2 leaves the square root of 1e2 * 1e-15
    assert said.difference.mean == pytest.approx(0.0, abs=1e-9)
    assert said.difference.high == pytest.approx(0.0, abs=1e-5)


def test_temperature_differences_of_other_units_have_no_offset(campaign):
    (in_f,) = ask(campaign, "temperature=+36degF", base="2").said
    (in_c,) = ask(campaign, "temperature=+20", base="2").said
    assert in_f == in_c


def test_many_configurations_say_the_same_as_each_alone(campaign):
    grid = ask(campaign, "temperature=600:900:101", "flow=1:5:7")  # more than one block
    assert len(grid.said) == 707
    for index in (0, 350, 706):
        place = grid.said[index].configuration
        alone = ask(campaign, f"temperature={place['temperature']}", f"flow={place['flow']}")
        # the same algebra on blocks of other sizes: rounding of sums of five terms
        assert grid.said[index].mean == pytest.approx(alone.said[0].mean, rel=1e-10)
        assert grid.said[index].run_high == pytest.approx(alone.said[0].run_high, rel=1e-10)


def test_the_probability_is_the_share_of_next_runs_that_meet_the_goal():
    objective = "{aim: range, outcome: yield, low: 50, high: 70}"
    diary = measured(make_spec(objective=objective), VALUES)
    (said,) = ask(diary, "temperature=800", "flow=3", "catalyst=Fe").said
    mean, cov, noise = dense_posterior(diary, [at(800.0)])
    n = 200_000
    said_run = corrected(diary, mean[0], math.sqrt(cov[0, 0]), math.sqrt(cov[0, 0] + noise))
    generator = np.random.default_rng()
    runs = generator.normal(mean[0], generator.choice(said_run.sds, n, p=said_run.weights))
    share = np.mean((runs >= 50) & (runs <= 70))
    # five standard errors: a false alarm in 1.7 million runs; the process's own deviation in
    # place of the run's would be off by more where the noise is not negligible
    assert said.probability == pytest.approx(share, abs=5 * math.sqrt(0.25 / n))


def test_a_gain_beyond_the_bound_is_impossible():
    spec = make_spec(objective="{aim: maximise, outcome: yield, gain: 60}")
    grid = ask(measured(spec, VALUES), "temperature=600:900:7").said
    assert [each.probability for each in grid] == [0.0] * 7


def test_what_is_not_named_comes_from_the_best_and_the_answer_says_so(campaign):
    found = ask(campaign, "temperature=700")
    assert found.base.name == "best so far (trial 4)"
    assert found.base.filled == ("flow", "catalyst")
    assert found.said[0].difference is None  # no difference was asked for
    assert any("taken from best so far (trial 4): flow, catalyst" in note for note in found.notes)


def test_where_everything_is_named_no_base_is_needed(campaign):
    found = ask(campaign, "temperature=700", "flow=2", "catalyst=Co")
    assert found.base is None
    assert found.said[0].configuration == at(700.0, 2.0, "Co")


def test_support_names_the_nearest_trial_and_warns_away_from_data(campaign):
    near, far = ask(campaign, "temperature=676,900", "flow=3", "catalyst=Fe,Ni").said[0::3]
    assert (near.nearest_trial, near.is_extrapolating) == (2, False)
    assert near.nearest < far.nearest
    assert near.unknown < far.unknown <= 1
    assert far.is_extrapolating


@pytest.mark.parametrize("n", [0, 1])
def test_without_a_model_it_says_what_is_missing(n):
    with pytest.raises(InputError, match=rf"{n} observations? so far.*expected"):
        ask(measured(make_spec(), VALUES[:n]), "temperature=700", "flow=2", "catalyst=Co")


def test_with_an_expected_range_the_prior_answers_and_says_so():
    diary = Diary(make_spec(expected="[20, 60]"))
    found = ask(diary, "temperature=700", "flow=2", "catalyst=Co")
    (said,) = found.said
    # the range stands for mean plus and minus two deviations: 40 and 10
    # of which 3 in 100,000 would lie below the bound at 0, and count as 0
    assert 40.0 < said.mean < 40.0002
    assert (said.low, said.high) == pytest.approx((40 - 10 * LEVEL_90, 40 + 10 * LEVEL_90))
    assert said.probability is None
    assert said.is_extrapolating
    assert "nothing was measured yet" in found.notes[0]
    with pytest.raises(InputError, match="no best so far to take flow, catalyst from"):
        ask(diary, "temperature=700")


@pytest.mark.parametrize(
    ("written", "base", "error", "said"),
    [
        (("temperature=+400",), "1", ValueOutOfRange, "outside 600 to 900"),
        (("temperature=700",), "9", UnknownName, "no trial 9"),
        (("temperature=700",), "worst", InputError, "'best' or the number of a trial"),
    ],
)
def test_what_cannot_be_answered_is_said_in_words(campaign, written, base, error, said):
    with pytest.raises(error, match=said):
        ask(campaign, *written, base=base)


def printed(found, width=80):
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(render(found))
    return file.getvalue()


def test_the_table_shows_every_configuration_within_80_columns(campaign):
    text = printed(ask(campaign, "temperature=600:900:5", "catalyst=Fe,Co"))
    assert max(map(len, text.splitlines())) <= 80
    rows = [line.split() for line in text.splitlines()]
    shown = [(row[0], row[1]) for row in rows if len(row) > 4 and row[1] in ("Fe", "Co")]
    steps = ("600", "675", "750", "825", "900")
    assert shown == list(itertools.product(steps, ("Fe", "Co")))
    assert "\x1b" not in text


def test_a_large_grid_shows_the_best(campaign):
    found = ask(campaign, "temperature=600:900:100")
    text = printed(found)
    best = max(found.said, key=lambda each: each.mean)
    assert "The best 20 of 100" in text
    assert f"{best.configuration['temperature']:.6g}" in text


def test_one_answer_is_told_with_its_difference(campaign):
    text = printed(ask(campaign, "temperature=+40", base="2"))
    assert "difference (90 % interval)" in text
    assert "Differences are to trial 2" in text


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("{aim: maximise, outcome: yield}", "to come out above "),
        ("{aim: minimise, outcome: yield, gain: 2}", "to come out more than 2 percent below "),
    ],
)
def test_without_a_goal_it_says_what_is_to_be_beaten(objective, said):
    diary = measured(make_spec(objective=objective), VALUES)
    found = ask(diary, "temperature=700,800")
    surrogate = fit_surrogate(diary.state, diary.space)
    best = find_best(diary.state, diary.space, surrogate).mean
    assert (
        f"The campaign file names no goal: to beat the best is {said}{best:.4g} percent, the mean "
        f"that the model predicts at the best setting so far." in found.notes
    )
    assert "beats" in printed(found)
    assert "next run beats the best" in printed(ask(diary, "temperature=700"))
    picture = draw(ask(diary, "temperature=600:900:11"))
    assert "beats best (%)" in picture
    assert "most likely to beat the best so far" in picture


def test_with_a_goal_it_says_how_likely_that_is_met():
    goal = "{aim: maximise, outcome: yield, goal: 70}"
    found = ask(measured(make_spec(objective=goal), VALUES), "temperature=600:900:11")
    assert "meets" in printed(found)
    assert not any("best" in note and "beat" in note for note in found.notes)
    assert "meets goal (%)" in draw(found)


def test_the_picture_has_the_trials_between_the_ends_of_the_sweep(campaign):
    """Five at flow 3 with Fe, all of them on the slice, two below 700 degC."""
    found = ask(campaign, "temperature=600:900:11")
    assert found.trials.settings.tolist() == [600.0, 675.0, 750.0, 825.0, 900.0]
    assert found.trials.values.tolist() == VALUES
    assert found.trials.distances.max() == 0.0
    picture = draw(ask(campaign, "temperature=700:900:11"))
    dots = picture.partition('class="trials"')[2].partition("</g>")[0]
    assert dots.count("<use") == 3
    assert "trials, fainter away from the slice" in picture
    assert ask(campaign, "catalyst=Fe,Co").trials is None


def test_json_can_be_read_back(campaign):
    found = ask(campaign, "temperature=+40", base="2")
    record = json.loads(json.dumps(whatif_json(found), allow_nan=False))
    assert record["configurations"][0]["difference"]["low"] == found.said[0].difference.low
    assert record["base"]["predicted"]["mean"] == found.base_said.mean
    assert record["model_version"] == found.model_version
    assert record["outcome"]["unit"] == "percent"


def test_one_swept_number_makes_a_picture_and_nothing_else_does(campaign):
    assert "along temperature (degC)" in draw(ask(campaign, "temperature=600:900:11"))
    with pytest.raises(InputError, match="here are none"):
        draw(ask(campaign, "temperature=700"))
    with pytest.raises(InputError, match="here are temperature, flow"):
        draw(ask(campaign, "temperature=600:900:3", "flow=1:5:3"))
    with pytest.raises(InputError, match="'catalyst' is a category"):
        draw(ask(campaign, "catalyst=Fe,Co"))


def test_asking_changes_nothing(campaign):
    before = campaign.state
    diary_state = campaign.state
    answer(diary_state, campaign.space, ("temperature=600:900:11",), base="best")
    assert diary_state == before


def test_a_condition_that_the_candidate_table_does_not_list_is_named_as_such(campaign):
    listed = SearchSpace(
        campaign.space.parameters,
        rows=tuple(t.configuration for t in campaign.state.trials.values()),
    )

    def notes(*written):
        return " ".join(answer(campaign.state, listed, written).notes)

    inside = campaign.state.trials[1].configuration
    words = [f"{name}={value}" for name, value in inside.items()]
    assert "candidates" not in notes(*words)
    assert "not among the 5 candidates" in notes("temperature=777", *words[1:])
    assert "2 of 3 conditions are not" in notes(
        f"temperature={inside['temperature']},777,778", *words[1:]
    )

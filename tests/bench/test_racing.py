"""Races: fair to every planner, without repetition, and able to tell good from bad."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.acquisition import Settings, choose
from planner.bench import Rules, enter, play, score, stand
from planner.rng import derive_seed
from tests.bench.hand_made import chooser_by, make_pool

# 44 settings along a line, three winners around 30; each measured twice, 0.5 about its mean
POOL = make_pool(
    [[50.0 - (place - 30) ** 2 / 10 + shift for shift in (-0.5, 0.5)] for place in range(44)],
    n_trials=10,
)

# which rows are met, and what they answer, is the same whatever model chooses: a quick one
QUICK = Settings(family="gp")


def play_and_hear(rules, *, seed):
    """Returns a race, and what each row had answered when the policy last chose."""
    met = {}

    def listen(situation, *, q, seed):
        rows = [
            int(np.flatnonzero((POOL.space.encoded_rows == x).all(axis=1))[0]) for x in situation.x
        ]
        met.update(zip(rows, situation.y.tolist(), strict=True))
        return choose(situation, q=q, seed=seed)

    return play(POOL, rules, seed=seed, chooser=listen), met


@pytest.mark.parametrize("replay", ["means", "repeat"])
@pytest.mark.parametrize("start", ["random", "own"])
def test_no_setting_is_chosen_twice(replay, start):
    race = play(POOL, Rules(replay=replay, start=start, n_trials=10, settings=QUICK), seed=3)
    assert len(race.rows) == len(set(race.rows)) == 10
    assert race.n_start == 5
    assert len(race.ask_cpu_s) == len(race.ask_wall_s) == (5 if start == "random" else 10)


def test_every_planner_starts_from_the_same_five_and_meets_the_same_repeats():
    (ucb, met), (other, met_again) = (
        play_and_hear(Rules(replay="repeat", n_trials=10, settings=settings), seed=5)
        for settings in (QUICK, replace(QUICK, acquisition="log_nei"))
    )
    assert ucb.rows[:5] == other.rows[:5]
    assert all(met[row] == met_again[row] for row in met.keys() & met_again.keys())


def test_another_seed_starts_elsewhere():
    starts = {play(POOL, Rules(n_trials=5), seed=seed).rows for seed in range(10)}
    assert len(starts) == 10  # 1,086,008 sets of five: two alike have a chance of 4e-5 at most


def test_means_answer_with_means_and_repeats_with_one_of_them():
    _, met = play_and_hear(Rules(n_trials=6, settings=QUICK), seed=1)
    assert len(met) == 5  # the last answer is heard by nobody
    assert all(outcome == POOL.means[row] for row, outcome in met.items())
    rules = Rules(replay="repeat", n_trials=6, settings=QUICK)
    drawn = [play_and_hear(rules, seed=seed)[1] for seed in range(5)]
    shifts = {round(outcome - POOL.means[row], 9) for met in drawn for row, outcome in met.items()}
    assert shifts == {-0.5, 0.5}  # 25 draws: all alike once in 10^7


def test_a_race_can_be_run_again():
    rules = Rules(replay="repeat", n_trials=10, settings=QUICK)
    first, again = (play_and_hear(rules, seed=2) for _ in range(2))
    assert first[0].rows == again[0].rows
    assert first[1] == again[1]


def test_a_race_is_no_longer_than_its_pool():
    pool = make_pool(range(7), n_trials=20)
    assert len(play(pool, Rules(n_trials=50), seed=0).rows) == 7


def test_a_table_without_repeats_is_raced_once_where_both_replays_are_asked_for():
    means, repeat = Rules(), Rules(replay="repeat")
    plain = make_pool(range(20))
    assert enter([POOL, plain], [means, repeat]) == [
        (POOL, means), (POOL, repeat), (plain, means),
    ]  # fmt: skip
    assert enter([plain], [repeat]) == [(plain, repeat)]


def test_a_planner_that_knows_the_table_reaches_the_ceiling():
    knowing = chooser_by(lambda row, _seed: POOL.means[row])
    rules = Rules(n_trials=10)
    races = [play(POOL, rules, seed=seed, chooser=knowing) for seed in range(8)]
    standing = stand(POOL, rules, races)
    assert standing.half.value == standing.oracle_half
    assert standing.share == pytest.approx(standing.oracle_share)


def test_a_planner_that_chooses_at_random_is_on_the_random_curve():
    """300 races; 5 standard errors at each of 10 points: 10 x 6e-7 false alarms."""
    careless = chooser_by(lambda row, seed: derive_seed(seed, row))
    rules = Rules(n_trials=10)
    found = np.array(
        [score(POOL, play(POOL, rules, seed=seed, chooser=careless)).found for seed in range(300)]
    )
    share = found / POOL.n_winners
    error = np.maximum(share.std(axis=0), 0.05) / np.sqrt(len(share))
    expected = np.arange(1, 11) / POOL.n_settings
    assert (np.abs(share.mean(axis=0) - expected) <= 5 * error).all()


def test_the_policy_is_far_better_than_random_choice_on_a_smooth_table():
    rules = Rules(n_trials=10)
    standing = stand(POOL, rules, [play(POOL, rules, seed=seed) for seed in range(2)])
    assert standing.n_fallback == 0
    assert standing.half.value <= 10 < standing.random_half

"""The space-filling start."""

from __future__ import annotations

import itertools

import numpy as np

from planner.acquisition.start import distance_weights, place
from planner.space import Categorical, Continuous, SearchSpace


def spread(pool: np.ndarray, centres: np.ndarray) -> float:
    return float(np.square(pool[:, None] - centres[None]).sum(axis=2).min(axis=1).sum())


def test_centres_of_clear_clusters_are_found() -> None:
    rng = np.random.default_rng(0)
    middles = np.array([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]])
    pool = np.vstack([middle + rng.normal(0, 0.01, (20, 2)) for middle in middles])

    chosen = place(pool, np.empty((0, 2)), 3, seed=1)

    # the nearest row to a centre of 20 draws lies within three deviations of the middle
    for middle in middles:
        assert min(np.linalg.norm(pool[chosen] - middle, axis=1)) < 0.03


def test_what_is_placed_already_is_a_centre_that_is_not_placed_again() -> None:
    rng = np.random.default_rng(0)
    middles = np.array([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]])
    pool = np.vstack([middle + rng.normal(0, 0.01, (20, 2)) for middle in middles])

    chosen = place(pool, middles[:2], 1, seed=1)

    assert np.linalg.norm(pool[chosen[0]] - middles[2]) < 0.03


def test_the_rows_are_near_the_best_of_all_choices() -> None:
    """Every pair of 25 rows by enumeration; k-means finds centres, whose nearest rows lose little.

    A row lies at most half a grid step of 0.25 beside a centre, so each of 25 distances grows by
    at most (0.125 sqrt 2)^2 = 0.031: less than half of the best spread here.
    """
    pool = np.array(list(itertools.product(np.linspace(0, 1, 5), repeat=2)))
    best = min(spread(pool, pool[list(pair)]) for pair in itertools.combinations(range(25), 2))

    chosen = place(pool, np.empty((0, 2)), 2, seed=1)

    assert spread(pool, pool[chosen]) <= 1.3 * best


def test_rows_are_distinct_and_no_more_than_there_are() -> None:
    pool = np.zeros((4, 2))

    assert sorted(place(pool, np.empty((0, 2)), 9, seed=1)) == [0, 1, 2, 3]
    assert place(np.empty((0, 2)), np.empty((0, 2)), 3, seed=1) == []
    assert place(pool, np.zeros((1, 2)), 0, seed=1) == []


def test_large_tables_are_sampled_and_repeatable() -> None:
    pool = np.random.default_rng(0).random((20_000, 3))

    one, two = (place(pool, np.empty((0, 3)), 5, seed=2) for _ in range(2))

    assert one == two
    assert len(set(one)) == 5


def test_two_choices_of_a_category_are_one_apart() -> None:
    space = SearchSpace(
        parameters=(
            Continuous(name="t", low=0, high=1),
            Categorical(name="s", choices=("u", "v", "w")),
        )
    )
    x = space.encode([{"t": 0.0, "s": "u"}, {"t": 0.0, "s": "w"}, {"t": 1.0, "s": "u"}])
    scaled = x * distance_weights(space)

    assert np.isclose(np.linalg.norm(scaled[0] - scaled[1]), 1.0, rtol=1e-15)
    assert np.isclose(np.linalg.norm(scaled[0] - scaled[2]), 1.0, rtol=1e-15)


def test_of_equally_near_rows_those_at_the_tables_top_are_not_preferred() -> None:
    """Every combination of categories: each row is as likely as its mirror image in the table.

    The mean place of independent rows deviates from the middle by 0.29 of the table over the root
    of their number; four of these are allowed.
    """
    choices = np.eye(4) * np.sqrt(0.5)
    pool = np.array([np.concatenate(row) for row in itertools.product(choices, repeat=4)])

    rows = [row for seed in range(60) for row in place(pool, np.empty((0, 16)), 3, seed=seed)]

    places = np.array(rows) / (len(pool) - 1)
    assert abs(places.mean() - 0.5) < 4 * 0.29 / np.sqrt(len(rows))

"""What choosing at random reaches, in closed form, and what an oracle reaches: floor and ceiling.

| symbol | meaning                                                        |
|--------|----------------------------------------------------------------|
| N      | settings of the pool                                           |
| K      | winners, the best 5 % of them                                  |
| m      | winners that make half, the least integer with m / K >= 1/2    |
| i      | trials                                                         |
| H_i    | winners among i random settings, hypergeometric                |
| u_j    | utility of the setting of rank j, rising, j = 1 ... N          |
| F_i(j) | chance that the best of i random settings has rank j or lower  |

Random settings are drawn without replacement. The expected share after i trials is ``i / N``; half
is reached within i trials with probability ``P(H_i >= m)``; the expected best of i has the utility
``sum_j u_j (F_i(j) - F_i(j - 1))`` with ``F_i(j) = C(j, i) / C(N, i)``.
An oracle knows the table: after the same start each of its trials is a winner until all are found.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import hypergeom

from planner.bench.pools import Pool
from planner.errors import InputError
from planner.space import Floats


def random_share(pool: Pool, n_trials: int) -> Floats:
    """Returns the expected share of the winners after 1 ... n_trials random trials."""
    return np.arange(1, n_trials + 1) / pool.n_settings


def random_half(pool: Pool) -> int:
    """Returns the median number of random trials to half of the winners.

    The least i with ``P(H_i >= m) >= 1/2``.
    """
    trials = np.arange(1, pool.n_settings + 1)
    reached = hypergeom.sf(pool.n_half - 1, pool.n_settings, pool.n_winners, trials)
    return int(trials[np.argmax(reached >= 0.5)])


def random_mean_regret(pool: Pool, n_trials: int) -> float:
    """Returns the mean over 1 ... n_trials of the expected scaled regret of random choice."""
    rising = np.sort(pool.utilities)
    ranks = np.arange(1, len(rising) + 1)
    chance = np.ones(len(rising))  # F_0
    expected = []
    for i in range(n_trials):
        # C(j, i + 1) / C(N, i + 1) from C(j, i) / C(N, i); below i + 1 there is no such choice
        chance = chance * np.maximum(ranks - i, 0) / (len(rising) - i)
        expected.append(float(np.diff(chance, prepend=0.0) @ rising))
    return float(np.mean((rising[-1] - np.array(expected)) / regret_scale(pool)))


def oracle_found(pool: Pool, start: tuple[int, ...], n_trials: int) -> Floats:
    """Returns the number of winners that an oracle has after 1 ... n_trials trials.

    Args:
        pool: with its winners.
        start: settings that it is given, in order; they count as trials.
        n_trials: length of the race.
    """
    in_start = pool.is_winner[list(start)][:n_trials]
    later = np.ones(max(0, n_trials - len(start)))
    found = np.cumsum(np.concatenate([in_start, later]))
    return np.asarray(np.minimum(found, pool.n_winners), dtype=np.float64)


def regret_scale(pool: Pool) -> float:
    """Returns the best minus the median utility of the pool: a regret of 1 is a median setting.

    Raises:
        InputError: half of the settings are as good as the best, so that there is nothing to find.
    """
    scale = float(pool.utilities.max() - np.median(pool.utilities))
    if scale == 0:
        raise InputError(
            f"In table {pool.name!r} half of the settings are as good as the best: there is "
            f"nothing to find. Leave it out."
        )
    return scale

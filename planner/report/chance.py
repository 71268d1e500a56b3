"""What choosing rows of a table at random would have reached, in closed form.

| symbol | meaning                                                       |
|--------|---------------------------------------------------------------|
| N      | rows of the table                                             |
| k      | rows drawn without replacement                                |
| u_j    | utility of the row of rank j, rising, j = 1 ... N             |
| F_k(j) | chance that the best of k draws has rank j or lower           |

``F_k(j) = C(j, k) / C(N, k)``, so the expected best is ``sum_j u_j (F_k(j) - F_k(j - 1))``, and its
p-quantile is the ``u_j`` of the first j with ``F_k(j) >= p``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import gammaln

from planner.campaign import AnyObjective, CampaignSpec, Maximise, Minimise, ReplayedTable, utility
from planner.labs import ReplayLab
from planner.space import Contextual, Floats

BAND = (0.1, 0.9)
_ROUNDING = 1e-12  # of F, a ratio of exponentials of sums of logarithms


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomChoice:
    """The best after 1, 2, ... random draws from a table whose outcomes are known.

    Args:
        mean: expected best, shape ``t``; the outcome where it is maximised or minimised, the
            distance that is left to a target or a range otherwise, in the outcome's unit.
        low: 10 % quantile of the best (the smaller number), shape ``t``.
        high: 90 % quantile of the best (the larger number), shape ``t``.
        is_distance: whether these are distances.
        n_rows: of the table.
    """

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    is_distance: bool
    n_rows: int


def read_table_means(spec: CampaignSpec, *, folder: Path) -> Floats | None:
    """Returns the mean outcome of each candidate, in their order, shape ``n``.

    Args:
        spec: the campaign.
        folder: of the campaign file.

    Returns:
        None where the candidates' outcomes are not known: no table is replayed, the candidates
        come from another table, the outcome is
        measured elsewhere, or conditions of the table were measured rather than set.

    Raises:
        MissingPackage: the table's package is not installed.
        TableError: the table cannot be read.
    """
    source = spec.source
    if not isinstance(source, ReplayedTable) or spec.table != source.table:
        return None
    is_measured = {name for name, each in spec.scalars.items() if isinstance(each, Contextual)}
    if is_measured & source.table.columns.keys():
        return None  # a row cannot be chosen where part of it is only measured
    return ReplayLab(source, spec, folder=folder).goal_means()


def random_choice(means: Floats, objective: AnyObjective, *, n_trials: int) -> RandomChoice:
    """Returns what 1 to ``n_trials`` random draws without replacement would have reached.

    Args:
        means: mean outcome of each row, shape ``n``.
        objective: by which rows are ranked.
        n_trials: at most as many draws as there are rows are counted.
    """
    rising = np.sort([utility(objective, float(each)) for each in means])
    draws = np.arange(1, min(n_trials, len(rising)) + 1)
    below = np.array([_chance_at_most(len(rising), int(k)) for k in draws])
    mean = np.diff(below, axis=1, prepend=0.0) @ rising
    ends = [rising[np.argmax(below >= p - _ROUNDING, axis=1)] for p in BAND]
    sign = 1.0 if isinstance(objective, Maximise) else -1.0  # back from the utility
    low, high = ends if sign > 0 else ends[::-1]
    return RandomChoice(
        mean=tuple((sign * mean).tolist()),
        low=tuple((sign * low).tolist()),
        high=tuple((sign * high).tolist()),
        is_distance=not isinstance(objective, Maximise | Minimise),
        n_rows=len(rising),
    )


def draws_to_match(means: Floats, objective: AnyObjective, *, reached: float) -> float | None:
    """Returns how many random draws it takes on average to find a row at least as good.

    With G such rows among N the first of them is expected at draw ``(N + 1) / (G + 1)``.

    Args:
        means: mean outcome of each row, shape ``n``.
        objective: by which rows are compared.
        reached: mean outcome of the row that was found.

    Returns:
        None where no row is as good.
    """
    utilities = np.array([utility(objective, float(each)) for each in means])
    n_as_good = int((utilities >= utility(objective, reached)).sum())
    return (len(means) + 1) / (n_as_good + 1) if n_as_good else None


def _chance_at_most(n: int, k: int) -> Floats:
    """Returns ``F_k(j)`` for j = 1 ... n, by logarithms of factorials."""
    j = np.arange(1, n + 1, dtype=np.float64)
    possible = j >= k
    logs = np.where(possible, _log_choose(np.where(possible, j, k), k) - _log_choose(n, k), -np.inf)
    return np.asarray(np.exp(logs), dtype=np.float64)


def _log_choose(n: Floats | int, k: int) -> Floats:
    n = np.asarray(n, dtype=np.float64)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), dtype=np.float64)

"""Leaving pools out: which variant the other pools would have chosen, and how it does on this one.

A choice among variants that is made on the very pools on which it is judged looks better than it
is. Here each pool is judged by the variant that has the lowest mean rank of regret on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from planner.bench.against.comparison import Comparison, PoolComparison
from planner.bench.tabulated import Lines
from planner.campaign.words.phrases import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One pool left out.

    Args:
        pool: its name.
        chosen: the variant that the others choose.
        regret: of that on this pool.
        best: the variant that is best here, known only afterwards.
        best_regret: of that.
        first_regret: of the variant that all are compared with.
    """

    pool: str
    chosen: str
    regret: float
    best: str
    best_regret: float
    first_regret: float


def leave_out(comparison: Comparison, variants: Sequence[str]) -> list[LeftOut]:
    """Returns what each pool says when it is left out.

    Args:
        comparison: with all variants on every pool that counts.
        variants: names of the entrants to choose among; the first is the one in use.
    """
    pools = [
        pool
        for pool in comparison.pools
        if all(np.isfinite(pool.regrets.get(name, np.nan)) for name in variants)
    ]
    if len(variants) < 2 or len(pools) < 2:
        return []
    regrets = np.array([[pool.regrets[name] for name in variants] for pool in pools])
    ranks = rankdata(regrets, axis=1)
    return [_left_out(place, pools, variants, ranks, regrets) for place in range(len(pools))]


def said_left_out(left_out: Sequence[LeftOut], *, course: str) -> Lines:
    """Returns what each course says when it is left out."""
    headers = (
        f"{course} left out", "chosen on the others", "its regret", "in use", "best here", "its",
    )  # fmt: skip
    rows = [
        (
            each.pool, each.chosen, f"{each.regret:.3f}", f"{each.first_regret:.3f}", each.best,
            f"{each.best_regret:.3f}",
        )
        for each in left_out
    ]  # fmt: skip
    means = np.mean([(each.regret, each.first_regret, each.best_regret) for each in left_out], 0)
    mean = ("mean", "", f"{means[0]:.3f}", f"{means[1]:.3f}", "", f"{means[2]:.3f}")
    return Lines(headers, (*rows, mean))


def tell_choices(left_out: Sequence[LeftOut], variants: Sequence[str], *, course: str) -> str:
    """Returns how often each variant was chosen by the courses that were not left out.

    Args:
        left_out: each course.
        variants: that were chosen among; the first is the one in use.
        course: what to call one.
    """
    counts = {name: sum(each.chosen == name for each in left_out) for name in variants}
    order = sorted(variants, key=lambda name: -counts[name])
    told = [
        f"{name}{' (in use)' if name == variants[0] else ''} for {counts[name] or 'none'}"
        for name in order
    ]
    return f"Of {len(left_out)} {course}s the others chose {listed(told)}."


def _left_out(
    place: int,
    pools: Sequence[PoolComparison],
    variants: Sequence[str],
    ranks: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    regrets: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> LeftOut:
    others = np.arange(len(pools)) != place
    # of equal mean ranks the lower mean regret
    chosen = int(np.lexsort((regrets[others].mean(axis=0), ranks[others].mean(axis=0)))[0])
    best = int(np.argmin(regrets[place]))
    return LeftOut(
        pool=pools[place].on.name,
        chosen=variants[chosen],
        regret=float(regrets[place, chosen]),
        best=variants[best],
        best_regret=float(regrets[place, best]),
        first_regret=float(regrets[place, 0]),
    )

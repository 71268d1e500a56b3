"""How far the first entrant is from the best of the others: on each pool, and in mean rank."""

from __future__ import annotations

import math

from planner.bench.against.comparison import Comparison, PoolComparison
from planner.bench.bootstrap import Interval
from planner.campaign.words.phrases import count

WITHIN = 0.05  # of the regret of the lowest peer, upper 95 % bound


def bounded(comparison: Comparison) -> dict[str, Interval]:
    """Returns the difference to the lowest peer that shares starts enough for an interval.

    A pool on which none shares them is left out.
    """
    return {
        pool.on.name: lowest
        for pool in comparison.pools
        if (lowest := to_lowest(pool)) is not None and math.isfinite(lowest.high)
    }


def missed(comparison: Comparison) -> list[str]:
    """Returns the pools where the regret is not surely within 0.05 of the lowest peer's."""
    return [name for name, lowest in bounded(comparison).items() if lowest.high >= WITHIN]


def to_lowest(pool: PoolComparison) -> Interval | None:
    """Returns the first entrant's regret less that of the lowest peer that shares starts enough."""
    return pool.differences.get(pool.lowest_bounded) if pool.lowest_bounded is not None else None


def passed_over(comparison: Comparison) -> list[str]:
    """Says of each pool where the lowest peer shares too few starts which other one counts."""
    return [
        f"on {pool.on.name} by {pool.lowest_bounded}, as {pool.lowest}, which is lower, shares "
        f"{count(n_shared(pool, comparison.first), 'start')}"
        for pool in comparison.pools
        if pool.lowest != pool.lowest_bounded
    ]


def n_shared(pool: PoolComparison, first: str) -> int:
    """Returns how many starts the lowest peer shares with the first entrant."""
    assert pool.lowest is not None
    return len(set(pool.judged[pool.lowest].regrets) & set(pool.judged[first].regrets))


def rank_gap(comparison: Comparison) -> str:
    """Says how far the first entrant's mean rank is from the best other's; empty without others."""
    other = best_other(comparison)
    less = comparison.rank_less(comparison.first, other) if other else None
    if less is None:
        return ""
    interval = (
        f"{less.low:+.2f} to {less.high:+.2f}"
        if math.isfinite(less.high)
        else f"too few {comparison.course}s"
    )
    return f"{comparison.first} less {other} {less.value:+.2f} ({interval})"


def best_other(comparison: Comparison) -> str | None:
    """Returns the other planner of lowest mean rank; None where none has one."""
    ranks = comparison.mean_ranks
    others = [name for name in comparison.rivals if name != comparison.first and name in ranks]
    return min(others, key=lambda name: ranks[name].value, default=None)

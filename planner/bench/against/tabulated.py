"""Comparisons as lines of text, for a terminal and for a page alike, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planner.bench.against.comparison import Comparison, PoolComparison
from planner.bench.against.judged import Judged
from planner.bench.against.leaving_out import LeftOut
from planner.bench.bootstrap import Interval
from planner.bench.pools import Pool
from planner.bench.racing import Rules
from planner.bench.tabulated import Lines

_LEAST = 0.0005  # less is no longer seen in three digits
WITHIN = 0.05  # of the regret of the lowest peer, upper 95 % bound


def overall(comparison: Comparison) -> Lines:
    """Returns each entrant over all courses."""
    headers = (
        "planner", "races", "mean rank (95 %)", "mean regret", f"{comparison.first} less it (95 %)",
        "of ceiling", "also late", "left after 40", "CPU s an ask", "failed",
    )  # fmt: skip
    return Lines(headers, tuple(_overall_cells(comparison, each) for each in comparison.entrants))


def per_pool(comparison: Comparison) -> tuple[Lines, ...]:
    """Returns regrets, trials to half and shares of the ceiling, a line a pool."""
    return tuple(lines for lines in (_regrets(comparison), _halves(comparison)) if lines.rows)


def repeat_costs(comparisons: Sequence[Comparison]) -> Lines | None:
    """Returns how many more trials half takes with a repeat drawn; None without both replays."""
    by_replay = {each.replay: each for each in comparisons}
    if not {"means", "repeat"} <= set(by_replay):
        return None
    quiet = {pool.on.name: pool for pool in by_replay["means"].pools}
    names = by_replay["means"].entrants
    rows = [
        (pool.on.name, *(_cost(quiet[pool.on.name], pool, name) for name in names))
        for pool in by_replay["repeat"].pools
        if isinstance(pool.on, Pool) and pool.on.name in quiet
    ]
    return Lines(("half with a repeat over half without", *names), tuple(rows)) if rows else None


def said_left_out(left_out: Sequence[LeftOut]) -> Lines:
    """Returns what each pool says when it is left out."""
    headers = ("pool left out", "chosen on the others", "its regret", "in use", "best here", "its")
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


def missed(comparison: Comparison) -> list[str]:
    """Returns the pools where the regret is not surely within 0.05 of the lowest peer's."""
    return [
        pool.on.name
        for pool in comparison.pools
        if (lowest := to_lowest(pool)) is not None and lowest.high >= WITHIN
    ]


def to_lowest(pool: PoolComparison) -> Interval | None:
    """Returns the first entrant's regret less that of the peer of lowest regret."""
    return pool.differences.get(pool.lowest) if pool.lowest is not None else None


def median_of_ceiling(comparison: Comparison, name: str, *, is_late: bool = False) -> float:
    """Returns the median over pools of an entrant's acceleration as a share of the oracle's.

    Args:
        comparison: of all entrants.
        name: of the entrant.
        is_late: whether a half that was reached beyond the budget counts.
    """
    shares = [
        judged.oracle_half / judged.late_half if is_late else judged.share_of_ceiling
        for pool in comparison.pools
        if isinstance(pool.on, Pool) and (judged := pool.judged.get(name))
    ]
    return float(np.median(shares)) if shares else math.nan


def comparison_json(comparison: Comparison, *, missing: Mapping[str, str]) -> dict[str, Any]:
    """Returns all that a comparison says, ready for JSON; infinite and missing ones are None."""
    return {
        "replay": comparison.replay,
        "first": comparison.first,
        "not_racing": dict(missing),
        "entrants": {
            name: {
                "mean_rank": _interval_json(comparison.mean_ranks.get(name)),
                "mean_regret": _finite(comparison.mean_regrets.get(name, math.nan)),
                "first_less_it": _interval_json(comparison.differences.get(name)),
                "median_share_of_ceiling": _finite(median_of_ceiling(comparison, name)),
                "median_share_of_ceiling_also_late": _finite(
                    median_of_ceiling(comparison, name, is_late=True)
                ),
                "regret_left_after_40": _finite(_left(comparison, name)),
                "ask_cpu_s": _finite(_ask_s(comparison, name)),
            }
            for name in comparison.entrants
        },
        "within_0.05_missed_on": missed(comparison),
        "courses": {pool.on.name: _pool_json(pool) for pool in comparison.pools},
    }


def _pool_json(pool: PoolComparison) -> dict[str, Any]:
    return {
        "lowest_peer": pool.lowest,
        "first_less_lowest": _interval_json(to_lowest(pool)),
        "entrants": {
            name: {
                "starts": len(each.regrets),
                "mean_regret": _finite(pool.regrets[name]),
                "rank": pool.ranks.get(name),
                "first_less_it": _interval_json(pool.differences.get(name)),
                "regret": each.curve.tolist(),
                "regret_left_after_40": each.left,
                "half": _finite(each.half),
                "not_half": each.n_not_half,
                "half_also_late": _finite(each.late_half),
                "acceleration": _finite(each.acceleration),
                "ceiling": _finite(each.random_half / each.oracle_half),
                "share_of_ceiling": _finite(each.share_of_ceiling),
                "ask_cpu_s": _finite(each.ask_cpu_s),
                "failed_fits": each.n_fallback,
                "failures": {str(seed): why for seed, why in each.failures.items()},
            }
            for name, each in pool.judged.items()
        },
    }


def _overall_cells(comparison: Comparison, name: str) -> tuple[str, ...]:
    judged = [pool.judged[name] for pool in comparison.pools if name in pool.judged]
    rank = comparison.mean_ranks.get(name)
    share = median_of_ceiling(comparison, name)
    return (
        name,
        str(sum(len(each.regrets) for each in judged)),
        f"{rank.value:.2f} ({rank.low:.2f} to {rank.high:.2f})" if rank else "-",
        _number(comparison.mean_regrets.get(name, math.nan)),
        _signed(comparison.differences.get(name)),
        _percent(share),
        _percent(median_of_ceiling(comparison, name, is_late=True)),
        _number(_left(comparison, name)),
        _number(_ask_s(comparison, name)),
        str(sum(len(each.failures) for each in judged)),
    )


def _regrets(comparison: Comparison) -> Lines:
    headers = (
        "mean regret", "trials", *comparison.entrants, "lowest peer",
        f"{comparison.first} less it (95 %)",
    )  # fmt: skip
    rows = [
        (
            pool.on.name,
            str(Rules().budget(pool.on) if isinstance(pool.on, Pool) else pool.on.n_trials),
            *(_number(pool.regrets.get(name, math.nan)) for name in comparison.entrants),
            pool.lowest or "-",
            _signed(to_lowest(pool)) + (" *" if pool.on.name in missed(comparison) else ""),
        )
        for pool in comparison.pools
    ]
    return Lines(headers, tuple(rows))


def _halves(comparison: Comparison) -> Lines:
    headers = ("half (not reached; of ceiling)", "trials", "random", "oracle", *comparison.entrants)
    rows = []
    for pool in comparison.pools:
        if isinstance(pool.on, Pool):
            some = next(iter(pool.judged.values()))
            cells = [_half_cell(pool.judged.get(name)) for name in comparison.entrants]
            reach = str(Rules().reach(pool.on))
            fixed = (str(some.random_half), f"{some.oracle_half:g}")
            rows.append((pool.on.name, reach, *fixed, *cells))
    return Lines(headers, tuple(rows))


def _half_cell(judged: Judged | None) -> str:
    if judged is None:
        return "-"
    if not math.isfinite(judged.half):
        return f"inf ({judged.n_not_half} of {len(judged.halves)})"
    return f"{judged.half:g} ({judged.n_not_half}; {100 * judged.share_of_ceiling:.0f} %)"


def _cost(quiet: PoolComparison, drawn: PoolComparison, name: str) -> str:
    if name not in quiet.judged or name not in drawn.judged:
        return "-"
    shared = sorted(set(quiet.judged[name].halves) & set(drawn.judged[name].halves))
    if not shared:
        return "-"
    with_noise, without = (
        float(np.median([pool.judged[name].halves[seed] for seed in shared]))
        for pool in (drawn, quiet)
    )
    if not math.isfinite(without):
        return "neither reached" if not math.isfinite(with_noise) else "only with"
    return f"{with_noise / without:.2f}" if math.isfinite(with_noise) else "not reached"


def _left(comparison: Comparison, name: str) -> float:
    left = [pool.judged[name].left for pool in comparison.ranked]
    return float(np.mean(left)) if left else math.nan


def _ask_s(comparison: Comparison, name: str) -> float:
    seconds = [pool.judged[name].ask_cpu_s for pool in comparison.pools if name in pool.judged]
    known = [each for each in seconds if math.isfinite(each)]
    return float(np.mean(known)) if known else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if math.isfinite(share) else "-"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    # on a test function what is left may be tiny, and tells planners apart
    return f"{value:.1e}" if 0 < value < _LEAST else f"{value:.3f}"


def _signed(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def _interval_json(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

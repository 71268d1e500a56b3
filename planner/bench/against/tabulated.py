"""Comparisons as lines of text, for a terminal and for a page alike, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planner.bench.against.comparison import Comparison, PoolComparison
from planner.bench.against.gaps import missed, n_shared, to_lowest
from planner.bench.against.judged import Judged
from planner.bench.bootstrap import Interval
from planner.bench.pools import Pool
from planner.bench.racing import Rules
from planner.bench.tabulated import Lines
from planner.campaign.words.phrases import count, span

_LEAST = 0.0005  # less is no longer seen in three digits


def overall(comparison: Comparison) -> Lines:
    """Returns each entrant over all courses."""
    headers = (
        "planner", "races", "starts", "mean rank (95 %)", "mean regret",
        f"{comparison.first} less it (95 %)", f"with other {comparison.course}s", "of ceiling",
        "also late", "left after 40", "CPU s an ask", "CPU-hours", "failed",
    )  # fmt: skip
    return Lines(headers, tuple(_overall_cells(comparison, each) for each in comparison.entrants))


def per_pool(comparison: Comparison) -> tuple[Lines, ...]:
    """Returns regrets, trials to half and shares of the ceiling, a line a pool."""
    return tuple(lines for lines in (_regrets(comparison), _halves(comparison)) if lines.rows)


def repeat_costs(comparisons: Sequence[Comparison]) -> Lines | None:
    """Returns how many more trials half takes with a repeat drawn; None without both replays.

    The last line is the geometric mean over the pools on which both are finite, and of how many.
    """
    by_replay = {each.replay: each for each in comparisons}
    if not {"means", "repeat"} <= set(by_replay):
        return None
    quiet, drawn = by_replay["means"], by_replay["repeat"]
    costs = {name: costs_of(quiet, drawn, name) for name in quiet.entrants}
    places = [
        pool.on.name for pool in drawn.pools if any(pool.on.name in c for c in costs.values())
    ]
    if not places:
        return None
    rows = [
        (place, *(_cost(costs[name].get(place)) for name in quiet.entrants)) for place in places
    ]
    means = (_mean_cost(costs[name]) for name in quiet.entrants)
    headers = ("half with a repeat over half without", *quiet.entrants)
    return Lines(headers, (*rows, ("geometric mean", *means)))


def costs_of(quiet: Comparison, drawn: Comparison, name: str) -> dict[str, tuple[float, float]]:
    """Returns an entrant's median trials to half with and without a repeat drawn, by pool.

    Args:
        quiet: with noise-free means.
        drawn: with a repeat drawn.
        name: of the entrant; its starts that it ran in both count.
    """
    without = {pool.on.name: pool.judged for pool in quiet.pools if isinstance(pool.on, Pool)}
    found = {}
    for pool in drawn.pools:
        one, other = pool.judged.get(name), without.get(pool.on.name, {}).get(name)
        if one is not None and other is not None and (both := set(one.halves) & set(other.halves)):
            medians = [float(np.median([j.halves[seed] for seed in both])) for j in (one, other)]
            found[pool.on.name] = (medians[0], medians[1])
    return found


def mean_cost(costs: Mapping[str, tuple[float, float]]) -> tuple[float, int]:
    """Returns the geometric mean of finite ratios, and of how many; NaN of none."""
    ratios = [a / b for a, b in costs.values() if math.isfinite(a) and math.isfinite(b)]
    return (float(np.exp(np.mean(np.log(ratios)))) if ratios else math.nan), len(ratios)


def _mean_cost(costs: Mapping[str, tuple[float, float]]) -> str:
    mean, n = mean_cost(costs)
    return f"{mean:.2f} ({n} of {len(costs)})" if n else "-"


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
                "first_less_it": _interval_json(_first_less(comparison, name)),
                "first_less_it_with_other_courses": _interval_json(
                    _first_less_among(comparison, name)
                ),
                "first_rank_less_its": _interval_json(_first_rank_less(comparison, name)),
                "median_share_of_ceiling": _finite(median_of_ceiling(comparison, name)),
                "median_share_of_ceiling_also_late": _finite(
                    median_of_ceiling(comparison, name, is_late=True)
                ),
                "regret_left_after_40": _finite(comparison.mean_lefts.get(name, math.nan)),
                "ask_cpu_s": _finite(ask_s(comparison, name)),
                "cpu_h": _cpu_h(comparison, name),
            }
            for name in comparison.entrants
        },
        "within_0.05_missed_on": missed(comparison),
        "courses": {pool.on.name: _pool_json(pool) for pool in comparison.pools},
    }


def _pool_json(pool: PoolComparison) -> dict[str, Any]:
    return {
        "lowest_peer": pool.lowest,
        "lowest_peer_bounded": pool.lowest_bounded,
        "first_less_lowest_bounded": _interval_json(to_lowest(pool)),
        "entrants": {
            name: {
                "starts": len(each.regrets),
                "mean_regret": _finite(pool.regrets[name]),
                "rank": pool.ranks.get(name),
                "first_less_it": _interval_json(pool.differences.get(name)),
                "regret": each.curve.tolist(),
                "regret_left_after_40": _finite(pool.lefts[name]),
                "half": _finite(each.half),
                "not_half": each.n_not_half,
                "half_also_late": _finite(each.late_half),
                "acceleration": _finite(each.acceleration),
                "ceiling": _finite(each.random_half / each.oracle_half),
                "share_of_ceiling": _finite(each.share_of_ceiling),
                "ask_cpu_s": _finite(each.ask_cpu_s),
                "bare_ask_cpu_s": _finite(each.bare_ask_cpu_s),
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
    starts = comparison.starts(name)
    return (
        name,
        str(sum(starts)),
        span(min(starts), max(starts)),
        _rank(rank, comparison.course),
        _number(comparison.mean_regrets.get(name, math.nan)),
        _signed(_first_less(comparison, name)),
        _ends(comparison, name),
        _percent(share),
        _percent(median_of_ceiling(comparison, name, is_late=True)),
        _number(comparison.mean_lefts.get(name, math.nan)),
        _number(ask_s(comparison, name)),
        f"{_cpu_h(comparison, name):.2f}",
        str(sum(len(each.failures) for each in judged)),
    )


def _rank(rank: Interval | None, course: str) -> str:
    if rank is None:
        return "-"
    if not math.isfinite(rank.high):
        return f"{rank.value:.2f} (too few {course}s)"
    return f"{rank.value:.2f} ({rank.low:.2f} to {rank.high:.2f})"


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
            _lowest(pool, comparison.first),
            _signed(to_lowest(pool)) + (" *" if pool.on.name in missed(comparison) else ""),
        )
        for pool in comparison.pools
    ]
    return Lines(headers, tuple(rows))


def _lowest(pool: PoolComparison, first: str) -> str:
    if pool.lowest is None or pool.lowest == pool.lowest_bounded:
        return pool.lowest or "-"
    return f"{pool.lowest_bounded} ({pool.lowest} shares {count(n_shared(pool, first), 'start')})"


def _halves(comparison: Comparison) -> Lines:
    headers = (
        "half (not reached; of ceiling)",
        "trials",
        "by chance",
        "oracle",
        *comparison.entrants,
    )
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


def _cost(medians: tuple[float, float] | None) -> str:
    if medians is None:
        return "-"
    drawn, quiet = medians
    if not math.isfinite(quiet):
        return "neither reached" if not math.isfinite(drawn) else "only with"
    return f"{drawn / quiet:.2f}" if math.isfinite(drawn) else "not reached"


def _first_less(comparison: Comparison, name: str) -> Interval | None:
    return None if name == comparison.first else comparison.less(comparison.first, name)


def _first_less_among(comparison: Comparison, name: str) -> Interval | None:
    return None if name == comparison.first else comparison.less_among(comparison.first, name)


def _first_rank_less(comparison: Comparison, name: str) -> Interval | None:
    return None if name == comparison.first else comparison.rank_less(comparison.first, name)


def _ends(comparison: Comparison, name: str) -> str:
    """Returns between what the first entrant's difference lies had other courses been drawn."""
    less = _first_less_among(comparison, name)
    if less is None:
        return "-"
    if not math.isfinite(less.high):
        return f"too few {comparison.course}s"
    return f"{less.low:+.3f} to {less.high:+.3f}"


def ask_s(comparison: Comparison, name: str, *, is_bare: bool = False) -> float:
    """Returns the processor seconds of an ask, mean over courses; NaN where none was asked.

    Args:
        comparison: of all entrants.
        name: of the entrant.
        is_bare: whether being shown what may be tried is left out.
    """
    judged = [pool.judged[name] for pool in comparison.pools if name in pool.judged]
    seconds = [each.bare_ask_cpu_s if is_bare else each.ask_cpu_s for each in judged]
    known = [each for each in seconds if math.isfinite(each)]
    return float(np.mean(known)) if known else math.nan


def _cpu_h(comparison: Comparison, name: str) -> float:
    return sum(pool.judged[name].cpu_h for pool in comparison.pools if name in pool.judged)


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
    if not math.isfinite(interval.high):
        return f"{interval.value:+.3f} (too few starts)"
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def _interval_json(interval: Interval | None) -> dict[str, float | None] | None:
    if interval is None:
        return None
    low, high = _finite(interval.low), _finite(interval.high)
    return {"value": interval.value, "low": low, "high": high}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

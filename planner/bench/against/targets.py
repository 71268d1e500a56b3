"""What the project set itself to reach against others, and what the races say of it.

The yardsticks were fixed before the races were run. One that cannot be judged by the races that
are there says so; none is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planner.bench.against.comparison import Comparison
from planner.bench.against.entrants import OWN
from planner.bench.against.gaps import (
    WITHIN,
    best_other,
    bounded,
    missed,
    passed_over,
    rank_gap,
)
from planner.bench.against.tabulated import ask_s, costs_of, mean_cost, median_of_ceiling
from planner.bench.bootstrap import Interval
from planner.bench.tabulated import Lines

SHARE = 0.65  # of the oracle's acceleration, in the median over pools
ACCELERATIONS = {
    "agnp": 5.9, "crossed_barrel": 4.9, "p3ht_cnt": 4.7, "oer_3496": 14.0, "oer_3851": 14.0,
}  # fmt: skip
LEFT = 0.008  # of regret after 40 trials, from the planner's own start
# The numeric tables on which that is judged: those of the study from which the figure comes.
LEFT_ON = (
    "agnp", "autoam", "benzylation_flow", "crossed_barrel", "fullerenes", "p3ht_cnt",
    "perovskite_stability", "snar_flow", "suzuki_batch",
)  # fmt: skip
REPEATS = 1.25  # times the trials with noise-free means
_UNSURE = ", not surely"
BELOW_RECIPE = {"": 0.10, "own_start": 0.20}  # lower regret than the recipe's, by start


@dataclass(frozen=True, slots=True)
class Verdict:
    """One yardstick.

    Args:
        wanted: in words.
        measured: in words.
        is_met: None where the races cannot tell.
        but: what stands behind the verdict where the figure is reached and its interval does not
            say so.
    """

    wanted: str
    measured: str
    is_met: bool | None
    but: str = ""


def judge_targets(comparisons: Sequence[Comparison]) -> list[Verdict]:
    """Returns every yardstick with what the races on pools say of it.

    None where not all tables of the study were raced on, or not by the planner with its defaults:
    elsewhere they were not set.
    """
    by_replay = {each.replay: each for each in comparisons}
    quiet = by_replay.get("means")
    if quiet is None or quiet.first != OWN:
        return []
    if not set(LEFT_ON) <= {pool.on.name for pool in quiet.pools}:
        return []
    found = [_rank(quiet), _near_the_lowest(quiet), _ceiling(quiet)]
    found += [_acceleration(quiet, name, wanted) for name, wanted in ACCELERATIONS.items()]
    found.append(_below_baybe(quiet))
    found += [_below_recipe(quiet, own or quiet.first, by) for own, by in BELOW_RECIPE.items()]
    found += [_left(quiet), _repeats(quiet, by_replay.get("repeat"))]
    return [*found, _time(quiet, "ax"), _time(quiet, "baybe")]


def tell_targets(verdicts: Sequence[Verdict]) -> Lines:
    """Returns the yardsticks as a table."""
    words: dict[bool | None, str] = {True: "reached", False: "missed", None: "not measured"}
    rows = [
        (each.wanted, each.measured, words[each.is_met] + (each.but if each.is_met else ""))
        for each in verdicts
    ]
    return Lines(("wanted", "measured", ""), tuple(rows))


def _rank(quiet: Comparison) -> Verdict:
    wanted = "first of all planners in mean rank of mean regret"
    ranks = {name: quiet.mean_ranks[name] for name in quiet.rivals if name in quiet.mean_ranks}
    if len(ranks) < 2:
        return Verdict(wanted, "-", None)
    order = sorted(ranks, key=lambda name: ranks[name].value)
    told = ", ".join(f"{name} {ranks[name].value:.2f}" for name in order[:3])
    told += f" (of {len(quiet.ranked)} pools); {rank_gap(quiet)}"
    other = best_other(quiet)
    less = quiet.rank_less(quiet.first, other) if other else None
    is_sure = less is not None and less.high < 0
    return Verdict(wanted, told, order[0] == quiet.first, "" if is_sure else _UNSURE)


def _near_the_lowest(quiet: Comparison) -> Verdict:
    wanted = f"on each pool the 95 % bound above the lowest other planner's regret is < {WITHIN:g}"
    judged = bounded(quiet)
    if not judged:
        return Verdict(wanted, "-", None)
    away = missed(quiet)
    n_few = len(quiet.pools) - len(judged)
    told = f"on {len(judged) - len(away)} of {len(judged)} pools"
    told += "".join(f"; {each}" for each in passed_over(quiet))
    if n_few:
        told += f"; {n_few} with too few starts"
    return Verdict(wanted, told, False if away else True if not n_few else None)


def _ceiling(quiet: Comparison) -> Verdict:
    share = median_of_ceiling(quiet, quiet.first)
    late = median_of_ceiling(quiet, quiet.first, is_late=True)
    wanted = f"acceleration at half, median over pools: {100 * SHARE:.0f} % of the ceiling"
    if not math.isfinite(share):
        return Verdict(wanted, "-", None)
    told = f"{100 * share:.0f} % ({100 * late:.0f} % where a half beyond the budget counts)"
    return Verdict(wanted, told, share >= SHARE)


def _acceleration(quiet: Comparison, name: str, least: float) -> Verdict:
    wanted = f"acceleration at half on {name}: {least:g}"
    judged = next((pool.judged for pool in quiet.pools if pool.on.name == name), {})
    if quiet.first not in judged:
        return Verdict(wanted, "-", None)
    ours = judged[quiet.first]
    told = f"{ours.acceleration:.2f} (ceiling {ours.random_half / ours.oracle_half:.1f})"
    if not math.isfinite(ours.half):
        told = f"half not reached in {ours.n_not_half} of {len(ours.halves)} races"
    return Verdict(wanted, told, ours.acceleration >= least)


def _below_baybe(quiet: Comparison) -> Verdict:
    wanted = "mean regret over the pools surely below BayBE's"
    less, among = quiet.less(quiet.first, "baybe"), quiet.less_among(quiet.first, "baybe")
    if less is None or among is None:
        return Verdict(wanted, "-", None)
    told = f"{_told(less)} with other starts on these pools"
    if math.isfinite(among.high):
        told += f", ({among.low:+.3f} to {among.high:+.3f}) with other pools"
    is_met = less.high < 0 if math.isfinite(less.high) else None
    return Verdict(wanted, told, is_met, "" if among.high < 0 else " on these pools")


def _below_recipe(quiet: Comparison, own: str, by: float) -> Verdict:
    start = "the shared start" if own == quiet.first else "its own start"
    wanted = (
        f"mean regret, from {start}, {100 * by:.0f} % below that of the simple recipe from the "
        "shared one"
    )
    less, recipe = quiet.less(own, "recipe"), quiet.mean_regrets.get("recipe")
    if less is None or recipe is None:
        return Verdict(wanted, "-", None)
    told = _lower(less, recipe)
    if own == quiet.first and recipe > quiet.mean_floor:
        above = -100 * less.value / (recipe - quiet.mean_floor)
        told += f"; {above:.0f} % of what lies above the start's own"
    told += _by_the_start(quiet, own, recipe, by=by) if own == "own_start" else ""
    is_sure = -less.high >= by * recipe
    return Verdict(wanted, told, -less.value >= by * recipe, "" if is_sure else _UNSURE)


def _by_the_start(quiet: Comparison, own: str, recipe: float, *, by: float) -> str:
    """Says what the recipe reaches from its own start: how much of a figure is the start's."""
    like = "recipe_own_start"
    from_own, less = quiet.less(like, "recipe"), quiet.less(own, like)
    if from_own is None or less is None:
        return ""
    alone = ", so the start alone brings it" if -from_own.value >= by * recipe else ""
    return f"; {like} {_lower(from_own, recipe)}{alone}; {own} less {like} {_told(less)}"


def _lower(less: Interval, than: float) -> str:
    """Returns by how many percent a regret is lower than another, which is given."""
    value = round(-100 * less.value / than)
    if not math.isfinite(less.high):
        return f"{value} % (too few starts)"
    return f"{value} % ({round(-100 * less.high / than)} to {round(-100 * less.low / than)})"


def _left(quiet: Comparison) -> Verdict:
    wanted = (
        f"left to the best after 40 trials, from its own start, over {len(LEFT_ON)} numeric "
        f"tables: {LEFT:g}"
    )

    def mean(name: str) -> float | None:
        found = [
            pool.lefts[name]
            for pool in quiet.pools
            if pool.on.name in LEFT_ON and name in pool.lefts
        ]
        return float(np.mean(found)) if len(found) == len(LEFT_ON) else None

    return _told_beside(quiet, "own_start", mean, wanted, most=LEFT)


def _told_beside(
    quiet: Comparison,
    own: str,
    figure: Callable[[str], float | None],
    wanted: str,
    *,
    most: float,
) -> Verdict:
    """Returns the verdict on a figure of ours, with those of the others beside it."""
    ours = figure(own)
    if ours is None:
        return Verdict(wanted, "-", None)
    others = [(name, figure(name)) for name in quiet.entrants if name != own]
    beside = ", ".join(f"{name} {value:.3f}" for name, value in others if value is not None)
    return Verdict(wanted, f"{ours:.3f} ({beside})", ours <= most)


def _repeats(quiet: Comparison, drawn: Comparison | None) -> Verdict:
    wanted = f"with a repeat drawn at most {REPEATS:g} times the trials to half"
    if drawn is None:
        return Verdict(wanted, "-", None)
    mean, n = mean_cost(costs := costs_of(quiet, drawn, quiet.first))
    lost = [name for name, (late, soon) in costs.items() if soon < math.inf == late]
    told = [f"{mean:.2f} in the geometric mean of {n} pools"] if n else []
    told += [f"half no longer reached on {', '.join(lost)}"] if lost else []
    is_met = mean <= REPEATS and not lost if told else None
    return Verdict(wanted, "; ".join(told) or "-", is_met)


def _time(quiet: Comparison, peer: str) -> Verdict:
    wanted = f"processor time an ask at most that of {peer}"
    ours, theirs = ask_s(quiet, quiet.first), ask_s(quiet, peer)
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return Verdict(wanted, "-", None)
    told, bare = f"{ours:.2f} s, {theirs:.2f} s", ask_s(quiet, peer, is_bare=True)
    if f"{bare:.2f}" != f"{theirs:.2f}":
        told += f" ({bare:.2f} s without being shown the pool)"
    return Verdict(wanted, told, ours <= theirs)


def _told(less: Interval) -> str:
    if not math.isfinite(less.high):
        return f"{less.value:+.3f} (too few starts)"
    return f"{less.value:+.3f} ({less.low:+.3f} to {less.high:+.3f})"

"""How true the stop rules' numbers are, and what they save: docs/benchmarks/stopping.md.

Campaigns are replayed on real tables, or run on test functions over a box, noise-free, with the
default policy. After every few trials a judge says with what probability nothing that is left beats
the best so far by more than delta, and how much gain is still to be expected; the table, or the
function's known optimum, then tells what is true. Judges are

- ``campaign``: what a campaign asks, corrected by the forecasts of its policy until then;
- ``corrected``: the same without any forecasts;
- a family of models as it is fitted.

    python tests/cost/stopping_study.py DIR --seeds 3 --judge campaign --judge averaged_gp
    python tests/cost/stopping_study.py --function all --seeds 3 --judge campaign
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.stats import binomtest

from planner.acquisition import Choice, Settings, Situation, choose, fit_for
from planner.acquisition.forecasts import best_so_far
from planner.acquisition.remaining import Remaining, fit_judge, remaining
from planner.bench.catalogue import known_pools, read_pools
from planner.bench.functions import Problem, named_problems, play_problem
from planner.bench.machine import describe_origin
from planner.bench.pools import Pool
from planner.bench.racing import Chooser, Rules, play
from planner.models import FitFailure, Surrogate, evidence_of
from planner.rng import derive_seed
from planner.space import Floats

FIRST, EVERY, MOST = 8, 4, 60
# The draws of a larger table take seconds each.
MOST_SETTINGS = 1100
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
ASKED = (0.8, 0.9, 0.95)
LIKELY = 0.7
CAMPAIGN, CORRECTED = "campaign", "corrected"


@dataclass(frozen=True, slots=True)
class Said:
    """What was said after some trials of one campaign, and what was true.

    Args:
        ground: the name of the table or function.
        seed: of the campaign.
        n: trials so far.
        budget: trials in all.
        done: stated probability that nothing left is better by more than delta.
        is_done: whether that was so.
        gain: stated gain still to be expected, in units of best minus median.
        was: what the best of what was left would have gained.
        lacks: what the best so far, as the planner tells it, lacks to the best there is.
    """

    ground: str
    seed: int
    n: int
    budget: int
    done: float
    is_done: bool
    gain: float
    was: float
    lacks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign, and what is true of it. More utility is better.

    Args:
        ground: the name of the table or function.
        seed: of the campaign.
        asked: what the policy knew at each ask, by the number of trials before it.
        scale: the best utility less the median.
        best: the most utility that there is.
        utilities: (n,) true ones of the trials.
        left: (n,) the most utility of what was not tried up to a trial and with it.
    """

    ground: str
    seed: int
    asked: Mapping[int, Situation]
    scale: float
    best: float
    utilities: Floats
    left: Floats


def play_table(pool: Pool, *, seed: int, settings: Settings | None = None) -> Campaign:
    """Runs a campaign of 30 to 60 trials on a table, from five random rows, each tried once."""
    asked, listen = _listener()
    budget = min(MOST, max(30, pool.n_trials), pool.n_settings - 2)
    race = play(pool, _rules(budget, settings), seed=seed, chooser=listen)
    rows, best = list(race.rows), float(pool.utilities.max())
    return Campaign(
        ground=pool.name,
        seed=seed,
        asked=asked,
        scale=best - float(np.median(pool.utilities)),
        best=best,
        utilities=pool.utilities[rows],
        left=np.array([np.delete(pool.utilities, rows[: n + 1]).max() for n in range(len(rows))]),
    )


def play_function(problem: Problem, *, seed: int, settings: Settings | None = None) -> Campaign:
    """Runs a campaign of at most 60 trials over the box of a test function, which is never used up.

    It starts from five random configurations.
    """
    asked, listen = _listener()
    budget = min(MOST, problem.n_trials)
    race = play_problem(problem, _rules(budget, settings), seed=seed, chooser=listen)
    utilities = -problem.values(np.array(race.points))
    return Campaign(
        ground=problem.name,
        seed=seed,
        asked=asked,
        scale=problem.regret_scale,
        best=-problem.optimum,
        utilities=utilities,
        left=np.full(len(utilities), -problem.optimum),
    )


def _listener() -> tuple[dict[int, Situation], Chooser]:
    """Returns the default policy, and what it is asked, which grows as it is."""
    asked: dict[int, Situation] = {}

    def listen(situation: Situation, *, q: int, seed: int) -> Choice:
        asked[len(situation.y)] = situation
        return choose(situation, q=q, seed=seed)

    return asked, listen


def _rules(budget: int, settings: Settings | None) -> Rules:
    # one more than the budget, as the last statement is made where the next is asked for
    return Rules(n_trials=budget + 1, settings=settings or Settings())


def watch(campaign: Campaign, *, delta: float, judge: str) -> Iterator[Said]:
    """Yields what a judge says along one campaign; delta in best minus median."""
    scale = campaign.scale
    for n in range(FIRST, max(campaign.asked) + 1, EVERY):
        said = _say(campaign, n, worthwhile=delta * scale, judge=judge)
        if said is None:
            continue
        stated, trial = said
        has = float(campaign.utilities[trial])
        was = float(campaign.left[n - 1]) - has
        yield Said(
            ground=campaign.ground,
            seed=campaign.seed,
            n=n,
            budget=max(campaign.asked),
            done=stated.probability_done,
            is_done=was <= delta * scale,
            gain=stated.gain / scale,
            was=max(was, 0.0) / scale,
            lacks=(campaign.best - has) / scale,
        )


def _say(
    campaign: Campaign, n: int, *, worthwhile: float, judge: str
) -> tuple[Remaining, int] | None:
    """Returns the estimate after n trials, and which of them is the best so far."""
    now = campaign.asked[n]
    surrogate = _fit(now, judge)
    if isinstance(surrogate, FitFailure):
        return None
    best = best_so_far(now, surrogate)
    assert best is not None
    at = surrogate.observations.x[best.index].numpy()
    trial = int(np.abs(now.x - at).sum(axis=1).argmin())
    seed = derive_seed(campaign.seed, "study", campaign.ground, n)
    stated = remaining(now, surrogate, seed=seed, worthwhile=worthwhile)
    return None if stated is None else (stated, trial)


def _fit(now: Situation, judge: str) -> Surrogate | FitFailure:
    if judge == CAMPAIGN:
        return fit_judge(now)
    if judge == CORRECTED:
        return fit_judge(replace(now, forecasts=evidence_of([])))
    return fit_for(replace(now, settings=Settings(family=judge, is_corrected=False), memo=None))


def print_reliability(said: Sequence[Said]) -> None:
    """Prints how often what was stated with a probability was so."""
    stated = np.array([each.done for each in said])
    true = np.array([each.is_done for each in said], dtype=float)
    print("| stated probability | statements | stated, mean | was so (95 %) |\n|---|---|---|---|")
    for low, high in pairwise(EDGES):
        inside = (stated >= low) & ((stated < high) | (high == 1.0))
        if inside.any():
            print(f"| {low:g} to {high:g} | {inside.sum()} | {stated[inside].mean():.2f} "
                  f"| {share(true[inside])} |")  # fmt: skip
    print(f"\nBrier score {np.square(stated - true).mean():.3f}, of the base rate "
          f"{true.mean():.2f} {true.mean() * (1 - true.mean()):.3f}.\n")  # fmt: skip


def share(was_so: Sequence[bool] | Floats) -> str:
    """Returns of how many it was so, with the 95 % interval of Clopper and Pearson (1934).

    It takes each as drawn by itself: of statements of one campaign it is too narrow.
    """
    n_so, n = int(np.sum(was_so)), len(was_so)
    ends = binomtest(n_so, n).proportion_ci(method="exact")
    return f"{n_so / n:.2f} ({ends.low:.2f} to {ends.high:.2f})"


def print_gains(said: Sequence[Said]) -> None:
    """Prints the gain that was stated against what the best of what was left would have gained."""
    stated, was = np.array([(each.gain, each.was) for each in said]).T
    print("| statements | gain stated, mean | was, mean |\n|---|---|---|")
    for part in np.array_split(np.argsort(stated), 6):
        print(f"| {len(part)} | {stated[part].mean():.3f} | {was[part].mean():.3f} |")


def print_savings(said: Sequence[Said]) -> None:
    """Prints what stopping at a stated probability would have saved and cost."""
    campaigns: dict[tuple[str, int], list[Said]] = {}
    for each in said:
        campaigns.setdefault((each.ground, each.seed), []).append(each)
    print("\n| asked | campaigns stopped | it was so (95 %) | trials saved | lacks when stopped "
          "| at the end of the budget |\n|---|---|---|---|---|---|")  # fmt: skip
    for asked in ASKED:
        at = [next((s for s in all_ if s.done >= asked), None) for all_ in campaigns.values()]
        ends = [all_[-1] for all_ in campaigns.values()]
        stopped = [(s, end) for s, end in zip(at, ends, strict=True) if s is not None]
        if not stopped:
            print(f"| {asked:g} | 0 of {len(ends)} | | | | |")
            continue
        saved = sum(s.budget - s.n for s, _ in stopped) / sum(end.budget for end in ends)
        print(f"| {asked:g} | {len(stopped)} of {len(ends)} "
              f"| {share([s.is_done for s, _ in stopped])} | {100 * saved:.0f} % of all "
              f"| {np.mean([s.lacks for s, _ in stopped]):.3f} "
              f"| {np.mean([end.lacks for _, end in stopped]):.3f} |")  # fmt: skip


def print_grounds(said: Sequence[Said]) -> None:
    """Prints by table or function how often what was stated to be likely was so."""
    print(f"\n| on | statements of {LIKELY:g} and more | was so |\n|---|---|---|")
    for ground in sorted({each.ground for each in said}):
        likely = [each.is_done for each in said if each.ground == ground and each.done >= LIKELY]
        print(f"| {ground} | {len(likely)} | {sum(likely)} |")


def main() -> None:
    """Runs the study and prints its tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path, nargs="?", help="folder of tables")
    parser.add_argument("--function", action="append", default=[], help="all for every one")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--delta", type=float, default=0.05, help="of best minus median")
    parser.add_argument("--table", action="append", help="only this one; repeat it for more")
    parser.add_argument("--judge", action="append", help="see above; repeat it to compare")
    options = parser.parse_args()
    plays = list(_plays(options))
    campaigns = [
        play_one(seed=seed)
        for play_one in track(plays, console=Console(stderr=True))
        for seed in range(options.seeds)
    ]
    kind = "functions" if options.function else "tables"
    print(f"{len(plays)} {kind}, {options.seeds} campaigns each, delta {options.delta:g}")
    for judge in options.judge or [CAMPAIGN]:
        said = [
            each
            for campaign in campaigns
            for each in watch(campaign, delta=options.delta, judge=judge)
        ]
        print(f"\n## {judge}\n")
        print_reliability(said)
        print_gains(said)
        print_savings(said)
        print_grounds(said)
    print(f"\n{describe_origin()}")


def _plays(options: argparse.Namespace) -> Iterator[Callable[..., Campaign]]:
    if options.function:
        yield from (partial(play_function, each) for each in named_problems(options.function))
        return
    known = [each for each in known_pools(options.tables) if not each.startswith(("oer", "direct"))]
    pools = read_pools(options.table or known, tables=options.tables)
    yield from (partial(play_table, each) for each in pools if each.n_settings <= MOST_SETTINGS)


if __name__ == "__main__":
    main()

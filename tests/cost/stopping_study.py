"""How true the stop rules' numbers are, and what they save: docs/benchmarks/stopping.md.

Campaigns are replayed on real tables, noise-free, with the default policy. After every few trials
a judge says with what probability nothing that is left beats the best so far by more than delta,
and how much gain is still to be expected; the table then tells what is true. Judges are

- ``campaign``: what a campaign asks, corrected by the forecasts of its policy until then;
- ``corrected``: the same without any forecasts;
- a family of models as it is fitted.

    python tests/cost/stopping_study.py DIR --seeds 3 --judge campaign --judge averaged_gp
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from planner.acquisition import Choice, Settings, Situation, choose, fit_for
from planner.acquisition.forecasts import best_so_far
from planner.acquisition.remaining import Remaining, fit_judge, remaining
from planner.bench.catalogue import known_pools, read_pools
from planner.bench.pools import Pool
from planner.bench.racing import Race, Rules, play
from planner.models import FitFailure, Surrogate, evidence_of
from planner.rng import derive_seed

FIRST, EVERY, MOST = 8, 4, 60
# The draws of a larger table take seconds each.
MOST_SETTINGS = 1100
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
ASKED = (0.8, 0.9, 0.95)
CAMPAIGN, CORRECTED = "campaign", "corrected"


@dataclass(frozen=True, slots=True)
class Said:
    """What was said after some trials of one campaign, and what was true.

    Args:
        pool: its name.
        seed: of the campaign.
        n: trials so far.
        budget: trials in all.
        done: stated probability that nothing left is better by more than delta.
        is_done: whether that was so.
        gain: stated gain still to be expected, in units of best minus median.
        was: what the best of what was left would have gained.
        lacks: what the best so far, as the planner tells it, lacks to the best of the table.
    """

    pool: str
    seed: int
    n: int
    budget: int
    done: float
    is_done: bool
    gain: float
    was: float
    lacks: float


@dataclass(frozen=True, slots=True)
class Campaign:
    """One replayed campaign.

    Args:
        pool: the table.
        race: what was chosen.
        asked: what the policy knew at each ask, by the number of trials before it.
    """

    pool: Pool
    race: Race
    asked: Mapping[int, Situation]


def watch(campaign: Campaign, *, delta: float, judge: str) -> Iterator[Said]:
    """Yields what a judge says along one campaign; delta in best minus median."""
    pool, race = campaign.pool, campaign.race
    scale = float(pool.utilities.max() - np.median(pool.utilities))
    for n in range(FIRST, max(campaign.asked) + 1, EVERY):
        said = _say(campaign, n, worthwhile=delta * scale, judge=judge)
        if said is None:
            continue
        stated, row = said
        left = np.delete(pool.utilities, list(race.rows[:n]))
        was = float(left.max() - pool.utilities[row])
        yield Said(
            pool=pool.name,
            seed=race.seed,
            n=n,
            budget=max(campaign.asked),
            done=stated.probability_done,
            is_done=was <= delta * scale,
            gain=stated.gain / scale,
            was=max(was, 0.0) / scale,
            lacks=float(pool.utilities.max() - pool.utilities[row]) / scale,
        )


def _say(
    campaign: Campaign, n: int, *, worthwhile: float, judge: str
) -> tuple[Remaining, int] | None:
    """Returns the estimate after n trials, and the row that is the best so far."""
    now = campaign.asked[n]
    surrogate = _fit(now, judge)
    if isinstance(surrogate, FitFailure):
        return None
    best = best_so_far(now, surrogate)
    assert best is not None
    at = surrogate.observations.x[best.index].numpy()
    row = campaign.race.rows[int(np.abs(now.x - at).sum(axis=1).argmin())]
    seed = derive_seed(campaign.race.seed, "study", campaign.pool.name, n)
    stated = remaining(now, surrogate, seed=seed, worthwhile=worthwhile)
    return None if stated is None else (stated, row)


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
    print("| stated probability | statements | stated, mean | was so |\n|---|---|---|---|")
    for low, high in pairwise(EDGES):
        inside = (stated >= low) & ((stated < high) | (high == 1.0))
        if inside.any():
            print(f"| {low:g} to {high:g} | {inside.sum()} | {stated[inside].mean():.2f} "
                  f"| {true[inside].mean():.2f} |")  # fmt: skip
    print(f"\nBrier score {np.square(stated - true).mean():.3f}, of the base rate "
          f"{true.mean():.2f} {true.mean() * (1 - true.mean()):.3f}.\n")  # fmt: skip


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
        campaigns.setdefault((each.pool, each.seed), []).append(each)
    print("\n| asked | campaigns stopped | it was so | trials saved | lacks when stopped "
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
              f"| {np.mean([s.is_done for s, _ in stopped]):.2f} | {100 * saved:.0f} % of all "
              f"| {np.mean([s.lacks for s, _ in stopped]):.3f} "
              f"| {np.mean([end.lacks for _, end in stopped]):.3f} |")  # fmt: skip


def main() -> None:
    """Runs the study and prints its tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--delta", type=float, default=0.05, help="of best minus median")
    parser.add_argument("--table", action="append", help="only this one; repeat it for more")
    parser.add_argument("--judge", action="append", help="see above; repeat it to compare")
    options = parser.parse_args()
    known = [each for each in known_pools(options.tables) if not each.startswith(("oer", "direct"))]
    names = options.table or known
    pools = [p for p in read_pools(names, tables=options.tables) if p.n_settings <= MOST_SETTINGS]
    campaigns = [play_one(pool, seed=seed) for pool in pools for seed in range(options.seeds)]
    print(f"{len(pools)} tables, {options.seeds} campaigns each, delta {options.delta:g}")
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


def play_one(pool: Pool, *, seed: int, settings: Settings | None = None) -> Campaign:
    """Plays one campaign, by default with the default policy, of 30 to 60 trials."""
    budget = min(MOST, max(30, pool.n_trials), pool.n_settings - 2)
    asked: dict[int, Situation] = {}

    def listen(situation: Situation, *, q: int, seed: int) -> Choice:
        asked[len(situation.y)] = situation
        return choose(situation, q=q, seed=seed)

    # one more than the budget, as the last statement is made where the next is asked for
    rules = Rules(n_trials=budget + 1, settings=settings or Settings())
    race = play(pool, rules, seed=seed, chooser=listen)
    return Campaign(pool=pool, race=race, asked=asked)


if __name__ == "__main__":
    main()

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.progress import track

from planner.acquisition import Choice, Settings, Situation, choose, fit_for
from planner.acquisition.forecasts import best_so_far
from planner.acquisition.remaining import Remaining, fit_judge, remaining
from planner.bench.catalogue import known_pools, read_pools
from planner.bench.functions import Problem, named_problems, play_problem
from planner.bench.pools import Pool
from planner.bench.racing import Chooser, Race, Rules, play
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


class Ground(Protocol):
    """What a campaign runs on, and what is true of it. More utility is better."""

    @property
    def name(self) -> str:
        """Of the table or function."""

    @property
    def scale(self) -> float:
        """The best less the median."""

    @property
    def budget(self) -> int:
        """Trials of a campaign."""

    @property
    def best(self) -> float:
        """The most utility that there is."""

    def best_left(self, race: Race, n: int) -> float:
        """Returns the most utility of what was not tried in the first n trials."""

    def utility(self, race: Race, trial: int) -> float:
        """Returns the true utility of a trial."""

    def play(self, rules: Rules, *, seed: int, chooser: Chooser) -> Race:
        """Runs a campaign."""


@dataclass(frozen=True, slots=True)
class OnTable:
    """A table of real experiments, each to be tried once."""

    pool: Pool

    @property
    def name(self) -> str:
        """The table's."""
        return self.pool.name

    @property
    def scale(self) -> float:
        """By the means of the rows."""
        return self.best - float(np.median(self.pool.utilities))

    @property
    def budget(self) -> int:
        """30 to 60, and fewer than there are rows."""
        return min(MOST, max(30, self.pool.n_trials), self.pool.n_settings - 2)

    @property
    def best(self) -> float:
        """The best mean."""
        return float(self.pool.utilities.max())

    def best_left(self, race: Race, n: int) -> float:
        """Of the rows that were not tried."""
        return float(np.delete(self.pool.utilities, list(race.rows[:n])).max())

    def utility(self, race: Race, trial: int) -> float:
        """By the mean of its row."""
        return float(self.pool.utilities[race.rows[trial]])

    def play(self, rules: Rules, *, seed: int, chooser: Chooser) -> Race:
        """From five random rows."""
        return play(self.pool, rules, seed=seed, chooser=chooser)


@dataclass(frozen=True, slots=True)
class OnFunction:
    """A test function over a box, of which the optimum is known."""

    problem: Problem

    @property
    def name(self) -> str:
        """The function's."""
        return self.problem.name

    @property
    def scale(self) -> float:
        """The median over the box less the optimum."""
        return self.problem.regret_scale

    @property
    def budget(self) -> int:
        """That of its races, at most 60."""
        return min(MOST, self.problem.n_trials)

    @property
    def best(self) -> float:
        """The optimum."""
        return -self.problem.optimum

    def best_left(self, race: Race, n: int) -> float:
        """The optimum: a box is never used up."""
        return self.best

    def utility(self, race: Race, trial: int) -> float:
        """Without noise."""
        return -float(self.problem.values(np.array([race.points[trial]]))[0])

    def play(self, rules: Rules, *, seed: int, chooser: Chooser) -> Race:
        """From five random configurations."""
        return play_problem(self.problem, rules, seed=seed, chooser=chooser)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign.

    Args:
        ground: what it ran on.
        race: what was chosen.
        asked: what the policy knew at each ask, by the number of trials before it.
    """

    ground: Ground
    race: Race
    asked: Mapping[int, Situation]


def watch(campaign: Campaign, *, delta: float, judge: str) -> Iterator[Said]:
    """Yields what a judge says along one campaign; delta in best minus median."""
    ground, race, scale = campaign.ground, campaign.race, campaign.ground.scale
    for n in range(FIRST, max(campaign.asked) + 1, EVERY):
        said = _say(campaign, n, worthwhile=delta * scale, judge=judge)
        if said is None:
            continue
        stated, trial = said
        has = ground.utility(race, trial)
        was = ground.best_left(race, n) - has
        yield Said(
            ground=ground.name,
            seed=race.seed,
            n=n,
            budget=max(campaign.asked),
            done=stated.probability_done,
            is_done=was <= delta * scale,
            gain=stated.gain / scale,
            was=max(was, 0.0) / scale,
            lacks=(ground.best - has) / scale,
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
    seed = derive_seed(campaign.race.seed, "study", campaign.ground.name, n)
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
        campaigns.setdefault((each.ground, each.seed), []).append(each)
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
    parser.add_argument("tables", type=Path, nargs="?", help="folder of tables")
    parser.add_argument("--function", action="append", default=[], help="all for every one")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--delta", type=float, default=0.05, help="of best minus median")
    parser.add_argument("--table", action="append", help="only this one; repeat it for more")
    parser.add_argument("--judge", action="append", help="see above; repeat it to compare")
    options = parser.parse_args()
    grounds = _grounds(options)
    campaigns = [
        play_one(ground, seed=seed)
        for ground in track(grounds, console=Console(stderr=True))
        for seed in range(options.seeds)
    ]
    what = "functions" if options.function else "tables"
    print(f"{len(grounds)} {what}, {options.seeds} campaigns each, delta {options.delta:g}")
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


def _grounds(options: argparse.Namespace) -> list[Ground]:
    if options.function:
        return [OnFunction(each) for each in named_problems(options.function)]
    known = [each for each in known_pools(options.tables) if not each.startswith(("oer", "direct"))]
    pools = read_pools(options.table or known, tables=options.tables)
    return [OnTable(pool) for pool in pools if pool.n_settings <= MOST_SETTINGS]


def play_one(ground: Ground, *, seed: int, settings: Settings | None = None) -> Campaign:
    """Plays one campaign, by default with the default policy, of 30 to 60 trials."""
    asked: dict[int, Situation] = {}

    def listen(situation: Situation, *, q: int, seed: int) -> Choice:
        asked[len(situation.y)] = situation
        return choose(situation, q=q, seed=seed)

    # one more than the budget, as the last statement is made where the next is asked for
    rules = Rules(n_trials=ground.budget + 1, settings=settings or Settings())
    race = ground.play(rules, seed=seed, chooser=listen)
    return Campaign(ground=ground, race=race, asked=asked)


if __name__ == "__main__":
    main()

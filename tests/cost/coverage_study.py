"""Whether stated intervals hold, on ten real tables: the figures of docs/benchmarks/coverage.md.

One real repeat of each setting is drawn. Three kinds of predictions are judged, none of which knew
its result: of the settings that the planner chose, each before its trial; of all settings that it
had not chosen after 20 and after 40 trials; and of a random split of each table.

    python tests/cost/coverage_study.py ../shared/data --seeds 6 --family averaged_gp

With ``--bounded`` outcomes have the bounds that a campaign file would give them, and intervals that
end at one are not counted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binom

from planner.acquisition import Settings, Situation, choose, fit_for
from planner.bench.catalogue import read_pools
from planner.bench.machine import describe_origin
from planner.bench.pools import Pool
from planner.bench.racing import answer, shared_start
from planner.models import Surrogate, evidence_of, spread_at
from planner.models.coverage.distribution import Distribution
from planner.models.coverage.measuring import LEVELS
from planner.rng import derive_seed, make_generator
from planner.space import Floats
from planner.trials import Spread

TABLES = (
    "agnp", "autoam", "benzylation_flow", "crossed_barrel", "fullerenes", "hplc", "p3ht_cnt",
    "perovskite_stability", "snar_flow", "suzuki_batch",
)  # fmt: skip
Ends = tuple[float | None, float | None]
FREE: Ends = (None, None)
BOUNDS: dict[str, Ends] = {
    **dict.fromkeys(TABLES, (0.0, None)),
    "autoam": (0.0, 1.0),
    "benzylation_flow": (0.0, 100.0),
    "fullerenes": (0.0, 1.0),
    "suzuki_batch": (0.0, 100.0),
}
N_TRIALS, LATER = 40, (20, 40)
MOST_JUDGED = 100  # settings not chosen that are judged at each of these times, at random
_OFF = 0.08  # a table that misses a level by more is off, unless chance at this level explains it
_BAND = 0.99


@dataclass
class Scores:
    """Of each prediction the level needed, CRPS and negative log density in table deviations.

    Also up to which level its intervals end at no bound.
    """

    needed: list[float] = field(default_factory=list)
    uncut: list[float] = field(default_factory=list)
    crps: list[float] = field(default_factory=list)
    nlpd: list[float] = field(default_factory=list)

    def add(self, stated: Spread, value: float, *, sd: float, bounds: Ends) -> None:
        """Judges one prediction."""
        said = Distribution.of(stated, bounds)
        self.uncut.append(said.uncut)
        self.needed.append(said.level_needed(value))
        self.crps.append(said.crps(value) / sd)
        self.nlpd.append(-said.log_density(value) - np.log(sd))


def situation_of(
    pool: Pool, rows: list[int], outcomes: Floats, settings: Settings, *, bounds: Ends
) -> Situation:
    """Returns what is known after some rows were measured."""
    return Situation(
        space=pool.space,
        objective=pool.objective,
        x=pool.space.encoded_rows[rows],
        y=outcomes[rows],
        blocked=frozenset(rows),
        settings=settings,
        bounds=bounds,
    )


def play(
    pool: Pool, outcomes: Floats, settings: Settings, *, seed: int, bounds: Ends
) -> Iterator[tuple[str, Spread, float]]:
    """Runs a campaign and yields every prediction with its result."""
    rows, memo = shared_start(pool, seed=seed), None
    stated: list[tuple[Spread, float]] = []
    while True:
        situation = situation_of(pool, rows, outcomes, settings, bounds=bounds)
        seen = evidence_of(stated, bounds=bounds)
        situation = replace(situation, memo=memo, forecasts=seen)
        if len(rows) in LATER:
            surrogate = fit_for(situation)
            assert isinstance(surrogate, Surrogate)
            for row in others(pool, rows, seed=seed):
                yield f"not chosen, {len(rows)}", at(pool, surrogate, row), outcomes[row]
        if len(rows) == min(N_TRIALS, pool.n_settings):
            return
        choice = choose(situation, q=1, seed=derive_seed(seed, "ask", len(rows)))
        pick, memo = choice.picks[0], choice.memo
        assert pick.row is not None
        assert pick.forecast is not None
        assert pick.forecast.spread is not None
        rows.append(pick.row)
        stated.append((pick.forecast.spread, outcomes[pick.row]))
        yield "chosen", pick.forecast.spread, outcomes[pick.row]


def split(
    pool: Pool, outcomes: Floats, settings: Settings, *, seed: int, bounds: Ends
) -> Iterator[tuple[str, Spread, float]]:
    """Yields predictions of the rest of a table from 40 of its rows, or three fifths of few."""
    order = make_generator(derive_seed(seed, "split", pool.name)).permutation(pool.n_settings)
    n = min(N_TRIALS, int(0.6 * pool.n_settings))
    rows = [int(row) for row in order[:n]]
    surrogate = fit_for(situation_of(pool, rows, outcomes, settings, bounds=bounds))
    assert isinstance(surrogate, Surrogate)
    for row in order[n:][:MOST_JUDGED]:
        yield "random split", at(pool, surrogate, int(row)), outcomes[row]


def others(pool: Pool, rows: list[int], *, seed: int) -> list[int]:
    """Returns settings that were not chosen, all or some at random."""
    left = np.setdiff1d(np.arange(pool.n_settings), rows)
    generator = make_generator(derive_seed(seed, "others", pool.name, len(rows)))
    return [int(row) for row in generator.permutation(left)[:MOST_JUDGED]]


def at(pool: Pool, surrogate: Surrogate, row: int) -> Spread:
    """Returns the prediction of one row."""
    return spread_at(surrogate, torch.from_numpy(pool.space.encoded_rows[row])[None, :])


def main() -> None:
    """Prints a line a kind, and writes all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--family", default="gp")
    parser.add_argument("--uncorrected", action="store_true")
    parser.add_argument("--bounded", action="store_true")
    parser.add_argument("--tables", dest="names", nargs="+", default=TABLES)
    parser.add_argument("--to", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings(family=given.family, is_corrected=not given.uncorrected)
    found: dict[str, dict[str, Scores]] = {}
    began = time.process_time()
    for pool in read_pools(given.names, tables=given.tables):
        bounds = BOUNDS[pool.name] if given.bounded else FREE
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            outcomes = np.array(
                [answer(pool, row, "repeat", seed=seed) for row in range(pool.n_settings)]
            )
            for judged in (play, split):
                for kind, stated, value in judged(
                    pool, outcomes, settings, seed=seed, bounds=bounds
                ):
                    scores = found.setdefault(kind, {}).setdefault(pool.name, Scores())
                    scores.add(stated, value, sd=float(outcomes.std()), bounds=bounds)
    figures = {kind: {name: summary(each) for name, each in by_table.items()}
               for kind, by_table in sorted(found.items())}  # fmt: skip
    report(figures)
    print(f"{time.process_time() - began:.0f} s of processor time\n\n{describe_origin()}")
    if given.to is not None:
        given.to.write_text(json.dumps(figures, indent=1) + "\n")


def summary(scores: Scores) -> dict[str, float]:
    """Returns coverage at each level, mean scores and how many there are."""
    needed, uncut = np.array(scores.needed), np.array(scores.uncut)
    covered = {
        f"{level:g}": float(np.mean(needed[uncut >= level] <= level))
        for level in LEVELS
        if (uncut >= level).any()
    }
    crps, nlpd = float(np.mean(scores.crps)), float(np.mean(scores.nlpd))
    return {**covered, "crps": crps, "nlpd": nlpd, "n": len(needed)}


def report(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Prints means over tables and how many tables are off, then which and what they cover."""
    levels = [f"{level:g}" for level in LEVELS]
    shown = [f"{100 * level:g} %" for level in LEVELS]
    print("| predictions | " + " | ".join(shown) + " | NLPD | CRPS | lowest table at 90 % "
          "| tables off |\n" + "|---" * (len(shown) + 5) + "|")  # fmt: skip
    for kind, by_table in figures.items():
        means = [_mean(by_table, key) for key in (*levels, "nlpd", "crps")]
        *held, nlpd, crps = means
        cells = [kind, *(f"{100 * each:.1f}" for each in held), f"{nlpd:.2f}", f"{crps:.3f}"]
        lowest = min((each["0.9"], name) for name, each in by_table.items() if "0.9" in each)
        off = ", ".join(str(len(_off(by_table, level))) for level in LEVELS)
        print(f"| {' | '.join([*cells, f'{lowest[1]} {100 * lowest[0]:.0f}', off])} |")
    print("\n| predictions | level | tables off, and what they cover |\n|---|---|---|")
    for kind, by_table in figures.items():
        for level, percent in zip(LEVELS, shown, strict=True):
            off = ", ".join(
                f"{name} {100 * share:.0f}" for name, share in _off(by_table, level).items()
            )
            if off:
                print(f"| {kind} | {percent} | {off} |")


def _mean(by_table: Mapping[str, Mapping[str, float]], key: str) -> float:
    return float(np.mean([each[key] for each in by_table.values() if key in each]))


def _off(by_table: Mapping[str, Mapping[str, float]], level: float) -> dict[str, float]:
    """Returns what tables cover that miss a level by more than 8 points and more than chance."""
    found = {}
    for name, each in by_table.items():
        share, n = each.get(f"{level:g}"), int(each["n"])
        if share is None or abs(share - level) <= _OFF:
            continue
        low, high = binom.interval(_BAND, n, level)
        if not low <= round(share * n) <= high:
            found[name] = share
    return found


if __name__ == "__main__":
    main()

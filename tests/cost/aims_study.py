"""Each aim at the score of each: docs/benchmarks/aims.md.

The aims race on real tables, noise-free, from the shared starts, with one quick family of models.
Their scores, after the budget of each table:

- regret: mean over the budget of what the best so far lacks to the best of the table, in units of
  best minus median;
- found: share of the best 5 % that was found;
- tenth: share of the best 10 % that was found, of as many as the budget allows;
- error: root mean square of what the model predicts wrongly of the settings that were not chosen,
  in deviations of the table.

    python tests/cost/aims_study.py DIR --races races --seeds 10 --collect 0.75 --collect 0.5

Races are kept in a folder, so that a study that was ended goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from planner.acquisition import Settings, Situation, fit_for
from planner.bench.against import Own
from planner.bench.against.entrants import length
from planner.bench.against.paired import difference_over
from planner.bench.catalogue import read_pools
from planner.bench.machine import describe_origin
from planner.bench.pools import Pool
from planner.bench.racing import Race, Rules
from planner.bench.scoring import score
from planner.bench.storing import play_or_read
from planner.models import FitFailure

FAMILY = "averaged_gp"


@dataclass(frozen=True, slots=True)
class Scores:
    """What one campaign came to; the attributes are told at the top of this file."""

    regret: float
    found: float
    tenth: float
    error: float


def entrants(collect: list[float]) -> list[Own]:
    """Returns the aims, that of many good settings with each weight."""
    learn = replace(Settings.of_aim("learn"), family=FAMILY)
    return [
        Own(name="optimise", settings=Settings(family=FAMILY)),
        *(
            Own(name=f"collect {weight:g}", settings=Settings(family=FAMILY, beta=weight))
            for weight in collect
        ),
        Own(name="learn", settings=learn),
    ]


def judge(pool: Pool, race: Race) -> Scores:
    """Returns the scores of a race at its budget."""
    budget = Rules().budget(pool)
    rows = list(race.rows[:budget])
    scored = score(pool, race)
    return Scores(
        regret=float(scored.regret[:budget].mean()),
        found=float(scored.found[budget - 1] / pool.n_winners),
        tenth=_share_of_best(pool, rows, 0.1),
        error=_error(pool, rows),
    )


def _share_of_best(pool: Pool, rows: list[int], share: float) -> float:
    n = int(np.ceil(share * pool.n_settings))
    best = np.argsort(-pool.utilities, kind="stable")[:n]
    return float(np.isin(rows, best).sum() / min(n, len(rows)))


def _error(pool: Pool, rows: list[int]) -> float:
    situation = Situation(
        space=pool.space, objective=pool.objective, x=pool.space.encoded_rows[rows],
        y=pool.means[rows], blocked=frozenset(rows), settings=Settings(family=FAMILY),
    )  # fmt: skip
    surrogate = fit_for(situation)
    if isinstance(surrogate, FitFailure):
        return float("nan")
    others = np.delete(np.arange(pool.n_settings), rows)
    with torch.no_grad():
        mean = surrogate.moments(torch.from_numpy(pool.space.encoded_rows[others]))[0].numpy()
    return float(np.sqrt(np.square(mean - pool.means[others]).mean()) / pool.means.std())


def tell(found: Mapping[str, Mapping[str, Mapping[int, Scores]]]) -> None:
    """Prints the means, and the paired differences to the first aim.

    Args:
        found: by aim, table and seed.
    """
    first = next(iter(found))
    names = list(Scores.__slots__)
    print(f"| aim | {' | '.join(f'{name} | less {first} (95 %)' for name in names)} |")
    print("|---" * (1 + 2 * len(names)) + "|")
    for aim, tables in found.items():
        cells = []
        for name in names:
            figures = {
                table: np.array([getattr(races[seed], name) for seed in sorted(races)])
                for table, races in tables.items()
            }
            base = {
                table: np.array([getattr(races[seed], name) for seed in sorted(races)])
                for table, races in found[first].items()
            }
            mean = float(np.mean([each.mean() for each in figures.values()]))
            less = difference_over([figures[table] - base[table] for table in figures])
            cells += [f"{mean:.3f}", f"{less.value:+.3f} ({less.low:+.3f} to {less.high:+.3f})"]
        print(f"| {aim} | {' | '.join(cells)} |")


def main() -> None:
    """Races, or reads what was raced before, and prints a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path)
    parser.add_argument("--races", type=Path, required=True, help="folder that keeps them")
    parser.add_argument("--table", action="append", default=[], help="only this one; repeat it")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--collect", type=float, action="append", help="a weight; repeat it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pools = read_pools(options.table, tables=options.tables)
    racing = entrants(options.collect or [Settings.of_aim("collect").beta])
    found: dict[str, dict[str, dict[int, Scores]]] = {each.name: {} for each in racing}
    for seed in range(options.seeds):
        for pool in pools:
            for own in racing:
                file = own.race_file(options.races, pool, "means", seed=seed)
                rules = Rules(n_trials=length(pool))
                race = play_or_read(file, partial(own.play, pool, rules, seed=seed))
                found[own.name].setdefault(pool.name, {})[seed] = judge(pool, race)
        print(f"{seed + 1} of {options.seeds} starts", file=sys.stderr)
    print(f"{len(pools)} tables, {options.seeds} starts each, {FAMILY}\n")
    tell(found)
    print(f"\n{describe_origin()}")


if __name__ == "__main__":
    main()

"""Weights of families by five folds beside those by leaving out each result: decision 0032.

Ten real tables, one real repeat of each setting drawn; the splits are those of ``family_study``.
Each average predicts the rows that nobody was fitted to.

    python tests/cost/folds_study.py ../shared/data --splits 3
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from planner.acquisition.fitted import make_task
from planner.bench.catalogue import read_pools
from planner.models.average import Average
from planner.models.comparing.auto import _weigh, _within_reach
from planner.models.comparing.folds import HeldOut, hold_out
from planner.models.families import QUICK
from planner.models.task import Task

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.cost.coverage_study import TABLES
from tests.cost.family_study import Split, predicted


def averaged(task: Task, *, n_folds: int) -> Average:
    """Returns the average of the quick families that serve, by what they predicted held out."""
    families = _within_reach(QUICK, len(task.observations.y))
    found = {
        name: each
        for name, family in families.items()
        if family.misfit(task) is None
        and isinstance(each := hold_out(family, task, n_folds=n_folds), HeldOut)
    }
    weights = _weigh({name: each.log_density for name, each in found.items()})
    return Average(
        components=tuple(found[name].surrogate for name in weights),
        weights=tuple(weights.values()),
    )


def measured(split: Split, *, n_folds: int) -> tuple[float, float]:
    """Returns the mean negative log density of unseen rows, and processor seconds."""
    began = time.process_time()
    surrogate = averaged(make_task(split.situation()), n_folds=n_folds)
    spent = time.process_time() - began
    pairs = zip(predicted(surrogate, split), split.outcomes[split.asked], strict=True)
    density = np.mean([each.log_density(value) for each, value in pairs])
    return float(-density - np.log(split.outcomes.std())), spent


def main() -> None:
    """Prints a line a split, and the mean difference with its standard error over all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--splits", type=int, default=3)
    given = parser.parse_args()
    differences, ratios = [], []
    for number in range(given.splits):
        for pool in read_pools(TABLES, tables=given.tables):
            split = Split.of(pool, number)
            (few, few_s), (each, each_s) = (
                measured(split, n_folds=n) for n in (5, len(split.known))
            )
            differences.append(each - few)
            ratios.append(each_s / few_s)
            print(f"{pool.name} {number}: {few:.3f} in {few_s:.1f} s, {each:.3f} in {each_s:.1f} s")
    error = np.std(differences, ddof=1) / len(differences) ** 0.5
    print(f"leaving out each less five folds: {np.mean(differences):+.3f} ± {error:.3f} nat")
    print(f"median {np.median(differences):+.3f}; {np.median(ratios):.1f} times the processor time")


if __name__ == "__main__":
    main()

"""Batches against one trial at a time, chosen in four ways: docs/benchmarks/batches_and_repeats.md.

All race on small tables and on functions over a grid, from the shared starts, with one quick family
of models and the same number of trials. Their scores, at the budget of each table:

- regret: mean over the budget of what the best so far lacks to the best of the table, in units of
  best minus median;
- found: share of the best 5 % that was found.

    nice python tests/cost/batches_study.py DIR --races races --seeds 5

Races are kept in a folder, so that a study that was ended goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from planner.bench.against.paired import difference_over
from planner.bench.machine import describe_origin
from planner.bench.pools import Pool
from planner.bench.scoring import score
from planner.space import Floats
from tests.cost.batch_policies import policies
from tests.cost.small_courses import Course, grids, is_repeated, small_pools

FUNCTIONS = ("branin_2", "hartmann_3", "hartmann_6")
NOISE = 0.25  # of a function's answers, in deviations of the function over its grid
SCORES = ("regret", "found")
# By policy and course: one figure a seed.
Figures = Mapping[str, Mapping[str, Floats]]


def groups(pools: Sequence[Pool], functions: Sequence[Pool]) -> dict[str, list[Course]]:
    """Returns the courses, by what is told together."""
    return {
        "tables, noise-free": [Course(each, "means") for each in pools],
        "tables, a real repeat drawn": [Course(p, "repeats") for p in pools if is_repeated(p)],
        "functions, noise-free": [Course(each, "means") for each in functions],
        "functions, noisy": [Course(each, "noise", NOISE) for each in functions],
    }


def tell(found: Mapping[str, Figures], names: Sequence[str], courses: Sequence[str]) -> None:
    """Prints the means over courses, the paired differences to the first policy, and one more.

    Args:
        found: figures by score.
        names: of the policies.
        courses: to take the mean over.
    """
    first = names[0]
    print(f"| | {' | '.join(f'{each} | less {first} (95 %)' for each in SCORES)} |")
    print("|---" * (1 + 2 * len(SCORES)) + "|")
    for name in names:
        cells = []
        for each in SCORES:
            mean = float(np.mean([found[each][name][course].mean() for course in courses]))
            less = "" if name == first else _less(found[each], name, first, courses)
            cells += [f"{mean:.3f}", less]
        print(f"| {name} | {' | '.join(cells)} |")
    bound, improvement = (name for name in names if name.startswith("joint"))
    told = [f"{each} {_less(found[each], bound, improvement, courses)}" for each in SCORES]
    print(f"\n{bound} less {improvement}: {', '.join(told)}")


def _less(figures: Figures, one: str, other: str, courses: Sequence[str]) -> str:
    less = difference_over([figures[one][course] - figures[other][course] for course in courses])
    return f"{less.value:+.3f} ({less.low:+.3f} to {less.high:+.3f})"


def main() -> None:
    """Races, or reads what was raced before, and prints tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path)
    parser.add_argument("--races", type=Path, required=True, help="folder that keeps them")
    parser.add_argument("--table", action="append", default=[], help="only this one; repeat it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--family", default="gp")
    parser.add_argument("--q", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    named = [each for each in FUNCTIONS if not options.table or each in options.table]
    of_group = groups(small_pools(options.table, tables=options.tables), grids(named))
    racing = policies(options.family, q=options.q)
    played: dict[str, dict[str, dict[str, list[float]]]] = {
        each: {policy.name: {} for policy in racing} for each in SCORES
    }
    began = time.process_time()
    for seed in range(options.seeds):
        for course in [course for courses in of_group.values() for course in courses]:
            for policy in racing:
                scored = score(course.pool, policy.race(options.races, course, seed=seed))
                came_to = {
                    "regret": float(scored.regret.mean()),
                    "found": float(scored.found[-1] / course.pool.n_winners),
                }
                for each, value in came_to.items():
                    played[each][policy.name].setdefault(course.name, []).append(value)
        took = time.process_time() - began
        print(f"{seed + 1} of {options.seeds} starts, {took:.0f} s of CPU", file=sys.stderr)
    found = {
        each: {
            name: {course: np.array(values) for course, values in by_course.items()}
            for name, by_course in by_policy.items()
        }
        for each, by_policy in played.items()
    }
    for title, courses in of_group.items():
        if courses:
            print(f"\n{title} ({len(courses)}), {options.seeds} starts each, {options.family}\n")
            tell(found, [each.name for each in racing], [each.name for each in courses])
    print(f"\n{describe_origin()}")


if __name__ == "__main__":
    main()

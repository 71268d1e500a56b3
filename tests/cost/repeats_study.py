"""What repeating a setting pays and costs: docs/benchmarks/batches_and_repeats.md.

Campaigns with ``repeats: auto`` and with ``never`` race on small tables from the shared starts, one
trial at a time, with one quick family of models and the same number of trials: on tables as they
were measured, whose runs come in random order and end somewhere; with normal noise of half the
table's deviation in their stead; and noise-free. The scores are told in ``repeat_races.py``.

    nice python tests/cost/repeats_study.py DIR --races races --seeds 5

Races are kept in a folder, so that a study that was ended goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from planner.bench.against.paired import difference_over
from planner.bench.machine import describe_origin
from planner.bench.pools import Pool
from tests.cost.repeat_races import AUTO, OFF, Scores, judge, race
from tests.cost.small_courses import Course, is_repeated, small_pools

NOISE = 0.5  # in deviations of the table
NAMES = tuple(Scores.__slots__)


def groups(pools: Sequence[Pool]) -> dict[str, list[Course]]:
    """Returns the courses, by what is told together."""
    repeated = [each for each in pools if is_repeated(each)]
    return {
        "with their real repeats": [Course(each, "repeats") for each in repeated],
        "with noise of half the deviation": [Course(each, "noise", NOISE) for each in repeated],
        "noise-free": [Course(each, "means") for each in pools],
    }


def tell(
    title: str, courses: Sequence[Course], came_to: dict[str, dict[str, list[Scores]]]
) -> None:
    """Prints the means over courses and the paired difference, and that on each course."""
    print(f"\nTables {title} ({len(courses)})\n")
    print(f"| | {' | '.join(NAMES)} |\n" + "|---" * (1 + len(NAMES)) + "|")
    figures = {
        (way, name, course.name): np.array(
            [getattr(each, name) for each in came_to[way][course.name]]
        )
        for way in (OFF, AUTO)
        for name in NAMES
        for course in courses
    }
    for way in (OFF, AUTO):
        means = [
            np.mean([figures[way, name, each.name].mean() for each in courses]) for name in NAMES
        ]
        print(f"| {way} | {' | '.join(f'{each:.3f}' for each in means)} |")
    less = [
        [figures[AUTO, name, each.name] - figures[OFF, name, each.name] for each in courses]
        for name in NAMES
    ]
    found = [difference_over(each) for each in less]
    told = [f"{each.value:+.3f} ({each.low:+.3f} to {each.high:+.3f})" for each in found]
    print(f"| difference (95 %) | {' | '.join(told)} |")
    for place, course in enumerate(courses):
        told = [f"{each[place].mean():+.3f}" for each in less]
        print(f"| {course.pool.name} | {' | '.join(told)} |")


def main() -> None:
    """Races, or reads what was raced before, and prints tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path)
    parser.add_argument("--races", type=Path, required=True, help="folder that keeps them")
    parser.add_argument("--table", action="append", default=[], help="only this one; repeat it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--family", default="gp")
    options = parser.parse_args()
    torch.set_num_threads(1)
    of_group = groups(small_pools(options.table, tables=options.tables))
    came_to: dict[str, dict[str, list[Scores]]] = {OFF: {}, AUTO: {}}
    began = time.process_time()
    for seed in range(options.seeds):
        for course in [course for courses in of_group.values() for course in courses]:
            for way, family in ((OFF, options.family), (AUTO, options.family)):
                played = race(options.races, course, family=family, repeats=way, seed=seed)
                scores = judge(course, played, family=family)
                came_to[way].setdefault(course.name, []).append(scores)
        took = time.process_time() - began
        print(f"{seed + 1} of {options.seeds} starts, {took:.0f} s of CPU", file=sys.stderr)
    print(f"{options.seeds} starts each, {options.family}")
    for title, courses in of_group.items():
        if courses:
            tell(title, courses, came_to)
    print(f"\n{describe_origin()}")


if __name__ == "__main__":
    main()

"""What a sample and an ask cost in spaces of every kind, and what memory they take.

``python tests/cost/space_cost.py``: for each space 1,024 configurations are drawn with two seeds,
then the policy chooses after 30 results, fit included. Every configuration is checked.
See docs/benchmarks/spaces.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from planner.acquisition import Situation, choose  # noqa: E402
from planner.campaign.objectives import Maximise  # noqa: E402
from planner.space import (  # noqa: E402
    AnyConstraint,
    Categorical,
    Configuration,
    Continuous,
    Discrete,
    Exclusion,
    ExpressionConstraint,
    Integer,
    LinearConstraint,
    Mixture,
    Presence,
    SearchSpace,
    Span,
)

N_RESULTS = 30
N_SAMPLES = 1024


def components(n: int, *, low: float, optional: bool = False) -> tuple[Continuous, ...]:
    return tuple(
        Continuous(name=f"c{i}", low=low, high=1, resolution=0.005, optional=optional)
        for i in range(n)
    )


def mixture(
    parts: Sequence[Continuous], present: Presence | None = None, *more: AnyConstraint
) -> SearchSpace:
    names = tuple(part.name for part in parts)
    return SearchSpace(tuple(parts), (Mixture(mixture=names, present=present), *more))


def process() -> SearchSpace:
    return SearchSpace(
        (
            Continuous(name="temperature", unit="degC", low=20, high=120, resolution=0.5),
            Continuous(name="time", unit="min", low=1, high=600, scale="log"),
            Integer(name="cycles", low=1, high=9),
            Categorical(name="solvent", choices=("water", "ethanol", "toluene", "DMF")),
        )
    )


def excluded() -> SearchSpace:
    space = process()
    rules = (
        Exclusion(exclude={"solvent": "water", "temperature": Span(at_least=100)}),
        Exclusion(exclude={"solvent": "ethanol", "temperature": Span(at_least=78)}),
        ExpressionConstraint(expression="ln(time) * temperature", at_most=300),
    )
    return SearchSpace(space.parameters, rules)


def table(n: int) -> SearchSpace:
    generator = np.random.default_rng(0)
    values = generator.random((n, 6)).round(6)
    solvents = ("water", "ethanol", "toluene", "DMF")
    parameters = (
        *(Continuous(name=f"p{i}", low=0, high=1) for i in range(6)),
        Categorical(name="solvent", choices=solvents),
    )
    rows = tuple(
        {
            **{f"p{i}": float(value) for i, value in enumerate(row)},
            "solvent": solvents[int(generator.integers(4))],
        }
        for row in values
    )
    return SearchSpace(parameters, rows=rows)


def many_levels() -> SearchSpace:
    return SearchSpace(
        tuple(Discrete(name=f"p{i}", values=tuple(range(10))) for i in range(12)),
        (LinearConstraint(weights={f"p{i}": 1 for i in range(12)}, at_most=40),),
    )


SPACES: dict[str, Callable[[], SearchSpace]] = {
    "process, four parameters, no constraint": process,
    "process, two exclusions and a formula": excluded,
    "mixture of seven, each at least 2 %": lambda: mixture(components(7, low=0.02)),
    "mixture of seven, each absent or at least 5 %": lambda: mixture(
        components(7, low=0.05, optional=True)
    ),
    "mixture, at most 3 of 8 present": lambda: mixture(
        components(8, low=0.05, optional=True), Presence(at_most=3)
    ),
    "mixture, 4 to 6 of 20 present": lambda: mixture(
        components(20, low=0.01, optional=True), Presence(at_least=4, at_most=6)
    ),
    "mixture of four, a formula leaves 1 in 400": lambda: mixture(
        components(4, low=0),
        None,
        ExpressionConstraint(expression="c0 * c1 * c2 * c3", at_least=0.0038),
    ),
    "12 lists of ten numbers, sum at most 40": many_levels,
    "table of 100,000 rows": lambda: table(100_000),
}


def outcome(space: SearchSpace, configurations: Sequence[Configuration]) -> np.ndarray:
    x = space.encode(configurations)
    wanted = np.linspace(0.2, 0.8, x.shape[1])
    return -np.square(x - wanted).sum(axis=1)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(name: str) -> str:
    """Return one line of the table; meant for a process of its own, for the memory."""
    space = SPACES[name]()
    space.sample(2, seed=0)  # imports
    before = psutil.Process().memory_info().rss
    drawn = [seconds(lambda seed=seed: space.sample(N_SAMPLES, seed=seed)) for seed in (1, 2)]
    sample = space.sample(N_SAMPLES, seed=1)
    assert all(space.is_admissible(each) for each in sample)
    measured = sample[:N_RESULTS]
    situation = Situation(
        space=space,
        objective=Maximise(outcome="y"),
        x=space.encode(measured),
        y=outcome(space, measured),
    )
    choose(situation, q=1, seed=1)
    one = seconds(lambda: choose(situation, q=1, seed=2))
    batch = seconds(lambda: choose(situation, q=4, seed=3))
    picks = choose(situation, q=4, seed=3).picks
    assert all(space.is_admissible(pick.configuration) for pick in picks)
    best = float(outcome(space, [pick.configuration for pick in picks]).max())
    assert best >= float(outcome(space, measured).max())
    memory = (psutil.Process().memory_info().rss - before) / 2**20
    return (
        f"| {name} | {len(sample)} | {drawn[0]:.2f}, {drawn[1]:.2f} | {one:.1f} | {batch:.1f} "
        f"| {memory:.0f} |"
    )


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", choices=SPACES)
    options = parser.parse_args()
    if options.space:
        print(measure(options.space), flush=True)
        return 0
    print(f"load {os.getloadavg()[0]:.1f}")
    print("| space | drawn | sample, s | ask for 1, s | ask for 4, s | memory, MB |")
    print("|---|---|---|---|---|---|")
    for name in SPACES:
        subprocess.run([sys.executable, __file__, "--space", name], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

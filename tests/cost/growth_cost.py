"""What one ask costs as observations grow, in 6 dimensions: seconds and peak memory.

``python tests/cost/growth_cost.py --sizes 100 1000 10000``: each size in a process of its own, so
that its peak memory is its own. The observations are random configurations with noisy values of
Hartmann's function in 6 dimensions; the ask is the policy's, fit included, once without knowing a
fit and once with the memo of the first and one observation more. A size that takes longer than
``--limit`` seconds is ended and said to have taken longer, and larger ones are left out.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from planner.acquisition import Settings, Situation, choose  # noqa: E402
from planner.bench.functions import named_problems  # noqa: E402
from planner.campaign import Minimise  # noqa: E402

SIZES = (100, 1_000, 10_000, 100_000)


def ask(n: int, *, seed: int, settings: Settings) -> str:
    """Asks twice, and returns what it took in words."""
    [problem] = named_problems(["hartmann_6"])
    generator = np.random.default_rng(seed)
    x = generator.random((n + 1, problem.d))  # its bounds are the unit cell
    y = problem.values(x) + problem.noise_sd * generator.standard_normal(n + 1)
    memo, words = None, []
    for name, size in (("first", n), ("warm", n + 1)):
        situation = Situation(
            space=problem.space,
            objective=Minimise(outcome="value"),
            x=x[:size],
            y=y[:size],
            memo=memo,
            settings=settings,
        )
        wall, cpu = time.perf_counter(), time.process_time()
        choice = choose(situation, q=1, seed=seed)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        memo = choice.memo
        kind = choice.picks[0].kind
        words.append(f"{name} ask {wall:8.2f} s ({cpu:8.2f} s CPU, {kind})")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"n = {n:>7}: {', '.join(words)}, peak memory {peak_mb:.0f} MB"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", default=None, help="of models, as a campaign file names it")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        settings = Settings() if options.family is None else Settings(family=options.family)
        print(ask(options.sizes[0], seed=options.seed, settings=settings))
        return 0
    for size in options.sizes:
        command = [sys.executable, __file__, "--here", "--sizes", str(size)]
        command += ["--seed", str(options.seed)]
        command += ["--family", options.family] if options.family else []
        try:
            done = subprocess.run(command, timeout=options.limit, text=True, capture_output=True)
        except subprocess.TimeoutExpired:
            print(f"n = {size:>7}: ended after {options.limit:g} s; larger ones are left out")
            return 0
        last = done.stderr.strip().splitlines()[-1:] or ["nothing"]
        failed = f"n = {size:>7}: failed with {done.returncode}, saying: {last[0]}"
        print(done.stdout.strip() or failed, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

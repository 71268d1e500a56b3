"""What one ask costs at many observations, ours and the peers' side by side.

``python tests/cost/ask_beside_peers.py --peers FOLDER``: the same noisy values of Hartmann's
function in 6 dimensions for everyone, an open space, one thread. A planner is told all but one,
asked, told the last, and asked again: the second ask is the warm one. Planners take turns, seed by
seed, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from planner.bench.functions import named_problems  # noqa: E402  the path is set above
from planner.bench.peers.catalogue import PEERS  # noqa: E402
from planner.bench.peers.conversation import conversing  # noqa: E402
from planner.bench.peers.environment import default_folder, find_python  # noqa: E402
from tests.cost.growth_cost import measure_apart  # noqa: E402

LIMIT_S = 900.0


def observations(n: int, *, seed: int) -> tuple[list[list[float]], list[float]]:
    """Returns the configurations and noisy values that ``growth_cost`` asks with."""
    [problem] = named_problems(["hartmann_6"])
    generator = np.random.default_rng(seed)
    x = generator.random((n, problem.d))
    y = problem.values(x) + problem.noise_sd * generator.standard_normal(n)
    return x.tolist(), y.tolist()


def ask_peer(name: str, n: int, *, seed: int, folder: Path) -> tuple[float, float]:
    """Returns the processor seconds of a peer's first and warm ask, what it is told included."""
    peer = PEERS[name]
    python = find_python(peer, folder)
    if python is None:
        sys.exit(f"{name} has no environment in {folder}; planner bench --against {name} makes it.")
    x, y = observations(n, seed=seed)
    parameters = [{"name": f"x{i}", "low": 0.0, "high": 1.0} for i in range(len(x[0]))]
    pool = {"seed": seed, "is_maximised": False, "parameters": parameters, "rows": None}
    with conversing([str(python), "-u", str(peer.driver)], limit_s=LIMIT_S) as talk:
        talk.tell(pool=pool)
        talk.hear()
        taken = []
        for told in (range(n - 1), range(n - 1, n)):
            for place in told:
                talk.tell(told={"place": x[place], "outcome": y[place]})
            talk.tell(ask=True)
            taken.append(float(talk.hear()["cpu_s"]))
    return taken[0], taken[1]


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=500, help="observations at the warm ask")
    parser.add_argument("--against", nargs="+", default=["baybe", "ax", "botorch"])
    parser.add_argument("--family", nargs="+", default=["auto", "gp"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=default_folder(), help="their environments")
    options = parser.parse_args()
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in range(options.seeds):
        for family in options.family:
            cost = measure_apart(options.n, seed=seed, family=family, limit=LIMIT_S)
            taken[family].append((cost.first_cpu_s, cost.warm_cpu_s))
        for name in options.against:
            taken[name].append(ask_peer(name, options.n, seed=seed, folder=options.peers))
        print(f"seed {seed}: { ({name: each[-1] for name, each in taken.items()}) }", flush=True)
    print("| planner | first ask, CPU s | warm ask, CPU s (each seed) |\n|---|---|---|")
    for name, each in taken.items():
        first, warm = zip(*each, strict=True)
        ours = "ours, " if name in options.family else ""
        shown = ", ".join(f"{value:.2f}" for value in warm)
        print(f"| {ours}{name} | {statistics.median(first):.1f} | "
              f"{statistics.median(warm):.2f} ({shown}) |")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())

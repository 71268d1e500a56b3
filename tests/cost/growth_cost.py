"""What one ask costs as observations grow, in 6 dimensions: seconds and peak memory.

``python tests/cost/growth_cost.py --picture docs/benchmarks/growth.svg``: each size in a process of
its own, so that its peak memory is its own. The observations are random configurations with noisy
values of Hartmann's function in 6 dimensions; the ask is the policy's, fit included, at n - 1
observations without knowing a fit and then at n with the memo of the first. A size that takes
longer than ``--limit`` seconds is ended and left out, and so are larger ones of that family.

The first ask of ``auto`` compares families; as it does so again when the data have grown by a
tenth, an ask costs in the long run the warm one's time and ``10 / n`` of what the first took more.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 100_000)
FAMILIES = ("auto", "gp", "large_gp")
PANEL_PX = 260.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What two asks of one process cost.

    Args:
        family: of models.
        n: observations at the second ask.
        first_cpu_s, first_wall_s: at n - 1 observations, without the memo of a fit.
        warm_cpu_s, warm_wall_s: at n, with it.
        peak_mb: the largest memory of the process.
        decided: who decided in the end.
    """

    family: str
    n: int
    first_cpu_s: float
    first_wall_s: float
    warm_cpu_s: float
    warm_wall_s: float
    peak_mb: float
    decided: str

    @property
    def amortised_cpu_s(self) -> float:
        """Of one ask in the long run, if there is something to do anew after each tenth more."""
        return self.warm_cpu_s + max(self.first_cpu_s - self.warm_cpu_s, 0.0) * 10.0 / self.n


def ask(n: int, *, seed: int, family: str) -> Cost:
    """Asks twice and returns what it took; meant for a process of its own."""
    from planner.acquisition import Settings, Situation, choose
    from planner.bench.functions import named_problems
    from planner.campaign import Minimise

    [problem] = named_problems(["hartmann_6"])
    generator = np.random.default_rng(seed)
    x = generator.random((n, problem.d))  # its bounds are the unit cell
    y = problem.values(x) + problem.noise_sd * generator.standard_normal(n)
    memo, taken = None, []
    for size in (n - 1, n):
        situation = Situation(
            space=problem.space,
            objective=Minimise(outcome="value"),
            x=x[:size],
            y=y[:size],
            memo=memo,
            settings=Settings(family=family),
        )
        wall, cpu = time.perf_counter(), time.process_time()
        choice = choose(situation, q=1, seed=seed)
        taken += [time.process_time() - cpu, time.perf_counter() - wall]
        memo = choice.memo
        if choice.picks[0].kind != "model" or choice.surrogate is None:
            raise RuntimeError(choice.picks[0].reason)
        served, compared = situation.serving, choice.surrogate.comparison
        weights = compared.weights if compared is not None else []
    decided = ", ".join(weights) or (served.family.name if served is not None else family)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(family, n, *taken, peak_mb=peak_mb, decided=decided)


def measure(
    families: Sequence[str], sizes: Sequence[int], *, seed: int, limit: float
) -> list[Cost]:
    """Measures all sizes of each family, and prints a row of the table as it comes."""
    print("| family | n | first ask, CPU s (wall) | warm ask, CPU s (wall) | in the long run, "
          "CPU s | peak memory, MB | decides |\n|---|---|---|---|---|---|---|")  # fmt: skip
    return [each for family in families for each in _of(family, sizes, seed=seed, limit=limit)]


def measure_apart(n: int, *, seed: int, family: str, limit: float) -> Cost:
    """Asks in a process of its own.

    Raises:
        subprocess.TimeoutExpired: it took longer than ``limit`` seconds.
        RuntimeError: it failed; the text is its last line.
    """
    command = [sys.executable, __file__, "--here", "--sizes", str(n), "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--family", family], timeout=limit, text=True, capture_output=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return Cost(**json.loads(done.stdout))


def _of(family: str, sizes: Sequence[int], *, seed: int, limit: float) -> Iterator[Cost]:
    for n in sizes:
        try:
            cost = measure_apart(n, seed=seed, family=family, limit=limit)
        except subprocess.TimeoutExpired:
            print(f"| {family} | {n:,} | ended after {limit:g} s | | | | |", flush=True)
            return
        except RuntimeError as error:
            print(f"| {family} | {n:,} | {error} | | | | |", flush=True)
            return
        print(f"| {family} | {n:,} | {cost.first_cpu_s:.1f} ({cost.first_wall_s:.1f}) "
              f"| {cost.warm_cpu_s:.2f} ({cost.warm_wall_s:.2f}) | {cost.amortised_cpu_s:.2f} "
              f"| {cost.peak_mb:.0f} | {cost.decided} |", flush=True)  # fmt: skip
        yield cost


def draw(costs: Sequence[Cost]) -> str:
    """Returns CPU time and memory against observations, both on log scales, as an SVG element."""
    from matplotlib.lines import Line2D

    from planner.pictures.axis import Quantity, Range, number_axis
    from planner.pictures.frame import WIDTH_PX, add_grid, add_legend, add_note, house_style
    from planner.pictures.frame import new_figure as make_figure
    from planner.pictures.palette import GREY, LINE_LOOKS
    from planner.pictures.svg import svg_text

    families = list(dict.fromkeys(cost.family for cost in costs))
    looks = dict(zip(families, LINE_LOOKS, strict=False))
    reach = Range(70.0, 150_000.0, is_log=True)
    with house_style():
        figure = make_figure(WIDTH_PX, PANEL_PX)
        for place, (name, unit, read) in enumerate(
            (
                ("warm ask, CPU", "s", lambda cost: cost.warm_cpu_s),
                ("first ask, CPU", "s", lambda cost: cost.first_cpu_s),
                ("peak memory", "MB", lambda cost: cost.peak_mb),
            )
        ):
            axes = figure.add_subplot(1, 3, place + 1, gid="panel")
            size = WIDTH_PX / 4
            number_axis(axes, "x", reach, quantity=Quantity("observations", ""), length=size)
            values = [read(cost) for cost in costs]
            shown = Range(0.7 * min(values), 1.5 * max(values), is_log=True)
            number_axis(axes, "y", shown, quantity=Quantity(name, unit), length=0.7 * PANEL_PX)
            add_grid(axes)
            last = max(costs, key=lambda cost: cost.n)
            axes.plot([2000.0, last.n], [read(last) * 2000.0 / last.n, read(last)], color=GREY,
                      linestyle=(0, (1, 1.5)), linewidth=1.0, gid="linear")  # fmt: skip
            for index, family in enumerate(families):
                own, look = [cost for cost in costs if cost.family == family], looks[family]
                axes.plot([cost.n for cost in own], [read(cost) for cost in own], color=look.colour,
                          linestyle=look.dash, linewidth=1.5, marker=look.marker, markersize=4.0,
                          gid=f"family-{index}")  # fmt: skip
        add_legend(figure, [
            Line2D([], [], color=look.colour, linestyle=look.dash, marker=look.marker,
                   markersize=4.0, label=name) for name, look in looks.items()
        ])  # fmt: skip
        add_note(figure, "One ask in 6 dimensions, fit included, on one core. First: nothing is "
                 "known of earlier fits, and auto compares families. Warm: with what the ask one "
                 "observation before had found. Dotted: in proportion to n.")  # fmt: skip
        words = "; ".join(
            f"{c.family} at {c.n}: {c.warm_cpu_s:.2f} s, {c.peak_mb:.0f} MB" for c in costs
        )
        return svg_text(figure, title="What an ask costs as observations grow", summary=words)


def main() -> int:
    """Measure, print, and draw where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", action="append", help="of models, as a campaign file names it")
    parser.add_argument("--picture", type=Path, help="SVG file to write")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    families = options.family or list(FAMILIES)
    if options.here:
        print(json.dumps(asdict(ask(options.sizes[0], seed=options.seed, family=families[0]))))
        return 0
    from planner.bench.machine import describe_origin

    costs = measure(families, options.sizes, seed=options.seed, limit=options.limit)
    print(f"\n{describe_origin()}")
    if options.picture:
        options.picture.write_text(draw(costs) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the loop costs for each trial beside the model and the lab, and what memory it takes.

``python tests/cost/loop_cost.py --engine inline --trials 2000``: a lab function that answers at
once, and decisions drawn at random, so that what is measured is the loop and its record.
See docs/benchmarks/loop_cost.md.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lab"), str(ROOT / "tests" / "kills")]

from kill_bench import CAMPAIGN  # noqa: E402

from planner.ledger.entries import Entry, OutcomesObserved  # noqa: E402
from planner.ledger.replay import CampaignState  # noqa: E402
from planner.loop import advance  # noqa: E402
from planner.loop.deciding.at_random import choose_at_random  # noqa: E402
from planner.loop.deciding.chosen import Chosen  # noqa: E402
from planner.loop.dispatch.keeper import holding  # noqa: E402
from planner.loop.sessions.desk import Place, at_work  # noqa: E402
from planner.loop.sessions.session import Session  # noqa: E402
from planner.loop.steps.inline import run_inline  # noqa: E402
from planner.rng import derive_seed  # noqa: E402
from planner.space import SearchSpace  # noqa: E402


@dataclass(slots=True)
class Meter:
    """Hears the results of a campaign.

    Args:
        seconds: of the wall clock and of this process's CPU, at each trial's result.
        memory_mb: at each trial's result.
    """

    seconds: list[tuple[float, float]] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    def hear(self, entry: Entry, _state: CampaignState) -> None:
        if isinstance(entry.record, OutcomesObserved):
            self.seconds.append((time.perf_counter(), time.process_time()))
            self.memory_mb.append(psutil.Process().memory_info().rss / 2**20)

    def per_trial_ms(self, first: int, last: int) -> tuple[float, float]:
        """Return wall-clock and CPU time of the loop for each trial of a range."""
        spent = [self.seconds[last][i] - self.seconds[first][i] for i in range(2)]
        return 1000 * spent[0] / (last - first), 1000 * spent[1] / (last - first)


def decide_at_once() -> None:
    """Let every campaign choose at random, whatever its policy says.

    What deciding by a model costs grows with the trials and is no part of the loop.
    """

    def draw(state: CampaignState, space: SearchSpace, *, q: int) -> Chosen:
        seed = derive_seed(state.seed, "ask", state.next_trial)
        return choose_at_random(state, space, q=q, seed=seed)

    advance.decide = draw


def run(engine: str, session: Session, file: Path) -> None:
    if engine == "inline":
        run_inline(session)
        return
    running = importlib.import_module("flows.running")
    running.run_campaign(session, file=file, leave=threading.Event(), on_message=print)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["inline", "prefect"], default="inline")
    parser.add_argument("--trials", type=int, default=2000)
    options = parser.parse_args()
    meter = Meter()
    decide_at_once()
    with tempfile.TemporaryDirectory(prefix="cost-") as folder:
        file = Path(folder) / "bench.yaml"
        text = CAMPAIGN.format(url="", trials=options.trials, capacity=1, policy="start: 3")
        file.write_text(text.replace("adapter: bench", "adapter: instant"))
        with at_work(Place(file=file)) as session, holding(session):
            session.listener = meter.hear
            started = time.perf_counter()
            run(options.engine, session, file)
            whole_s = time.perf_counter() - started
    n = len(meter.seconds)
    print(f"{options.engine}: {n} trials in {whole_s:.1f} s, load {os.getloadavg()[0]:.1f}")
    for first in range(0, n - 1, max(1, n // 4)):
        last = min(first + n // 4, n - 1)
        wall, cpu = meter.per_trial_ms(first, last)
        print(
            f"trials {first + 1:>5} to {last + 1:>5}: {wall:6.1f} ms a trial ({cpu:5.1f} ms CPU), "
            f"memory {meter.memory_mb[first]:.0f} to {meter.memory_mb[last]:.0f} MB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Campaigns whose processes are killed at random moments, and what the lab says afterwards.

``python tests/kills/campaigns_under_fire.py --engine inline --kills 100`` prints one line a kill,
and at the end whether every trial was performed once. See docs/benchmarks/kills.md.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from kill_bench import Bench, Count, until

PATIENCE_S = 180.0  # for a start on a loaded machine


@dataclass(slots=True)
class Outcome:
    """What a campaign under fire came to.

    Args:
        kills: by what was killed.
        count: of the lab and the ledger.
        seconds: from the first start to the end.
        restarts_s: from typing the command again to the next act of the lab.
    """

    kills: Counter[str]
    count: Count
    seconds: float
    restarts_s: list[float] = field(default_factory=list)

    def is_as_unkilled(self, trials: int) -> bool:
        """Tell whether every trial was performed once, none lost and none left in doubt."""
        count = self.count
        same = count.trials == {"completed": trials} and count.keys_agree
        return same and count.acts == count.distinct == trials


def fire(
    bench: Bench,
    *,
    engine: str,
    n_kills: int,
    dice: random.Random,
    only: str | None = None,
) -> Outcome:
    """Run a campaign to its end, killing one of its processes again and again.

    Args:
        bench: with a campaign of more trials than kills.
        engine: ``inline``, ``prefect`` or ``up`` (server, serving process, supervisor).
        n_kills: how many.
        dice: chooses the victims and the moments.
        only: kill this kind of process alone, and only while the lab is being used.
    """
    started = time.monotonic()
    kills: Counter[str] = Counter()
    restarts_s: list[float] = []
    process = _start(bench, engine)
    typed = time.monotonic()
    while kills.total() < n_kills:
        # one kill in five falls into the start, the others between or into acts
        if only is None and dice.random() < 0.2:
            time.sleep(dice.uniform(0.0, 4.0))
        else:
            _await_act(bench, process)
            restarts_s.append(time.monotonic() - typed)
            time.sleep(dice.uniform(0.0, 0.3))
        if _has_ended(process):
            break
        victims = _victims(bench, process, engine)
        victims = [each for each in victims if only in (None, each[0])]
        if not victims:
            continue  # it was just started and cannot be found yet
        name, victim = dice.choice(victims)
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            victim.send_signal(signal.SIGKILL)
        kills[name] += 1
        print(f"{kills.total():>4}  killed {name:<14} after {bench.n_acts()} acts", flush=True)
        if name == "planner":
            process.wait()
            process = _start(bench, engine)
        typed = time.monotonic()
    _await_end(bench, process, engine)
    return Outcome(kills, bench.count(), time.monotonic() - started, restarts_s)


def _start(bench: Bench, engine: str) -> subprocess.Popen[str]:
    if engine == "up":
        return bench.planner("up", "--until-done", str(bench.file))
    return bench.run(engine)


def _victims(
    bench: Bench, process: subprocess.Popen[str], engine: str
) -> list[tuple[str, subprocess.Popen[str] | psutil.Process]]:
    victims: list[tuple[str, subprocess.Popen[str] | psutil.Process]] = [("planner", process)]
    if engine != "inline":
        victims += [("server", each) for each in bench.servers()]
    if engine == "up":
        victims += [("serving process", each) for each in bench.workers()]
        victims += [("flow process", each) for each in bench.flow_processes()]
    return victims


def _await_act(bench: Bench, process: subprocess.Popen[str]) -> None:
    before = bench.n_acts()
    until(
        lambda: bench.n_acts() > before or _has_ended(process),
        within_s=PATIENCE_S,
        what=f"an act after {before}",
    )


def _has_ended(process: subprocess.Popen[str]) -> bool:
    return process.poll() is not None


def _await_end(bench: Bench, process: subprocess.Popen[str], engine: str) -> None:
    """Wait for the end; type the command again where a kill took it."""
    while True:
        status = process.wait(timeout=1800)
        if status == 0:
            return
        if status not in (-signal.SIGKILL,):
            said = (bench.folder / "out.txt").read_text()[-2000:]
            raise AssertionError(f"ended with {status}: {said}")
        process = _start(bench, engine)


def main() -> int:
    """Fire at one campaign and print what it came to; return 0 if it is as one not killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["inline", "prefect", "up"], default="inline")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--trials", type=int, help="default: three for each kill")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that an act takes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    trials = options.trials or 3 * options.kills
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as folder,
        Bench(Path(folder), trials=trials, latency_s=options.latency) as bench,
    ):
        outcome = fire(
            bench, engine=options.engine, n_kills=options.kills, dice=random.Random(options.seed)
        )
    good = outcome.is_as_unkilled(trials)
    print(f"{options.engine}: {dict(outcome.kills)} in {outcome.seconds:.0f} s")
    print(f"lab: {outcome.count.acts} acts of {outcome.count.distinct} keys; {outcome.count}")
    print("every trial performed once, none lost" if good else "NOT as a campaign not killed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

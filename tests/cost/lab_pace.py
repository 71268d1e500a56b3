"""How fast a lab can go: trials a second, latency, and what a step costs late in a campaign.

``python tests/cost/lab_pace.py rate``: a device that answers at once, through the whole ledger,
outbox and MQTT path, by random policy. ``long``: 10,000 trials and the memory they take.
``past``: what a step costs after 100 and after 100,000 trials. ``model``: 2,000 trials by the
default policy. ``many``: eight campaigns at once on one ledger. ``engines``: the same campaign
typed with the inline engine and through Prefect. See docs/benchmarks/pace.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / each) for each in ("labs", "kills", "lab"))]

from broker import Broker  # noqa: E402
from kill_bench import environment  # noqa: E402

from planner.ledger.entries import Entry, OutcomesObserved  # noqa: E402
from planner.ledger.replay import CampaignState  # noqa: E402
from planner.loop.dispatch.driver import driving  # noqa: E402
from planner.loop.dispatch.keeper import holding  # noqa: E402
from planner.loop.sessions.desk import Place, at_work  # noqa: E402
from planner.loop.steps.inline import run_inline  # noqa: E402
from tests.cost.past_trials import write_past  # noqa: E402

N_CAMPAIGNS = 8

CAMPAIGN = """
schema: 1
campaign: {name}
seed: {seed}
parameters:
  temperature: {{low: 100, high: 150, unit: degC}}
  flow: {{low: 1, high: 5, unit: sccm}}
  pressure: {{low: 1, high: 50, unit: mbar}}
  dwell: {{low: 1, high: 60, unit: min}}
outcomes:
  yield: {{unit: percent}}
objectives: [{{aim: maximise, outcome: yield, gain: 1}}]
sources:
  {device}: {{kind: mqtt, url: "mqtt://127.0.0.1:{port}", simulated: true, capacity: {capacity}}}
budget: {{trials: {trials}}}
policy: {{{policy}}}
"""

DEVICE = """
device: {device}
simulated: true
act: {{kind: function, function: "instant:perform"}}
mqtt: {{url: "mqtt://127.0.0.1:{port}"}}
"""

ACT = '''
"""Answers at once: a hill in four settings, with noise."""

import random


def perform(job, control):
    t, f = job["temperature"], job["flow"]
    p, d = job["pressure"], job["dwell"]
    hill = 80 - ((t - 130) / 12) ** 2 - (4 * (f - 2.5)) ** 2 - ((p - 20) / 8) ** 2
    return {"yield": (hill - ((d - 30) / 15) ** 2 + random.gauss(0, 1), "percent")}
'''


@dataclass(slots=True)
class Meter:
    """Hears the results of a campaign.

    Args:
        every: shows a line each so many trials.
        wall_s: of the wall clock, at each trial's result; in arrays, which grow hardly.
        cpu_s: of this process's CPU, at each trial's result.
        memory_mb: at each trial's result.
    """

    every: int
    wall_s: array[float] = field(default_factory=lambda: array("d"))
    cpu_s: array[float] = field(default_factory=lambda: array("d"))
    memory_mb: array[float] = field(default_factory=lambda: array("d"))

    def hear(self, entry: Entry, _state: CampaignState) -> None:
        if not isinstance(entry.record, OutcomesObserved):
            return
        self.wall_s.append(time.perf_counter())
        self.cpu_s.append(time.process_time())
        self.memory_mb.append(psutil.Process().memory_info().rss / 2**20)
        n = len(self.wall_s)
        if n % self.every == 0:
            wall, cpu = self.per_trial_ms(max(0, n - self.every - 1), n - 1)
            print(
                f"{n:>6} trials: {wall:7.1f} ms a trial ({cpu:6.1f} ms CPU), "
                f"{self.memory_mb[-1]:.0f} MB, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )

    def per_trial_ms(self, first: int, last: int) -> tuple[float, float]:
        """Return wall-clock and CPU time for each trial of a range."""
        n = max(1, last - first)
        wall, cpu = (1000 * (each[last] - each[first]) / n for each in (self.wall_s, self.cpu_s))
        return wall, cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A folder with a broker, and devices that answer at once."""

    folder: Path
    port: int

    def campaign(
        self,
        name: str,
        *,
        trials: int,
        capacity: int,
        policy: str = "acquisition: random",
        device: str = "robot",
        seed: int = 0,
    ) -> Path:
        """Write a campaign's file."""
        file = self.folder / f"{name}.yaml"
        file.write_text(
            CAMPAIGN.format(
                name=name,
                trials=trials,
                capacity=capacity,
                policy=policy,
                device=device,
                seed=seed,
                port=self.port,
            )
        )
        return file


@contextmanager
def a_lab(folder: Path, *, devices: tuple[str, ...] = ("robot",)) -> Iterator[Lab]:
    """Start a broker and a program for each device, and end them."""
    (folder / "instant.py").write_text(ACT)
    broker = Broker(folder, is_persistent=True)
    with ExitStack() as held:
        broker.start()
        held.callback(broker.kill)
        for device in devices:
            (folder / f"{device}.device").write_text(DEVICE.format(device=device, port=broker.port))
            words = [sys.executable, "-m", "planner.cli", "device", f"{device}.device"]
            log = (folder / f"{device}.txt").open("w")
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            held.callback(process.wait)
            held.callback(process.kill)
            until = time.monotonic() + 30
            while "the broker is reached" not in (folder / f"{device}.txt").read_text():
                assert process.poll() is None, (folder / f"{device}.txt").read_text()
                assert time.monotonic() < until, (folder / f"{device}.txt").read_text()
                time.sleep(0.05)
        yield Lab(folder=folder, port=broker.port)


def run_here(file: Path, *, every: int, ledger: str | None = None) -> Meter:
    """Run a campaign in this process with the inline engine."""
    meter = Meter(every)
    place = Place(file=file, ledger=ledger)
    with at_work(place) as session, holding(session), driving(session):
        session.listener = meter.hear
        step = run_inline(session)
        print(f"{step.waiting}: {step.why}", flush=True)
    return meter


def added_latencies_ms(ledger: Path, journal: Path, campaign: str) -> list[float]:
    """Return what each trial took from approval to result beside the device's own time.

    The device's own time is from when it took the order until the act had ended, so what an order
    waits there for those before it is not counted.
    """
    began: dict[int, float] = {}
    ended: dict[int, float] = {}
    query = "select kind, at, body from entries where campaign = ? order by sequence"
    with closing(sqlite3.connect(ledger)) as rows:
        for kind, at, body in rows.execute(query, (campaign,)):
            if kind not in ("trial moved", "outcomes observed"):
                continue
            record = json.loads(body)
            if kind == "outcomes observed":
                ended[record["trial"]] = _seconds(at)
            elif record["to"] == "approved":
                began[record["trial"]] = _seconds(at)
    with closing(sqlite3.connect(journal)) as rows:
        times = rows.execute("select key, taken_at, ended_at from jobs where ended_at not null")
        own = {
            int(key.split("/")[1]): _seconds(done) - _seconds(taken)
            for key, taken, done in times
            if key.startswith(f"{campaign}/")
        }
    return [1000 * (ended[each] - began[each] - own[each]) for each in ended]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def say_rate(meter: Meter, latencies_ms: list[float]) -> None:
    """Print trials a second and the latency added."""
    n = len(meter.wall_s)
    wall_s = meter.wall_s[-1] - meter.wall_s[0]
    cpu_s = meter.cpu_s[-1] - meter.cpu_s[0]
    tenth = quantiles(latencies_ms, n=10)
    print(
        f"{n} trials: {(n - 1) / wall_s:.1f} a second, {1000 * cpu_s / n:.1f} ms of this process's "
        f"CPU each; added latency {median(latencies_ms):.1f} ms (a tenth below {tenth[0]:.1f}, a "
        f"tenth above {tenth[-1]:.1f}); load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def say_memory(meter: Meter) -> None:
    """Print memory after the first thousand trials and at the end."""
    if len(meter.memory_mb) < 2000:
        return
    first, last = meter.memory_mb[999], meter.memory_mb[-1]
    print(f"memory {first:.1f} MB after 1,000 trials, {last:.1f} MB after {len(meter.memory_mb)}: "
          f"{100 * (last / first - 1):+.1f} %", flush=True)  # fmt: skip


def rate(options: argparse.Namespace) -> Meter:
    """Measure throughput and latency."""
    with tempfile.TemporaryDirectory(prefix="pace-") as folder, a_lab(Path(folder)) as lab:
        file = lab.campaign("pace", trials=options.trials, capacity=options.capacity,
                            policy=options.policy, seed=options.seed)  # fmt: skip
        meter = run_here(file, every=options.every)
        ledger = lab.folder / "pace.planner" / "ledger.db"
        say_rate(meter, added_latencies_ms(ledger, lab.folder / "robot.journal", "pace"))
        say_memory(meter)
    return meter


def past(options: argparse.Namespace) -> None:
    """Measure trials after few and after many past ones, each the whole way over MQTT."""
    for n_past in (100, options.trials):
        with tempfile.TemporaryDirectory(prefix="pace-") as folder, a_lab(Path(folder)) as lab:
            file = lab.campaign("past", trials=n_past + options.steps, capacity=options.capacity,
                                policy=options.policy, seed=options.seed)  # fmt: skip
            with at_work(Place(file=file), with_lab=False) as session:
                write_past(session, n_past)
            started = time.perf_counter()
            with at_work(Place(file=file)) as session, holding(session):
                opened_s = time.perf_counter() - started
                with driving(session):
                    ready_s = time.perf_counter() - started
                    meter = Meter(10**9)
                    session.listener = meter.hear
                    run_inline(session)
            half = options.steps // 2
            wall, cpu = meter.per_trial_ms(half, options.steps - 1)
            print(f"after {n_past:>7,} trials: opened in {opened_s:.1f} s, with its driver in "
                  f"{ready_s:.1f} s, {wall:.2f} ms a trial ({cpu:.2f} ms CPU), "
                  f"{meter.memory_mb[-1]:.0f} MB, load {os.getloadavg()[0]:.1f}",
                  flush=True)  # fmt: skip


def many(options: argparse.Namespace) -> None:
    """Run eight campaigns at once on one ledger, each with a device of its own."""
    devices = tuple(f"robot_{number}" for number in range(1, N_CAMPAIGNS + 1))
    with (
        tempfile.TemporaryDirectory(prefix="pace-") as folder,
        a_lab(Path(folder), devices=devices) as lab,
    ):
        url = str(lab.folder / "lab.db")
        started = time.perf_counter()
        files = [
            lab.campaign(f"at_{device}", trials=options.trials, capacity=options.capacity,
                         policy=options.policy, device=device, seed=number)
            for number, device in enumerate(devices)
        ]  # fmt: skip
        if options.up:
            served = [sys.executable, "-m", "planner.cli", "up", *map(str, files), "--until-done"]
            typed = [served]
        else:
            one = [sys.executable, __file__, "one", "--url", url, "--file"]
            typed = [[*one, str(file)] for file in files]
        known = environment() | {"PLANNER_DATABASE_URL": f"sqlite:///{url}"}
        processes = [subprocess.Popen(words, env=known, cwd=lab.folder) for words in typed]
        codes = [process.wait() for process in processes]
        spent_s = time.perf_counter() - started
        with closing(sqlite3.connect(url)) as rows:
            query = "select campaign, state, count(*) from trials group by 1, 2"
            counts = list(rows.execute(query))
        print(f"exit codes {codes}; {counts}", flush=True)
        n = sum(count for _, _, count in counts)
        print(f"{n} trials of {len(devices)} campaigns in {spent_s:.0f} s, start-up included: "
              f"{n / spent_s:.1f} a second, load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


def engines(options: argparse.Namespace) -> None:
    """Run the same campaign by the command line with each engine."""
    for engine in ("inline", "prefect"):
        with tempfile.TemporaryDirectory(prefix="pace-") as folder, a_lab(Path(folder)) as lab:
            name = f"by_{engine}"
            file = lab.campaign(name, trials=options.trials, capacity=options.capacity,
                                policy=options.policy, seed=options.seed)  # fmt: skip
            words = [sys.executable, "-m", "planner.cli", "run", str(file), "--engine", engine]
            started, before = time.perf_counter(), _children_cpu_s()
            ended = subprocess.run(words, env=environment(), cwd=lab.folder, check=False,
                                   stdin=subprocess.DEVNULL, capture_output=True)  # fmt: skip
            spent_s, cpu_s = time.perf_counter() - started, _children_cpu_s() - before
            assert ended.returncode == 0, ended.stderr.decode()
            ledger = lab.folder / f"{name}.planner" / "ledger.db"
            latencies = added_latencies_ms(ledger, lab.folder / "robot.journal", name)
            with closing(sqlite3.connect(ledger)) as rows:
                query = "select min(at), max(at) from entries where kind = 'outcomes observed'"
                first, last = map(_seconds, rows.execute(query).fetchone())
            n = len(latencies)
            print(f"{engine:8} {n} trials in {spent_s:.1f} s with start and end, {cpu_s:.1f} s of "
                  f"CPU; between the first result and the last {(n - 1) / (last - first):.1f} a "
                  f"second, added latency {median(latencies):.1f} ms; load "
                  f"{os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def one(options: argparse.Namespace) -> Meter:
    """Run one of several campaigns, for ``many``."""
    meter = run_here(options.file, every=10**9, ledger=options.url)
    say_memory(meter)
    return meter


WAYS: dict[str, Callable[[argparse.Namespace], Meter | None]] = {
    "rate": rate,
    "long": rate,
    "model": rate,
    "past": past,
    "many": many,
    "engines": engines,
    "one": one,
}
TRIALS = {"long": 10_000, "past": 100_000, "many": 2_000, "engines": 400}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=list(WAYS))
    parser.add_argument(
        "--trials",
        type=int,
        help="default: 2,000; long 10,000; past 100,000; many 2,000 each; engines 400",
    )
    parser.add_argument("--capacity", type=int, default=8, help="trials in flight")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=500, help="a line each so many trials")
    parser.add_argument("--keep", type=Path, help="JSON file for the series of time and memory")
    parser.add_argument("--steps", type=int, default=300, help="of past: trials that are timed")
    parser.add_argument("--up", action="store_true", help="many: served by planner up instead")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--policy", default="", help="instead of acquisition: random")
    options = parser.parse_args()
    options.trials = options.trials or TRIALS.get(options.what, 2_000)
    if not options.policy and options.what != "model":
        options.policy = "acquisition: random"
    meter = WAYS[options.what](options)
    if options.keep and meter is not None:
        options.keep.write_text(
            json.dumps(
                {
                    "wall_s": meter.wall_s.tolist(),
                    "cpu_s": meter.cpu_s.tolist(),
                    "mb": meter.memory_mb.tolist(),
                }
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

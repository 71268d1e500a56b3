"""A device, its broker, the planner and the way between them, killed and cut at random moments.

``python tests/kills/devices_under_fire.py --wire mqtt --trials 300`` prints one line a blow, and at
the end what the device's own record of physical acts says beside the ledger: every key acted on at
most once, none lost, and in doubt only where the device was killed at work. A person's verdicts on
what is in doubt are given from that record. See docs/benchmarks/kills.md.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent), str(ROOT / "tests" / "labs")]

from broker import PROGRAM, Broker  # noqa: E402, F401
from cut_line import CutLine  # noqa: E402
from kill_bench import environment  # noqa: E402

from planner.device.virtual.record import count_begun, read_record  # noqa: E402

Wire = Literal["http", "mqtt"]
PATIENCE_S = 240.0

CAMPAIGN = """
schema: 1
campaign: bench
parameters:
  temperature: {{low: 100, high: 150, unit: degC}}
  flow: {{low: 1, high: 5, unit: sccm}}
outcomes:
  yield: {{unit: percent, bounds: [-1000, 1000]}}
objectives: [{{aim: maximise, outcome: yield, gain: 1}}]
sources:
  robot:
    kind: {wire}
    url: {url}
    simulated: true
    connect_timeout: 1
    answer_timeout: 2
budget: {{trials: {trials}}}
policy: {{start: 3}}
model: {{family: gp}}
"""

DEVICE = """
device: robot
act:
  kind: virtual
  duration: {duration}
  seed: {seed}
  outcomes: {{yield: {{formula: "temperature / 2 + flow", unit: percent, sd: 1}}}}
  faults: {{lost: {lost}, doubled: 0.1, late: 0.1, late_by: 0.3}}
{face}
"""


@dataclass(slots=True)
class Outcome:
    """What a campaign under fire came to.

    Args:
        blows: by what was hit.
        begun: acts of the device by key.
        in_doubt: trials that were in doubt at some time, by number, with the first reason.
        interrupted: keys at which the device was killed at work.
        states: of the trials at the end.
        keys: of the ledger's runs.
        seconds: from the first start to the end.
    """

    blows: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    in_doubt: dict[int, str] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)
    states: dict[str, int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def faults(self) -> list[str]:
        """Return each promise that was broken, in words."""
        twice = [key for key, n in self.begun.items() if n > 1]
        strangers = sorted(set(self.begun) - self.keys)
        unfounded = {
            number: why
            for number, why in self.in_doubt.items()
            if not any(key.split("/")[1] == str(number) for key in self.interrupted)
        }
        open_states = set(self.states) - {"completed", "failed by machine"}
        found = []
        if twice:
            found.append(f"acted on twice: {twice}")
        if strangers:
            found.append(f"acts that no run of the ledger asked for: {strangers}")
        if unfounded:
            found.append(f"in doubt although the device was not interrupted: {unfounded}")
        if open_states:
            found.append(f"trials that are {open_states}")
        return found


class Bench:
    """A campaign, a device, a line that can be cut, and a broker where one is needed.

    Args:
        folder: for all their files.
        wire: between planner and device.
        trials: budget of the campaign.
        duration: seconds that an act takes.
        lost: chance that an answer of the device never leaves.
        seed: of the device's draws.
    """

    def __init__(
        self,
        folder: Path,
        *,
        wire: Wire,
        trials: int,
        duration: float = 0.05,
        lost: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.folder = folder
        self.trials = trials
        self.wire = wire
        self.broker = Broker(folder, is_persistent=True) if wire == "mqtt" else None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = self.broker.port if self.broker is not None else probe.getsockname()[1]
        self.line = CutLine(to=port)
        here = f"url: mqtt://127.0.0.1:{port}"
        face = f"mqtt: {{{here}}}" if wire == "mqtt" else f"http: {{port: {port}, rate: 2000}}"
        device = DEVICE.format(duration=duration, seed=seed, lost=lost, face=face)
        (folder / "robot.yaml").write_text(device)
        there = f"{wire}://127.0.0.1:{self.line.port}"
        self.file = folder / "bench.yaml"
        self.file.write_text(CAMPAIGN.format(wire=wire, url=there, trials=trials))
        self._processes: list[subprocess.Popen[str]] = []
        if self.broker is not None:
            self.broker.start()
        self.device = self.start_device()
        self.planner = self.start_planner()

    def start_device(self) -> subprocess.Popen[str]:
        """Start the device's program, or start it again."""
        return self._spawn([sys.executable, "-m", "planner.cli", "device", "robot.yaml"], "device")

    def start_planner(self) -> subprocess.Popen[str]:
        """Type ``planner run``."""
        program = str(Path(__file__).parent / "drawn_at_random.py")
        words = [sys.executable, program, "run", str(self.file), "--engine", "inline"]
        return self._spawn(words, "planner")

    def type(self, *words: str) -> str:
        """Type a command, and return what it says."""
        said = subprocess.run(
            [sys.executable, "-m", "planner.cli", *words],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return said.stdout + said.stderr

    def n_done(self) -> int:
        """Return how many acts have ended."""
        return sum(each["event"] == "ended" for each in read_record(self.record))

    @property
    def record(self) -> Path:
        """The device's record of physical acts."""
        return self.folder / "robot.acts"

    def query(self, text: str) -> list[tuple[object, ...]]:
        """Ask the ledger's tables."""
        path = self.folder / "bench.planner" / "ledger.db"
        if not path.exists():
            return []
        with (
            closing(sqlite3.connect(path, timeout=30)) as ledger,
            suppress(sqlite3.OperationalError),  # it is being made
        ):
            return list(ledger.execute(text))
        return []

    def close(self) -> None:
        """End everything."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.line.close()
        if self.broker is not None:
            self.broker.kill()

    def _spawn(self, program: list[str], name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            program,
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / f"{name}.txt").open("a"),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process


def fire(bench: Bench, *, n_blows: int, dice: random.Random) -> Outcome:
    """Run a campaign to its end under blows, and give verdicts where they are asked for."""
    outcome, started = Outcome(), time.monotonic()
    pause = bench.trials / max(1, n_blows)
    next_at = pause
    while True:
        _give_verdicts(bench, outcome)
        if bench.planner.poll() is not None:
            if _is_over(bench):
                break
            assert bench.planner.returncode not in (2, 70), _tail(bench)
            bench.planner = bench.start_planner()
        if outcome.blows.total() < n_blows and bench.n_done() >= next_at:
            time.sleep(dice.uniform(0.0, 0.3))
            what = _strike(bench, dice)
            outcome.blows[what] += 1
            next_at = bench.n_done() + pause * dice.uniform(0.3, 1.5)
            print(f"{outcome.blows.total():>4}  {what} after {bench.n_done()} acts", flush=True)
        assert time.monotonic() - started < 40 * 60, _tail(bench)
        time.sleep(0.02)
    outcome.seconds = time.monotonic() - started
    outcome.begun = count_begun(bench.record)
    outcome.interrupted = _interrupted(bench)
    outcome.states = dict(bench.query("select state, count(*) from trials group by state"))  # type: ignore[arg-type]
    outcome.keys = {str(row[0]) for row in bench.query("select key from runs")}
    return outcome


def _strike(bench: Bench, dice: random.Random) -> str:
    ways = ["planner", "device", "cut", "two planners"] + ["broker"] * (bench.broker is not None)
    match dice.choice(ways):
        case "planner":
            bench.planner.send_signal(signal.SIGKILL)
            bench.planner.wait()
            bench.planner = bench.start_planner()
            return "planner killed"
        case "device":
            bench.device.send_signal(signal.SIGKILL)
            bench.device.wait()
            time.sleep(dice.uniform(0.0, 1.0))
            bench.device = bench.start_device()
            return "device killed"
        case "broker":
            assert bench.broker is not None
            bench.broker.kill()
            time.sleep(dice.uniform(0.0, 1.0))
            bench.broker.start()
            return "broker killed"
        case "two planners":
            bench.start_planner()
            return "a second planner started"
    after = dice.choice([None, 40, 400])
    bench.line.cut(truncate_after=after, for_s=dice.uniform(0.0, 1.5))
    return "line cut" + (f" after {after} bytes" if after else "")


def _give_verdicts(bench: Bench, outcome: Outcome) -> None:
    """Let a person look at the device's record, and say what became of what is in doubt."""
    rows = bench.query("select trial, open_run from trials where state = 'in doubt'")
    for trial, key in rows:
        number = int(str(trial))
        reasons = bench.query(f"select evidence from runs where key = '{key}'")
        outcome.in_doubt.setdefault(number, str(reasons[0][0]) if reasons else "")
        is_begun = count_begun(bench.record)[str(key)] > 0
        verdict = "no-result" if is_begun else "not-performed"
        bench.type("resolve", str(bench.file), str(number), verdict, "--reason", "its own record")


def _interrupted(bench: Bench) -> set[str]:
    """Return the keys at which the device's program died with the act begun, or just before it."""
    with closing(sqlite3.connect(bench.folder / "robot.journal", timeout=30)) as journal:
        rows = journal.execute("select key from jobs where state = 'unknown'")
        return {str(row[0]) for row in rows}


def _is_over(bench: Bench) -> bool:
    rows = bench.query("select stopped_at from campaigns")
    still = bench.query("select count(*) from trials where open_run is not null")
    return bool(rows and rows[0][0] is not None and still[0][0] == 0)


def _tail(bench: Bench) -> str:
    return "\n".join(
        (bench.folder / f"{name}.txt").read_text()[-1500:] for name in ("planner", "device")
    )


def main() -> int:
    """Fire at one campaign and print what it came to; return 0 if no promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wire", choices=["http", "mqtt"], default="http")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--blows", type=int, help="default: one for each three trials")
    parser.add_argument("--duration", type=float, default=0.05, help="seconds that an act takes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fire-") as folder:
        bench = Bench(
            Path(folder),
            wire=options.wire,
            trials=options.trials,
            duration=options.duration,
            seed=options.seed,
        )
        try:
            outcome = fire(
                bench,
                n_blows=options.blows if options.blows is not None else options.trials // 3,
                dice=random.Random(options.seed),
            )
        finally:
            bench.close()
    faults = outcome.faults()
    facts = {
        "wire": options.wire,
        "seconds": round(outcome.seconds),
        "blows": dict(outcome.blows),
        "acts": outcome.begun.total(),
        "keys acted on": len(outcome.begun),
        "in doubt": len(outcome.in_doubt),
        "device killed at work": len(outcome.interrupted),
        "trials": outcome.states,
    }
    print(json.dumps(facts, indent=2))
    print("every promise kept" if not faults else "BROKEN: " + "; ".join(faults))
    return 0 if not faults else 1


if __name__ == "__main__":
    sys.exit(main())

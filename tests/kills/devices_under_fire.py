"""A device, its way to the planner, its ledger and the planner itself under fire, and a judge.

``python -m tests.kills.devices_under_fire --face mqtt --trials 300 --seed 1`` prints a line a blow,
and at the end what the device's own record of physical acts says beside the ledger: every key acted
on at most once; every trial ended or in doubt; in doubt only where the device was interrupted or
deaf; both agree, on values too. A person's verdicts on what stays in doubt are given from that
record. The exit status is 1 where a promise was broken. See docs/benchmarks/kills.md.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from blows import Blow, Striker
from chaos_bench import FACES, Bench, Plan
from judge import Findings, Watch, judge

from planner.device.virtual.record import read_record

LONGEST_S = 60 * 60.0
_FOR_EVIDENCE_S = 4.0  # a doubt that evidence ends needs no person
_AWAKE_WITHIN_S = 20.0
_BUGS = (2, 70)  # exit codes that no blow is a ground for


@dataclass(slots=True)
class Fire:
    """A campaign under fire.

    Args:
        bench: to strike.
        n_blows: how many at most, spread over the campaign.
        dice: for blows and moments.
    """

    bench: Bench
    n_blows: int
    dice: random.Random
    blows: list[Blow] = field(default_factory=list)
    seen: list[tuple[float, int]] = field(default_factory=list)
    in_doubt_since: dict[str, float] = field(default_factory=dict)
    exits: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    device_seen: float = 0.0

    def run(self) -> Findings:
        """Run the campaign to its end under blows."""
        bench, began = self.bench, time.monotonic()
        striker = Striker(bench, dice=self.dice)
        pause = bench.plan.trials / max(1, self.n_blows + 1)
        next_at = pause * self.dice.uniform(0.3, 1.0)
        while not self._is_over():
            self._watch()
            self._keep_up(striker)
            if len(self._struck()) < self.n_blows and bench.n_done() >= next_at:
                time.sleep(self.dice.uniform(0.0, 0.3))
                self._note(striker.strike())
                next_at = bench.n_done() + pause * self.dice.uniform(0.3, 1.5)
            if not striker.asleep:
                self._give_verdicts()
            assert time.monotonic() - began < LONGEST_S, bench.tail()
            time.sleep(0.02)
        self.seconds = time.monotonic() - began
        return self._judge()

    def _struck(self) -> list[Blow]:
        return [each for each in self.blows if not each.what.startswith("device died")]

    def _note(self, blow: Blow) -> None:
        self.blows.append(blow)
        print(f"{len(self.blows):>4}  {blow.what} after {self.bench.n_done()} acts", flush=True)

    def _watch(self) -> None:
        rows = self.bench.query("select max(sequence) from entries")
        if rows and rows[0][0] is not None:
            self.seen.append((time.monotonic(), int(str(rows[0][0]))))

    def _keep_up(self, striker: Striker) -> None:
        """Start again what has ended, as a supervisor does."""
        bench = self.bench
        if bench.device is not None and bench.device.poll() is not None:
            bench.start_device()
            now = time.monotonic()
            hits = frozenset({"device", "way"})
            self._note(Blow("device died by itself", self.device_seen, now + 1.0, hits))
        self.device_seen = time.monotonic()
        status = bench.planner.poll()
        if status is not None and not self._is_over():
            self.exits[status] += 1
            assert status not in _BUGS, bench.tail()
            time.sleep(0.2)
            bench.planner = bench.start_planner()
        for each in list(striker.asleep):
            blow = next(b for b in reversed(self.blows) if b.what.startswith("planner asleep"))
            if each.poll() is not None:
                striker.asleep.remove(each)
            elif time.monotonic() - blow.ended > _AWAKE_WITHIN_S:
                each.kill()  # it does no harm, and nobody waits for it
                self._note(Blow("planner that slept killed", time.monotonic(), time.monotonic()))

    def _give_verdicts(self) -> None:
        """Let a person look at the device's record, and say what became of what stays in doubt."""
        bench = self.bench
        rows = bench.query("select trial, open_run from trials where state = 'in doubt'")
        if rows is None:
            return
        now, doubts = time.monotonic(), {str(key): int(str(trial)) for trial, key in rows}
        self.in_doubt_since = {key: self.in_doubt_since.get(key, now) for key in doubts}
        for key, trial in doubts.items():
            if now - self.in_doubt_since[key] < _FOR_EVIDENCE_S:
                continue
            lines = [each for each in read_record(bench.record) if each["key"] == key]
            done = [each["outcomes"] for each in lines if each.get("how") == "done"]
            words = ["not-performed"] if not lines else ["no-result"]
            if done:
                words = ["performed", *(f"{name}={value!r}" for name, value in done[0].items())]
            bench.type("resolve", str(bench.file), str(trial), *words, "--reason", "its record")

    def _is_over(self) -> bool:
        rows = self.bench.query("select stopped_at from campaigns")
        still = self.bench.query("select count(*) from trials where open_run is not null")
        return bool(rows and still and rows[0][0] is not None and still[0][0] == 0)

    def _judge(self) -> Findings:
        bench = self.bench
        found = judge(
            bench.record,
            place=bench.place,
            face=bench.plan.face,
            blows=self.blows,
            watch=Watch(self.seen),
        )
        for path in sorted(bench.folder.glob("*.txt")):
            n = path.read_text().count("Traceback (most recent call last)")
            if n:
                found.faults.append(f"{path.name} holds {n} tracebacks")
        return found


def describe(fire: Fire, found: Findings) -> dict[str, object]:
    """Return the figures."""
    plan = fire.bench.plan
    return {
        "face": plan.face,
        "engine": plan.engine,
        "ledger": "PostgreSQL" if plan.on_server else "SQLite",
        "seconds": round(fire.seconds),
        "blows": dict(Counter(each.what for each in fire.blows).most_common()),
        "planner ended by itself": {str(code): n for code, n in fire.exits.items()},
        "trials": dict(found.states),
        "runs": dict(found.runs),
        "acts": found.n_acts,
        "keys acted on": found.n_keys,
        "in doubt": len(found.doubts),
        "of these ended by a person": found.n_verdicts,
        "in doubt because": dict(Counter(each.why[:60] for each in found.doubts).most_common(6)),
    }


def main() -> int:
    """Fire at one campaign and print what it came to; return 0 if no promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--face", choices=FACES, default="http")
    parser.add_argument("--engine", choices=["inline", "prefect", "up"], default="inline")
    parser.add_argument("--ledger", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--blows", type=int, help="default: one for each three trials")
    parser.add_argument("--duration", type=float, default=0.05, help="seconds that an act takes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for all files, to look at afterwards")
    options = parser.parse_args()
    plan = Plan(
        face=options.face,
        trials=options.trials,
        engine=options.engine,
        on_server=options.ledger == "postgresql",
        duration_s=options.duration,
        seed=options.seed,
    )
    n_blows = options.blows if options.blows is not None else options.trials // 3
    with tempfile.TemporaryDirectory(prefix="fire-") as passing:
        folder = options.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        with Bench(folder.resolve(), plan) as bench:
            fire = Fire(bench, n_blows=n_blows, dice=random.Random(options.seed))
            found = fire.run()
    print(json.dumps(describe(fire, found), indent=2))
    for fault in found.faults:
        print(f"BROKEN: {fault}")
    print("every promise kept" if not found.faults else f"{len(found.faults)} promises broken")
    return 0 if not found.faults else 1


if __name__ == "__main__":
    sys.exit(main())

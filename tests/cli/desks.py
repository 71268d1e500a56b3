"""The command line as people use it: real processes in a folder, and their ledger afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from planner.clock import SystemClock
from planner.ledger import Entry, open_ledger

ENTRIES: TypeAdapter[Entry] = TypeAdapter(Entry)

FLOW = """
schema: 1
campaign: flow
parameters:
  temperature: {low: 60, high: 120, unit: degC}
  residence: {low: 5, high: 30, unit: min}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
objectives: [{aim: maximise, outcome: yield, gain: 1}]
candidates: {source: reactor}
sources:
  reactor:
    kind: table
    capacity: CAPACITY
    table:
      path: flow.csv
      columns: {temperature: temperature, residence: residence, yield: yield}
budget: {trials: BUDGET}
model: {family: gp}
policy: {start: START, approval: APPROVAL}
"""


def write_flow(
    folder: Path,
    *,
    budget: int = 5,
    approval: str = "automatic",
    capacity: int = 1,
    scale: float = 1.0,
    start: int = 4,
) -> Path:
    """Writes a small campaign that replays a table of 16 conditions, best at 100 degC, 20 min.

    ``scale`` multiplies the yields: with 10 all lie beyond 100 percent and are put aside.
    """
    rows = ["temperature,residence,yield"]
    for temperature in (60, 80, 100, 120):
        for residence in (5, 10, 20, 30):
            loss = (temperature - 100) ** 2 / 40 + (residence - 20) ** 2 / 10
            rows.append(f"{temperature},{residence},{scale * (90 - loss):.2f}")
    (folder / "flow.csv").write_text("\n".join(rows) + "\n")
    text = FLOW.replace("CAPACITY", str(capacity))
    text = text.replace("BUDGET", str(budget)).replace("APPROVAL", approval)
    text = text.replace("START", str(start))
    (folder / "flow.yaml").write_text(text)
    return folder / "flow.yaml"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What ``--json`` printed; all of standard output is one JSON text."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with campaigns, and the command line in it."""

    folder: Path
    project: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "planner.cli", *arguments],
            cwd=self.folder,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Returns the environment of a command: this one's, with no ledger of somebody else."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PLANNER_")}
        return {**kept, "PYTHONPATH": str(self.project), "OMP_NUM_THREADS": "1", **more}

    def run(self, *arguments: str, code: int = 0, **environment: str) -> Ended:
        """Runs a command to its end and checks its exit code; nobody is shown a traceback."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}:\n{err}"
        assert "Traceback" not in out + err
        return Ended(process.returncode, out, err)

    def records(self, campaign: str) -> list[dict[str, Any]]:
        """Returns the entries of a campaign, from the ledger itself."""
        place = self.folder / f"{campaign}.planner" / "ledger.db"
        ledger = open_ledger(place, clock=SystemClock(), create=False)
        try:
            return [ENTRIES.dump_python(each, mode="json") for each in ledger.read(campaign)]
        finally:
            ledger.close()

    def kinds(self, campaign: str) -> list[str]:
        """Returns the kinds of the records, in order."""
        return [entry["record"]["kind"] for entry in self.records(campaign)]

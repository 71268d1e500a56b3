"""A bench to kill things on: a campaign, a lab of its own process, and the planner's processes."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LAB = ROOT / "tests" / "lab"

CAMPAIGN = """
schema: 1
campaign: {name}
parameters:
  temperature: {{low: 100, high: 150, unit: degC}}
  flow: {{low: 1, high: 5, unit: sccm}}
outcomes:
  yield: {{unit: percent, bounds: [-1000, 100]}}
objectives: [{{aim: maximise, outcome: yield, gain: 1}}]
sources:
  robot:
    kind: adapter
    adapter: bench
    simulated: true
    capacity: {capacity}
    settings: {{url: "{url}"}}
budget: {{trials: {trials}}}
{choice}
"""


@dataclass(frozen=True, slots=True)
class Count:
    """What the lab's own record and the ledger say at the end.

    Args:
        acts: performed by the lab, repeats counted.
        distinct: acts of different keys.
        trials: states of the trials in the ledger.
        keys_agree: whether every act belongs to a run of the ledger that has ended, and back.
    """

    acts: int
    distinct: int
    trials: dict[str, int]
    keys_agree: bool


class Bench:
    """One campaign in a folder of its own, with its lab; ``close`` it, or use it in ``with``.

    Args:
        folder: for all files.
        trials: budget of the campaign.
        latency_s: that an act takes.
        capacity: of the lab.
        policy: of the campaign; None: the start of its own, with forecasts from the third trial on.
        home: of Prefect's, to copy.
        name: of the campaign and its file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        trials: int,
        latency_s: float = 0.05,
        capacity: int = 1,
        policy: str | None = None,
        home: Path | None = None,
        name: str = "bench",
    ) -> None:
        self.folder = folder
        self.trials = trials
        self.file = folder / f"{name}.yaml"
        self.ledger = folder / f"{name}.planner" / "ledger.db"
        self._latency_s = latency_s
        self._port = 0
        self._processes: list[subprocess.Popen[str]] = []
        if home is not None:
            shutil.copytree(home, folder / ".prefect")  # the server ran there before
        self.start_lab()
        url = f"http://127.0.0.1:{self._port}"
        choice = f"policy: {{start: {trials}}}\nmodel: {{family: gp}}"
        if policy is not None:
            choice = f"policy: {{{policy}}}"
        text = CAMPAIGN.format(name=name, url=url, trials=trials, capacity=capacity, choice=choice)
        self.file.write_text(text)

    def start_lab(self) -> None:
        """Start the lab's process; after a kill, on the same port and the same record."""
        program = [sys.executable, str(LAB / "lab_server.py"), str(self.folder / "lab.db")]
        self.lab = self._spawn([*program, str(self._port), str(self._latency_s)], is_lab=True)
        assert self.lab.stdout is not None
        self._port = int(self.lab.stdout.readline())

    def planner(self, *words: str) -> subprocess.Popen[str]:
        """Type a command of the planner, in a session of its own."""
        return self._spawn([sys.executable, "-m", "planner.cli", *words], is_lab=False)

    def run(self, engine: str) -> subprocess.Popen[str]:
        """Type ``planner run``."""
        return self.planner("run", "--engine", engine, str(self.file))

    def n_acts(self) -> int:
        return int(self._ask_lab("select count(*) from acts")[0][0])

    def count(self) -> Count:
        acts = [row[0] for row in self._ask_lab("select key from acts")]
        with closing(sqlite3.connect(self.ledger)) as ledger:
            trials = dict(ledger.execute("select state, count(*) from trials group by state"))
            runs = {row[0] for row in ledger.execute("select key from runs")}
        return Count(
            acts=len(acts), distinct=len(set(acts)), trials=trials, keys_agree=set(acts) == runs
        )

    def servers(self) -> list[psutil.Process]:
        """Return the live server processes of this bench's home."""
        return self._find("flows.server_main")

    def workers(self) -> list[psutil.Process]:
        """Return the live serving processes of this bench's home."""
        return self._find("flows.worker_main")

    def flow_processes(self) -> list[psutil.Process]:
        """Return the live processes that a serving process started for a flow run."""
        found = []
        for worker in self.workers():
            with suppress(psutil.NoSuchProcess):
                found += [
                    child
                    for child in worker.children(recursive=True)
                    if "prefect" in " ".join(child.cmdline())
                ]
        return found

    def flow_run_states(self) -> list[str]:
        """Return what Prefect says of each flow run, once the server has written it."""
        with closing(sqlite3.connect(self.folder / ".prefect" / "prefect.db")) as database:
            return [row[0] for row in database.execute("select state_name from flow_run")]

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        for other in [*self.flow_processes(), *self.workers(), *self.servers()]:
            with suppress(psutil.NoSuchProcess):
                other.kill()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(self, program: list[str], *, is_lab: bool) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            program,
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_lab else (self.folder / "out.txt").open("a"),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def _ask_lab(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "lab.db", timeout=30)) as database:
            return list(database.execute(query))

    def _find(self, module: str) -> list[psutil.Process]:
        home = str(self.folder / ".prefect")
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            words = process.info["cmdline"] or []
            is_alive = process.info["status"] != psutil.STATUS_ZOMBIE
            if module in words and home in words and is_alive:
                found.append(process)
        return found


def environment() -> dict[str, str]:
    """Return this environment with the lab's adapter, one thread, and nothing of Prefect's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    path = os.pathsep.join([str(ROOT), str(LAB), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**clean, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "160"}


def until(is_so: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Poll until something is so and return the seconds that took; fail at the deadline."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - start

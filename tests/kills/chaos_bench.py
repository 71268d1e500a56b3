"""A bench for chaos: a campaign, its ledger, its device and all that lies between, to be struck."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import psutil
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
_PATHS = [ROOT, HERE, ROOT / "tests" / "lab", ROOT / "tests" / "labs", ROOT / "tests" / "ledger"]
sys.path[:0] = [str(each) for each in _PATHS]

from broker import PROGRAM, Broker  # noqa: E402, F401
from cut_line import CutLine  # noqa: E402
from forked import Forked, What  # noqa: E402
from postgresql_server import Server, serving  # noqa: E402
from stepped_clock import VARIABLE, read_offset, set_offset  # noqa: E402

from planner.device.virtual.record import read_record  # noqa: E402
from planner.ledger.engines import make_engine, parse_place  # noqa: E402
from tests.free_ports import free_port  # noqa: E402

Face = Literal["http", "mqtt", "command", "two_phase", "fire_and_observe"]
FACES: tuple[Face, ...] = get_args(Face)
Engine = Literal["inline", "prefect", "up"]
DATABASE = "PLANNER_DATABASE_URL"
_SERVER = "flows.server_main"

CAMPAIGN = """
schema: 1
campaign: bench
parameters:
  temperature: {{low: 100, high: 150, unit: degC, resolution: 0.000001}}
  flow: {{low: 1, high: 5, unit: sccm, resolution: 0.000001}}
outcomes:
  yield: {{unit: percent, bounds: [-1000, 1000]}}
objectives: [{{aim: maximise, outcome: yield, gain: 1}}]
sources:
  robot: {{{source}, simulated: true, time_limit: 30 min{more}}}
budget: {{trials: {trials}}}
policy: {{acquisition: random}}
stop: {{failures: 100000}}
"""

DEVICE = """
device: robot
act:
  kind: virtual
  duration: {duration}
  seed: {seed}
  outcomes: {{yield: {{formula: "temperature / 2 + flow", unit: percent, sd: 1}}}}
  faults:
    lost: {lost}
    doubled: 0.1
    late: 0.1
    late_by: 0.3
    crashes:
{crashes}
{face}
"""
CRASH_POINTS = ("before accept", "accepted", "started", "acting", "acted", "ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be set up.

    Args:
        face: of the device.
        trials: budget of the campaign.
        engine: that runs it.
        on_server: whether the ledger lies in PostgreSQL.
        duration_s: of an act.
        lost: chance that an answer of a keyed device never leaves.
        crash: chance that a keyed device's program dies at each of six points of a job.
        answer_s: how long an answer of a keyed device is waited for.
        seed: of the device's draws.
    """

    face: Face
    trials: int
    engine: Engine = "inline"
    on_server: bool = False
    duration_s: float = 0.05
    lost: float = 0.05
    crash: float = 0.003
    answer_s: float = 2.0
    seed: int = 0


class Bench:
    """Starts all of it; ``close`` it, or use it in ``with``.

    Args:
        folder: for all files.
        plan: what to set up.
        blind: whether the adapter is one that sends again blindly.
    """

    def __init__(self, folder: Path, plan: Plan, *, blind: bool = False) -> None:
        self.folder = folder
        self.plan = plan
        self.file = folder / "bench.yaml"
        self._held = ExitStack()
        self._all: list[Forked] = []
        self._n_started = 0
        self._blind = blind
        os.environ["PYTHONPATH"] = os.pathsep.join(map(str, _PATHS))
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        plan = self.plan
        self.database: Server | None = None
        self.place = str(self.folder / "bench.planner" / "ledger.db")
        if plan.on_server:
            self.database = self._held.enter_context(serving())
            self.place = self.database.create("chaos")
        self.broker: Broker | None = None
        if plan.face == "mqtt":
            self.broker = Broker(self.folder, is_persistent=True)
            self.broker.start()
            self._held.callback(self.broker.kill)
        self.port = self.broker.port if self.broker is not None else free_port()
        self.lines = [CutLine(to=self.port) for _ in range(2 if self.broker else 1)]
        for line in self.lines:
            self._held.callback(line.close)
        self._write_files()
        self.device: Forked | None = None
        self.start_device()
        self.engine = make_engine(parse_place(self.place))
        self._held.callback(self.engine.dispose)
        self.planner = self.start_planner()
        self.driver: Forked | None = None

    def _write_files(self) -> None:
        plan, port = self.plan, self.lines[0].port
        address = f"127.0.0.1:{port}"
        keyed = f"connect_timeout: 1, answer_timeout: {plan.answer_s}, not_after: 5 h, retries: 1"
        python, program = sys.executable, HERE / "recorded_program.py"
        words = f"{python}, -S, {program}, {self.record}, '{plan.duration_s}'"
        sources = {
            "http": (f"kind: http, url: 'http://{address}'", f", capacity: 3, {keyed}"),
            "mqtt": (f"kind: mqtt, url: 'mqtt://{address}'", f", capacity: 3, {keyed}"),
            "command": (f"kind: command, program: [{words}]", ", capacity: 2, not_after: 5 h"),
        }
        adapter = f"kind: adapter, adapter: {plan.face}, settings: {{url: 'http://{address}'}}"
        capacity = 2 if plan.face == "two_phase" else 1
        source, more = sources.get(plan.face, (adapter, f", capacity: {capacity}"))
        self.file.write_text(CAMPAIGN.format(source=source, more=more, trials=plan.trials))
        here = f"mqtt: {{url: 'mqtt://127.0.0.1:{self.lines[-1].port}'}}"
        face = here if plan.face == "mqtt" else f"http: {{port: {self.port}, rate: 2000}}"
        crashes = "\n".join(
            f"      - {{at: {point}, times: 1000, chance: {plan.crash}}}" for point in CRASH_POINTS
        )
        device = DEVICE.format(
            duration=plan.duration_s, seed=plan.seed, lost=plan.lost, crashes=crashes, face=face
        )
        (self.folder / "robot.yaml").write_text(device)

    def start_device(self) -> None:
        """Start the device's program, or start it again; a command needs none."""
        face = self.plan.face
        if face == "command":
            return
        if face in ("http", "mqtt"):
            self.device = self._fork("device", ["device", "robot.yaml"])
        else:
            words = [face, str(self.record), str(self.port), str(self.plan.duration_s)]
            self.device = self._fork("plain device", words)

    def start_planner(self, *, ahead_s: float = 0.0) -> Forked:
        """Type ``planner run``, or ``planner up``, at a clock that is ahead of the last one."""
        words = ["run", str(self.file), "--engine", self.plan.engine]
        if self.plan.engine == "up":
            words = ["up", "--until-done", str(self.file)]
        offset = 0.0 if self._n_started == 0 else read_offset(self.planner.clock).total_seconds()
        self._n_started += 1
        clock = self.folder / f"planner-{self._n_started}.clock"
        set_offset(clock, offset + ahead_s)
        return self._fork("planner", words, clock=clock)

    def epoch(self) -> int:
        """Return how often the campaign's lease was taken."""
        rows = self.query("select epoch from campaigns")
        return int(str(rows[0][0])) if rows else 0

    def start_driver(self) -> Forked:
        """Start a driver in a process of its own."""
        return self._fork("driver", [str(self.file)])

    @property
    def record(self) -> Path:
        """The record of physical acts."""
        return self.folder / "robot.acts"

    def n_done(self) -> int:
        """Return how many acts have ended."""
        return sum(each["event"] == "ended" for each in read_record(self.record))

    def query(self, words: str) -> list[tuple[object, ...]] | None:
        """Ask the ledger's tables; None where they cannot be read now."""
        if not self.plan.on_server and not Path(self.place).exists():
            return None
        try:
            with self.engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(words))]
        except DBAPIError:  # its server is down, or the tables are being made
            return None

    def type(self, *words: str) -> str:
        """Type a command of the planner, and return what it says."""
        output = self.folder / "typed.txt"
        output.unlink(missing_ok=True)
        self._fork("planner", list(words), output=output).wait(60)
        return output.read_text() if output.exists() else ""

    def tail(self) -> str:
        """Return the last words of all programs."""
        files = sorted(self.folder.glob("*.txt"))
        return "\n".join(f"--- {each.name}\n{each.read_text()[-2000:]}" for each in files)

    def _environment(self, clock: Path) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name[:7] != "PREFECT"}
        more = {"OMP_NUM_THREADS": "1", "COLUMNS": "160", VARIABLE: str(clock)}
        more |= {DATABASE: self.place} if self.plan.on_server else {}
        more |= {"BLIND": "1"} if self._blind else {}
        return clean | more

    def close(self) -> None:
        """End everything."""
        for process in self._all:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGCONT)
            process.kill()
        left = [processes_below(self.folder, each) for each in ("flows.worker_main", _SERVER)]
        for pid in (*left[0], *left[1], *flows_of(self.folder)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._held.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fork(
        self,
        what: What,
        words: Sequence[str],
        *,
        output: Path | None = None,
        clock: Path | None = None,
    ) -> Forked:
        output = output or self.folder / f"{what.replace(' ', '_')}.txt"
        process = Forked(
            what,
            list(words),
            folder=self.folder,
            environment=self._environment(clock or self.folder / f"{what}.clock"),
            output=output,
        )
        self._all.append(process)
        return process


def restart_database(server: Server, *, after_s: float) -> None:
    """Start a server again that was killed; what it left behind may take a moment to end."""
    time.sleep(after_s)
    until = time.monotonic() + 30
    while True:
        try:
            server.start()
            return
        except AssertionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def kill_database(server: Server) -> None:
    """Kill the server's first process; the others notice and end."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)


def processes_below(folder: Path, word: str) -> list[int]:
    """Return the pids of processes with this word and this folder in their command lines."""
    said = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    lines = (line.split(None, 1) for line in said.stdout.splitlines()[1:])
    return [int(pid) for pid, args in lines if word in args and str(folder) in args]


def flows_of(folder: Path) -> list[int]:
    """Return the pids of flows at work for a campaign of this folder, whoever started them."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if "prefect.engine" in (process.info["cmdline"] or []):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if str(folder) in process.environ().get("PREFECT_HOME", ""):
                    found.append(process.pid)
    return found

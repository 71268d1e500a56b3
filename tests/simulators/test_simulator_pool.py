"""Worker processes, for real: limits, crashes, a parent's death, and what a run costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from planner.errors import Conflict, InputError, ValueOutOfRange
from planner.simulators.contract import Status
from planner.simulators.pool import SimulatorPool
from planner.simulators.processes.nanotube import NANOTUBE_CVD
from planner.simulators.worker import FinishedRun

# How long a busy machine may take to start Python and do a fast run; a miss is a failure, and no
# test waits this long when all is well.
PATIENCE_S = 60.0
GROWTH = {"temperature": 750.0, "flow_rate": 6.0, "particle_diameter": 10.0}


@pytest.fixture
def pool(user_package: Path) -> Iterator[SimulatorPool]:
    with SimulatorPool(capacity=1, limit_s=PATIENCE_S) as opened:
        yield opened


def finish(pool: SimulatorPool, simulator: str, x: float = 1.0, **more: object) -> FinishedRun:
    pool.submit("a run", simulator, inputs={"x": x}, seed=0, **more)  # type: ignore[arg-type]
    return poll_one(pool)


def poll_one(pool: SimulatorPool) -> FinishedRun:
    finished = pool.poll(wait_s=PATIENCE_S)
    assert len(finished) == 1, "no run finished in time"
    return finished[0]


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until_s, f"waited in vain: {what}"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_run_in_a_worker_gives_what_a_run_here_gives() -> None:
    """Every bit of every number: floats travel by their shortest exact decimal."""
    theta = {"attachment_energy": 0.43}
    with SimulatorPool(capacity=1, limit_s=PATIENCE_S) as pool:
        pool.submit("a", "nanotube_cvd", inputs=GROWTH, theta=theta, seed=1)
        finished = poll_one(pool)
    assert finished.job_id == "a"
    assert finished.result == NANOTUBE_CVD.run(GROWTH, theta, seed=1)
    assert finished.run_s > 0


def test_inputs_theta_and_seed_arrive(pool: SimulatorPool) -> None:
    pool.submit("a", "told", inputs={"x": 1.0}, theta={"k": 2.0}, seed=3)
    assert poll_one(pool).result.values == {"y": 321.0}


def test_a_worker_is_used_again(pool: SimulatorPool) -> None:
    finish(pool, "told")
    before = pool.worker_pids
    for _ in range(20):
        assert finish(pool, "told").result.status is Status.OK
    assert pool.worker_pids == before


def test_a_run_beyond_its_limit_is_ended_and_the_next_one_runs(user_package: Path) -> None:
    with SimulatorPool(capacity=1, limit_s=0.3) as pool:
        finished = finish(pool, "spin", x=600.0)
        assert pool.worker_pids == ()
        assert finished.result.status is Status.TIMED_OUT
        assert "longer than 0.3 s" in finished.result.diagnostics.message
        assert finished.run_s >= 0.3
        assert not finished.worker_died
        assert finish(pool, "told").result.status is Status.OK


def test_a_run_that_holds_the_interpreter_is_ended_too(user_package: Path) -> None:
    with SimulatorPool(capacity=1, limit_s=0.3) as pool:
        assert finish(pool, "hold", x=600.0).result.status is Status.TIMED_OUT


def test_a_time_out_ends_what_the_simulator_started(
    user_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / "child"
    monkeypatch.setenv("CHILD_PID_FILE", str(pid_file))
    with SimulatorPool(capacity=1, limit_s=2.0) as pool:
        assert finish(pool, "child").result.status is Status.TIMED_OUT
    child = int(pid_file.read_text())
    wait_until(lambda: is_gone(child), "the simulator's child ends")


def test_a_worker_that_is_killed_fails_its_run_and_is_replaced(pool: SimulatorPool) -> None:
    finish(pool, "told")
    (pid,) = pool.worker_pids
    pool.submit("killed", "spin", inputs={"x": 600.0}, seed=0)
    pool.submit("waiting", "told", inputs={"x": 5.0}, seed=0)
    worker = psutil.Process(pid)
    before_s = worker.cpu_times().user
    wait_until(lambda: worker.cpu_times().user > before_s + 0.1, "the run is under way")
    assert pool.poll() == ()  # the worker's word that it began is heard
    os.kill(pid, signal.SIGKILL)
    finished = poll_one(pool)
    assert (finished.job_id, finished.result.status) == ("killed", Status.FAILED)
    assert finished.worker_died
    assert "killed by SIGKILL" in finished.result.diagnostics.message
    assert poll_one(pool).result.values == {"y": 5.0}
    assert pid not in pool.worker_pids


def test_a_worker_that_dies_idle_costs_no_run(pool: SimulatorPool) -> None:
    finish(pool, "told")
    (pid,) = pool.worker_pids
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid), "the idle worker ends")
    assert finish(pool, "told").result.status is Status.OK


def test_a_crash_in_native_code_is_reported_with_its_last_words(pool: SimulatorPool) -> None:
    finished = finish(pool, "crash")
    assert finished.worker_died
    message = finished.result.diagnostics.message
    assert "simulator 'crash' was killed by SIGSEGV" in message
    assert "last words" in message
    assert "misbehaving.py" in message


def test_a_simulator_that_leaves_is_reported_with_its_exit_code(pool: SimulatorPool) -> None:
    finished = finish(pool, "leave")
    assert finished.worker_died
    assert "ended with exit code 3" in finished.result.diagnostics.message


@pytest.mark.parametrize(
    ("simulator", "word"), [("divide", "ZeroDivisionError"), ("nothing", "AttributeError")]
)
def test_a_simulator_that_breaks_its_contract_fails_and_the_worker_lives(
    pool: SimulatorPool, simulator: str, word: str
) -> None:
    finished = finish(pool, simulator, x=0.0)
    assert finished.result.status is Status.FAILED
    assert word in finished.result.diagnostics.message
    assert not finished.worker_died
    before = pool.worker_pids
    finish(pool, "told")
    assert pool.worker_pids == before


@pytest.mark.parametrize("simulator", ["nobody", "no_simulator", "needs_more"])
def test_a_simulator_that_cannot_be_had_is_a_rejected_run(
    pool: SimulatorPool, simulator: str
) -> None:
    finished = finish(pool, simulator)
    assert finished.result.status is Status.REJECTED
    assert simulator in finished.result.diagnostics.message


def test_inputs_that_are_refused_are_a_rejected_run(pool: SimulatorPool) -> None:
    pool.submit("a", "nanotube_cvd", inputs={**GROWTH, "temperature": float("nan")}, seed=0)
    finished = poll_one(pool)
    assert finished.result.status is Status.REJECTED
    assert "from 500 to 1000 degC" in finished.result.diagnostics.message


def test_what_a_simulator_prints_or_reads_does_not_disturb_the_replies(
    pool: SimulatorPool,
) -> None:
    assert finish(pool, "shout", x=4.0).result.values == {"y": 4.0}
    assert finish(pool, "told", x=5.0).result.values == {"y": 5.0}


def test_a_worker_has_one_thread_and_no_heavy_packages(pool: SimulatorPool) -> None:
    assert finish(pool, "threads").result.values == {"y": 1.0}
    assert finish(pool, "modules").result.values == {"y": 0.0}


def test_as_many_runs_are_at_work_as_there_is_capacity(user_package: Path) -> None:
    """Each pair of runs keeps two processes busy at the same time; no more are started."""
    with SimulatorPool(capacity=2, limit_s=PATIENCE_S) as pool:
        for i in range(6):
            pool.submit(str(i), "told", inputs={"x": float(i)}, seed=0)
        assert len(pool.worker_pids) == 2
        assert set(pool.open_ids) == set("012345")
        values = {}
        while pool.open_ids:
            for finished in pool.poll(wait_s=PATIENCE_S):
                values[finished.job_id] = finished.result.values["y"]
        assert len(pool.worker_pids) == 2
    assert values == {str(i): float(i) for i in range(6)}


def test_asking_without_waiting_returns_at_once(pool: SimulatorPool) -> None:
    assert pool.poll() == ()
    pool.submit("a", "spin", inputs={"x": 30.0}, seed=0)
    started_s = time.monotonic()
    assert pool.poll() == ()
    assert time.monotonic() - started_s < 10.0


def test_an_id_that_is_open_cannot_be_used_again(pool: SimulatorPool) -> None:
    pool.submit("a", "spin", inputs={"x": 30.0}, seed=0)
    with pytest.raises(Conflict, match="'a' is open already"):
        pool.submit("a", "told", inputs={"x": 1.0}, seed=0)


def test_closing_ends_the_workers_and_refuses_more(user_package: Path) -> None:
    pool = SimulatorPool(capacity=1, limit_s=PATIENCE_S)
    pool.submit("a", "spin", inputs={"x": 600.0}, seed=0)
    (pid,) = pool.worker_pids
    pool.close()
    pool.close()
    assert is_gone(pid)
    with pytest.raises(InputError, match="closed pool"):
        pool.submit("b", "told", inputs={"x": 1.0}, seed=0)


@pytest.mark.parametrize(("capacity", "limit_s"), [(0, 1.0), (1, 0.0), (1, float("inf"))])
def test_a_pool_that_could_run_nothing_cannot_be_opened(capacity: int, limit_s: float) -> None:
    with pytest.raises(ValueOutOfRange):
        SimulatorPool(capacity=capacity, limit_s=limit_s)


PARENT = """
import sys, threading, time
from planner.simulators.pool import SimulatorPool

pool = SimulatorPool(capacity=2, limit_s={limit})

def submit():
    pool.submit("busy", {simulator!r}, inputs={{"x": 600.0}}, seed=0)
    pool.submit("idle", "told", inputs={{"x": 1.0}}, seed=0)

thread = threading.Thread(target=submit)
thread.start()
thread.join()
while "idle" in pool.open_ids:
    pool.poll(wait_s=1.0)
try:
    print(*pool.worker_pids, flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    finished = []
    pool.submit("after", "told", inputs={{"x": 7.0}}, seed=0)
    while not finished:
        finished = pool.poll(wait_s=1.0)
    print(finished[0].result.values["y"], flush=True)
    pool.close()
"""


def start_parent(folder: Path, simulator: str, limit_s: float) -> subprocess.Popen[str]:
    """A program without a ``__main__`` guard, which submits from a thread that then ends."""
    program = folder / "parent.py"
    program.write_text(PARENT.format(simulator=simulator, limit=limit_s))
    return subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "BUSY_FILE": str(folder / "busy"),
        },
    )


def worker_pids_of(parent: subprocess.Popen[str], folder: Path) -> list[int]:
    """The pids of an idle worker and of one that is in the midst of its run."""
    wait_until((folder / "busy").exists, "the simulator is at work")
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(map(is_gone, pids)), "a worker ended although its parent lives"
    return pids


@pytest.mark.parametrize(
    ("simulator", "limit_s"), [("spin", 300.0), pytest.param("hold", 1.0, marks=pytest.mark.slow)]
)
def test_workers_end_when_their_parent_is_killed(
    user_package: Path, simulator: str, limit_s: float
) -> None:
    """Idle or busy; one that holds the interpreter ends by the kernel's alarm after its limit."""
    parent = start_parent(user_package, simulator, limit_s)
    pids = worker_pids_of(parent, user_package)
    parent.kill()
    parent.communicate()
    for pid in pids:
        wait_until(lambda pid=pid: is_gone(pid), f"worker {pid} ends after its parent")


def test_ctrl_c_reaches_the_parent_alone(user_package: Path) -> None:
    """The terminal signals the foreground group; the workers stand outside it and say nothing."""
    parent = start_parent(user_package, "spin", 300.0)
    pids = worker_pids_of(parent, user_package)
    os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate(timeout=PATIENCE_S)
    assert (out, err, parent.returncode) == ("7.0\n", "", 0)
    assert all(map(is_gone, pids))


def test_an_interrupt_sent_to_a_worker_is_ignored(pool: SimulatorPool) -> None:
    finish(pool, "told")
    (pid,) = pool.worker_pids
    os.kill(pid, signal.SIGINT)
    assert finish(pool, "told").result.status is Status.OK
    assert pool.worker_pids == (pid,)


@pytest.mark.slow
def test_a_run_through_a_worker_costs_less_than_two_milliseconds_more(
    pool: SimulatorPool,
) -> None:
    """Processor time of both sides, in the best of five blocks of 100 runs that do nothing.

    Other work on the machine makes processor time dearer too, by cold caches; it never makes it
    cheaper. The system counts in steps of 10 ms, 0.1 ms for each run of a block.
    """
    finish(pool, "told")  # the simulator is found and loaded once
    processes = [psutil.Process(), psutil.Process(pool.worker_pids[0])]

    def spent_s() -> float:
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    blocks_s = []
    for _ in range(5):
        before_s = spent_s()
        for _ in range(100):
            finish(pool, "told")
        blocks_s.append(spent_s() - before_s)
    assert min(blocks_s) / 100 < 2e-3

"""A package of a user's, installed for real: its simulators misbehave on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

MODULE = '''
"""Simulators that do what simulators should not."""

import ctypes, os, subprocess, sys, time

import numpy as np

from planner.simulators.contract import (
    Card, Diagnostics, ExpectedCost, InputSpec, OutcomeSpec, SimulatorResult, Status,
)


class Bench:
    name = "bench"
    version = "1"
    inputs = (InputSpec(name="x", unit="1", low=-1e9, high=1e9, meaning="A number."),)
    outcomes = (OutcomeSpec(name="y", unit="1", meaning="Another."),)
    calibration_parameters = ()
    fidelity = 0.1
    cost = ExpectedCost(duration_s=0.0, money_usd=0.0)
    card = Card(
        title="Bench", equations=(), sources=(), assumptions=(), validity=(), compared_with=()
    )

    def __init__(self, act):
        self.act = act

    def run(self, inputs, theta=None, *, seed):
        y = self.act(inputs["x"], theta, seed)
        return SimulatorResult(
            status=Status.OK,
            values={"y": np.float32(y)},
            diagnostics=Diagnostics(converged=np.True_, n_steps=np.int64(1)),
        )


def say_busy():
    if "BUSY_FILE" in os.environ:
        open(os.environ["BUSY_FILE"], "w").close()


def spin(x, theta, seed):
    say_busy()
    until = time.monotonic() + x
    while time.monotonic() < until:
        pass
    return x


def ignore_everything(x, theta, seed):
    """Holds the interpreter: no thread of ours runs until it returns."""
    say_busy()
    ctypes.PyDLL(None).usleep(int(x * 1e6))
    return x


def shout(x, theta, seed):
    print("to standard output")
    os.write(1, b"straight to the descriptor, {not json}\\n")
    os.system("echo from a child; cat")
    return x


def child(x, theta, seed):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(os.environ["CHILD_PID_FILE"], "w") as file:
        file.write(str(sleeper.pid))
    time.sleep(600)


def crash(x, theta, seed):
    print("last words", flush=True)
    ctypes.string_at(0)


def told(x, theta, seed):
    return x + 10 * (theta or {}).get("k", 0) + 100 * seed


def divide(x, theta, seed):
    return 1 / x


def threads(x, theta, seed):
    return float(os.environ["OMP_NUM_THREADS"])


def modules(x, theta, seed):
    return float(sum(name in sys.modules for name in ("torch", "prefect", "pandas")))


TOLD, SPIN, HOLD, SHOUT = Bench(told), Bench(spin), Bench(ignore_everything), Bench(shout)
CHILD, CRASH, DIVIDE = Bench(child), Bench(crash), Bench(divide)
THREADS, MODULES = Bench(threads), Bench(modules)
NO_SIMULATOR = object()
LEAVE = Bench(lambda x, theta, seed: sys.exit(3))


class Nothing(Bench):
    def run(self, inputs, theta=None, *, seed):
        return None


NOTHING = Nothing(told)
'''

ENTRY_POINTS = """[planner.simulators]
told = misbehaving:TOLD
spin = misbehaving:SPIN
hold = misbehaving:HOLD
shout = misbehaving:SHOUT
child = misbehaving:CHILD
crash = misbehaving:CRASH
divide = misbehaving:DIVIDE
threads = misbehaving:THREADS
modules = misbehaving:MODULES
leave = misbehaving:LEAVE
nothing = misbehaving:NOTHING
no_simulator = misbehaving:NO_SIMULATOR
a_class = misbehaving:Bench
not_there = misbehaving:NOT_THERE
needs_more = a_package_that_nobody_has:SIMULATOR
twice = misbehaving:TOLD
"""


@pytest.fixture
def user_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the installed package, on the path of this process and of its workers."""
    (tmp_path / "misbehaving.py").write_text(MODULE, encoding="utf-8")
    install(tmp_path, "misbehaving", ENTRY_POINTS)
    install(tmp_path, "second", "[planner.simulators]\ntwice = misbehaving:SPIN\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(folder: Path, name: str, entry_points: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)

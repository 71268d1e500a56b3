"""What the ledger costs.

Thresholds are of processor time, three to five times what was measured on two cores of 2026, so
that only a change of kind breaks them. Of short stretches the quickest of five counts: a machine
that is busy, or a collection of the garbage of tests before, makes one of them slow.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_records import CAMPAIGN, begin, trial_steps

from planner.clock import SystemClock
from planner.ledger import Ledger, open_ledger


def of_one(act: Callable[[], None], *, n_acts: int = 10) -> float:
    """Returns the processor seconds of an act, in the quickest of five stretches."""
    took_s = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(n_acts):
            act()
        took_s.append((time.process_time() - start) / n_acts)
    return min(took_s)


def test_the_appends_of_a_trial_cost_a_few_milliseconds(sqlite_ledger: Ledger) -> None:
    """Four appends; the promise is 20 ms, waiting for the disk included."""
    begin(sqlite_ledger, *trial_steps(1))
    trials = iter(range(2, 200))

    def append_a_trial() -> None:
        for records in trial_steps(next(trials)):
            sqlite_ledger.append(CAMPAIGN, records, author="planner")

    assert of_one(append_a_trial) < 0.020


def test_opening_a_current_ledger_costs_a_few_milliseconds(tmp_path: Path) -> None:
    def open_and_close() -> None:
        open_ledger(tmp_path / "ledger.db", clock=SystemClock()).close()

    open_and_close()  # creates it
    assert of_one(open_and_close) < 0.020


@pytest.mark.slow
def test_replaying_a_hundred_thousand_entries_takes_under_five_seconds(
    sqlite_ledger: Ledger,
) -> None:
    records = [
        record for trial in range(1, 12_501) for step in trial_steps(trial) for record in step
    ]
    begin(sqlite_ledger, *(records[n : n + 8000] for n in range(0, len(records), 8000)))
    assert len(records) == 100_000
    start = time.process_time()
    n_read = sum(1 for _ in sqlite_ledger.read(CAMPAIGN))
    assert n_read == 100_001
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_importing_the_ledger_is_quick_and_brings_no_torch() -> None:
    program = """
import sys, time
start = time.process_time()
import planner.ledger
print(time.process_time() - start)
print([name for name in ("torch", "prefect", "alembic") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    took_s, modules = done.stdout.splitlines()
    assert modules == "[]"
    assert float(took_s) < 1.5

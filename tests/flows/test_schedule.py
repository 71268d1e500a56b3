"""A scheduled deployment really runs: with unsuited versions beside Prefect none does, silently."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from server_users import count, environment, servers_of, until

PROGRAM = Path(__file__).with_name("scheduled_program.py")


@pytest.mark.prefect
@pytest.mark.slow
def test_a_schedule_creates_flow_runs_and_they_are_executed(home: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(home), str(trace)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        seconds = until(trace.exists, within_s=90, what="a scheduled flow run has been executed")
        print(f"first scheduled flow run executed after {seconds:.1f} s")
        query = "select count(*) from flow_run where auto_scheduled and state_type = 'COMPLETED'"
        until(lambda: count(home, query) > 0, within_s=30, what="Prefect has recorded it")
    finally:
        process.terminate()  # which Prefect's runner takes as: finish, then return
        try:
            process.communicate(timeout=60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0
    assert servers_of(home) == []

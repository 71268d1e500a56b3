"""A source that is open for some minutes a night: no flow run and no process waits for it."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from server_users import count, environment

from flows.watching import Outlook, Watched
from planner.clock import ManualClock
from planner.loop.sessions.desk import Place

NIGHTS = """
schema: 1
campaign: nights
parameters:
  temperature: {low: 100, high: 150, unit: degC}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
objectives: [{aim: maximise, outcome: yield}]
sources:
  oven: {kind: SOURCE, duration: 4 min, hours: 'Mon-Fri 18:00-18:12', time_zone: UTC}
budget: {trials: 5}
policy: {start: 5}
"""


def test_the_supervisor_starts_a_stretch_when_the_source_opens_and_none_before(
    tmp_path: Path,
) -> None:
    file = tmp_path / "nights.yaml"
    file.write_text(NIGHTS.replace("SOURCE", "person"))
    clock, said = ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC)), list[str]()
    watched = Watched(Place(file=file), on_message=said.append, clock=clock)
    try:
        assert watched.look() is Outlook.TIME
        assert not watched.is_due()
        assert said == ["nights: waits until Mon 18:00 (opening hours of 'oven')."]
        clock.wait_s(10 * 3600.0 - 1)
        assert watched.look() is Outlook.TIME
        clock.wait_s(1)
        assert watched.look() is Outlook.DUE
        assert watched.is_due()
        clock.wait_s(8 * 60.0 + 1)  # too late for another 4 min
        assert watched.look() is Outlook.TIME
        assert said[-1] == "nights: waits until Tue 18:00 (opening hours of 'oven')."
    finally:
        watched.close()


@pytest.mark.prefect
@pytest.mark.slow
def test_a_flow_run_ends_when_the_source_closes_and_the_next_one_begins_when_it_opens(
    home: Path,
) -> None:
    file = home.parent / "nights.yaml"
    file.write_text(NIGHTS.replace("SOURCE", "adapter, adapter: none"))
    program = Path(__file__).with_name("nights_program.py")
    done = subprocess.run(
        [sys.executable, str(program), str(file)],
        cwd=home.parent,
        env=environment(OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    begun = re.findall(r"nights/\d/1 begins (\w+ \d\d:\d\d)", done.stdout)
    assert begun == ["Mon 18:00", "Mon 18:04", "Mon 18:08", "Tue 18:00", "Tue 18:04"]
    waited = re.findall(r"waits until (\w+ \d\d:\d\d)", done.stdout)
    assert waited == ["Mon 18:00", "Tue 18:00"]
    # one that found the source closed, one for each night
    assert count(home, "select count(*) from flow_run where state_type = 'COMPLETED'") == 3
    assert count(home, "select count(*) from task_run where name like 'dispatch %'") == 5

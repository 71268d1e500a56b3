"""kill -9 at every point: what the device says afterwards is what the contract promises."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from planner.device import Journal
from planner.device.virtual.record import count_begun, read_record
from planner.trials import ANSWERS, Answer
from tests.device.devices import (
    VIRTUAL,
    Program,
    make_order,
    program,
    wait_for,
    write_device,
)

CLIENT = httpx.Client(timeout=20)


def send(running: Program, key: str) -> Answer | None:
    """Returns the device's word, or nothing where it died over it."""
    try:
        answer = CLIENT.put(f"{running.places[0]}/jobs/{key}", json=make_order(key))
    except httpx.TransportError:
        return None
    return ANSWERS.validate_json(answer.content)


def look(running: Program, key: str) -> Answer | None:
    answer = CLIENT.get(f"{running.places[0]}/jobs/{key}")
    return ANSWERS.validate_json(answer.content) if answer.status_code == 200 else None


def ended(running: Program, key: str) -> Answer:
    def is_over() -> Any:
        said = look(running, key)
        return said if said is not None and said.state not in ("accepted", "started") else None

    return wait_for(is_over, f"the end of {key}")


POINTS = ("before accept", "accepted", "started", "acting", "acted", "ended")


@pytest.mark.slow
def test_a_device_that_is_killed_tells_the_truth_afterwards(tmp_path: Path) -> None:
    """One journal and one record over all points: each start is killed at the next of them."""
    faults = {"crashes": [{"at": point} for point in POINTS]}
    file = write_device(tmp_path, act={**VIRTUAL, "faults": faults})
    record = tmp_path / "furnace.acts"
    # at the second start the kept order is begun at once, and "started" is its point
    expected = {"c/0/1": ("unknown", 0), "c/1/1": ("unknown", 1), "c/2/1": ("unknown", 1)}
    expected |= {"c/3/1": ("done", 1), "c/4/1": ("done", 1)}
    with program(file) as running:
        send(running, "c/0/1")
        assert running.wait() == -signal.SIGKILL  # before accept
    with program(file) as running:
        assert look(running, "c/0/1") is None
        send(running, "c/0/1")
        assert running.wait() == -signal.SIGKILL  # accepted
    # what was accepted begins by itself
    assert Program(file, may_be_silent=True).wait() == -signal.SIGKILL  # started
    for key in ("c/1/1", "c/2/1", "c/3/1"):  # acting, acted, ended
        with program(file) as running:
            send(running, key)
            assert running.wait() == -signal.SIGKILL
    with program(file) as running:
        send(running, "c/4/1")
        ended(running, "c/4/1")
        for key, (state, acts) in expected.items():
            answer = send(running, key)  # again, and nothing moves
            assert answer is not None
            assert (answer.state, count_begun(record)[key]) == (state, acts), key
            assert (answer.result is not None) == (state == "done")


def test_a_device_that_is_killed_at_work_does_not_know_what_became_of_it(tmp_path: Path) -> None:
    file = write_device(tmp_path, act={**VIRTUAL, "duration": 60})
    record = tmp_path / "furnace.acts"
    with program(file) as running:
        send(running, "c/1/1")
        send(running, "c/2/1")
        wait_for(lambda: count_begun(record)["c/1/1"], "the act")
        boot = look(running, "c/1/1")
        running.kill()
    file = write_device(tmp_path)
    with program(file) as running:
        answer = look(running, "c/1/1")
        assert answer is not None
        assert boot is not None
        assert answer.state == "unknown"
        assert answer.boot_id != boot.boot_id
        assert ended(running, "c/2/1").state == "done"  # what had not begun may run
        running.interrupt()
        assert running.wait() == 130
    assert count_begun(record) == {"c/1/1": 1, "c/2/1": 1}
    assert [line["event"] for line in read_record(record)] == ["begun", "begun", "ended"]


@pytest.mark.slow
def test_ctrl_c_waits_for_the_job_under_way_and_begins_no_other(tmp_path: Path) -> None:
    file = write_device(tmp_path, act={**VIRTUAL, "duration": 1.0})
    record = tmp_path / "furnace.acts"
    with program(file) as running:
        send(running, "c/1/1")
        send(running, "c/2/1")
        wait_for(lambda: count_begun(record)["c/1/1"], "the act")
        running.interrupt()
        assert running.wait() == 130
    assert [line["event"] for line in read_record(record)] == ["begun", "ended"]
    journal = Journal(tmp_path / "furnace.journal")
    assert journal.count() == {"accepted": 1, "done": 1}
    journal.close()

"""The agent's word for a key is what it really did, whoever asks and whatever was before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from planner.clock import ManualClock
from planner.device import Agent, Control, Job, Journal, MachineFailed, ProcessFailed, Rejected
from planner.device.acts import FunctionAct
from planner.device.limits import Field
from planner.device.local_control import LocalControl
from planner.errors import HeldByAnother, InputError, LedgerTooNew
from planner.trials import Answer, Order, Setting
from tests.device.devices import wait_for

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FIELDS = {
    "T": Field(low=20, high=100, unit="degC"),
    "gas": Field(choices=("argon", "nitrogen"), required=False),
}


def order(key: str = "c/1/1", value: float = 60.0, **words: Any) -> Order:
    parameters = {"T": Setting(value=value, unit="degC"), **words.pop("more", {})}
    words = {"digest": "d", "token": 1, "ledger": "one", **words}
    return Order(key=key, parameters=parameters, **words)


class Bench:
    """An agent with an act that a test holds and lets go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(NOW)
        self.performed: list[Job] = []
        self.changes: list[Any] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()
        self.act: Callable[[Job, Control], Any] = self.perform
        self.agent = self.start()

    def start(self) -> Agent:
        self.journal = Journal(self.folder / "journal")
        act = FunctionAct(lambda job, control: self.act(job, control), is_adjustable=True)
        self.agent = Agent(self.journal, act, fields=FIELDS, clock=self.clock)
        self.agent.start()
        return self.agent

    def perform(self, job: Job, control: Control) -> dict[str, float]:
        self.performed.append(job)
        self.begun.set()
        while not self.go.wait(0.002):
            control.check()
        self.changes += control.adjustments()
        return {"yield": float(job["T"])}

    def restart(self) -> Agent:
        self.close()
        return self.start()

    def close(self) -> None:
        self.go.set()
        self.agent.close()
        self.journal.close()

    def word(self, key: str = "c/1/1") -> Answer:
        (answer,) = self.agent.answers([key])
        return answer

    def ended(self, key: str = "c/1/1") -> Answer:
        ends = ("done", "failed", "aborted", "refused")
        return wait_for(lambda: (said := self.word(key)).state in ends and said, f"end of {key}")

    def hold(self, key: str = "c/1/1") -> None:
        """Has a job under way, and standing still."""
        self.go.clear()
        self.begun.clear()
        self.agent.take(order(key))
        assert self.begun.wait(10)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def rejection(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        call()
    return caught.value.rejection.error, caught.value.rejection.reason


def test_an_order_is_performed_once_however_often_it_comes(bench: Bench) -> None:
    assert bench.agent.take(order()).state == "accepted"
    result = bench.ended().result
    assert result is not None
    assert result.outcomes["yield"].value == 60.0
    for _ in range(3):
        assert bench.agent.take(order()).state == "done"
    bench.restart()
    assert bench.agent.take(order()).result == result
    assert len(bench.performed) == 1


def test_a_known_key_with_other_contents_is_a_conflict(bench: Bench) -> None:
    bench.agent.take(order())
    error, _ = rejection(lambda: bench.agent.take(order(digest="other")))
    assert error == "other order"


def test_a_lower_token_is_refused_for_all_but_a_stop(bench: Bench) -> None:
    agent = bench.agent
    agent.take(order(token=5))
    bench.ended()
    stale = [
        lambda: agent.take(order("c/2/1", token=4)),
        lambda: agent.take(order(token=4)),
        lambda: agent.abort("c/1/1", token=4, ledger="one", reason=""),
        lambda: agent.adjust("c/1/1", 1, digest="", parameters={}, token=4, ledger="one"),
    ]
    assert {rejection(call)[0] for call in stale} == {"stale token"}
    agent.abort("c/1/1", token=7, ledger="one", reason="")  # a higher one is heard in any command
    bench.restart()  # and remembered
    with pytest.raises(Rejected) as caught:
        bench.agent.take(order("c/2/1", token=6))
    assert caught.value.rejection.token == 7
    assert bench.agent.stop(by="Ada", reason="smoke").state == "stopped"


def test_a_device_obeys_the_first_ledger_until_a_person_releases_it(bench: Bench) -> None:
    bench.agent.take(order(token=9))
    bench.ended()
    other = order("x/1/1", ledger="two")
    assert rejection(lambda: bench.agent.take(other))[0] == "other ledger"
    assert rejection(lambda: bench.agent.take(order("x/1/1", ledger="")))[0] == "other ledger"
    bench.restart()
    assert bench.agent.heartbeat().ledger == "one"
    bench.agent.release(by="Ada", reason="moved to another lab")
    assert bench.agent.take(other).state == "accepted"  # its tokens begin anew
    bench.ended("x/1/1")
    assert bench.agent.heartbeat().ledger == "two"


def test_a_device_is_not_released_while_a_job_is_open(bench: Bench) -> None:
    bench.hold()
    error, reason = rejection(lambda: bench.agent.release(by="Ada", reason=""))
    assert error == "locked"
    assert "c/1/1" in reason


def test_a_rejected_message_binds_nobody(bench: Bench) -> None:
    assert rejection(lambda: bench.agent.take(order(more={"x": Setting(value=1, unit="1")})))
    assert bench.agent.heartbeat().ledger == ""


def test_what_came_too_late_is_refused_for_good(bench: Bench) -> None:
    late = order(not_after=NOW - timedelta(seconds=1))
    assert bench.agent.take(late).state == "refused"
    assert "passed" in bench.agent.take(late).reason
    assert not bench.performed


def test_what_was_queued_yesterday_does_not_run_tomorrow(bench: Bench) -> None:
    bench.hold("c/1/1")
    soon = order("c/2/1", not_after=NOW + timedelta(hours=1))
    assert bench.agent.take(soon).state == "accepted"
    bench.clock.wait_s(86_400)
    bench.go.set()
    assert bench.ended("c/2/1").state == "refused"
    assert [job.key for job in bench.performed] == ["c/1/1"]


def test_a_value_beyond_the_devices_own_limits_is_refused(bench: Bench) -> None:
    for i, value in enumerate((101.0, 19.9)):
        assert bench.agent.take(order(f"c/{i}/1", value)).state == "refused"
    neon = order("c/7/1", more={"gas": Setting(value="neon", unit="1")})
    assert "argon, nitrogen" in bench.agent.take(neon).reason
    assert not bench.performed


def test_another_unit_is_converted_before_it_is_checked_and_performed(bench: Bench) -> None:
    in_kelvin = order(more={"T": Setting(value=333.15, unit="K")})
    bench.agent.take(in_kelvin)
    bench.ended()
    assert bench.performed[0].parameters["T"] == Setting(value=60.0, unit="degC")
    hot = order("c/2/1", more={"T": Setting(value=400.0, unit="K")})
    assert bench.agent.take(hot).state == "refused"


@pytest.mark.parametrize(
    "more",
    [
        {"pressure": Setting(value=1.0, unit="bar")},
        {"T": Setting(value=60.0, unit="bar")},
        {"T": Setting(value="hot", unit="degC")},
        {"T": Setting(value=float("nan"), unit="degC")},
    ],
)
def test_what_the_device_cannot_understand_is_a_bad_message(bench: Bench, more: Any) -> None:
    assert rejection(lambda: bench.agent.take(order(more=more)))[0] == "bad message"
    assert bench.agent.answers(["c/1/1"]) == []


def test_a_lacking_field_is_a_bad_message(bench: Bench) -> None:
    empty = Order(key="c/1/1", digest="d", parameters={})
    assert rejection(lambda: bench.agent.take(empty)) == (
        "bad message",
        "The order does not set 'T', which this device needs.",
    )


@pytest.mark.parametrize(
    ("error", "failure", "state"),
    [
        (ProcessFailed("no product"), "process", "failed"),
        (MachineFailed("valve stuck"), "machine", "failed"),
        (ZeroDivisionError("division by zero"), "machine", "failed"),
        (SystemExit(3), "machine", "failed"),
    ],
)
def test_an_act_fails_in_three_ways(
    bench: Bench, error: BaseException, failure: str, state: str
) -> None:
    def act(job: Job, control: Control) -> None:
        raise error

    bench.act = act
    bench.agent.take(order())
    answer = bench.ended()
    assert (answer.state, answer.failure) == (state, failure)
    assert str(error) in answer.reason
    bench.act = bench.perform
    bench.agent.take(order("c/2/1"))  # and it goes on
    assert bench.ended("c/2/1").state == "done"


@pytest.mark.parametrize("said", [None, {}, 3.0, {"yield": None}, {"yield": object()}])
def test_an_act_that_returns_no_result_has_failed(bench: Bench, said: Any) -> None:
    bench.act = lambda job, control: said
    bench.agent.take(order())
    answer = bench.ended()
    assert answer.state == "failed"
    assert "return" in answer.reason


def test_a_job_that_has_not_begun_is_aborted_at_once(bench: Bench) -> None:
    bench.hold("c/1/1")
    bench.agent.take(order("c/2/1"))
    answer = bench.agent.abort("c/2/1", token=1, ledger="one", reason="not wanted")
    assert answer.state == "aborted"
    bench.go.set()
    bench.ended("c/1/1")
    assert [job.key for job in bench.performed] == ["c/1/1"]


def test_an_act_is_asked_to_abort_and_says_when_it_has(bench: Bench) -> None:
    bench.hold()
    assert bench.agent.abort("c/1/1", token=1, ledger="one", reason="leak").state == "started"
    answer = bench.ended()
    assert (answer.state, answer.reason) == ("aborted", "leak")
    again = bench.agent.abort("c/1/1", token=1, ledger="one", reason="x")
    assert again == answer  # what has ended stays as it is


def test_an_unknown_key_is_said_to_be_unknown(bench: Bench) -> None:
    assert bench.agent.answers(["c/9/1"]) == []
    call = lambda: bench.agent.abort("c/9/1", token=1, ledger="one", reason="")  # noqa: E731
    assert rejection(call)[0] == "unknown key"


def test_a_stop_ends_all_and_holds_over_restarts_until_it_is_cleared(bench: Bench) -> None:
    bench.hold("c/1/1")
    bench.agent.take(order("c/2/1"))
    beat = bench.agent.stop(by="Ada", reason="smoke")
    assert beat.state == "stopped"
    assert beat.reason == "stopped by Ada: smoke"
    assert bench.ended("c/1/1").state == "aborted"
    assert bench.ended("c/2/1").state == "aborted"
    bench.restart()
    assert bench.agent.heartbeat().state == "stopped"
    assert rejection(lambda: bench.agent.take(order("c/3/1")))[0] == "locked"
    assert bench.agent.take(order("c/1/1")).state == "aborted"  # it still says what became of it
    assert bench.agent.clear(by="Ada", reason="aired").state == "ready"
    assert bench.agent.take(order("c/3/1")).state == "accepted"


def test_a_released_device_gives_no_old_result_to_another_ledger(bench: Bench) -> None:
    """A campaign begun anew in a fresh ledger repeats keys and settings."""
    bench.agent.take(order(token=9))
    old = bench.ended()
    assert old.ledger == "one"
    bench.agent.release(by="Ada", reason="a fresh ledger")
    error, reason = rejection(lambda: bench.agent.take(order(token=1, ledger="two")))
    assert error == "other ledger"
    assert "was done here for ledger one" in reason
    call = lambda: bench.agent.abort("c/1/1", token=1, ledger="two", reason="")  # noqa: E731
    assert rejection(call)[0] == "unknown key"
    bench.agent.take(order("new/1/1", token=1, ledger="two"))
    assert bench.ended("new/1/1").ledger == "two"
    assert [job.key for job in bench.performed] == ["c/1/1", "new/1/1"]
    assert bench.word() == old  # who asked for it may still hear of it


def test_a_locked_device_takes_nothing_and_begins_nothing(bench: Bench) -> None:
    bench.hold("c/1/1")
    bench.agent.take(order("c/2/1"))
    bench.agent.lock("key switch is on local")
    bench.go.set()
    bench.ended("c/1/1")
    error, reason = rejection(lambda: bench.agent.take(order("c/3/1")))
    assert error == "locked"
    assert "key switch" in reason
    assert bench.agent.heartbeat().state == "locked"
    assert bench.word("c/2/1").state == "accepted"
    bench.agent.unlock()
    assert bench.ended("c/2/1").state == "done"


def test_a_lock_of_another_program_holds_at_once_and_over_restarts(bench: Bench) -> None:
    elsewhere = LocalControl(bench.folder / "journal")
    elsewhere.lock("the door is open")
    assert rejection(lambda: bench.agent.take(order()))[0] == "locked"
    agent = bench.restart()
    beat = agent.heartbeat()
    assert (beat.state, beat.reason) == ("locked", "the door is open")
    assert elsewhere.unlock()
    assert not elsewhere.unlock()
    bench.agent.take(order())
    assert bench.ended().state == "done"


def test_what_waits_begins_once_another_program_unlocks(bench: Bench) -> None:
    bench.hold("c/1/1")
    bench.agent.take(order("c/2/1"))
    elsewhere = LocalControl(bench.folder / "journal")
    elsewhere.lock("the door is open")
    bench.go.set()
    bench.ended("c/1/1")
    assert bench.word("c/2/1").state == "accepted"
    elsewhere.unlock()
    assert bench.ended("c/2/1").state == "done"


def test_an_adjustment_is_handed_to_the_act_at_most_once(bench: Bench) -> None:
    def adjust(number: int, digest: str, value: float = 70.0) -> str:
        parameters = {"T": Setting(value=value, unit="degC")}
        word = bench.agent.adjust(
            "c/1/1", number, digest=digest, parameters=parameters, token=1, ledger="one"
        )
        return word.state

    bench.hold()
    assert [adjust(1, "a"), adjust(1, "a"), adjust(2, "b", 999.0)] == ["taken", "taken", "refused"]
    assert rejection(lambda: adjust(1, "other"))[0] == "other order"
    bench.go.set()
    bench.ended()
    assert bench.changes == [{"T": Setting(value=70.0, unit="degC")}]
    assert adjust(1, "a") == "taken"  # what became of it, not another time
    assert adjust(3, "c") == "refused"  # it is over
    assert len(bench.changes) == 1


def test_a_pause_is_told(bench: Bench) -> None:
    def act(job: Job, control: Control) -> dict[str, float]:
        control.pause("door open")
        bench.begun.set()
        bench.go.wait(10)
        control.resume()
        return {"yield": 1.0}

    bench.act = act
    bench.go.clear()
    bench.agent.take(order())
    assert bench.begun.wait(10)
    assert (bench.word().state, bench.word().reason) == ("paused", "door open")
    bench.go.set()
    assert bench.ended().state == "done"


def test_every_change_is_told_in_order(bench: Bench) -> None:
    told: list[str] = []
    bench.agent.listeners.append(lambda answer: told.append(str(answer.state)))
    bench.agent.take(order())
    bench.ended()
    wait_for(lambda: len(told) == 3, "news")
    assert told == ["accepted", "started", "done"]


def test_a_heartbeat_counts_and_names_the_boot_and_the_key(bench: Bench) -> None:
    first, second = bench.agent.heartbeat(), bench.agent.heartbeat()
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.boot_id == second.boot_id
    assert first.state == "ready"
    bench.hold()
    busy = bench.agent.heartbeat()
    assert (busy.state, busy.current_key) == ("busy", "c/1/1")
    assert bench.restart().heartbeat().boot_id != first.boot_id


def test_two_agents_never_share_a_journal(bench: Bench) -> None:
    with pytest.raises(HeldByAnother, match="in use"):
        Journal(bench.folder / "journal")


def test_no_agent_begins_while_a_program_of_a_former_one_still_moves(tmp_path: Path) -> None:
    import subprocess

    journal = Journal(tmp_path / "journal")
    program = subprocess.Popen(["sleep", "60"], close_fds=False)  # as the act starts its programs
    journal.close()
    with pytest.raises(HeldByAnother, match="still moves the device"):
        Journal(tmp_path / "journal")
    program.kill()
    program.wait()
    Journal(tmp_path / "journal").close()


def test_a_journal_of_newer_software_or_of_something_else_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "newer") as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerTooNew, match="99"):
        Journal(tmp_path / "newer")
    (tmp_path / "letter").write_text("Dear Ada, " * 1000)
    with pytest.raises(InputError, match="cannot be used"):
        Journal(tmp_path / "letter")

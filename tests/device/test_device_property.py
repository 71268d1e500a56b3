"""Whatever is asked in whatever order, and wherever the program dies: at most one act a key."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.clock import ManualClock
from planner.device import Agent, Control, Job, Journal, Rejected
from planner.device.acts import FunctionAct
from planner.device.performing import perform
from planner.trials import Answer, DeviceState, Order, Setting

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEYS = st.sampled_from(["c/1/1", "c/2/1", "c/3/1"])
TOKENS = st.integers(0, 3)
COMMANDS = st.one_of(
    st.tuples(st.just("take"), KEYS, TOKENS, st.sampled_from(["d", "e"])),
    st.tuples(st.just("abort"), KEYS, TOKENS, st.none()),
    st.tuples(st.just("work"), st.none(), st.none(), st.none()),
    st.tuples(
        st.just("die"),
        st.sampled_from(["started", "acted", "ended", "at once"]),
        st.none(),
        st.none(),
    ),
    st.tuples(st.just("stop"), st.none(), st.none(), st.none()),
    st.tuples(st.just("clear"), st.none(), st.none(), st.none()),
)


class PowerCut(BaseException):
    """Ends the work where it stands; nothing that comes after it is written."""


class Mortal:
    """An agent whose work is done step by step, and that dies where a test says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal"
        self.acts: Counter[str] = Counter()
        self.dies_at = ""
        self.boot()

    def boot(self) -> None:
        self.journal = Journal(self.path)
        act = FunctionAct(self._act, is_adjustable=False)
        clock = ManualClock(NOW)
        self.agent = Agent(self.journal, act, clock=clock, passing=self._pass)

    def _act(self, job: Job, control: Control) -> dict[str, float]:
        self.acts[job.key] += 1
        return {"yield": 1.0}

    def _pass(self, point: str, key: str) -> None:
        if point == self.dies_at:
            raise PowerCut

    def die(self) -> None:
        self.dies_at = ""
        self.journal.close()
        self.boot()

    def work(self) -> None:
        """Does the first accepted job, in this thread and to its end or the power cut."""
        if self.agent.heartbeat().state == "stopped" or self.journal.next_job() is None:
            return
        begun = self.agent._begin_next()
        assert begun is not None
        job, control = begun
        self._pass("started", job.key)
        ended = perform(self.agent._act, job, control)
        self._pass("acted", job.key)
        self.agent._keep_end(job.key, ended)
        self._pass("ended", job.key)


def _do(device: Mortal, command: tuple[Any, ...]) -> None:
    verb, key, token, digest = command
    agent = device.agent
    match verb:
        case "take":
            parameters = {"T": Setting(value=1.0, unit="degC")}
            agent.take(Order(key=key, digest=digest, parameters=parameters, token=token))
        case "abort":
            agent.abort(key, token=token, ledger="", reason="")
        case "work":
            device.work()
        case "die":
            device.dies_at = key
            with contextlib.suppress(PowerCut):
                device.work()
            device.die()
        case "stop":
            agent.stop(by="Ada", reason="")
        case "clear":
            agent.clear(by="Ada", reason="")


def _do_or_reject(device: Mortal, command: tuple[Any, ...]) -> str | None:
    try:
        _do(device, command)
    except Rejected as rejected:
        return rejected.rejection.error
    return None


@settings(max_examples=25)
@given(st.lists(COMMANDS, max_size=25))
def test_a_key_is_acted_on_at_most_once_and_what_has_ended_stays(commands: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        device = Mortal(Path(folder))
        ends: dict[str, Answer] = {}
        highest = 0
        for command in commands:
            token, error = command[2], _do_or_reject(device, command)
            if token is not None:
                assert (error == "stale token") == (token < highest)
            if token is not None and error in (None, "locked", "unknown key"):  # it was heard
                highest = max(highest, token)
            for answer in device.agent.answers(["c/1/1", "c/2/1", "c/3/1"]):
                if answer.key in ends:
                    was = ends[answer.key]
                    assert (answer.state, answer.result) == (was.state, was.result)
                elif answer.state not in (DeviceState.ACCEPTED, DeviceState.STARTED):
                    ends[answer.key] = answer
                if answer.state is DeviceState.DONE:
                    assert device.acts[answer.key] == 1
                if answer.state in (DeviceState.ACCEPTED, DeviceState.ABORTED):
                    assert device.acts[answer.key] == 0
            assert all(count <= 1 for count in device.acts.values())
        device.journal.close()

"""What a device says of a run after it had been closed is kept, flagged, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from planner.clock import ManualClock
from planner.errors import InputError, Refused
from planner.labs import Answer, Reported, Result, Stray
from planner.ledger import InboxState
from planner.loop import people
from planner.loop.dispatch.driver import Driver
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.people.holding import hold
from planner.loop.people.judging import Verdict
from planner.loop.rules.budget import n_uses_so_far, trials_left
from planner.loop.rules.late import say_late
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import DeviceState, RunState, TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done, failed

ONE = campaign_text(source="time_limit: 100", budget="trials: 1", policy="start: 1")
TWO = campaign_text(source="time_limit: 100", budget="trials: 2", policy="start: 2")


@dataclass
class Telling(ScriptedLab):
    """A lab whose devices tell by themselves what stands in ``news``."""

    news: list[Answer] = field(default_factory=list)
    n_polls: int = 0

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        self.n_polls += 1
        return super().poll(keys)

    def told(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        found = {each.key: each for each in self.news if each.key in keys}
        self.news.clear()
        return found

    def learn(self, homes: Mapping[str, str | None]) -> None:
        """It is one device."""

    def strays(self) -> tuple[Stray, ...]:
        return ()


def lab(*, latency: int = 1000) -> Telling:
    return Telling(lambda order, n: done(order, **{"yield": 50.0 + n}), latency=latency)


def in_doubt(make_session: MakeSession, clock: ManualClock, at: Telling, text: str) -> Session:
    """Trial 1 takes longer than its source allows."""
    session = make_session(at, text=text)
    advance(session)
    advance(session)
    clock.wait_s(120)
    advance(session)
    assert session.state.trial(1).state is TrialState.IN_DOUBT
    return session


def judge(session: Session, verdict: Verdict, **outcomes: float) -> TrialState:
    told = {name: Reported(value=value) for name, value in outcomes.items()}
    return people.resolve(session, 1, verdict, people.Told(outcomes=told, reason="seen there"))


def finish(at: Telling) -> None:
    """The device has its results now."""
    at.polls_left = dict.fromkeys(at.ends, 0)


def late_rows(session: Session) -> list[tuple[str, bool]]:
    rows = session.ledger.inbox(states=tuple(InboxState))
    return [(row.key, row.late) for row in rows]


def test_a_result_after_no_result_is_kept_once_and_may_be_taken_in(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = lab()
    session = in_doubt(make_session, clock, at, TWO)
    assert judge(session, Verdict.NO_RESULT) is TrialState.FAILED_BY_MACHINE
    finish(at)
    for _ in range(5):
        clock.wait_s(61)
        advance(session)
    assert ("bench/1/1", True) in late_rows(session)
    assert late_rows(session).count(("bench/1/1", True)) == 1
    assert [each.key for each in session.state.late.values()] == ["bench/1/1"]
    assert session.state.trial(1).observation is None
    assert judge(session, Verdict.TAKE_IN) is TrialState.FAILED_BY_MACHINE
    assert not session.state.late
    assert 50.0 in [each.outcomes["yield"].value for each in session.state.observations]
    with pytest.raises(Refused, match="No late result of trial 1 waits"):
        judge(session, Verdict.TAKE_IN)
    let_devices_go(session)


def test_another_process_says_the_same_of_a_late_result(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = lab()
    session = in_doubt(make_session, clock, at, ONE)
    judge(session, Verdict.NO_RESULT)
    finish(at)
    clock.wait_s(61)
    advance(session)
    other = make_session(at, text=ONE)
    assert other.state.late == session.state.late
    assert other.state.trial(1).runs == session.state.trial(1).runs
    judge(other, Verdict.LEAVE_OUT)
    assert not session.refresh().late
    assert session.state.trial(1).observation is None
    assert session.ledger.inbox(states=[InboxState.LATE]) == ()
    let_devices_go(session)


def test_a_closed_run_is_asked_about_once_a_minute_and_not_for_ever(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = lab()
    session = in_doubt(make_session, clock, at, campaign_text(source="time_limit: 100"))
    judge(session, Verdict.NO_RESULT)
    people.want(session, Wanted.PAUSE, reason="nothing else is to be asked about")
    for trial in session.state.open_trials:
        people.abort(session, trial.number, reason="likewise")
    at.ends.clear()
    advance(session)
    n_polls = at.n_polls
    for _ in range(30):
        clock.wait_s(2)
        advance(session)
    assert at.n_polls == n_polls + 1
    clock.wait_s(31 * 86_400)
    advance(session)
    assert at.n_polls == n_polls + 1
    let_devices_go(session)


def test_what_is_said_not_to_be_performed_is_held_while_its_device_is_at_work_on_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """The device answers before a second act: it takes a person to let that happen."""
    at = lab()
    session = in_doubt(make_session, clock, at, ONE)
    assert judge(session, Verdict.NOT_PERFORMED) is TrialState.APPROVED
    for _ in range(3):
        clock.wait_s(61)
        advance(session)
    trial = session.state.trial(1)
    assert (trial.state, trial.held_by) == (TrialState.HELD, "late word")
    assert "says that it is started" in trial.reason
    assert "held already" in hold(session, 1, reason="I look there")
    with pytest.raises(Refused, match="planner resolve FILE 1"):
        hold(session, 1, reason="it may go on", undo=True)
    assert list(at.acts) == ["bench/1/1"]
    finish(at)
    clock.wait_s(61)
    advance(session)
    assert judge(session, Verdict.TAKE_IN) is TrialState.COMPLETED
    assert [each.outcomes["yield"].value for each in session.state.observations] == [50.0]
    assert list(at.acts) == ["bench/1/1"]
    assert n_uses_so_far(session.state) == 1
    let_devices_go(session)


def test_two_acts_are_called_two_acts(make_session: MakeSession, clock: ManualClock) -> None:
    at = lab()
    session = in_doubt(make_session, clock, at, ONE)
    judge(session, Verdict.NOT_PERFORMED)
    clock.wait_s(61)
    advance(session)
    assert judge(session, Verdict.LEAVE_OUT) is TrialState.APPROVED  # and so performed again
    for _ in range(3):
        advance(session)
    assert at.acts == {"bench/1/1": 1, "bench/1/2": 1}
    finish(at)
    for _ in range(3):
        clock.wait_s(61)
        advance(session)
    trial = session.state.trial(1)
    assert trial.state is TrialState.COMPLETED
    assert [run.state for run in trial.runs] == [RunState.VOID, RunState.COMPLETED]
    assert say_late(trial, trial.runs[0]).startswith("Trial 1 was performed twice")
    assert n_uses_so_far(session.state) == 2
    judge(session, Verdict.TAKE_IN)
    assert [each.version for each in session.state.trial(1).versions] == [1, 2]
    let_devices_go(session)


def test_a_driver_takes_back_the_second_order_that_never_left(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = lab()
    session = in_doubt(make_session, clock, at, ONE)
    judge(session, Verdict.NOT_PERFORMED)
    let_devices_go(session)
    driver = Driver(make_session(at, text=ONE))
    session.driver = driver
    advance(session)  # opens the second run: its order is in the outbox
    assert session.state.trial(1).runs[1].state is RunState.DISPATCHING
    driver.step()
    trial = session.refresh().trial(1)
    assert [run.state for run in trial.runs] == [RunState.VOID, RunState.VOID]
    assert (trial.state, trial.held_by) == (TrialState.HELD, "late word")
    assert list(at.acts) == ["bench/1/1"]
    let_devices_go(driver.session)


def test_a_driver_that_was_too_slow_by_one_write_still_takes_the_order_back(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """The loop opens the second run between the device's answer and what the driver writes."""

    class Meanwhile(Telling):
        def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
            if loop and keys:
                advance(loop.pop())
            return super().poll(keys)

    loop: list[Session] = []
    at = Meanwhile(lambda order, _n: done(order, **{"yield": 50.0}), latency=1000)
    session = in_doubt(make_session, clock, at, ONE)
    judge(session, Verdict.NOT_PERFORMED)
    let_devices_go(session)
    driver = Driver(make_session(at, text=ONE))
    session.driver = driver
    loop.append(session)
    driver.step()
    driver.step()
    trial = session.refresh().trial(1)
    assert [run.state for run in trial.runs] == [RunState.VOID, RunState.VOID]
    assert trial.held_by == "late word"
    assert list(at.acts) == ["bench/1/1"]
    let_devices_go(driver.session)


def test_a_result_after_an_abort_is_kept(make_session: MakeSession, clock: ManualClock) -> None:
    at = lab()
    session = make_session(at, text=ONE)
    advance(session)
    advance(session)
    assert people.abort(session, 1, reason="the wrong vial") is TrialState.ABORTED
    finish(at)
    clock.wait_s(61)
    advance(make_session(at, text=ONE))
    session.refresh()
    assert late_rows(session) == [("bench/1/1", True)]
    assert session.state.trial(1).state is TrialState.ABORTED
    judge(session, Verdict.TAKE_IN)
    assert len(session.state.observations) == 1
    let_devices_go(session)


def test_a_second_result_with_other_values_is_flagged(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = lab(latency=0)
    session = make_session(at, text=TWO)
    advance(session)
    first = at.ends["bench/1/1"]
    other = replace(first, result=Result(outcomes={"yield": Reported(value=7.0)}))
    at.news = [first, other, other]
    advance(session)
    at.news = [first]
    advance(session)
    at.news = [other]
    advance(session)
    assert late_rows(session).count(("bench/1/1", True)) == 1
    trial = session.state.trial(1)
    assert trial.observation is not None
    assert trial.observation.outcomes["yield"].value == 50.0
    assert "another result" in say_late(trial, trial.runs[0])
    judge(session, Verdict.TAKE_IN)
    assert session.state.trial(1).versions[-1].outcomes["yield"].value == 7.0
    let_devices_go(session)


def test_a_late_result_that_fails_its_checks_cannot_be_taken_in(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = Telling(lambda order, _n: done(order, **{"yield": 150.0}), latency=1000)
    session = in_doubt(make_session, clock, at, ONE)
    judge(session, Verdict.NO_RESULT)
    finish(at)
    clock.wait_s(61)
    advance(session)
    with pytest.raises(Refused, match=r"cannot be taken in: .*150"):
        judge(session, Verdict.TAKE_IN)
    with pytest.raises(InputError, match="leave the values out"):
        judge(session, Verdict.TAKE_IN, **{"yield": 15.0})
    assert len(session.state.late) == 1
    let_devices_go(session)


def test_a_trial_that_failed_by_machine_takes_a_later_version(make_session: MakeSession) -> None:
    at = Telling(lambda order, _n: failed(order, "a leak"))
    session = make_session(at, text=campaign_text(stop="failures: 1"))
    advance(session)
    assert session.state.trial(1).state is TrialState.FAILED_BY_MACHINE
    told = people.Told(outcomes={"yield": Reported(value=61.0)})
    with pytest.raises(InputError, match="say how that is known"):
        people.tell(session, 1, told)
    said = people.tell(session, 1, replace(told, reason="the vial was measured all the same"))
    assert said == "Trial 1: has yield=61 percent now."
    trial = session.state.trial(1)
    assert trial.state is TrialState.FAILED_BY_MACHINE
    assert [each.reason for each in trial.versions] == ["the vial was measured all the same"]
    assert [each.trial for each in session.state.observations] == [1]
    let_devices_go(session)


def test_a_device_that_says_it_refused_agrees_with_not_performed(
    make_session: MakeSession, clock: ManualClock
) -> None:
    at = lab()
    session = in_doubt(make_session, clock, at, ONE)
    refused = Answer(key="bench/1/1", state=DeviceState.REFUSED, reason="too late")
    at.ends["bench/1/1"] = refused
    finish(at)
    # what it says while the run is open is its end; after the verdict it changes nothing
    judge(session, Verdict.NOT_PERFORMED)
    clock.wait_s(61)
    advance(session)
    advance(session)
    trial = session.state.trial(1)
    assert trial.runs[0].heard_late is DeviceState.REFUSED
    assert trial.state is TrialState.RUNNING
    assert n_uses_so_far(session.state) == 1
    assert trials_left(session.state) == 0
    let_devices_go(session)

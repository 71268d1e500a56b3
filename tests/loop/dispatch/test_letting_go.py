"""What is let go: trials that waited for too long, orders that came too late, what nobody used."""

from __future__ import annotations

import pytest

from planner.campaign import parse_campaign
from planner.clock import ManualClock
from planner.labs import Answer, Order, Reported
from planner.labs.person import PersonLab
from planner.loop import people
from planner.loop.deciding.tried import Taken
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.people.judging import Verdict
from planner.loop.rules.budget import n_uses_so_far, trials_left
from planner.loop.sessions.opening import open_campaign
from planner.loop.steps.advance import Waiting, advance
from planner.loop.steps.outlook import has_work
from planner.trials import DeviceState, RunState, TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done, failed

WEEK_S = 7 * 86_400.0
BY_PERSON = campaign_text(policy="start: 3, approval: person, expires: 7 days")
CLI = campaign_text(budget="BUDGET", policy="start: 2").replace(
    "kind: adapter, adapter: none", "kind: command, program: [date], not_after: 10 min"
)
LATE = "it was to begin by 8:05, which has passed"


def fine(order: Order, _n: int) -> Answer:
    return done(order, **{"yield": 5.0})


def test_what_waits_for_approval_expires_and_may_be_proposed_again(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(ScriptedLab(fine), text=BY_PERSON)
    for _ in range(5):
        advance(session)
    numbers = [each.number for each in session.state.in_state(TrialState.AWAITING_APPROVAL)]
    assert numbers
    clock.wait_s(WEEK_S)
    advance(session)
    assert not session.state.in_state(TrialState.EXPIRED)
    clock.wait_s(1)
    assert has_work(session)
    people.want(session, Wanted.PAUSE, reason="nothing new is to be proposed")
    advance(session)
    assert [each.number for each in session.state.in_state(TrialState.EXPIRED)] == numbers
    assert session.state.pending == []
    assert trials_left(session.state) == 6
    assert session.state.trial(1).configuration not in Taken(session.state, session.space)
    replayed = make_session(ScriptedLab(fine), text=BY_PERSON).state
    assert replayed.n_committed == 0


def test_a_handed_out_trial_expires_and_its_late_result_is_kept(
    make_session: MakeSession, clock: ManualClock
) -> None:
    text = campaign_text(budget="trials: 1", policy="start: 1, expires: 7 days")
    session = make_session(ScriptedLab(fine), text=text)
    (trial,) = people.ask(session, 1)
    clock.wait_s(WEEK_S + 1)
    (again,) = people.ask(session, 1)  # the one that expired keeps no place
    assert again.number == 2
    trial = session.state.trial(1)
    assert (trial.state, trial.runs[0].state) == (TrialState.EXPIRED, RunState.ABORTED)
    assert trials_left(session.state) == 0
    told = people.Told(outcomes={"yield": Reported(value=44.0)})
    assert people.tell(session, 1, told) == "Trial 1: has yield=44 percent now."
    assert [each.trial for each in session.state.observations] == [1]
    assert session.state.n_committed == 2  # it was performed, after all


def test_a_trial_of_a_persons_bench_and_a_held_one_expire(
    make_session: MakeSession, clock: ManualClock
) -> None:
    text = campaign_text(policy="start: 3, expires: 7 days").replace(
        "robot: {kind: adapter, adapter: none}", "bench: {kind: person}"
    )
    session = make_session(PersonLab(), text=text)
    advance(session)
    assert session.state.in_state(TrialState.RUNNING)
    clock.wait_s(WEEK_S + 1)
    people.want(session, Wanted.PAUSE, reason="nothing new is to be proposed")
    advance(session)
    advance(session)
    assert not session.state.open_trials
    assert session.state.in_state(TrialState.EXPIRED)


def test_what_a_machine_has_never_expires(make_session: MakeSession, clock: ManualClock) -> None:
    session = make_session(
        ScriptedLab(fine, latency=10**6), text=campaign_text(policy="start: 1, expires: 1 h")
    )
    advance(session)
    clock.wait_s(7200)
    advance(session)
    assert session.state.trial(1).state is TrialState.RUNNING
    let_devices_go(session)


def test_what_amended_limits_rule_out_is_superseded(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(fine), text=BY_PERSON)
    for _ in range(3):
        advance(session)
    at = session.state.trial(1).configuration["temperature"]
    assert isinstance(at, float)
    narrow = BY_PERSON.replace("low: 100", f"low: {at + 0.5:.1f}")
    spec = parse_campaign(narrow, path="bench.yaml")
    open_campaign(session.ledger, spec, author="ada", may_amend=lambda _: True)
    advance(make_session(ScriptedLab(fine), text=narrow))
    trial = session.refresh().trial(1)
    assert trial.state is TrialState.SUPERSEDED
    assert "outside of the limits now in force" in trial.reason
    assert trial not in session.state.pending


def test_an_order_that_came_too_late_is_no_failure_and_costs_nothing(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """The device refuses by its clock; twice it gets a new order, then the trial is let go."""
    refuses = {"bench/1/1", "bench/1/2", "bench/2/1", "bench/2/2", "bench/2/3"}

    def late(order: Order, n: int) -> Answer:
        if order.key in refuses:
            clock.wait_s(301)
            return Answer(key=order.key, state=DeviceState.REFUSED, reason=LATE)
        return fine(order, n)

    text = CLI.replace("BUDGET", "trials: 2")
    session = make_session(ScriptedLab(late), text=text)
    for _ in range(30):
        if advance(session).waiting is Waiting.END:
            break
    first, second = session.state.trial(1), session.state.trial(2)
    states = [run.state for run in first.runs]
    assert states == [RunState.REFUSED, RunState.REFUSED, RunState.COMPLETED]
    assert second.state is TrialState.EXPIRED
    assert [run.state for run in second.runs] == [RunState.REFUSED] * 3
    assert session.state.failures_in_row == 0
    assert session.state.stopped is not None
    assert session.state.stopped.rule == "budget"
    assert len(session.state.observations) == 2  # the budget was spent on what was performed
    let_devices_go(session)


def test_settings_that_a_device_refuses_are_a_failure(make_session: MakeSession) -> None:
    """It refuses at once, long before the order expires: the campaign asks for what cannot be."""
    lab = ScriptedLab(
        lambda order, _: Answer(key=order.key, state=DeviceState.REFUSED, reason="too hot")
    )
    session = make_session(lab, text=CLI.replace("BUDGET", "trials: 6"))
    for _ in range(20):
        advance(session)
    assert session.state.stopped is not None
    assert session.state.stopped.rule == "failures"
    assert {each.state for each in session.state.trials.values()} == {TrialState.FAILED_BY_MACHINE}
    assert trials_left(session.state) == 6  # nothing was used
    let_devices_go(session)


def test_an_approved_trial_that_is_aborted_before_it_ran_costs_nothing(
    make_session: MakeSession,
) -> None:
    session = make_session(ScriptedLab(fine), text=BY_PERSON)
    people.want(session, Wanted.HOLD, reason="the door is open")
    for _ in range(3):
        advance(session)
    people.approve(session, [1])
    before = trials_left(session.state)
    people.abort(session, 1, reason="not wanted")
    assert session.state.trial(1).state is TrialState.ABORTED
    assert trials_left(session.state) == before + 1
    assert make_session(ScriptedLab(fine), text=BY_PERSON).state.n_committed == (
        session.state.n_committed
    )


@pytest.mark.parametrize("verdict", [Verdict.NO_RESULT, Verdict.PARTLY])
def test_what_may_have_used_something_is_charged(
    make_session: MakeSession, verdict: Verdict
) -> None:
    text = campaign_text(budget="trials: 1", policy="start: 1", stop="failures: 2")
    forgets = ScriptedLab(
        lambda order, _: Answer(key=order.key, state=DeviceState.UNKNOWN, reason="restarted")
    )
    session = make_session(forgets, text=text)
    advance(session)
    people.resolve(session, 1, verdict, people.Told(reason="the vial is empty"))
    assert (trials_left(session.state), n_uses_so_far(session.state)) == (0, 1)
    let_devices_go(session)


def test_a_machine_that_failed_at_its_work_is_charged(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(lambda order, _: failed(order, "a leak")))
    people.want(session, Wanted.RUN, reason="go")
    advance(session)
    assert session.state.n_committed == len(session.state.trials)
    let_devices_go(session)
